package analysis

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/spaces/truth"
)

// cell finds the row of a table by what its first columns say.
func cell(t *testing.T, r *report.Result, table, column string, key ...string) report.Estimate {
	t.Helper()
	for _, tab := range r.Tables {
		if tab.Name != table {
			continue
		}
		at := slices.IndexFunc(tab.Columns, func(c report.Column) bool { return c.Name == column })
		if at < 0 {
			t.Fatalf("table %s has no column %s", table, column)
		}
		for _, row := range tab.Rows {
			same := true
			for i, k := range key {
				same = same && row[i] == any(k)
			}
			if !same {
				continue
			}
			switch v := row[at].(type) {
			case report.Estimate:
				return v
			case report.Number:
				return report.Exactly(float64(v))
			case int:
				return report.Exactly(float64(v))
			}
		}
		t.Fatalf("table %s has no row %q", table, key)
	}
	t.Fatalf("no table %s", table)
	return report.Estimate{}
}

func near(t *testing.T, what string, got report.Number, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(float64(got)-want) <= tolerance) {
		t.Errorf("%s = %.5f, want %.5f", what, got, want)
	}
}

// hundred is evidence about 100 architectures of truths 0, 1, …, 99 with two runs each.
func hundred(scores ...lab.Scorer) *lab.Evidence {
	e := &lab.Evidence{Seed: 1, Truth: &lab.Truth{}, Archs: make([]spaces.Arch, 100), Setting: []string{"made up"}}
	for i := range 100 {
		e.Truth.Mean = append(e.Truth.Mean, float64(i))
		e.Truth.Runs = append(e.Truth.Runs, []float64{float64(i), float64(i ^ 1)})
	}
	for _, s := range scores {
		if s.Kind == lab.CountScore || s.Kind == lab.ProxyScore {
			e.Baselines = append(e.Baselines, s)
		} else {
			e.Scores = append(e.Scores, s)
		}
	}
	return e
}

func scored(name string, kind lab.ScorerKind, of func(i int) float64) lab.Scorer {
	s := lab.Scorer{Name: name, Kind: kind}
	for i := range 100 {
		s.Values = append(s.Values, of(i))
	}
	return s
}

func TestPruningKnownAnswers(t *testing.T) {
	e := hundred(
		// Right about the lower half, says nothing of the upper one.
		scored("half", lab.SupernetScore, func(i int) float64 { return float64(min(i, 50)) }),
		scored("backwards", lab.CountScore, func(i int) float64 { return -float64(i) }),
		scored("right", lab.ProxyScore, func(i int) float64 { return float64(i) }),
	)
	r, err := pruneArchitectures(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		by, column string
		want       float64
	}{
		{"half", "bottom 30 %", 0}, {"half", "bottom 50 %", 0},
		{"half", "bottom 70 %", 0.4}, // 20 of the 50 that tie, the best ten among them
		{"half", "bottom 90 %", 0.8},
		{"backwards", "bottom 20 %", 1}, {"backwards", "bottom 90 %", 1},
		{"right", "bottom 90 %", 0},
		{"random", "bottom 20 %", 0.2}, {"random", "bottom 70 %", 0.7},
		{"another training", "bottom 90 %", 0}, // 90 and 91 change places, which are on one side
	} {
		e := cell(t, r, "loss_top_10", c.column, c.by)
		near(t, c.by+", "+c.column, e.Value, c.want, 1e-12)
		if c.by != "random" && !(e.Low <= e.Value && e.Value <= e.High) {
			t.Errorf("%s, %s: %v is not in its interval", c.by, c.column, e)
		}
		if c.by == "random" && e.Defined() {
			t.Errorf("%s has an interval: %v", c.by, e)
		}
	}
	near(t, "one of 100 lost", cell(t, r, "loss_top_1", "bottom 70 %", "half").Value, 0.4, 1e-12)
	near(t, "top 10 % of half", cell(t, r, "ends", "top", "half", "10 %").Value, 0.2, 1e-12) // 10 of 50
	near(t, "bottom 10 % of half", cell(t, r, "ends", "bottom", "half", "10 %").Value, 1, 1e-12)
	near(t, "difference", cell(t, r, "ends", "bottom - top", "half", "10 %").Value, 0.8, 1e-12)

	if len(r.Findings) != 2 || r.Findings[0].ID != "iv" {
		t.Fatalf("findings %v, want two that begin with iv", r.Findings)
	}
	for _, f := range r.Findings {
		if f.Verdict != report.Reproduced {
			t.Errorf("%s: %s, want reproduced. %s", f.Claim, f.Verdict, f.Why)
		}
	}
	near(t, "loss of the finding", r.Findings[1].Number.Value, 0, 1e-12)
	near(t, "loss of the count", r.Findings[1].Other.Value, 1, 1e-12)
}

