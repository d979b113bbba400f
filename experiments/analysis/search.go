package analysis

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/rank"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/spaces"
)

const (
	searchName     = "search"
	searchTitle    = "Searching with a judge that costs little"
	searchQuestion = "Does a search that the supernet judges, of which only the finalists are trained alone, find better architectures than random search with as many trainings?"

	searchRuns = 200 // of each search, with random numbers of their own
)

// Search asks what the supernet is for: whether a search with it as the judge ends at better architectures than one without. The
// architectures of the tables are all that there are, so that a search costs nothing and can be repeated with many seeds.
var Search = register(&Analysis{Name: searchName, Title: searchTitle, Question: searchQuestion, Tables: searchTables, Study: searchStudy})

// trainings are the numbers of finalists that are looked at: what a search costs besides its judge.
var (
	trainings      = []int{1, 2, 3, 5, 10, 20, 30, 50, 100}
	trainingsShown = []int{1, 3, 10, 30, 100} // in the table that people read
)

// judgings are the numbers of architectures that a search may ask its judge about.
var judgings = []int{10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500}

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

// searchTables runs every strategy with every judge.
func searchTables(e *lab.Evidence) (*report.Result, error) { return searches(e, math.NaN()) }

// searches runs every strategy with every judge. A supernet costs as much as price trainings alone, NaN where that is not known.
func searches(e *lab.Evidence, price float64) (*report.Result, error) {
	r := e.Result(searchName, searchTitle, searchQuestion)
	random, err := newRandomSearch(e.Truth.Mean)
	if err != nil {
		return nil, err
	}
	t, how := newTerrain(e)
	b := newBudgets(len(e.Archs))
	streams := uint64(0)
	var outcomes []*outcome
	search := func(s strategy, judge lab.Scorer) {
		streams++
		outcomes = append(outcomes, t.search(s, judge, random, b, rand.NewPCG(e.Seed, streams)))
	}
	if t.rungs != nil {
		search(halving, lab.Scorer{Name: "none", Values: make([]float64, len(e.Archs))})
	}
	for _, judge := range append(e.All(), lab.Scorer{Name: theTruth, Values: e.Truth.Mean}) {
		all, err := t.rankAll(judge, b)
		if err != nil {
			return nil, err
		}
		for _, s := range strategies {
			search(s, judge)
		}
		if t.rungs != nil {
			search(halving, judge)
		}
		outcomes = append(outcomes, all)
	}
	searchTable(r, t, random, outcomes, b)
	searchFigures(r, t, random, outcomes, b, price)
	for _, group := range seedGroups(e.Scores) {
		f, err := searchFindings(e, group, b.main, price)
		if err != nil {
			return nil, err
		}
		r.Findings = append(r.Findings, f...)
	}
	r.Notes = append(r.Notes,
		fmt.Sprintf("A search ends in these tables: it asks its judge about some of the %d architectures, and trains those that it likes best. What it finds is compared with the best of all of them, %.5g.", len(e.Archs), t.best),
		how,
		fmt.Sprintf("Intervals in the table and the figures are of the mean over %d runs of the search in these very architectures; those of the findings are over architectures.", searchRuns))
	if math.IsNaN(price) {
		r.Notes = append(r.Notes, "Only trainings alone are counted: what the judge costs is not known. It pays if it costs less than the trainings that random search needs more.")
	} else {
		r.Notes = append(r.Notes, fmt.Sprintf("The supernet of this study costs as much as %.3g trainings alone, by the images or words that pass through it. To judge costs little beside that and is not counted.", price))
	}
	return r, nil
}

// searchStudy knows what the supernet has cost.
func searchStudy(ctx context.Context, l *lab.Lab) (*report.Result, error) {
	e, err := l.Evidence(ctx)
	if err != nil {
		return nil, err
	}
	return searches(e, supernetPrice(l, e.Truth))
}

// theTruth is the judge that is always right: no search with the strategy can be expected to find more.
const theTruth = "the truth itself"

