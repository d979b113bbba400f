package analysis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/progress"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/experiments/study"
)

// order is that of the analyses where several run: each finds the supernets of those before it.
var order = []string{"groundtruth", "correlation", "topk", "pruning", "bias", "capacity", "search"}

// ordered are the analyses in that order, and then any others by name.
func ordered() []*Analysis {
	sorted := slices.Clone(analyses)
	place := func(a *Analysis) int {
		if i := slices.Index(order, a.Name); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortFunc(sorted, func(a, b *Analysis) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.Name, b.Name))
	})
	return sorted
}

// everywhere answers the questions in every space, each in a study of its own, and puts them side by side.
func (c *command) everywhere(ctx context.Context) error {
	if c.Study == "" {
		c.Study = filepath.Join("study", fmt.Sprintf("all-%s-%d", c.Recipe, c.Seed))
	}
	reporter := progress.New(os.Stderr, c.Quiet)
	within := func(name string) *lab.Options {
		o := c.WithSpace(name, func(dir, space string) string { return filepath.Join(dir, space) })
		o.Report = reporter.Within(name)
		return o
	}
	for _, name := range lab.Spaces() {
		if err := within(name).Check(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	found := make(map[string][]inSpace)
	add := func(space string, results []*report.Result) {
		for _, r := range results {
			found[r.Analysis] = append(found[r.Analysis], inSpace{space, r})
		}
	}
	// What has been answered is only read; all that is left is checked before anything is written, and planned before any of it begins.
	var left, questions []string
	for _, name := range lab.Spaces() {
		o := within(name)
		question, err := c.question(name)
		if err != nil {
			return err
		}
		if _, results := c.recallAll(o.Study, question); results != nil {
			add(name, results)
			continue
		}
		left, questions = append(left, name), append(questions, question)
	}
	for _, name := range left {
		if err := lab.Check(ctx, within(name), c.needs); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, name := range left {
		l, err := lab.Open(ctx, within(name))
		if err == nil {
			if !c.serving.on { // what workers do is reported as it is handed out
				err = c.plan(l)
			}
			err = errors.Join(err, l.Close())
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	var failed []error
	for i, name := range left {
		fmt.Fprintf(c.out, "== %s\n", name)
		dir, results, err := c.study(ctx, within(name), printFindings)
		reporter.Within(name).Finish()
		if ctx.Err() != nil && err != nil {
			return errors.Join(append(failed, fmt.Errorf("%s: %w", name, err))...)
		}
		add(name, results)
		if len(results) > 0 {
			err = errors.Join(err, report.Build(dir))
		}
		if err == nil && failed == nil && i == len(left)-1 {
			err = c.serving.finish()
		}
		if err == nil {
			err = remember(dir, questions[i], results)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", name, err))
		}
		fmt.Fprintln(c.out)
	}
	for _, of := range found { // in the order of spaces, whichever were there before
		slices.SortFunc(of, func(a, b inSpace) int { return cmp.Compare(a.space, b.space) })
	}
	for _, a := range c.analyses {
		if found[a.Name] == nil {
			continue
		}
		r := sideBySide(a, found[a.Name])
		if err := r.Write(c.Study); err != nil {
			return err
		}
		if !c.several {
			_ = r.Print(c.out) // errors are kept
		}
	}
	if c.several {
		setting := []string{fmt.Sprintf("all spaces, recipe %s, generated data, seed %d", c.Recipe, c.Seed)}
		if err := c.summary(c.Study, setting, found); err != nil {
			return err
		}
	}
	if len(found) > 0 {
		page := report.Build(c.Study)
		if page == nil {
			page = c.written(c.Study)
		}
		failed = append(failed, page)
	}
	return errors.Join(failed...)
}

// printFindings prints what a result says about the paper, a line each: the tables are in the study.
func printFindings(r *report.Result, out io.Writer) error {
	_, err := fmt.Fprintf(out, "%s: %s\n", r.Analysis, r.Title)
	for _, f := range r.Findings {
		fmt.Fprintf(out, "  (%s) %s: %s %v; %s %v\n", f.ID, f.Verdict, f.Measure, f.Number, f.Against, f.Other)
	}
	return err
}

// summary answers the paper's findings from all results, writes summary.txt and summary.json and prints the first.
func (c *command) summary(dir string, setting []string, found map[string][]inSpace) error {
	s := summarize(setting, found)
	if err := study.WriteFile(filepath.Join(dir, "summary.txt"), s.Print); err != nil {
		return err
	}
	defer s.Print(c.out)
	return study.WriteJSON(filepath.Join(dir, report.SummaryName), s)
}
