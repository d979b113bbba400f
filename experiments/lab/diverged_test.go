package lab

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/supernet"
)

// A recipe by which every network diverges is said to, after a few of them, though the steps may all have been finite: the last one need not
// leave a network that is. Accuracies are shares and always finite.
func TestAllDiverge(t *testing.T) {
	for name, args := range map[string][]string{
		"in a step":              {"-lr", "1e30", "-batch", "16"},
		"after the only step":    {"-lr", "1e36", "-batch", "160"},
		"perplexity, in a step":  {"-space", "dartsptb", "-hidden", "4", "-lr", "1e30", "-train-count", "2000"},
		"perplexity, at the end": {"-space", "dartsptb", "-hidden", "4", "-lr", "1e36", "-batch", "4", "-train-count", "144"},
	} {
		l, err := Open(t.Context(), quick(t, "nasbench201", slices.Concat([]string{"-archs", "5"}, args)...))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		defer l.Close()
		var diverged *supernet.DivergedError
		err = l.MakeTruth(context.Background(), l.Archs())
		if !errors.As(err, &diverged) || !strings.Contains(err.Error(), "first 3 trainings alone") {
			t.Errorf("%s: error %v of the truth", name, err)
		}
		if table, err := os.ReadFile(filepath.Join(l.place, divergedFile)); err != nil || bytes.Count(table, []byte("\n")) != 1+allDiverge {
			t.Errorf("%s: %s has %q, %v", name, divergedFile, table, err)
		}
		if _, err := l.Scores(context.Background(), Variant{}, l.Archs()); err == nil || !strings.Contains(err.Error(), "diverged") {
			t.Errorf("%s: error %v of the scores", name, err)
		}
	}
}

// A training alone that has diverged counts in no mean, an architecture of which all have is left out, and every result says so: whether the
// study has found it itself, or a shard.
func TestSomeDiverge(t *testing.T) {
	args := []string{"-channels", "4", "-image", "8", "-truth-seeds", "2", "-archs", "4"}
	o := quick(t, "nasbenchmacro", args...)
	whole := *o
	o.Shard = "1/1"
	shard, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	archs := shard.Archs()
	found, err := shard.records()
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range []training{{archs[0], 1}, {archs[2], 1}, {archs[2], 2}} {
		if _, err := found.diverged.add(7, run.key()...); err != nil {
			t.Fatal(err)
		}
	}
	if err := shard.MakeTruth(context.Background(), archs); err != nil {
		t.Fatal(err)
	}
	shard.Close()
	whole.Merge = true
	for range 2 {
		l, err := Open(t.Context(), &whole)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(l.Archs()); n != 4 {
			t.Fatalf("%d architectures before the truth is known", n)
		}
		e, err := l.Evidence(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if err := l.WriteArchitectures(context.Background()); err != nil {
			t.Fatal(err)
		}
		if len(e.Archs) != 3 || e.Archs[2] != archs[3] || len(e.Scores[0].Values) != 3 || len(e.Baselines[0].Values) != 3 || len(l.Archs()) != 3 {
			t.Errorf("%v is left of %v", e.Archs, archs)
		}
		for i, want := range []int{1, 2, 2} {
			if len(e.Truth.Runs[i]) != want || !finite(e.Truth.Mean[i]) || len(e.Truth.Curves[i]) != want {
				t.Errorf("%v has runs %v with the mean %v, want %d", e.Archs[i], e.Truth.Runs[i], e.Truth.Mean[i], want)
			}
		}
		if s := strings.Join(e.Warnings, "\n"); !strings.Contains(s, "3 trainings alone diverged, left out of all means, and 1 architecture of which all did") {
			t.Errorf("no warning says that trainings have diverged:\n%s", s)
		}
		l.export = t.TempDir()
		if err := l.ExportTruth(""); err == nil || !strings.Contains(err.Error(), "diverged") {
			t.Errorf("exported: %v", err)
		}
		l.Close()
	}
}