func searchTable(r *report.Result, t *terrain, random *randomSearch, outcomes []*outcome, b budgets) {
	columns := []report.Column{report.Text("judge"), report.Text("search"), report.Integer("judged")}
	for _, k := range b.trainings {
		if slices.Contains(trainingsShown, k) {
			columns = append(columns, report.Real(fmt.Sprintf("regret of %d trained", k), truthDigits(t.truth)))
		}
	}
	columns = append(columns, report.Real(fmt.Sprintf("beats random of %d", b.main), 3), report.Integer("random needs"))
	table := r.Table("search", "How far below the best truth a search ends that trains its finalists alone", columns...)
	table.Note = fmt.Sprintf("Beats random: the probability to find a better architecture than random search does, with %d trainings each; a tie is half. Random needs: with how many trainings random search finds on average what this one does with %d.", b.main, b.main)
	row := func(judge, strategy string, judged int, regret func(i int) report.Estimate, beats float64, needs int) {
		cells := []any{judge, strategy, judged}
		for i, k := range b.trainings {
			if slices.Contains(trainingsShown, k) {
				cells = append(cells, regret(i))
			}
		}
		table.Add(append(cells, beats, needs)...)
	}
	row("none", "random", 0, func(i int) report.Estimate { return report.Exactly(t.best - random.bestOf(b.trainings[i])) }, 0.5, b.main)
	for _, o := range outcomes {
		row(o.judge.Name, o.strategy, o.judged, func(i int) report.Estimate { return o.byTrainings[i] }, o.beats, random.needs(o.found))
	}
}

// line is a curve of regrets.
func line(name string, xs []float64, regrets []report.Estimate) figure.Series {
	s := figure.Series{Name: name, X: xs}
	for _, e := range regrets {
		s.Y = append(s.Y, float64(e.Value))
		if e.Defined() {
			s.Low, s.High = append(s.Low, float64(e.Low)), append(s.High, float64(e.High))
		}
	}
	return s
}

// searchFigures draw regret against what was spent: on trainings, on judging, and, where the price of the supernet is known, in all.
// Proxies stand in the table only.
func searchFigures(r *report.Result, t *terrain, random *randomSearch, outcomes []*outcome, b budgets, price float64) {
	const regret = "regret: best truth − best found"
	plot := func(name, title, x, interval string) *figure.Lines {
		f := &figure.Lines{Name: name, Title: title, X: x, Y: regret, LogX: true}
		f.Subtitle = strings.Join(append(r.Setting[:len(r.Setting):len(r.Setting)], interval), "; ")
		r.Figures = append(r.Figures, f)
		return f
	}
	randomly := func(xs []float64) figure.Series {
		s := figure.Series{Name: "random search", X: xs, Dashed: true}
		for _, x := range xs {
			s.Y = append(s.Y, t.best-random.bestOf(int(x)))
		}
		return s
	}
	spent, judged := floats(b.trainings), floats(b.judgings)

	trained := plot("regret_by_trainings", "What the architectures are worth that a judge likes best", "architectures trained alone", "all judged")
	trained.Series = append(trained.Series, randomly(spent))
	asked := plot("regret_by_judgings", fmt.Sprintf("What a search finds that trains %d", b.main), "architectures judged", fmt.Sprintf("mean of %d searches with its 95 %% interval", searchRuns))
	asked.References = []figure.Reference{{Name: "random search", At: t.best - random.bestOf(b.main)}}
	first := "" // of the judges, whose ways of searching are shown
	for _, o := range outcomes {
		judges := o.judge.Kind == lab.SupernetScore || o.judge.Kind == lab.TableScore
		if first == "" && judges {
			first = o.judge.Name
		}
		if o.byJudgings == nil && (judges || o.judge.Kind == lab.CountScore) {
			trained.Series = append(trained.Series, line(o.judge.Name, spent, o.byTrainings))
		}
		if o.byJudgings != nil && (o.judge.Name == first || o.judge.Name == theTruth) {
			s := line(o.judge.Name+", "+o.strategy, judged, o.byJudgings)
			s.Dashed = o.judge.Name == theTruth
			asked.Series = append(asked.Series, s)
		}
	}
	if math.IsNaN(price) {
		return
	}
	inAll := plot("regret_by_cost", "What a search finds, by all that it costs", "cost, in trainings alone", "all judged")
	var xs []float64
	for _, k := range b.trainings {
		xs = append(xs, price+float64(k))
	}
	var costs []float64
	for _, x := range append(spent, xs...) {
		if x = math.Ceil(x); x <= float64(len(t.truth)) {
			costs = append(costs, x)
		}
	}
	slices.Sort(costs)
	inAll.Series = append(inAll.Series, randomly(slices.Compact(costs)))
	for _, o := range outcomes {
		if o.byJudgings == nil && o.judge.Kind == lab.SupernetScore {
			inAll.Series = append(inAll.Series, line(o.judge.Name, xs, o.byTrainings))
		}
	}
}

