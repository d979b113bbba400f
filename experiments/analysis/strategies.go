package analysis

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/rank"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/spaces"
)

// terrain is what is searched: the architectures of the tables.
type terrain struct {
	truth []float64
	near  [][]int32 // neighbours of each
	best  float64
	rungs []rung // shorter trainings, if the tables have them
}

// nearest is how many architectures count as neighbours where the tables hold too few of the real ones.
const nearest = 10

// newTerrain links each architecture with its neighbours among the others, and tells how.
func newTerrain(e *lab.Evidence) (t *terrain, how string) {
	t = &terrain{truth: e.Truth.Mean, near: make([][]int32, len(e.Archs)), best: slices.Max(e.Truth.Mean), rungs: newRungs(e.Truth)}
	at := make(map[string]int32, len(e.Archs))
	for i, a := range e.Archs {
		at[a.String()] = int32(i)
	}
	linked := 0
	for i, a := range e.Archs {
		for b := range a.Neighbours() {
			if j, ok := at[b.String()]; ok && int(j) != i {
				t.near[i] = append(t.near[i], j)
			}
		}
		if len(t.near[i]) > 1 {
			linked++
		}
	}
	if 2*linked >= len(e.Archs) {
		return t, "Neighbours are the architectures that one mutation leads to, as far as the tables have them."
	}
	t.near = closest(e.Archs, rand.New(rand.NewPCG(e.Seed, 0)))
	return t, fmt.Sprintf("The tables hold too few architectures for one mutation to lead from one to another: the neighbours of an architecture are the %d that differ from it in the fewest decisions.", nearest)
}

// closest lists for each architecture those others that differ in the fewest decisions, any of those that differ in equally many.
func closest(archs []spaces.Arch, rng *rand.Rand) [][]int32 {
	values := make([][]int, len(archs))
	for i, a := range archs {
		values[i] = a.Values()
	}
	near := make([][]int32, len(archs))
	byDistance := make([][]int32, len(values[0])+1)
	for i := range archs {
		for d := range byDistance {
			byDistance[d] = byDistance[d][:0]
		}
		for j := range archs {
			if i == j {
				continue
			}
			d := 0
			for c, v := range values[i] {
				if values[j][c] != v {
					d++
				}
			}
			byDistance[d] = append(byDistance[d], int32(j))
		}
		for _, group := range byDistance {
			rng.Shuffle(len(group), func(a, b int) { group[a], group[b] = group[b], group[a] })
			near[i] = append(near[i], group[:min(len(group), nearest-len(near[i]))]...)
		}
	}
	return near
}

// trail is the architectures that a search has asked its judge about, in order; asking again costs nothing.
type trail struct {
	judge  []float64
	order  []int32
	seen   []bool
	budget int
}

func newTrail(judge []float64, budget int) *trail {
	return &trail{judge, make([]int32, 0, budget), make([]bool, len(judge)), budget}
}

func (t *trail) full() bool { return len(t.order) == t.budget }

// visit asks about an architecture; false if the budget is spent and it has not been asked about before.
func (t *trail) visit(i int32) bool {
	if t.seen[i] {
		return true
	}
	if t.full() {
		return false
	}
	t.seen[i] = true
	t.order = append(t.order, i)
	return true
}

// fresh asks about one of the architectures at random that have not been asked about. There must be one, and budget left.
func (t *trail) fresh(rng *rand.Rand) int32 {
	for {
		if i := int32(rng.IntN(len(t.seen))); !t.seen[i] {
			t.visit(i)
			return i
		}
	}
}

// strategy is a way to search: it chooses the architectures that a judge is asked about, and how its finalists are trained.
type strategy struct {
	name string
	ask  func(rng *rand.Rand, t *terrain, trail *trail)
	// halve trains the finalists by successive halving instead of all of them to the end.
	halve bool
}

var (
	strategies = []strategy{{name: "random", ask: randomStrategy}, {name: "local", ask: localStrategy}, {name: "evolution", ask: evolutionStrategy}}
	halving    = strategy{name: "random, then halving", ask: randomStrategy, halve: true}
)

func randomStrategy(rng *rand.Rand, _ *terrain, trail *trail) {
	for !trail.full() {
		trail.fresh(rng)
	}
}

// localStrategy goes from an architecture to its best neighbour for as long as that is better, then begins anew (White et al., "Local
// search is state of the art for neural architecture search benchmarks", 2021).
func localStrategy(rng *rand.Rand, t *terrain, trail *trail) {
	for !trail.full() {
		for at := trail.fresh(rng); ; {
			best := at
			for _, k := range rng.Perm(len(t.near[at])) {
				if j := t.near[at][k]; trail.visit(j) && trail.judge[j] > trail.judge[best] {
					best = j
				}
			}
			if best == at {
				break
			}
			at = best
		}
	}
}

