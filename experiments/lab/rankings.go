package lab

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/study"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/supernet"
)

// Rankings are what several studies, or tables of scores, say of the same architectures: evidence about one another, without a truth.
type Rankings struct {
	Setting  []string // where they come from and in what their studies differ, a line each
	Warnings []string // what is not as it was asked for, or looks wrong: a sentence each
	Seed     uint64   // of what is drawn at random: resamples
	Files    []string // with their fingerprints

	Space spaces.Space
	Archs []spaces.Arch
	Of    []Ranking // at least two
}

// Ranking is the scores of a study, by each of its supernets, or those of a file.
type Ranking struct {
	Name   string
	Seeds  []uint64    // of the supernets, the same in all studies; nil: a file
	Scores [][]float64 // by supernet, one of a file; each as Rankings.Archs; higher is better
	Losses [][]float64 // of training, by supernet and epoch; nil where the study has not got all of them
}

// ReadRankings joins the tables of scores that the options name by architecture; only what all of them have counts. Studies must have the
// same seeds, so that two supernets which differ in nothing but what the studies differ in can be told from two that differ in the seed.
func ReadRankings(o *Options) (*Rankings, error) {
	f, r, err := o.recipe()
	if err != nil {
		return nil, err
	}
	if len(o.Scores) < 2 {
		return nil, errors.New("-scores without -truth compares rankings with one another: name at least two, or the truth")
	}
	space, err := restrict(f.published(r.Scale), o.Keep, o.Drop)
	if err != nil {
		return nil, err
	}
	names, err := tableNames(o.Scores)
	if err != nil {
		return nil, err
	}
	tables, err := o.readScores(space)
	if err != nil {
		return nil, err
	}
	k := &Rankings{Seed: o.Seed, Space: f.published(r.Scale), Archs: common(tables)}
	if len(k.Archs) < 2 {
		var of []string
		for i, t := range tables {
			of = append(of, "scores: "+t.joined(tables[(i+1)%len(tables)], "score"))
		}
		return nil, fmt.Errorf("a ranking needs at least 2 architectures, and the tables have %d in common\n%s", len(k.Archs), strings.Join(of, "\n"))
	}
	k.Warnings = lost(len(k.Archs), tables)
	k.Setting = []string{fmt.Sprintf("space: %s, %d architectures in all tables", f.title, len(k.Archs))}
	first := -1 // of the studies
	for i, t := range tables {
		k.Of, k.Files = append(k.Of, t.ranking(names[i], k.Archs)), append(k.Files, t.name())
		k.Setting = append(k.Setting, fmt.Sprintf("scores: %s: %d rows; %s", names[i], len(t.archs), t.taken("score")))
		switch {
		case t.of == nil:
		case first < 0:
			first = i
		case !slices.Equal(t.of.seeds, tables[first].of.seeds):
			return nil, fmt.Errorf("%s has supernets of other seeds than %s, %s and %s: train the others too, with -seed and -seeds",
				o.Scores[i], o.Scores[first], t.of.ran(), tables[first].of.ran())
		default:
			differs, err := tables[first].of.differs(t.of)
			if err != nil {
				return nil, err
			}
			k.Setting = append(k.Setting, fmt.Sprintf("studies: %s differs from %s in %s", names[i], names[first], differs))
		}
	}
	return k, nil
}

// ranking is what a table says of architectures, which it must have.
func (t *table) ranking(name string, archs []spaces.Arch) Ranking {
	r := Ranking{Name: name, Scores: make([][]float64, 1)}
	if t.of != nil {
		r.Seeds, r.Scores, r.Losses = t.of.seeds, make([][]float64, len(t.of.seeds)), t.of.losses
		if slices.ContainsFunc(r.Losses, func(l []float64) bool { return l == nil }) {
			r.Losses = nil
		}
	}
	mean := t.Truth.Scores()
	for _, a := range archs {
		row := t.at[a.String()]
		runs := []float64{mean[row]}
		if t.of != nil {
			runs = t.runs(row)
		}
		for i, v := range runs {
			r.Scores[i] = append(r.Scores[i], v)
		}
	}
	return r
}

// differs says in which settings that supernets depend on another study differs.
func (f *finished) differs(other *finished) (string, error) {
	asked := func(f *finished) *Config {
		c := *f.config
		c.Alone, c.AloneBN, c.TruthCount, c.TruthSet, c.Truth, c.Again = supernet.TrainConfig{}, "", 0, "", "", "" // which are about the truth
		return &c
	}
	differences, err := study.Differences(asked(f), asked(other))
	if err != nil {
		return "", err
	}
	var fields []string
	for _, d := range differences {
		fields = append(fields, fmt.Sprintf("%s (%s, there %s)", d.Field, d.Asked, d.Study))
	}
	if f.epochs != other.epochs && f.config.Train.Epochs == other.config.Train.Epochs {
		fields = append(fields, fmt.Sprintf("epochs (%d, there %d)", other.epochs, f.epochs))
	}
	if fields == nil {
		return "no setting", nil
	}
	return strings.Join(fields, ", "), nil
}
