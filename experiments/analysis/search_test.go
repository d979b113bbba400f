package analysis

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/spaces"
)

// point is an architecture of two decisions with ten values each; a mutation changes one of them by one.
type point [2]int

func (p point) String() string         { return fmt.Sprintf("%d,%d", p[0], p[1]) }
func (p point) Values() []int          { return p[:] }
func (p point) Canonical() spaces.Arch { return p }
func (p point) Hash() string           { return p.String() }
func (p point) Neighbours() iter.Seq[spaces.Arch] {
	return func(yield func(spaces.Arch) bool) {
		for _, d := range []point{{-1, 0}, {1, 0}, {0, -1}, {0, 1}} {
			if q := (point{p[0] + d[0], p[1] + d[1]}); min(q[0], q[1]) >= 0 && max(q[0], q[1]) < 10 && !yield(q) {
				return
			}
		}
	}
}

// hill is evidence about the 100 points, the higher the nearer they are to (7, 2).
func hill(scores ...lab.Scorer) *lab.Evidence {
	e := hundred(scores...)
	for i := range 100 {
		e.Archs[i] = point{i / 10, i % 10}
		e.Truth.Mean[i] = -math.Abs(float64(i/10)-7) - math.Abs(float64(i%10)-2) - float64(i)/1e3
		e.Truth.Runs[i] = []float64{e.Truth.Mean[i]}
	}
	return e
}

func TestSearchKnownAnswers(t *testing.T) {
	h := hill()
	rng := rand.New(rand.NewPCG(1, 1))
	e := hill(
		scored("right", lab.SupernetScore, func(i int) float64 { return h.Truth.Mean[i] }),
		scored("wrong", lab.TableScore, func(i int) float64 { return -h.Truth.Mean[i] }),
		scored("noise", lab.ProxyScore, func(int) float64 { return rng.Float64() }),
		scored("same", lab.CountScore, func(int) float64 { return 1 }),
	)
	r, err := searchTables(e)
	if err != nil {
		t.Fatal(err)
	}
	regret := func(k int, judge string, asked ...string) report.Estimate {
		key := append([]string{judge}, asked...)
		return cell(t, r, "search", fmt.Sprintf("regret of %d trained", k), key...)
	}
	for _, k := range []int{1, 3, 10} {
		near(t, "regret of the right judge", regret(k, "right", "all").Value, 0, 1e-12)
		chance := float64(regret(k, "none").Value)
		near(t, "regret of a judge that says nothing", regret(k, "same", "all").Value, chance, 0.4)
		near(t, "regret of random choice with one", regret(k, "same", "random").Value, chance, 0.4)
		if w := regret(k, "wrong", "all"); float64(w.Value) <= chance+1 {
			t.Errorf("the wrong judge with %d trainings has a regret of %v, chance %.3f", k, w, chance)
		}
	}
	// The worst ten are the corner that is farthest away: nothing better than nine steps is among them.
	if w := regret(10, "wrong", "all").Value; w < 9 {
		t.Errorf("best of the ten worst: regret %v", w)
	}
	// 20 questions of 100 architectures: a hill is climbed, chance leaves some way to go.
	climbed, evolved, drawn := regret(1, "right", "local"), regret(1, "right", "evolution"), regret(1, "right", "random")
	if !(climbed.Value < drawn.Low && evolved.Value < drawn.Low) {
		t.Errorf("regret of local search %v, of evolution %v, of random choice %v: the first two must be smaller", climbed, evolved, drawn)
	}
	near(t, "the right judge beats random", cell(t, r, "search", "beats random of 10", "right", "all").Value, 1-0.1/2, 1e-9) // a tenth of the ten find the best
	near(t, "noise beats random", cell(t, r, "search", "beats random of 10", "same", "all").Value, 0.5, 0.08)
	near(t, "random needs all", cell(t, r, "search", "random needs", "right", "all").Value, 100, 0)
	for i, want := range []report.Verdict{report.Reproduced, report.NotReproduced} {
		if f := r.Findings[i]; f.Verdict != want {
			t.Errorf("%s: %s, want %s. %s", f.Measure, f.Verdict, want, f.Why)
		}
	}
}