// A supernet that discards as a count does has shown nothing, however much better than at random that is; one that is right about the
// top alone is not better at the bottom; and supernets of several seeds are one method.
func TestPruningVerdicts(t *testing.T) {
	right := func(i int) float64 { return float64(i) }
	for _, c := range []struct {
		name  string
		e     *lab.Evidence
		wants []report.Verdict
	}{
		{"the count knows as much", hundred(scored("half", lab.SupernetScore, func(i int) float64 { return float64(min(i, 50)) }), scored("right", lab.CountScore, right)),
			[]report.Verdict{report.Reproduced, report.Undecided}},
		{"only the top", hundred(scored("top", lab.TableScore, func(i int) float64 { return float64(max(i, 50)) })),
			[]report.Verdict{report.NotReproduced, report.Reproduced}},
		{"backwards", hundred(scored("backwards", lab.TableScore, func(i int) float64 { return -float64(i) })),
			[]report.Verdict{report.Undecided, report.NotReproduced}},
		{"two supernets, two tables", hundred(scored("a", lab.SupernetScore, right), scored("b", lab.SupernetScore, right), scored("c", lab.TableScore, right), scored("d", lab.TableScore, right)),
			[]report.Verdict{report.Undecided, report.Reproduced, report.Undecided, report.Reproduced, report.Undecided, report.Reproduced}},
	} {
		r, err := pruneArchitectures(c.e)
		if err != nil {
			t.Fatal(err)
		}
		var got []report.Verdict
		for _, f := range r.Findings {
			got = append(got, f.Verdict)
		}
		if !slices.Equal(got, c.wants) {
			t.Errorf("%s: verdicts %q, want %q", c.name, got, c.wants)
		}
	}
}

// The mean over random scores must be what random dropping is said to cost.
func TestPruningOfNoise(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	sum := 0.0
	const tables = 12
	for range tables {
		r, err := pruneArchitectures(hundred(scored("noise", lab.TableScore, func(int) float64 { return rng.Float64() })))
		if err != nil {
			t.Fatal(err)
		}
		sum += float64(cell(t, r, "loss_top_10", "bottom 30 %", "noise").Value)
	}
	near(t, "mean loss", report.Number(sum/tables), 0.3, 0.1)
}

// fewResamples is for what does not depend on where intervals end, with thousands of architectures.
func fewResamples(t *testing.T) {
	all := resamples
	resamples = 100
	t.Cleanup(func() { resamples = all })
}

// published is the evidence of the published one-shot supernet about all of NAS-Bench-201.
func published(t *testing.T) *lab.Evidence {
	t.Helper()
	fewResamples(t)
	data := os.Getenv("ONESHOT_DATA")
	if data == "" {
		t.Skip("ONESHOT_DATA does not name a directory with truth/nb201-oneshot.csv and truth/nb201-cifar10.csv")
	}
	read := func(name string) map[string]float64 {
		table, err := truth.ReadCSV(filepath.Join(data, "truth", name))
		if err != nil {
			t.Fatal(err)
		}
		values := make(map[string]float64)
		for _, row := range table.Rows {
			values[row.Architecture] = row.Values[0]
		}
		return values
	}
	scores, truths := read("nb201-oneshot.csv"), read("nb201-cifar10.csv")
	space := nasbench201.New()
	space.Whole = true
	e := &lab.Evidence{Space: space, Seed: 1, Truth: &lab.Truth{}, Setting: []string{"published tables"}}
	supernet := lab.Scorer{Name: "supernet", Kind: lab.TableScore}
	size := lab.Scorer{Name: "multiply-adds", Kind: lab.CountScore}
	for a := range space.All() {
		e.Archs = append(e.Archs, a)
		e.Truth.Mean = append(e.Truth.Mean, truths[a.String()])
		e.Truth.Runs = append(e.Truth.Runs, []float64{truths[a.String()]})
		supernet.Values = append(supernet.Values, scores[a.String()])
		size.Values = append(size.Values, float64(space.Network(a).MACs()))
	}
	e.Scores, e.Baselines = []lab.Scorer{supernet}, []lab.Scorer{size}
	return e
}

// The losses of the published supernet were computed independently, as expected values over ties.
func TestPruningPublished(t *testing.T) {
	e := published(t)
	r, err := pruneArchitectures(e)
	if err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string][]float64{"loss_top_1": {0, 0, .634, .895, .994}, "loss_top_10": {0, 0, .253, .603, .898}} {
		for i, bottom := range pruneShown {
			near(t, table+", bottom "+percent(bottom), cell(t, r, table, "bottom "+percent(bottom), "supernet").Value, want[i], 0.002)
		}
	}
	near(t, "P@10 %", cell(t, r, "ends", "top", "supernet", "10 %").Value, 0.102, 0.002)
	near(t, "P@1 %", cell(t, r, "ends", "top", "supernet", "1 %").Value, 0, 0.002)
	for _, f := range r.Findings {
		t.Logf("%s\n%s: %s %v, against %s %v. %s", f.Claim, f.Verdict, f.Measure, f.Number, f.Against, f.Other, f.Why)
	}
}