// evolutionStrategy is regularised evolution (Real et al., "Regularized evolution for image classifier architecture search", 2019): the
// best of a sample of the population has a mutated child, and the oldest dies. A quarter of the population is sampled, as in the paper;
// that has 20 members instead of 100, because hundreds are judged and not tens of thousands.
func evolutionStrategy(rng *rand.Rand, t *terrain, trail *trail) {
	size := min(20, max(2, trail.budget/2))
	var population []int32 // from the oldest to the youngest
	for len(population) < size && !trail.full() {
		population = append(population, trail.fresh(rng))
	}
	for idle := 0; !trail.full(); {
		parent := population[rng.IntN(size)]
		for range max(1, size/4) - 1 {
			if other := population[rng.IntN(size)]; trail.judge[other] > trail.judge[parent] {
				parent = other
			}
		}
		known := len(trail.order)
		child := parent
		if near := t.near[parent]; len(near) > 0 {
			child = near[rng.IntN(len(near))]
		}
		// A population that has only children who are known already has converged; a stranger joins it.
		if trail.visit(child); len(trail.order) > known {
			idle = 0
		} else if idle++; idle > 10*size {
			child, idle = trail.fresh(rng), 0
		}
		population = append(population[1:], child)
	}
}

// finalists sorts architectures from the best by the judge to the worst; equal ones are in random order.
func finalists(rng *rand.Rand, judge []float64, asked []int32) []int32 {
	order := slices.Clone(asked)
	rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(judge[b], judge[a]) })
	return order
}

// bestOf is the best truth of the first k, all trained to the end.
func (t *terrain) bestOf(order []int32, k int) float64 {
	best := math.Inf(-1)
	for _, i := range order[:min(k, len(order))] {
		best = max(best, t.truth[i])
	}
	return best
}

// rung is a length of training: what it costs, as a share of the whole, and what it comes to.
type rung struct {
	cost   float64
	values []float64
}

// eta is the factor by which successive halving lets fewer architectures train longer.
const eta = 3

// newRungs takes a ninth and a third of the epochs of the first training of each architecture; nil where the tables do not have all of
// these or they are too few.
func newRungs(t *lab.Truth) (rungs []rung) {
	if t.Curves == nil {
		return nil
	}
	epochs := 0
	for i, runs := range t.Curves {
		if len(runs) == 0 || i > 0 && len(runs[0]) != epochs {
			return nil
		}
		epochs = len(runs[0])
	}
	for share := eta * eta; share > 1; share /= eta {
		epoch := epochs / share
		if epoch == 0 {
			continue
		}
		r := rung{cost: float64(epoch) / float64(epochs)}
		for _, runs := range t.Curves {
			r.values = append(r.values, runs[0][epoch-1])
		}
		rungs = append(rungs, r)
	}
	return rungs
}

// halvingBestOf spends k trainings by successive halving (Jamieson and Talwalkar, "Non-stochastic best arm identification and
// hyperparameter optimization", 2016): on each rung, a third of the architectures goes on to the next, from where its training is. As many
// begin as that pays for.
func (t *terrain) halvingBestOf(order []int32, k int) float64 {
	last, price, entrants := len(t.rungs), 0.0, 1
	for range last {
		entrants *= eta
	}
	before, n := 0.0, float64(entrants)
	for _, r := range t.rungs {
		price += n * (r.cost - before)
		before, n = r.cost, n/eta
	}
	price += n * (1 - before)
	ends := int(float64(k)/price + 1e-9)
	if ends == 0 {
		return t.bestOf(order, k) // too little for anything else
	}
	left := slices.Clone(order[:min(len(order), ends*entrants)])
	for i, r := range t.rungs {
		slices.SortStableFunc(left, func(a, b int32) int { return cmp.Compare(r.values[b], r.values[a]) })
		keep := ends
		for range last - 1 - i {
			keep *= eta
		}
		left = left[:min(len(left), keep)]
	}
	return t.bestOf(left, len(left))
}

// randomSearch is what is known of search without a judge without trying it: k architectures drawn at random, all trained.
type randomSearch struct {
	pairs  *rank.Pairs
	rising []float64 // truths
}

func newRandomSearch(truth []float64) (*randomSearch, error) {
	p, err := rank.New(truth, truth)
	if err != nil {
		return nil, err
	}
	return &randomSearch{p, slices.Sorted(slices.Values(truth))}, nil
}

