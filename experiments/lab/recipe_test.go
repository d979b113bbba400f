package lab

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
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

func TestSpaces(t *testing.T) {
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

// What is not for a space is refused, but passed over where an experiment goes through several; a learning rate keeps the ratio to the
// least one in both trainings; what is out of range is told with the flag.
func TestOverrides(t *testing.T) {
	for _, tc := range []struct {
		args []string
		says string
	}{
		{[]string{"-space", "dartsptb", "-channels", "4"}, "-channels is not for dartsptb"},
		{[]string{"-space", "dartsptb", "-bn", "batch"}, "-bn is not for dartsptb"},
		{[]string{"-hidden", "4"}, "-hidden is not for nasbench201"},
		{[]string{"-variant", "full"}, "benchmark and pruned"},
		{[]string{"-space", "darts", "-variant", "full"}, "-variant is not for darts"},
		{[]string{"-image", "30"}, "multiple of 4"}, {[]string{"-space", "proxylessnas", "-depth", "5"}, "-depth 5"},
		{[]string{"-lr", "inf"}, "-lr inf"}, {[]string{"-epochs", "0"}, "-epochs 0"}, {[]string{"-bn", "x"}, "-bn x"},
	} {
		if err := options(t, tc.args...).Check(); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%q: error %v, want one that says %q", tc.args, err, tc.says)
		}
	}
	o := options(t, "-hidden", "4", "-channels", "12", "-bn", "running", "-truth-seeds", "3", "-lr", "2", "-recipe", "small")
	for _, name := range Spaces() {
		_, r, err := o.WithSpace(name, nil).recipe()
		if err != nil {
			t.Fatal(err)
		}
		_, before, err := options(t, "-space", name, "-recipe", "small").recipe()
		if err != nil {
			t.Fatal(err)
		}
		if (r.Scale.Hidden == 4) != (name == "dartsptb") || r.Scale.Channels == 12 && before.Scale.Channels == 0 || r.Seeds != 3 || (r.Eval.BN == "running") != (name != "dartsptb") {
			t.Errorf("%s: %+v", name, r)
		}
		for _, c := range [][2]float64{{r.Train.LRMin / r.Train.LR, before.Train.LRMin / before.Train.LR}, {r.Alone.LRMin / r.Alone.LR, before.Alone.LRMin / before.Alone.LR}} {
			if math.Abs(c[0]-c[1]) > 1e-12 || r.Alone.LR != 2 {
				t.Errorf("%s: the least rate is %v of the first, was %v", name, c[0], c[1])
			}
		}
	}
}

// A space that has fewer architectures than are asked for gives all that it has, soon.
func TestMoreArchitecturesThanThereAre(t *testing.T) {
	args := []string{"-archs", "1000000"}
	for _, layer := range []int{0, 1, 3, 4, 6, 7} { // which leaves the first of two stages
		args = append(args, "-keep", fmt.Sprintf("layer%d=Identity", layer))
	}
	l, err := Open(t.Context(), quick(t, "nasbenchmacro", args...))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if n := len(l.Archs()); n != 9 {
		t.Errorf("%d architectures of 9", n)
	}
}

