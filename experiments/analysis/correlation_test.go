package analysis

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/rank"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/spaces/dartsptb"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

// drawn is evidence about n architectures of NAS-Bench-201, which are drawn at random. Their truth, twice with noise of its own, and scores
// are functions of architecture and random numbers.
func drawn(n int, seed uint64, truth func(a nasbench201.Arch, rng *rand.Rand) float64) *lab.Evidence {
	space := nasbench201.New()
	rng := rand.New(rand.NewPCG(seed, 0))
	e := &lab.Evidence{Space: space, Title: "NAS-Bench-201", Seed: seed, Truth: &lab.Truth{}, Setting: []string{"made up"}}
	for range n {
		a := space.Sample(rng).(nasbench201.Arch)
		runs := []float64{truth(a, rng), truth(a, rng)}
		e.Archs = append(e.Archs, a)
		e.Truth.Runs = append(e.Truth.Runs, runs)
		e.Truth.Mean = append(e.Truth.Mean, mean(runs))
	}
	e.Baselines = lab.Counts(space, e.Archs)
	return e
}

// judge adds a score.
func judge(e *lab.Evidence, name string, kind lab.ScorerKind, score func(i int) float64) {
	s := lab.Scorer{Name: name, Kind: kind}
	for i := range e.Archs {
		s.Values = append(s.Values, score(i))
	}
	e.Scores = append(e.Scores, s)
}

func TestCorrelationKnownAnswers(t *testing.T) {
	e := hundred(
		scored("same", lab.TableScore, func(i int) float64 { return float64(i * i) }),
		scored("backwards", lab.TableScore, func(i int) float64 { return -float64(i) }),
		// Groups of ten that tie: 4500 of 4950 pairs are told apart, all rightly.
		scored("tens", lab.CountScore, func(i int) float64 { return float64(i / 10) }),
		scored("constant", lab.CountScore, func(int) float64 { return 7 }),
	)
	for i := range e.Archs {
		e.Archs[i] = nasbench201.FromOrdinal(i)
	}
	r, err := correlationTables(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		by, column string
		want       float64
	}{
		{"same", "tau-b", 1}, {"same", "rho", 1}, {"same", "P@10 %", 1},
		{"backwards", "tau-b", -1}, {"backwards", "rho", -1}, {"backwards", "r", -1}, {"backwards", "P@10 %", 0},
		{"tens", "tau-b", 4500 / math.Sqrt(4500*4950)}, {"tens", "P@10 %", 1},
		{"random order", "tau-b", 0}, {"random order", "P@10 %", 0.1},
		{"another training", "tau-b", (4950 - 2*50) / 4950.}, // 50 pairs of neighbours change places
	} {
		got := cell(t, r, "agreement", c.column, c.by)
		near(t, c.by+", "+c.column, got.Value, c.want, 1e-12)
		if c.by != "random order" && !(got.Low <= got.Value && got.Value <= got.High) {
			t.Errorf("%s, %s: %v is not in its interval", c.by, c.column, got)
		}
	}
	if undefined := cell(t, r, "agreement", "tau-b", "constant"); undefined.Value.Defined() {
		t.Errorf("tau-b of a constant is %v", undefined)
	}
	near(t, "gained over tens", cell(t, r, "added", "tau-b gained", "same", "tens").Value, 1-4500/math.Sqrt(4500*4950), 1e-12)
	near(t, "partial rho given a constant", cell(t, r, "added", "partial rho beyond it", "same", "constant").Value, 1, 1e-12)
	near(t, "true rank of what backwards likes best", cell(t, r, "best", "true rank", "backwards").Value, 100, 0)
	if len(r.Findings) != 2 || r.Findings[0].Verdict != report.NotReproduced || r.Findings[1].Verdict != report.Reproduced {
		t.Errorf("findings %+v, want one for each table, the first not reproduced, the second reproduced", r.Findings)
	}
	var b strings.Builder
	r.Print(&b)
	if strings.Contains(b.String(), "NaN") {
		t.Errorf("printed\n%s", b.String())
	}
}

// All architectures of dartsptb have the same counts, whose rank correlations are undefined: given such a count the supernet adds all that
// it knows, and nothing is printed or drawn of what there is not.
func TestUndefinedCounts(t *testing.T) {
	space, rng := dartsptb.Space{Hidden: 8, Words: 30}, rand.New(rand.NewPCG(1, 2))
	e := &lab.Evidence{Space: space, Title: "DARTS on PTB", Truth: &lab.Truth{}}
	for i := range 12 {
		e.Archs = append(e.Archs, space.Sample(rng))
		e.Truth.Mean = append(e.Truth.Mean, float64(i)/2+float64(i%5)/2)
		e.Truth.Runs = append(e.Truth.Runs, []float64{float64(i), float64(i % 5)})
	}
	judge(e, "supernet", lab.SupernetScore, func(i int) float64 { return float64(i * i % 7) })
	e.Baselines = lab.Counts(space, e.Archs)
	for name, answer := range map[string]func(*lab.Evidence) (*report.Result, error){correlationName: correlationTables, biasName: biasTables} {
		r, err := answer(e)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		r.Print(&b)
		if strings.Contains(b.String(), "NaN") {
			t.Errorf("printed\n%s", b.String())
		}
		if err := r.Write(t.TempDir()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == correlationName {
			rho := cell(t, r, "agreement", "rho", "supernet").Value
			for _, c := range e.Baselines {
				near(t, "partial correlation given "+c.Name, cell(t, r, "added", "partial rho beyond it", "supernet", c.Name).Value, float64(rho), 1e-12)
			}
		}
	}
}

// Supernets of several seeds are one method, whose τ-b is the mean of theirs.
func TestCorrelationOfSeveralSeeds(t *testing.T) {
	e := drawn(60, 3, func(_ nasbench201.Arch, rng *rand.Rand) float64 { return rng.NormFloat64() })
	rng := rand.New(rand.NewPCG(4, 4))
	for _, name := range []string{"one", "two", "three"} {
		judge(e, name, lab.SupernetScore, func(i int) float64 { return e.Truth.Mean[i] + rng.NormFloat64() })
	}
	r, err := correlationTables(e)
	if err != nil {
		t.Fatal(err)
	}
	sum, averaged := 0.0, make([]float64, len(e.Archs))
	for _, s := range e.Scores {
		p, err := rank.New(s.Values, e.Truth.Mean)
		if err != nil {
			t.Fatal(err)
		}
		near(t, s.Name, cell(t, r, "agreement", "tau-b", s.Name).Value, p.Kendall(), 0)
		sum += p.Kendall()
		for i, v := range s.Values {
			averaged[i] += v
		}
	}
	p, err := rank.New(averaged, e.Truth.Mean)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "mean of 3 supernets", cell(t, r, "agreement", "tau-b", "mean of 3 supernets").Value, sum/3, 1e-12)
	near(t, "averaged scores", cell(t, r, "agreement", "tau-b", "scores averaged over seeds").Value, p.Kendall(), 1e-12)
	if len(r.Findings) != 1 || math.Abs(float64(r.Findings[0].Number.Value)-sum/3) > 1e-12 {
		t.Errorf("findings %+v, want one about the mean %v", r.Findings, sum/3)
	}
}

