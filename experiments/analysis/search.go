package analysis

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
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
		fmt.Sprintf("A search ends in these tables: it asks its judge about some of %s, and trains those that it likes best. What it finds is compared with the best of all of them, %.5g.", lab.Plural(len(e.Archs), "architecture"), t.best),
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
func searchStudy(ctx context.Context, l *lab.Lab) (answer func() (*report.Result, error), err error) {
	e, err := l.Evidence(ctx)
	if err != nil {
		return nil, err
	}
	price := supernetPrice(l, e.Truth)
	return func() (*report.Result, error) { return searches(e, price) }, nil
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
	table.Note = fmt.Sprintf("Beats random: the probability to find a better architecture than random search does, with %s each; a tie is half. Random needs: with how many trainings random search finds on average what this one does with %d.", lab.Plural(b.main, "training"), b.main)
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
			Against: "best of " + lab.Plural(n, "random architecture"), Other: chance.estimate(),
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
