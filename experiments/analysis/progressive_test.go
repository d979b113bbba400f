package analysis

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

// twoByThree is a panel of two decisions, of two and of three values; the last architecture has no second decision.
func twoByThree() *panel {
	return &panel{
		choices: []spaces.Choice{{Name: "a", Values: []string{"0", "1"}}, {Name: "b", Values: []string{"0", "1", "2"}}},
		values:  [][]int{{0, 0}, {0, 0}, {0, 1}, {1, 1}, {1, 1}, {1, 0}, {0, 2}, {0, -1}},
		score:   []float64{1, 2, 3, 4, 5, 6, 7, 8},
		params:  []float64{1, 2, 4, 8, 4, 2, 1, 1},
	}
}

func TestBranchScores(t *testing.T) {
	p := twoByThree()
	check := func(name string, got, want [][]float64) {
		t.Helper()
		for d := range want {
			for v, w := range want[d] {
				if g := got[d][v]; !(math.Abs(g-w) < 1e-12 || math.IsNaN(g) && math.IsNaN(w)) {
					t.Errorf("%s of value %d of decision %d: %v, want %v", name, v, d, g, w)
				}
			}
		}
	}
	nan := math.NaN() // one architecture alone has the last value
	check("mean score", branchScores[0].of(p), [][]float64{{21. / 5, 5}, {3, 4, nan}})

	// Pairs counted one by one.
	want := [][]float64{{0, 0}, {0, 0, nan}}
	for d := range want {
		for v := range want[d] {
			var wins, pairs float64
			for i, x := range p.values {
				for j, y := range p.values {
					if x[d] != v || y[d] == v || y[d] == -1 {
						continue
					}
					pairs++
					if p.score[i] > p.score[j] && p.params[i] <= p.params[j] {
						wins++
					}
				}
			}
			if !math.IsNaN(want[d][v]) {
				want[d][v] = wins / pairs
			}
		}
	}
	check("dominance", branchScores[1].of(p), want)
	near(t, "dominance of the first value", report.Number(want[0][0]), 6./15, 1e-12) // the seventh and eighth beat three each

	// Scores that follow from the size leave nothing; what is added to one value stays, less what the line takes of it.
	for i := range p.score {
		p.score[i] = 3 + 2*math.Log(p.params[i])
	}
	check("residual of sizes", branchScores[2].of(p), [][]float64{{0, 0}, {0, 0, nan}})
	rest := residuals([]float64{1, 3, 2, 7}, []float64{1, 2, 4, 8})
	var sum, along float64
	for i, r := range rest {
		sum += r
		along += r * float64(i) // the logarithm of the size
	}
	if math.Abs(sum) > 1e-12 || math.Abs(along) > 1e-12 {
		t.Errorf("residuals %v are not orthogonal to a line", rest)
	}
	if rest := residuals([]float64{1, 3}, []float64{5, 5}); rest[0] != -1 || rest[1] != 1 {
		t.Errorf("residuals of equal sizes %v, want the distance from the mean", rest)
	}
}

func TestHalve(t *testing.T) {
	space := nasbench201.New()
	rng := rand.New(rand.NewPCG(1, 1))
	anything := func([]branch) bool { return true }
	for range 100 {
		p := &panel{choices: space.Choices()}
		for range 60 {
			a := space.Sample(rng)
			p.values = append(p.values, a.Values())
			p.score = append(p.score, rng.Float64())
		}
		worth := random(p, rng)
		dropped := p.halve(worth, anything)
		left := p.values
		for i, b := range dropped {
			if i > 0 && worth[b.decision][b.value] < worth[dropped[i-1].decision][dropped[i-1].value] {
				t.Fatalf("dropped %v in this order, of worths %v", dropped, worth)
			}
			if 2*len(left) <= len(p.values) {
				t.Fatalf("%d of %d left, and still %v was dropped", len(left), len(p.values), b)
			}
			left = slices.DeleteFunc(slices.Clone(left), func(v []int) bool { return v[b.decision] == b.value })
		}
		if 2*len(left) > len(p.values) || 4*len(left) < len(p.values) {
			t.Fatalf("%d of %d left, want a quarter to a half", len(left), len(p.values))
		}
	}

	p := twoByThree()
	worst := func(d, v int) [][]float64 {
		worth := [][]float64{{1, 1}, {1, 1, math.NaN()}}
		worth[d][v] = 0
		return worth
	}
	if got := p.halve(worst(1, 0), anything); got[0] != (branch{1, 0}) {
		t.Errorf("dropped %v, want the worst first", got)
	}
	if got := p.halve(worst(1, 0), func(b []branch) bool { return !slices.Contains(b, branch{1, 0}) }); slices.Contains(got, branch{1, 0}) {
		t.Errorf("dropped %v, the first of which cannot be", got)
	}
	for _, b := range p.halve(worst(0, 0), anything) {
		if b.decision == 1 && b.value == 2 {
			t.Error("dropped a value of which nothing is known")
		}
	}
	one := &panel{choices: p.choices[:1], values: [][]int{{0}, {0}, {0}, {0}}}
	if got := one.halve([][]float64{{1, math.NaN()}}, anything); got != nil {
		t.Errorf("dropped %v, the only value left", got)
	}
}

