package lab

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// options parses a command line as the experiments do.
func options(t *testing.T, args ...string) *Options {
	t.Helper()
	o := new(Options)
	f := flag.NewFlagSet("test", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	o.AddFlags(f)
	if err := f.Parse(args); err != nil {
		t.Fatal(err)
	}
	return o
}

// quick is a study of seconds.
func quick(t *testing.T, space string, more ...string) *Options {
	return options(t, append([]string{"-space", space, "-study", filepath.Join(t.TempDir(), "study"), "-quiet", "-archs", "3", "-epochs", "1", "-alone-epochs", "1",
		"-train-count", "160", "-score-count", "64", "-truth-count", "64", "-batch", "16"}, more...)...)
}

func TestSpacesOfTheIssue(t *testing.T) {
	want := []string{"darts", "dartsptb", "nasbench101", "nasbench201", "nasbenchmacro", "proxylessnas"}
	if got := Spaces(); !slices.Equal(got, want) {
		t.Errorf("spaces %q, want %q", got, want)
	}
}

// Every space has the three recipes, whose networks the space describes and whose trainings are valid.
func TestRecipes(t *testing.T) {
	for _, f := range families {
		for _, name := range []string{"tiny", "small", "paper"} {
			for _, variant := range append([]string{""}, f.variants...) {
				o := options(t, "-space", f.name, "-recipe", name)
				if variant != "" {
					o = options(t, "-space", f.name, "-recipe", name, "-variant", variant)
				}
				_, r, err := o.recipe()
				if err != nil {
					t.Errorf("%s, %s: %v", f.name, name, err)
					continue
				}
				space := f.space(r.Scale, 10)
				if !strings.HasPrefix(space.Name(), f.name) || space.Name() != f.published(r.Scale).Name() {
					t.Errorf("%s, %s: the space is called %s, at its published size %s", f.name, name, space.Name(), f.published(r.Scale).Name())
				}
				if r.TrainCount < r.Train.Batch || r.Archs < 2 || r.Eval.Batch < 1 || r.Alone.Epochs < 1 || r.AloneBN == "" {
					t.Errorf("%s, %s: %+v", f.name, name, r)
				}
			}
		}
	}
}

// A study of each space, from training to comparison, finds everything again when it is opened anew.
func TestStudies(t *testing.T) {
	if testing.Short() {
		t.Skip("a minute")
	}
	for space, size := range map[string][]string{
		"nasbench101": {"-channels", "8"}, "nasbench201": {"-channels", "4"}, "darts": {"-channels", "4", "-image", "16"}, "dartsptb": {"-hidden", "8"},
		"proxylessnas": {"-width", "0.1", "-depth", "1"}, "nasbenchmacro": {"-channels", "4", "-image", "16"},
	} {
		t.Run(space, func(t *testing.T) {
			o := quick(t, space, size...)
			first, scores := runStudy(t, o)
			before, err := os.ReadFile(filepath.Join(o.Study, supernetFile))
			if err != nil {
				t.Fatal(err)
			}
			again, scoresAgain := runStudy(t, o)
			if !slices.Equal(scores, scoresAgain) || !slices.Equal(first.Mean, again.Mean) {
				t.Errorf("scores %v and truth %v, then %v and %v", scores, first.Mean, scoresAgain, again.Mean)
			}
			if after, err := os.ReadFile(filepath.Join(o.Study, supernetFile)); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the supernet's checkpoint has changed (%v)", err)
			}
		})
	}
}

// runStudy runs all of a study.
func runStudy(t *testing.T, o *Options) (*Truth, []float64) {
	t.Helper()
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.Describe(io.Discard)
	scores, err := l.Scores(context.Background(), l.Archs())
	if err != nil {
		t.Fatal(err)
	}
	truth, err := l.Truth(context.Background(), l.Archs())
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Compare(l.Archs(), scores, truth)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Baselines) != 3 || c.Agreement.N != 3 {
		t.Errorf("comparison %+v", c)
	}
	return truth, scores
}

// A study stopped amid the training of text goes on to the same scores: the hidden state is in the checkpoint.
func TestStoppedText(t *testing.T) {
	args := []string{"-hidden", "8", "-epochs", "3", "-train-count", "3000", "-checkpoint", "1ns"}
	_, want := runStudy(t, quick(t, "dartsptb", args...))
	o := quick(t, "dartsptb", args...)
	for stops := 0; ; stops++ {
		ctx, cancel := context.WithCancelCause(context.Background())
		l, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		l.afterStep = func(done int) {
			if done == 7+5*stops {
				cancel(errors.New("enough"))
			}
		}
		scores, err := l.Scores(ctx, l.Archs())
		l.Close()
		if errors.Is(err, context.Canceled) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(scores, want) {
			t.Errorf("stopped %d times, scores %v, want %v", stops, scores, want)
		}
		if stops == 0 {
			t.Error("it was never stopped; the test shows nothing")
		}
		return
	}
}

func TestSamplersByName(t *testing.T) {
	for name, good := range map[string]bool{"uniform": true, "fair": true, "multi-path:3": true, "multi-path": false, "multi-path:0": false, "best": false} {
		l := &Lab{Config: Config{Sampler: name}}
		f, err := familyOf("nasbench201")
		if err != nil {
			t.Fatal(err)
		}
		l.Space = f.published(Scale{})
		if s, err := l.sampler(); (err == nil) != good {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}

// What the ceiling compares are the first two runs.
func TestCeiling(t *testing.T) {
	c, err := ceiling(newTruth([][]float64{{1, 2}, {2, 1}, {3, 3}, {9}}), 1)
	if err != nil || c.N != 3 || c.Kendall.Value != Number(1.0/3) {
		t.Errorf("ceiling %+v, %v", c, err)
	}
	if c, err := ceiling(newTruth([][]float64{{1}, {2}}), 1); c != nil || err != nil {
		t.Errorf("a ceiling of single runs: %+v, %v", c, err)
	}
}
