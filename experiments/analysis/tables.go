package analysis

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/experiments/study"
)

// tables answers from tables of scores and truth or, without a truth, from scores alone, in a study directory named after them.
func (c *command) tables(ctx context.Context, question string) error {
	able := slices.DeleteFunc(slices.Clone(c.analyses), func(a *Analysis) bool { return a.Tables == nil })
	if len(able) == 0 {
		return fmt.Errorf("%s trains networks, which tables of scores cannot stand for: run it without -scores, on -data if they are to be real", c.analyses[0].Name)
	}
	t := tables{seed: c.Seed}
	if alone := slices.DeleteFunc(slices.Clone(able), func(a *Analysis) bool { return a.Rankings == nil }); c.Truth == "" && len(alone) > 0 {
		k, err := lab.UnlessStopped(ctx, func() (*lab.Rankings, error) { return lab.ReadRankings(&c.Options) })
		if err != nil {
			return err
		}
		t.space, t.files, t.stem = k.Space.Name(), k.Files, stem(c.Scores[0])+"-"+stem(c.Scores[1])
		for _, a := range alone {
			t.answers = append(t.answers, func() (*report.Result, error) { return a.Rankings(k) })
		}
		return c.answerTables(ctx, question, t)
	}
	e, err := lab.UnlessStopped(ctx, func() (*lab.Evidence, error) { return lab.ReadEvidence(&c.Options) })
	if err != nil {
		return err
	}
	t.space, t.files, t.stem, t.architectures = e.Space.Name(), e.Files, stem(c.Scores[0])+"-"+stem(c.Truth), e.Architectures()
	for _, a := range able {
		t.answers = append(t.answers, func() (*report.Result, error) { return a.Tables(e) })
	}
	return c.answerTables(ctx, question, t)
}

// tables are what is to be answered from tables that have been read.
type tables struct {
	space         string
	files         []string // with their fingerprints
	seed          uint64
	stem          string // of the study's name
	answers       []func() (*report.Result, error)
	architectures *report.Architectures // nil without a truth
}

// answerTables answers in the study of some tables.
func (c *command) answerTables(ctx context.Context, question string, t tables) (err error) {
	config := struct {
		Space string   `json:"space"`
		Files []string `json:"files"`
		Seed  uint64   `json:"seed"`
	}{t.space, t.files, t.seed}
	dir := c.Study
	if dir == "" {
		js, err := json.Marshal(config)
		if err != nil {
			return err
		}
		dir = filepath.Join("study", fmt.Sprintf("%s-%.4x", t.stem, sha256.Sum256(js)))
	}
	s, err := study.Open(dir, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var results []*report.Result
	for _, answer := range t.answers {
		r, err := lab.UnlessStopped(ctx, answer)
		if err == nil {
			r, err = c.publish(r, dir, (*report.Result).Print)
		}
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	if t.architectures != nil {
		if err := s.WriteJSON(report.ArchitecturesName, t.architectures); err != nil {
			return err
		}
	}
	if err := report.Build(dir); err != nil {
		return err
	}
	if err := remember(dir, question, results); err != nil {
		return err
	}
	return c.written(dir)
}

// stem is the name of a file without its folder and endings.
func stem(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	return name
}