// Where a supernet costs as much as 30 trainings, its ten finalists must beat the best of forty random architectures.
func TestSearchWithAPrice(t *testing.T) {
	h := hill()
	e := hill(scored("better than ten", lab.SupernetScore, func(i int) float64 {
		if h.Truth.Mean[i] > -1 { // all but the best
			return -100
		}
		return h.Truth.Mean[i]
	}), scored("table", lab.TableScore, func(i int) float64 { return h.Truth.Mean[i] }))
	r, err := searches(e, 30)
	if err != nil {
		t.Fatal(err)
	}
	var got []report.Verdict
	for _, f := range r.Findings {
		got = append(got, f.Verdict)
	}
	// The table has no price that is known.
	if want := []report.Verdict{report.Reproduced, report.Undecided, report.Reproduced}; !slices.Equal(got, want) {
		t.Errorf("verdicts %q, want %q: %v", got, want, r.Findings)
	}
	random, err := newRandomSearch(e.Truth.Mean)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "best of 40", r.Findings[1].Other.Value, random.bestOf(40), 1e-12)
	cost := r.Figures[len(r.Figures)-1].(*figure.Lines)
	if len(cost.Series) != 2 || cost.Series[1].X[0] != 31 {
		t.Errorf("curves by cost %v, want those of random search and of the supernet, which begins at 31", cost.Series)
	}
}

func TestSearchIsDeterministic(t *testing.T) {
	e := hill(scored("score", lab.SupernetScore, func(i int) float64 { return float64(i * 37 % 100) }))
	a, err := searchTables(e)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := searchTables(e)
	if fmt.Sprint(a.Tables[0].Rows) != fmt.Sprint(b.Tables[0].Rows) {
		t.Error("the same evidence gives two results")
	}
}

// Whatever a strategy does, it asks as often as it may and about no architecture twice, in tables of any size and shape.
func TestStrategiesSpendTheirBudget(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	e := hill()
	linked, _ := newTerrain(e)
	alone := &terrain{truth: e.Truth.Mean, near: make([][]int32, 100)}
	for range 50 {
		judge := make([]float64, 100)
		for i := range judge {
			judge[i] = float64(rng.IntN(5))
		}
		for _, s := range append([]strategy{halving}, strategies...) {
			for _, ground := range []*terrain{linked, alone} {
				trail := newTrail(judge, 1+rng.IntN(100))
				s.ask(rng, ground, trail)
				order := slices.Sorted(slices.Values(trail.order))
				if len(order) != trail.budget || len(slices.Compact(order)) != trail.budget {
					t.Fatalf("%s: asked about %d, %d of them different, of %d", s.name, len(trail.order), len(slices.Compact(order)), trail.budget)
				}
			}
		}
	}
}

// Neighbours are those in the table; where it has few of them, the nearest.
func TestTerrain(t *testing.T) {
	e := hill()
	ground, _ := newTerrain(e)
	if got := ground.near[0]; !slices.Equal(slices.Sorted(slices.Values(got)), []int32{1, 10}) {
		t.Errorf("neighbours of 0,0: %v, want 1 and 10", got)
	}
	var few []spaces.Arch
	for i := range 30 {
		few = append(few, point{3 * (i / 5), 2 * (i % 5)})
	}
	sparse := &lab.Evidence{Archs: few, Truth: &lab.Truth{Mean: make([]float64, 30)}}
	ground, _ = newTerrain(sparse)
	for i, near := range ground.near {
		if len(near) != nearest || slices.Contains(near, int32(i)) {
			t.Fatalf("%v has neighbours %v", few[i], near)
		}
		// Nine others share a decision with it, four its first one and five its second; one differs in both.
		shared := 0
		for _, j := range near {
			if few[j].Values()[0] == few[i].Values()[0] || few[j].Values()[1] == few[i].Values()[1] {
				shared++
			}
		}
		if shared != 9 {
			t.Errorf("%v: %d of the nearest share a decision, want 9", few[i], shared)
		}
	}
}