// noise is a number of mean 0 and variance 1 that depends on its name alone.
func hashNoise(name string) float64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(h.Sum64(), 0)).NormFloat64()
}

// additive is a truth in which every operation has a worth of its own, 3×3 convolutions the highest, and a noise.
func additive(a spaces.Arch) float64 {
	sum := 0.0
	for _, v := range a.Values() {
		sum += []float64{0, 2, 3, 4, 1}[v]
	}
	return sum + 0.3*hashNoise("truth "+a.String())
}

// supposed is a progressive pruning of NAS-Bench-201 whose supernet sees the truth through a noise, as strong as noiseOf says.
func supposed(archs int, noiseOf func(lab.Variant) float64) (*progressive, *lab.Evidence) {
	space := nasbench201.New()
	e := &lab.Evidence{Seed: 1, Space: space, Truth: &lab.Truth{}, Setting: []string{"made up"}}
	rng := rand.New(rand.NewPCG(2, 2))
	flops := lab.Scorer{Name: "multiply-adds", Kind: lab.CountScore}
	for range archs {
		a := space.Sample(rng)
		e.Archs = append(e.Archs, a)
		e.Truth.Mean = append(e.Truth.Mean, additive(a))
		flops.Values = append(flops.Values, float64(space.Network(a).MACs()))
	}
	e.Baselines = []lab.Scorer{flops}
	p := &progressive{space: space, archs: e.Archs, seed: 1, rounds: 2, epochs: 3}
	p.score = func(v lab.Variant, archs []spaces.Arch) ([]float64, error) {
		part, rounds := spaces.Space(space), 0
		for w := &v; w != nil; w = w.After {
			var err error
			if part, err = spaces.Drop(part, w.Drop); err != nil {
				return nil, err
			}
			if rounds++; w.After != nil && w.Epochs != 3 {
				return nil, fmt.Errorf("%d epochs, want 3", w.Epochs)
			}
		}
		if rounds > 3 {
			return nil, fmt.Errorf("%d supernets after one another, want 3", rounds)
		}
		scores := make([]float64, len(archs))
		for i, a := range archs {
			if _, err := part.Parse(a.String()); err != nil {
				return nil, err
			}
			scores[i] = additive(a) + noiseOf(v)*hashNoise(fmt.Sprint(a, rounds, v.Drop))
		}
		return scores, nil
	}
	return p, e
}