// Help has a line for each flag, in its group, and says what the recipe has.
func TestPrintFlags(t *testing.T) {
	o := new(Options)
	f := flag.NewFlagSet("test", flag.ContinueOnError)
	o.AddFlags(f)
	f.Bool("mine", false, "of the experiment")
	if err := f.Parse([]string{"-space", "darts", "-recipe", "paper"}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	o.PrintFlags(&out, f, "this experiment")
	flags := 0
	f.VisitAll(func(fl *flag.Flag) {
		flags++
		if strings.Count(out.String(), "\n  -"+fl.Name+" ") != 1 {
			t.Errorf("-%s does not stand once in\n%s", fl.Name, &out)
		}
	})
	lines := strings.Split(out.String(), "\n")
	if len(lines) > flags+len(flagGroups)+2 || !strings.HasPrefix(lines[1], "  -mine ") || strings.HasPrefix(lines[2], "  ") {
		t.Errorf("%d lines for %d flags, or flags of this package that are in no group:\n%s", len(lines), flags, &out)
	}
	for _, want := range []string{"recipe paper of darts", "[1000]", "of the first stage [36]", "[not for darts]"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}

// What cannot be done is told before anything is trained, and leaves no study behind.
func TestImpossibleStudies(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, "deep.csv")
	if err := os.WriteFile(deep, []byte("architecture,accuracy\n0:0:6:6:0:6:6:6:0:6:6:6:0:6:6:6:0:6:6:6:0,1\n0:0:0:6:0:6:6:6:0:6:6:6:0:6:6:6:0:6:6:6:0,2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	better, worse := filepath.Join(dir, "better.csv"), filepath.Join(dir, "worse.csv")
	for path, text := range map[string]string{better: "architecture,accuracy\n" + archA + ",1\n" + archB + ",2\n", worse: "architecture,loss\n" + archA + ",1\n" + archB + ",2\n"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for says, o := range map[string]*Options{
		"GB of memory":                quick(t, "nasbench201", "-recipe", "paper", "-train-count", "100000000"),
		"batch norm needs at least 2": quick(t, "nasbench201", "-batch", "1"),
		"training alone":              quick(t, "proxylessnas", "-recipe", "small", "-image", "16", "-width", "0.1", "-depth", "1", "-epochs", "4", "-train-count", "200"),
		"none of the 2 architectures": quick(t, "proxylessnas", "-depth", "1", "-truth", deep),
		"-truth-again":                quick(t, "nasbench201", "-truth", better, "-truth-again", worse),
	} {
		l, err := Open(t.Context(), o)
		if err == nil {
			l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one that says %q", err, says)
		}
		if _, err := os.Stat(o.Study); err == nil {
			t.Errorf("%s: a study was begun", says)
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
			before, err := os.ReadFile(filepath.Join(o.Study, "supernets", (&record{}).key(), supernetFile))
			if err != nil {
				t.Fatal(err)
			}
			again, scoresAgain := runStudy(t, o)
			if !slices.Equal(scores, scoresAgain) || !slices.Equal(first.Mean, again.Mean) {
				t.Errorf("scores %v and truth %v, then %v and %v", scores, first.Mean, scoresAgain, again.Mean)
			}
			if after, err := os.ReadFile(filepath.Join(o.Study, "supernets", (&record{}).key(), supernetFile)); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the supernet's checkpoint has changed (%v)", err)
			}
		})
	}
}

// runStudy runs all of a study.
func runStudy(t *testing.T, o *Options) (*Truth, []float64) {
	t.Helper()
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.Describe(io.Discard)
	e, err := l.Evidence(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Baselines) != 3 || len(e.Scores) != 1 || len(e.Archs) != 3 || len(e.Truth.Mean) != 3 {
		t.Errorf("evidence %+v", e)
	}
	return e.Truth, e.Scores[0].Values
}

// A study stopped amid the training of text goes on to the same scores: the hidden state is in the checkpoint.
func TestStoppedText(t *testing.T) {
	args := []string{"-hidden", "8", "-epochs", "3", "-train-count", "3000", "-checkpoint", "1ns"}
	_, want := runStudy(t, quick(t, "dartsptb", args...))
	o := quick(t, "dartsptb", args...)
	for stops := 0; ; stops++ {
		ctx, cancel := context.WithCancelCause(context.Background())
		l, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		l.afterStep = func(done int) {
			if done == 7+5*stops {
				cancel(errors.New("enough"))
			}
		}
		scores, err := l.Scores(ctx, Variant{}, l.Archs())
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
	for name, good := range map[string]bool{"uniform": true, "fair": true, "multi-path:3": true, "multi-path": false, "multi-path:0": false, "uniform:7": false, "fair:2": false, "best": false} {
		if s, err := sampler(name, nasbench201.New()); (err == nil) != good {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}
