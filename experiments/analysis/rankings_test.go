package analysis

import (
	"bytes"
	"context"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/spaces"
)

// made are rankings of 100 architectures: of studies, of which f says what supernet s gives an architecture.
func made(f map[string]func(s, i int) float64, names ...string) *lab.Rankings {
	k := &lab.Rankings{Seed: 1, Archs: make([]spaces.Arch, 100), Setting: []string{"made up"}}
	for _, name := range names {
		r := lab.Ranking{Name: name, Seeds: []uint64{1, 2, 3}, Scores: make([][]float64, 3)}
		for s := range r.Scores {
			for i := range k.Archs {
				r.Scores[s] = append(r.Scores[s], f[name](s, i))
			}
		}
		k.Of = append(k.Of, r)
	}
	return k
}

func TestRankingsKnownAnswers(t *testing.T) {
	up := func(_, i int) float64 { return float64(i) }
	k := made(map[string]func(s, i int) float64{
		"up":    up,
		"also":  func(_, i int) float64 { return float64(i * i) },
		"turns": func(s, i int) float64 { return float64(i) * float64(1-2*(s%2)) }, // the second seed backwards
	}, "up", "also", "turns")
	k.Of[0].Losses = [][]float64{{2, 1}, {2, 1}, {2, 1}}
	k.Of[1].Losses = [][]float64{{2, 1}, {2, 3}, {2, 1}}
	r, err := rankings(k)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		names, seeds         string
		tau, lowest, highest float64
	}{
		{"up and also", "the same", 1, 1, 1},
		{"up and also", "two", 1, 1, 1},
		{"up and turns", "the same", 1. / 3, -1, 1},
		{"up and turns", "two", 1. / 3, -1, 1},
		{"up", "two", 1, 1, 1},
		{"turns", "two", -1. / 3, -1, 1}, // of three pairs one agrees
	} {
		near(t, c.names+" tau-b", cell(t, r, "rankings", "tau-b", c.names, c.seeds).Value, c.tau, 1e-12)
		near(t, c.names+" rho", cell(t, r, "rankings", "rho", c.names, c.seeds).Value, c.tau, 1e-12)
		near(t, c.names+" lowest", cell(t, r, "rankings", "lowest", c.names, c.seeds).Value, c.lowest, 1e-12)
		near(t, c.names+" highest", cell(t, r, "rankings", "highest", c.names, c.seeds).Value, c.highest, 1e-12)
	}
	near(t, "less", cell(t, r, "rankings", "two seeds less it", "up and also", "the same").Value, 0, 1e-12)
	near(t, "less", cell(t, r, "rankings", "two seeds less it", "up and turns", "the same").Value, 0, 1e-12)
	near(t, "less", cell(t, r, "rankings", "two seeds less it", "also and turns", "the same").Value, 0, 1e-12)
	// Of the second seeds the last losses are 1 and 3: 100 % of their mean, and so in two of three pairs of seeds of the second study.
	near(t, "last", cell(t, r, "loss_differences", "last epoch", "up and also", "the same").Value, 100./3, 1e-9)
	near(t, "mean", cell(t, r, "loss_differences", "mean of epochs", "up and also", "the same").Value, 100./6, 1e-9)
	near(t, "highest mean", cell(t, r, "loss_differences", "highest mean", "up and also", "the same").Value, 50, 1e-9)
	near(t, "two seeds", cell(t, r, "loss_differences", "last epoch", "also", "two").Value, 200./3, 1e-9)
	near(t, "last loss", cell(t, r, "losses", "last epoch", "also").Value, 5./3, 1e-9)
}