// bestOf is the best truth of k on average.
func (r *randomSearch) bestOf(k int) float64 { return r.pairs.RandomBestAt(k) }

// beaten is the probability that k random trainings end below a truth, counting a tie as half.
func (r *randomSearch) beaten(truth float64, k int) float64 {
	n := len(r.rising)
	// all is the probability that all k are among the worst m.
	all := func(m int) float64 {
		p := 1.0
		for i := range k {
			p *= float64(max(0, m-i)) / float64(n-i)
		}
		return p
	}
	worse := sort.SearchFloat64s(r.rising, truth)
	notBetter := sort.Search(n, func(i int) bool { return r.rising[i] > truth })
	return (all(worse) + all(notBetter)) / 2
}

// needs is the smallest number of random trainings whose best is as good on average.
func (r *randomSearch) needs(truth float64) int {
	truth -= 1e-9 * math.Abs(truth) // the mean of equal numbers may be rounded up
	return 1 + sort.Search(len(r.rising)-1, func(i int) bool { return r.bestOf(i+1) >= truth })
}

// budgets are how much searches may spend in a table of n architectures, of which they can find out a third.
type budgets struct {
	trainings []int // finalists
	judgings  []int
	main      int // trainings that single numbers are about
}

func newBudgets(n int) budgets {
	third := max(1, n/3)
	upTo := func(all []int) []int {
		if some := slices.DeleteFunc(slices.Clone(all), func(k int) bool { return k > third }); len(some) > 0 {
			return some
		}
		return []int{third}
	}
	b := budgets{trainings: upTo(trainings), judgings: upTo(judgings)}
	b.main = min(10, b.trainings[len(b.trainings)-1])
	return b
}

// outcome is what a strategy with a judge finds: the regret, by how much the best truth of all is better than that of the best finalist.
type outcome struct {
	judge       lab.Scorer
	strategy    string
	judged      int
	found       float64           // mean truth at the main number of trainings
	byTrainings []report.Estimate // regret
	byJudgings  []report.Estimate // regret at the main number of trainings; nil where all are judged
	beats       float64           // probability to beat random search with as many trainings
}

// search runs a strategy with a judge many times.
func (t *terrain) search(s strategy, judge lab.Scorer, random *randomSearch, b budgets, seed rand.Source) *outcome {
	rng := rand.New(seed)
	o := &outcome{judge: judge, strategy: s.name, judged: b.judgings[len(b.judgings)-1]}
	best := t.bestOf
	if s.halve {
		best = t.halvingBestOf
	}
	byTrainings, byJudgings := make([][]float64, len(b.trainings)), make([][]float64, len(b.judgings))
	for range searchRuns {
		trail := newTrail(judge.Values, o.judged)
		s.ask(rng, t, trail)
		order := finalists(rng, judge.Values, trail.order)
		for i, k := range b.trainings {
			found := best(order, k)
			byTrainings[i] = append(byTrainings[i], t.best-found)
			if k == b.main {
				o.found += found / searchRuns
				o.beats += random.beaten(found, k) / searchRuns
			}
		}
		for i, judged := range b.judgings {
			byJudgings[i] = append(byJudgings[i], t.best-best(finalists(rng, judge.Values, trail.order[:judged]), b.main))
		}
	}
	for _, regrets := range byTrainings {
		o.byTrainings = append(o.byTrainings, meanOf(regrets))
	}
	for _, regrets := range byJudgings {
		o.byJudgings = append(o.byJudgings, meanOf(regrets))
	}
	return o
}

// rankAll asks the judge about everything, which leaves nothing to chance but the order of equal scores; that is averaged.
func (t *terrain) rankAll(judge lab.Scorer, b budgets) (*outcome, error) {
	p, err := rank.New(judge.Values, t.truth)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", judge.Name, err)
	}
	o := &outcome{judge: judge, strategy: "all", judged: len(t.truth),
		found: p.BestTruthAt(b.main, rank.Average), beats: p.BeatsRandomAt(b.main, rank.Average)}
	for _, k := range b.trainings {
		o.byTrainings = append(o.byTrainings, report.Exactly(p.RegretAt(k, rank.Average)))
	}
	return o, nil
}

// meanOf is a mean over runs with the 95 % interval that their variance gives it.
func meanOf(values []float64) report.Estimate {
	m, half := mean(values), 1.96*deviation(values)/math.Sqrt(float64(len(values)))
	return report.Estimate{Value: report.Number(m), Low: report.Number(m - half), High: report.Number(m + half)}
}