func progressiveReport(t *testing.T, archs int, noiseOf func(lab.Variant) float64) *report.Result {
	t.Helper()
	p, e := supposed(archs, noiseOf)
	r := e.Result(pruneName, pruneTitle, pruneQuestion)
	trained, err := p.train()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.report(r, e, trained); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestProgressivePruning(t *testing.T) {
	// Sharing with fewer makes the supernet more exact, and at first it knows something of branches, or nothing.
	sharper := func(first float64) func(lab.Variant) float64 {
		return func(v lab.Variant) float64 {
			if v.Drop != nil {
				return 0.5
			}
			return first
		}
	}
	if f := progressiveReport(t, 300, sharper(1e6)).Findings[0]; f.Verdict != report.Undecided {
		t.Errorf("a supernet that prunes as chance does, in a space that would be easier whoever had pruned it: %s. %s", f.Verdict, f.Why)
	}
	helps := progressiveReport(t, 300, sharper(20))
	if f := helps.Findings[0]; f.ID != "v" || f.Verdict != report.Reproduced {
		t.Errorf("finding %s: %s, want reproduced. %v against %v. %s", f.ID, f.Verdict, f.Number, f.Other, f.Why)
	}
	blind := progressiveReport(t, 300, func(lab.Variant) float64 { return 1e6 })
	if f := blind.Findings[0]; f.Verdict != report.Undecided {
		t.Errorf("a supernet that knows nothing: %s. %s", f.Verdict, f.Why)
	}
	// It is more exact in the whole space.
	harms := progressiveReport(t, 300, func(v lab.Variant) float64 {
		if v.Drop != nil {
			return 1e6
		}
		return 0
	})
	if f := harms.Findings[0]; f.Verdict != report.NotReproduced {
		t.Errorf("a supernet that pruning harms: %s. %s", f.Verdict, f.Why)
	}

	mean := func(by string) report.Estimate { return cell(t, helps, "left", "mean truth", by) }
	chance := mean(fmt.Sprintf("random, %d times", pruneDraws))
	for _, by := range []string{"mean score", "mean of multiply-adds"} {
		if m := mean(by); m.Low <= chance.Value {
			t.Errorf("what pruning by %s leaves has a mean truth of %v, at random %v", by, m, chance)
		}
	}
	near(t, "mean truth at random", chance.Value, float64(mean("nothing dropped").Value), 0.2)
	near(t, "share that is left of everything", cell(t, helps, "left", "share", "nothing dropped").Value, 1, 0)
	for _, by := range []string{"random", "mean score", "dominance", "residual"} {
		near(t, "share that is left by "+by, cell(t, helps, "left", "share", by).Value, 0.2, 0.06)
		gain := cell(t, helps, "ranking", "gained by pruning", by)
		if gain.Low <= 0 {
			t.Errorf("%s: the supernet that sees better gains %v", by, gain)
		}
	}
	for _, row := range helps.Tables[0].Rows {
		if row[0] == "mean score" && row[3] == "nor_conv_3x3" {
			t.Errorf("the best operation was dropped: %v", row)
		}
	}
}

// What the lab cannot train is not asked for.
func TestProgressivePruningDropsThePossible(t *testing.T) {
	p, _ := supposed(60, func(lab.Variant) float64 { return 1 })
	p.possible = func(v lab.Variant) error {
		if slices.Contains(v.Drop["0_1"], "none") {
			return errors.New("it must keep none")
		}
		return nil
	}
	for i, a := range arms() {
		if err := p.run(a, uint64(i)); err != nil {
			t.Fatal(err)
		}
		for _, d := range a.drops {
			if d.branch == (branch{0, 0}) {
				t.Errorf("%s has dropped what it must keep", a.name)
			}
		}
	}
}

// So few architectures that hardly any is left in a part decide nothing, and stop nothing.
func TestProgressivePruningOfFew(t *testing.T) {
	for _, n := range []int{2, 5, 8} {
		r := progressiveReport(t, n, func(lab.Variant) float64 { return 0 })
		if f := r.Findings[0]; f.Verdict != report.Undecided {
			t.Errorf("%d architectures: %s. %s", n, f.Verdict, f.Why)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
	}
}

func TestProgressivePruningIsDeterministic(t *testing.T) {
	of := func(v lab.Variant) float64 { return 2 }
	a, b := progressiveReport(t, 60, of), progressiveReport(t, 60, of)
	for i := range a.Tables {
		if fmt.Sprint(a.Tables[i].Rows) != fmt.Sprint(b.Tables[i].Rows) {
			t.Errorf("table %s differs between two runs", a.Tables[i].Name)
		}
	}
}

// topMean against every order of equal scores.
func TestTopMean(t *testing.T) {
	score, truth := []float64{2, 1, 2, 0, 1}, []float64{10, 20, 30, 40, 50}
	index := []int{0, 1, 2, 3, 4}
	for k, want := range map[int]float64{1: 20, 2: 20, 3: (10 + 30 + 35) / 3., 4: (10 + 30 + 20 + 50) / 4., 5: 30, 9: 30} {
		near(t, fmt.Sprintf("mean of the best %d", k), report.Number(topMean(score, truth, index, k)), want, 1e-12)
	}
	near(t, "of a resample", report.Number(topMean(score, truth, []int{1, 1, 4}, 2)), 30, 1e-12)
}

// Every supernet and score of the arms is announced: as they will be where that is known, by what they are like where it depends on scores.
func TestPruningIsAnnounced(t *testing.T) {
	o := &lab.Options{}
	f := flag.NewFlagSet("", flag.PanicOnError)
	o.AddFlags(f)
	f.Parse(quick(t.TempDir(), "-image", "8", "-archs", "6", "-epochs", "1", "-alone-epochs", "1"))
	l, err := lab.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	count := func() (like, judged int) {
		for _, s := range pruneScorings(l) {
			if s.Like {
				like++
			}
			if s.Variant.After == nil {
				judged++
			}
		}
		return like, judged
	}
	if like, judged := count(); like != 3 || judged != 3 {
		t.Errorf("%d supernets like others and %d judgings of branches are announced, want 3 of each", like, judged)
	}
	if _, err := pruneStudy(context.Background(), l); err != nil {
		t.Fatal(err)
	}
	if like, judged := count(); like+judged > 0 || len(pruneScorings(l)) != 5 {
		t.Errorf("with all found, %d and %d are announced of %d", like, judged, len(pruneScorings(l)))
	}
}
