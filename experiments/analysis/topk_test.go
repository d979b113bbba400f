package analysis

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/spaces"
)

func TestTopCuts(t *testing.T) {
	for n, want := range map[int]string{
		15625: "best one 1, 0.1 % 15, 1 % 156, 5 % 781, 10 % 1562, 25 % 3906, 50 % 7812",
		1000:  "0.1 % 1, 1 % 10, 5 % 50, 10 % 100, 25 % 250, 50 % 500",
		300:   "best one 1, 1 % 3, 5 % 15, 10 % 30, 25 % 75, 50 % 150",
		100:   "1 % 1, 5 % 5, 10 % 10, 25 % 25, 50 % 50",
		15:    "10 % 1, 25 % 3, 50 % 7",
		2:     "50 % 1",
	} {
		var got []string
		for _, c := range topCuts(n) {
			got = append(got, fmt.Sprint(c.name, " ", c.k))
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("of %d: %s, want %s", n, s, want)
		}
	}
}

func TestTopKnownAnswers(t *testing.T) {
	e := hundred(
		// Knows which are the best ten, but not which of them are better.
		scored("ten", lab.SupernetScore, func(i int) float64 { return float64(max(0, i-89) / max(1, i-89)) }),
		scored("backwards", lab.CountScore, func(i int) float64 { return -float64(i) }),
		scored("right", lab.ProxyScore, func(i int) float64 { return float64(i) }),
	)
	r, err := topArchitectures(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		table, by, column, top string
		want                   float64
	}{
		{"precision", "right", "P@1 %", "", 1}, {"precision", "ten", "P@1 %", "", 0.1}, {"precision", "ten", "P@10 %", "", 1},
		{"precision", "ten", "P@5 %", "", 0.5}, {"precision", "backwards", "P@25 %", "", 0}, {"precision", "random", "P@25 %", "", 0.25},
		{"precision", "another training", "P@1 %", "", 0}, // 98 and 99 change places
		{"precision", "another training", "P@10 %", "", 1},
		{"top_scores", "ten", "at worst", "5 %", 0}, {"top_scores", "ten", "at best", "5 %", 1},
		{"top_scores", "ten", "over chance", "5 %", (0.5 - 0.05) / 0.95}, {"top_baselines", "random", "over chance", "5 %", 0},
		{"top_baselines", "right", "nDCG@k", "5 %", 1}, {"top_baselines", "right", "tau-b inside", "5 %", 1},
		{"top_baselines", "backwards", "tau-b inside", "5 %", -1},
		{"search_scores", "ten", "BR@k", "1 %", 5.5}, {"search_scores", "ten", "BR@k/n", "1 %", 0.055}, {"search_scores", "ten", "WR@k", "10 %", 10},
		{"search_scores", "ten", "regret", "1 %", 4.5}, {"search_scores", "ten", "random regret", "1 %", 49.5},
		{"search_scores", "ten", "beats random", "1 %", 0.95}, // 4.5 of the ten below it, 90 others, and it itself counts half
		{"search_baselines", "random", "beats random", "25 %", 0.5}, {"search_baselines", "random", "regret", "1 %", 49.5},
		{"search_baselines", "backwards", "regret", "50 %", 50}, {"search_baselines", "right", "regret", "1 %", 0},
	} {
		key := []string{c.by}
		if c.top != "" {
			key = append(key, c.top)
		}
		near(t, strings.Join(append(key, c.column), ", "), cell(t, r, c.table, c.column, key...).Value, c.want, 1e-9)
	}
	if e := cell(t, r, "precision", "P@10 %", "random"); e.Defined() {
		t.Errorf("chance has an interval: %v", e)
	}
	for _, f := range r.Findings {
		if f.ID != "ii" {
			t.Errorf("%s is about (%s)", f.Claim, f.ID)
		}
	}
	// Proxies are not drawn; the other training is not in the figure of the trainings.
	for i, want := range []int{4, 3} {
		if got := len(r.Figures[i].(*figure.Lines).Series); got != want {
			t.Errorf("figure %d has %d curves, want %d", i, got, want)
		}
	}
}