func floats(of []int) []float64 {
	f := make([]float64, len(of))
	for i, v := range of {
		f[i] = float64(v)
	}
	return f
}

// searchFindings say whether the architectures that a judge likes best, the mean over its seeds, are better than random ones: as many, and
// as many as the price of a supernet pays for besides.
func searchFindings(e *lab.Evidence, group []int, k int, price float64) ([]report.Finding, error) {
	paid := k // random trainings for the cost of the supernet and its finalists
	if e.Scores[group[0]].Kind == lab.SupernetScore && !math.IsNaN(price) {
		paid = min(len(e.Archs), k+int(math.Ceil(price)))
	}
	var all []sampled
	var few, many sampled
	for _, i := range group {
		p, err := rank.New(e.Scores[i].Values, e.Truth.Mean)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Scores[i].Name, err)
		}
		s := sample(p, e.Seed, func(p *rank.Pairs) []float64 {
			return []float64{p.BestTruthAt(k, rank.Average), p.RandomBestAt(k), p.RandomBestAt(paid)}
		})
		all, few, many = append(all, s[0]), s[1], s[2]
	}
	found := average(all)
	name := e.Scores[group[0]].Name
	if len(group) > 1 {
		name = fmt.Sprintf("mean of %d supernets", len(group))
	}
	finding := func(id, claim string, n int, chance sampled) report.Finding {
		gain := found.minus(chance).estimate()
		return report.Finding{
			ID: id, Claim: claim, Verdict: aboveOf(len(e.Archs), gain),
			Measure: fmt.Sprintf("best truth of the %d that it likes best (%s)", k, name), Number: found.estimate(),
			Against: fmt.Sprintf("best of %d random architectures", n), Other: chance.estimate(),
			Why: fmt.Sprintf("The difference is %s.", written(gain, truthDigits(e.Truth.Mean))),
		}
	}
	findings := []report.Finding{finding("search", "With the supernet as the judge, as many trainings find a better architecture than random search does.", k, few)}
	if paid > k {
		findings = append(findings, finding("search",
			"The supernet finds a better architecture than random search does for what both cost.", paid, many))
	}
	return findings, nil
}

// supernetPrice is how many trainings alone cost as much as the study's supernet, by what passes through their networks; NaN where the
// truth comes from a table without curves, whose trainings are not those of the recipe.
func supernetPrice(l *lab.Lab, t *lab.Truth) float64 {
	if t.Curves == nil {
		return math.NaN()
	}
	c := &l.Config
	paths := 1 // of a step
	switch kind, k, _ := strings.Cut(c.Sampler, ":"); kind {
	case "multi-path":
		paths, _ = strconv.Atoi(k) // which the lab has read
	case "fair": // every value of every decision once
		for _, values := range spaces.Allowed(l.Space) {
			paths = max(paths, len(values))
		}
	}
	return float64(paths*c.Train.Epochs) / float64(c.Alone.Epochs)
}