// A score that is as good as another training is a good ranker; one that knows less is not; with few architectures nobody knows.
func TestCorrelationVerdicts(t *testing.T) {
	for _, c := range []struct {
		n     int
		noise float64 // of the score; that of a training is 0.5
		want  report.Verdict
	}{{300, 0.5, report.NotReproduced}, {300, 2, report.Reproduced}, {30, 0.9, report.Undecided}} {
		quality := make(map[string]float64)
		e := drawn(c.n, 7, func(a nasbench201.Arch, rng *rand.Rand) float64 {
			if _, ok := quality[a.String()]; !ok {
				quality[a.String()] = rng.NormFloat64()
			}
			return quality[a.String()] + 0.5*rng.NormFloat64()
		})
		rng := rand.New(rand.NewPCG(8, 8))
		judge(e, "supernet", lab.SupernetScore, func(i int) float64 { return quality[e.Archs[i].String()] + c.noise*rng.NormFloat64() })
		r, err := correlationTables(e)
		if err != nil {
			t.Fatal(err)
		}
		if f := r.Findings[0]; f.Verdict != c.want {
			t.Errorf("%d architectures, noise %g: %s, want %s: %s %v, against %s %v. %s", c.n, c.noise, f.Verdict, c.want, f.Measure, f.Number, f.Against, f.Other, f.Why)
		}
	}
}

// Without a second training, a count that ranks better says that the score does not rank well; one that ranks worse says nothing.
func TestCorrelationWithoutCeiling(t *testing.T) {
	for _, c := range []struct {
		score float64 // noise
		want  report.Verdict
	}{{60, report.Reproduced}, {1, report.Undecided}} {
		rng := rand.New(rand.NewPCG(1, 1))
		e := hundred(
			scored("supernet", lab.SupernetScore, func(i int) float64 { return float64(i) + c.score*rng.NormFloat64() }),
			scored("parameters", lab.CountScore, func(i int) float64 { return float64(i) + 10*rng.NormFloat64() }),
		)
		for i := range e.Archs {
			e.Archs[i] = nasbench201.FromOrdinal(i)
			e.Truth.Runs[i] = e.Truth.Runs[i][:1]
		}
		r, err := correlationTables(e)
		if err != nil {
			t.Fatal(err)
		}
		if f := r.Findings[0]; f.Verdict != c.want || !strings.Contains(f.Against, "parameters") {
			t.Errorf("%s against %s, want %s. %s", f.Verdict, f.Against, c.want, f.Why)
		}
	}
}

// The ranking after epochs of a supernet, and with other statistics, which need no training to be told.
func TestCorrelationInTraining(t *testing.T) {
	e := hundred(scored("supernet", lab.SupernetScore, func(i int) float64 { return float64(i) }))
	r := e.Result(correlationName, correlationTitle, correlationQuestion)
	early, late := make([]float64, 50), make([]float64, 50)
	for i := range early {
		early[i], late[i] = float64(-i), float64(i)
	}
	if err := lengthOfTraining(r, e, []int{2, 8}, [][]float64{early, late}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{-1, 1} {
		near(t, "tau-b", r.Tables[0].Rows[i][3].(report.Estimate).Value, want, 1e-12)
	}
	near(t, "gained", r.Tables[0].Rows[0][6].(report.Estimate).Value, 2, 1e-12)
	near(t, "mean score", r.Tables[0].Rows[1][2].(report.Number), 24.5, 1e-12)
	if r.Tables[0].Rows[1][6] != nil {
		t.Error("the last epoch gains on itself")
	}
	var policies []policy
	for name, scores := range map[string][]float64{"recalibrate": late, "running": early} {
		row, err := newAgreement(name, "supernet", scores, e.Truth.Mean[:50], 1)
		if err != nil {
			t.Fatal(err)
		}
		p := policy{"running", scores, row}
		if name == "recalibrate" {
			p.statistics = "recalibrate"
			policies = append([]policy{p}, policies...)
		} else {
			policies = append(policies, p)
		}
	}
	policyTable(r, policies)
	near(t, "tau-b less with running statistics", cell(t, r, "batch_norm", "tau-b less", "running").Value, 2, 1e-12)
}