// What a difference between two studies does to the ranking is compared with what another seed does to it.
func TestRankingsVerdicts(t *testing.T) {
	noise := func(of, s, i int) float64 { return rand.New(rand.NewPCG(uint64(of), uint64(100*s+i))).NormFloat64() }
	quality := func(i int) float64 { return float64(i) / 30 }
	k := made(map[string]func(s, i int) float64{
		"a":     func(s, i int) float64 { return quality(i) + noise(0, s, i) },
		"close": func(s, i int) float64 { return quality(i) + noise(0, s, i) + noise(1, s, i)/10 }, // what the seed does stays
		"seed":  func(s, i int) float64 { return quality(i) + noise(2, s, i) },                     // as another seed would
		"other": func(s, i int) float64 { return quality(i*37%100) + noise(3, s, i) },              // something else is good
	}, "a", "close", "seed", "other")
	r, err := rankings(k)
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(r.Notes, "\n")
	for _, want := range []string{"a and close differ in changes the ranking less than", "a and other differ in changes the ranking more than",
		"seed and other differ in changes the ranking more than", "undecided: whether what a and seed differ in"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no %q in\n%s", want, notes)
		}
	}
	if e := cell(t, r, "rankings", "two seeds less it", "a and close", "the same"); !(e.High < 0) {
		t.Errorf("close: %v", e)
	}
}

// One supernet each says how alike they are, and not what another seed would change; a table has no seeds.
func TestRankingsOfOne(t *testing.T) {
	k := made(map[string]func(s, i int) float64{
		"a": func(_, i int) float64 { return float64(i) },
		"b": func(_, i int) float64 { return -float64(i) },
	}, "a", "b")
	for i := range k.Of {
		k.Of[i].Seeds, k.Of[i].Scores = k.Of[i].Seeds[:1], k.Of[i].Scores[:1]
	}
	k.Of = append(k.Of, lab.Ranking{Name: "table", Scores: k.Of[0].Scores})
	r, err := rankings(k)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "a and b", cell(t, r, "rankings", "tau-b", "a and b", "the same").Value, -1, 1e-12)
	near(t, "a and table", cell(t, r, "rankings", "tau-b", "a and table", "").Value, 1, 1e-12)
	if len(r.Tables) != 1 || len(r.Tables[0].Rows) != 3 || !strings.Contains(strings.Join(r.Notes, "\n"), "a has one supernet") {
		t.Errorf("%+v", r)
	}
}

// Two studies that are trained, and then compared with one command, which finds its answer again.
func TestCompareStudies(t *testing.T) {
	float, coarse, dir := filepath.Join(t.TempDir(), "float"), filepath.Join(t.TempDir(), "coarse"), filepath.Join(t.TempDir(), "compared")
	for _, args := range [][]string{quick(float, "-seeds", "2"), quick(coarse, "-seeds", "2", "-precision", "bf16")} {
		if err := Run(context.Background(), correlationName, args, new(bytes.Buffer)); err != nil {
			t.Fatal(err)
		}
	}
	var first, again bytes.Buffer
	args := []string{"-scores", float + "," + coarse, "-study", dir}
	if err := Run(context.Background(), correlationName, args, &first); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{rankingsTitle, `train.precision ("bf16", there absent)`, "float and coarse  the same      2", "float and coarse  two           2",
		"tau-b of two seeds of one study less that of both studies", "written to " + dir} {
		if !strings.Contains(first.String(), want) {
			t.Errorf("no %q in\n%s", want, first.String())
		}
	}
	r, err := report.Read(filepath.Join(dir, correlationName, report.ResultName))
	if err != nil {
		t.Fatal(err)
	}
	if tau := cell(t, r, "rankings", "tau-b", "float and coarse", "the same"); !tau.Defined() || tau.Value >= 1 {
		t.Errorf("tau-b %v", tau)
	}
	if d := cell(t, r, "loss_differences", "mean of epochs", "float and coarse", "the same"); !(d.Value > 0 && d.Value < 10) {
		t.Errorf("losses differ by %v %%", d)
	}
	if err := Run(context.Background(), correlationName, args, &again); err != nil || !strings.HasPrefix(again.String(), "study    "+dir+", finished ") {
		t.Errorf("once more: %v\n%s", err, again.String())
	}
	for _, name := range []string{"rankings.csv", "losses.csv", "loss_differences.csv", "rankings.svg", "losses.svg", "../report.html"} {
		read(t, filepath.Join(dir, correlationName, name))
	}
	// Other analyses, and this one with a truth, take them as tables.
	if err := Run(context.Background(), "topk", args, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "-truth") {
		t.Errorf("error %v", err)
	}
	var out bytes.Buffer
	err = Run(context.Background(), "topk", []string{"-scores", float, "-truth", coarse, "-study", filepath.Join(t.TempDir(), "x")}, &out)
	if err != nil || !strings.Contains(out.String(), "2 supernets after 2 epochs") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