func TestTopVerdicts(t *testing.T) {
	right := func(i int) float64 { return float64(i) }
	ten := func(i int) float64 { return float64(max(0, i-89) / max(1, i-89)) }
	// Knows the best tenth, and nothing else.
	tenth := lab.Scorer{Name: "tenth", Kind: lab.TableScore}
	thousand := &lab.Evidence{Seed: 1, Truth: &lab.Truth{}, Archs: make([]spaces.Arch, 1000)}
	for i := range 1000 {
		thousand.Truth.Mean = append(thousand.Truth.Mean, float64(i))
		tenth.Values = append(tenth.Values, float64(i/900))
	}
	thousand.Scores = []lab.Scorer{tenth}
	few := hundred(scored("right", lab.TableScore, right))
	few.Archs, few.Truth = few.Archs[:50], &lab.Truth{Mean: few.Truth.Mean[:50]}
	few.Scores[0].Values = few.Scores[0].Values[:50]
	for _, c := range []struct {
		name  string
		e     *lab.Evidence
		wants []report.Verdict
	}{
		{"finds good ones but not the best", thousand, []report.Verdict{report.Reproduced, report.Reproduced}},
		{"the best are one architecture", hundred(scored("ten", lab.TableScore, ten)), []report.Verdict{report.Undecided, report.Reproduced}},
		{"finds the best as well", hundred(scored("right", lab.TableScore, right)), []report.Verdict{report.Undecided, report.Reproduced}},
		{"finds not even good ones", hundred(scored("backwards", lab.TableScore, func(i int) float64 { return -float64(i) })), []report.Verdict{report.NotReproduced, report.NotReproduced}},
		{"says nothing", hundred(scored("nothing", lab.TableScore, func(i int) float64 { return 0 })), []report.Verdict{report.NotReproduced, report.Undecided}},
		{"the count knows as much", hundred(scored("ten", lab.TableScore, ten), scored("ten of them", lab.CountScore, ten)), []report.Verdict{report.Undecided, report.Undecided}},
		{"1 % is less than one", few, []report.Verdict{report.Undecided, report.Reproduced}},
		{"two seeds, two tables", hundred(scored("a", lab.SupernetScore, ten), scored("b", lab.SupernetScore, ten), scored("c", lab.TableScore, ten)),
			[]report.Verdict{report.Undecided, report.Reproduced, report.Undecided, report.Reproduced}},
	} {
		r, err := topArchitectures(c.e)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Findings) != len(c.wants) {
			t.Fatalf("%s: %d findings, want %d", c.name, len(r.Findings), len(c.wants))
		}
		for i, f := range r.Findings {
			if f.Verdict != c.wants[i] || f.Why == "" {
				t.Errorf("%s: %q is %s, want %s. %s %v; %s %v. %s", c.name, f.Claim, f.Verdict, c.wants[i], f.Measure, f.Number, f.Against, f.Other, f.Why)
			}
		}
	}
}

func TestBinomialTail(t *testing.T) {
	for _, c := range []struct {
		n              int
		share, p, want float64
	}{
		{3, 0, 0.5, 1.0 / 8}, {3, 1, 0.5, 1.0 / 8}, {3, 1.0 / 3, 0.5, 4.0 / 8}, {3, 2.0 / 3, 0.5, 4.0 / 8}, {3, 0.2, 0.5, 4.0 / 8},
		{10, 0.1, 1, 0}, {1, 0.1, 1, 1}, {5, 1, 1, 1}, {4, 0, 0, 1}, {4, 0.25, 0, 0}, {2000, 0.5, 0.5, 0.5 + 0.0178390/2},
	} {
		if got := binomialTail(c.n, c.share, c.p); !(math.Abs(got-c.want) < 1e-6) {
			t.Errorf("%v of %d at %v: %v, want %v", c.share, c.n, c.p, got, c.want)
		}
	}
}

// Several seeds are one method, whose row is their mean.
func TestTopOfSeeds(t *testing.T) {
	r, err := topArchitectures(hundred(scored("seed 0", lab.SupernetScore, func(i int) float64 { return float64(i) }),
		scored("seed 1", lab.SupernetScore, func(i int) float64 { return -float64(i) })))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "P@10 % of both", cell(t, r, "precision", "P@10 %", "mean of 2 supernets").Value, 0.5, 1e-12)
	near(t, "regret of both", cell(t, r, "search_scores", "regret", "mean of 2 supernets", "10 %").Value, 45, 1e-12)
	near(t, "random regret", cell(t, r, "search_scores", "random regret", "mean of 2 supernets", "1 %").Value, 49.5, 1e-12)
}

// The published supernet; what it finds was computed independently (see the tests of package rank).
func TestTopPublished(t *testing.T) {
	e := published(t)
	r, err := topArchitectures(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		table, column, top string
		want, within       float64
	}{
		{"precision", "P@1 %", "", 0, 0.0005}, {"precision", "P@10 %", "", 0.102, 0.0005}, {"precision", "P@50 %", "", 0.7609, 0.0005},
		{"search_scores", "BR@k", "1 %", 1652, 1}, {"search_scores", "regret", "10 %", 94.37 - 93.79, 0.002},
		{"search_scores", "random regret", "10 %", 94.37 - 94.261014, 0.00001}, {"search_scores", "beats random", "10 %", 0, 0.005},
		{"top_scores", "nDCG@k", "10 %", 0.127931, 0.000001},
	} {
		key := []string{"supernet"}
		if c.top != "" {
			key = append(key, c.top)
		}
		got := cell(t, r, c.table, c.column, key...)
		near(t, c.table+" "+c.column+" "+c.top, got.Value, c.want, c.within)
		if c.table == "precision" && !(got.Low <= got.Value && got.Value <= got.High) {
			t.Errorf("%s: %v is not in its interval", c.column, got)
		}
	}
	for _, f := range r.Findings {
		t.Logf("%s\n%s: %s %v, against %s %v. %s", f.Claim, f.Verdict, f.Measure, f.Number, f.Against, f.Other, f.Why)
		if f.Verdict != report.NotReproduced {
			t.Errorf("%s: %s", f.Claim, f.Verdict)
		}
	}
}