// The closed forms against every possible choice of k.
func TestRandomSearchBruteForce(t *testing.T) {
	truth := []float64{3, 1, 4, 1, 5, 9, 2, 6, 5}
	r, err := newRandomSearch(truth)
	if err != nil {
		t.Fatal(err)
	}
	for k := 1; k <= len(truth); k++ {
		for _, found := range []float64{0, 1, 3.5, 5, 9, 10} {
			wins, all := 0.0, 0.0
			mean := 0.0
			for set := range 1 << len(truth) {
				best, size := math.Inf(-1), 0
				for i, v := range truth {
					if set>>i&1 == 1 {
						best = max(best, v)
						size++
					}
				}
				if size != k {
					continue
				}
				all++
				mean += best
				if found > best {
					wins++
				} else if found == best {
					wins += 0.5
				}
			}
			near(t, fmt.Sprintf("%v against %d random ones", found, k), report.Number(r.beaten(found, k)), wins/all, 1e-12)
			near(t, fmt.Sprintf("best of %d", k), report.Number(r.bestOf(k)), mean/all, 1e-12)
		}
	}
	for want, found := range map[int]float64{1: 1, len(truth): 9} {
		if got := r.needs(found); got != want {
			t.Errorf("random search needs %d trainings to find %v, want %d", got, found, want)
		}
	}
	if k := r.needs(6); r.bestOf(k) < 6 || r.bestOf(k-1) >= 6 {
		t.Errorf("random search needs %d trainings to find 6: it finds %v, and %v with one less", k, r.bestOf(k), r.bestOf(k-1))
	}
}

// Nine architectures enter, the three best after the first rung go on, one is trained to the end: it is the best of all unless a rung
// has misjudged it.
func TestSuccessiveHalving(t *testing.T) {
	n := 18
	ground := &terrain{}
	table := &lab.Truth{}
	for i := range n {
		final := float64(i)
		curve := []float64{final, 0, final, 0, 0, 0, 0, 0, final}
		ground.truth = append(ground.truth, final)
		table.Curves = append(table.Curves, [][]float64{curve})
	}
	ground.rungs = newRungs(table)
	if len(ground.rungs) != 2 || math.Abs(ground.rungs[0].cost-1./9) > 1e-12 || math.Abs(ground.rungs[1].cost-1./3) > 1e-12 {
		t.Fatalf("rungs %v, want after 1 and 3 of 9 epochs", ground.rungs)
	}
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	// 9 · 1/9 + 3 · 2/9 + 1 · 2/3 = 2.33 trainings.
	for k, want := range map[int]float64{1: 0, 2: 1, 3: 8, 4: 8, 5: 17} {
		if got := ground.halvingBestOf(order, k); got != want {
			t.Errorf("%d trainings find %v, want %v", k, got, want)
		}
	}
	table.Curves[8][0][2] = -1 // the best of the first nine fails on the second rung
	ground.rungs = newRungs(table)
	if got := ground.halvingBestOf(order, 3); got != 7 {
		t.Errorf("3 trainings find %v, want 7", got)
	}
	for i := range table.Curves {
		table.Curves[i][0] = nil
	}
	if newRungs(table) != nil {
		t.Error("rungs without curves")
	}
	table.Curves[3] = nil
	if newRungs(table) != nil {
		t.Error("rungs without the curve of one architecture")
	}
}

func TestSearchPublished(t *testing.T) {
	r, err := searchTables(published(t))
	if err != nil {
		t.Fatal(err)
	}
	supernet := cell(t, r, "search", "regret of 10 trained", "supernet", "all").Value
	if size := cell(t, r, "search", "regret of 10 trained", "multiply-adds", "all").Value; size >= supernet {
		t.Errorf("ten finalists of the supernet have a regret of %v, those with the most multiply-adds %v", supernet, size)
	}
	for _, row := range r.Tables[0].Rows {
		t.Log(row...)
	}
	t.Log(r.Findings, r.Notes)
}

func TestTruthDigits(t *testing.T) {
	for _, c := range []struct {
		truth []float64
		want  int
	}{{[]float64{10, 20, 90, 93}, 2}, {[]float64{1, 2, 10, 90}, 1}, {[]float64{0.965, 0.971, 0.972}, 6}, {[]float64{1, 1}, 2}, {[]float64{3}, 2}, {[]float64{-60, -58, -57}, 3}} {
		if got := truthDigits(c.truth); got != c.want {
			t.Errorf("%d digits for %v, want %d", got, c.truth, c.want)
		}
	}
}
