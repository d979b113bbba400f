package analysis

import (
	"context"
	"flag"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/rank"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/spaces"
)

// Capacity asks what sharing costs: it trains the space with fewer architectures on each weight, and with other samplers, lengths,
// schedules and widths, and compares how well the supernets rank.
var Capacity = register(&Analysis{
	Name:     capacityName,
	Title:    capacityTitle,
	Question: capacityQuestion,
	Flags:    capacityFlags,
	Study:    capacityDefault.study,
	Needs:    capacityDefault.needs,
	Scorings: capacityDefault.scorings,
})

const (
	capacityName     = "capacity"
	capacityTitle    = "What sharing costs"
	capacityQuestion = "Does a supernet that shares less rank better?"
)

// capacityArchs is how many architectures are compared at most: the study's first, which are in random order. Each setting scores all
// of them, which takes a good part of the time where a supernet trains for minutes.
const capacityArchs = 200

const (
	capacityLeast = 8  // architectures that are compared at least
	foldLeast     = 5  // architectures of a fold whose ranking counts among those inside the folds
	judgedLeast   = 10 // architectures that a verdict is about
)

// The parts of the analysis.
var capacityParts = []string{"copies", "folds", "seed", "length", "omniscience", "sampler", "schedule", "width"}

// capacityRun is what is run of it.
type capacityRun struct {
	parts  []string
	budget float64 // in trainings of the study's own supernet
}

var capacityDefault = capacityRun{parts: capacityParts, budget: 3}

func capacityFlags(f *flag.FlagSet, _ *lab.Options, a *Analysis) {
	run := capacityDefault
	f.Func("parts", "`NAMES` of what is compared: "+strings.Join(capacityParts, ","), run.choose)
	f.Float64Var(&run.budget, "budget", run.budget, "`N`: train for N times the study's own supernet at most")
	a.Study, a.Needs, a.Scorings = run.study, run.needs, run.scorings
}

// choose reads names of parts.
func (run *capacityRun) choose(s string) error {
	names := strings.Split(s, ",")
	for _, name := range names {
		if !slices.Contains(capacityParts, name) {
			return fmt.Errorf("%q: want some of %s", name, strings.Join(capacityParts, ","))
		}
	}
	run.parts = names
	return nil
}

func (run *capacityRun) plan(l *lab.Lab, archs []spaces.Arch) *capacityPlan {
	archs = first(archs, capacityArchs)
	// Until the truth is known, any does: the sizes of folds are the same.
	return &capacityPlan{capacityRun: *run, space: l.Space, archs: archs, truth: make([]float64, len(archs)), epochs: l.Config.Train.Epochs, seed: l.Config.Seed}
}

// scorings are those of all settings but what depends on the truth.
func (run *capacityRun) scorings(l *lab.Lab) []lab.Scoring {
	p := run.plan(l, l.Archs())
	chosen, _ := p.affordable(possibleIn(l))
	var scorings []lab.Scoring
	for _, s := range chosen {
		for _, n := range s.supernets {
			if !s.byTruth {
				scorings = append(scorings, lab.Scoring{Variant: n.variant, Archs: p.of(n)})
			}
		}
	}
	return scorings
}

// needs wants enough architectures, and something to compare.
func (run *capacityRun) needs(l *lab.Lab) error {
	if !(run.budget > 0) {
		return fmt.Errorf("-budget %g: want a number above 0", run.budget)
	}
	p := run.plan(l, l.Archs())
	if n := len(p.archs); n < capacityLeast {
		return fmt.Errorf("%s: want at least %d, so that each of four folds has two; use -archs", lab.Plural(n, "architecture"), capacityLeast)
	}
	chosen, skipped := p.affordable(possibleIn(l))
	if len(chosen) > 0 {
		return nil
	}
	least := math.Inf(1)
	for _, s := range skipped {
		if s.why == nil {
			least = min(least, p.cost([]capacitySetting{s.capacitySetting}))
		}
	}
	if math.IsInf(least, 1) {
		return fmt.Errorf("nothing of -parts %s can be compared here: %w", strings.Join(p.parts, ","), skipped[0].why)
	}
	return fmt.Errorf("-budget %g pays for nothing of -parts %s, of which the least costs %.3g", p.budget, strings.Join(p.parts, ","), least)
}

func (run *capacityRun) study(ctx context.Context, l *lab.Lab) (answer func() (*report.Result, error), err error) {
	e, err := l.Evidence(ctx)
	if err != nil {
		return nil, err
	}
	p := run.plan(l, e.Archs)
	p.truth = e.Truth.Mean[:len(p.archs)]
	c := &capacityComparison{plan: p, evidence: e}
	if c.base, err = l.Scores(ctx, lab.Variant{}, p.archs); err != nil {
		return nil, err
	}
	own := p.one("", "the study's own supernet", lab.Variant{})
	chosen, skipped := p.affordable(possibleIn(l))
	c.skipped = skipped
	chosen = append([]capacitySetting{own}, chosen...)
	scores, passes := make([][][]float64, len(chosen)), make([]int, len(chosen)) // by setting
	for i, s := range chosen {
		for _, n := range s.supernets {
			values, err := l.Scores(ctx, n.variant, p.of(n))
			if err != nil {
				return nil, err
			}
			scores[i] = append(scores[i], values)
			passes[i] += p.passes(n.variant) * l.Steps(n.variant)
		}
	}
	return func() (*report.Result, error) {
		for i, s := range chosen {
			row, err := c.measure(s, scores[i])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			row.passes = passes[i]
			c.rows = append(c.rows, row)
		}
		return c.result(), nil
	}, nil
}

// capacityComparison is what was found.
type capacityComparison struct {
	plan     *capacityPlan
	evidence *lab.Evidence
	base     []float64 // scores of the study's own supernet, by architecture
	rows     []*capacityRow
	skipped  []capacitySkipped
}

// capacityRow is how well a setting ranks: all architectures that its supernets score, each with the score of its own fold, and inside
// the folds.
type capacityRow struct {
	capacitySetting
	n      int
	passes int     // forwards and backwards in training
	mean   float64 // score

	tau, rho, tauFolds    sampled
	tauOver, tauFoldsOver sampled // the study's own supernet on the same architectures, the same resamples
	folds                 []capacityFold
}

// capacityFold is how well one supernet ranks what it covers.
type capacityFold struct {
	n              int
	tau, own, over sampled
}

// measure compares a setting, whose supernets have given scores to their architectures, to the study's own supernet.
func (c *capacityComparison) measure(s capacitySetting, scores [][]float64) (*capacityRow, error) {
	row := &capacityRow{capacitySetting: s}
	type scored struct {
		arch  int
		score float64
	}
	var all []scored
	var folds, foldsOver []sampled
	for f, n := range s.supernets {
		var of []scored
		for i, a := range n.archs {
			of = append(of, scored{a, scores[f][i]})
		}
		all = append(all, of...)
		fold := capacityFold{n: len(of)}
		if len(of) > 1 {
			var score, base, truth []float64
			for _, x := range of {
				score, base, truth = append(score, x.score), append(base, c.base[x.arch]), append(truth, c.plan.truth[x.arch])
			}
			tau, own, err := c.against(score, base, truth, (*rank.Pairs).Kendall)
			if err != nil {
				return nil, err
			}
			fold.tau, fold.own, fold.over = tau[0], own[0], tau[0].minus(own[0])
			if !math.IsNaN(fold.over.value) && fold.n >= foldLeast {
				folds, foldsOver = append(folds, fold.tau), append(foldsOver, fold.over)
			}
		}
		row.folds = append(row.folds, fold)
	}
	// In one order whatever the folds are, so that resamples of all settings are of the same architectures.
	slices.SortFunc(all, func(x, y scored) int { return x.arch - y.arch })
	var score, base, truth []float64
	for _, x := range all {
		score, base, truth = append(score, x.score), append(base, c.base[x.arch]), append(truth, c.plan.truth[x.arch])
		row.mean += x.score / float64(len(all))
	}
	row.n = len(all)
	of, own, err := c.against(score, base, truth, (*rank.Pairs).Kendall, (*rank.Pairs).Spearman)
	if err != nil {
		return nil, err
	}
	row.tau, row.rho, row.tauOver = of[0], of[1], of[0].minus(own[0])
	if len(folds) > 0 {
		row.tauFolds, row.tauFoldsOver = average(folds), average(foldsOver)
	}
	return row, nil
}

// against computes statistics of two scores on the same resamples.
func (c *capacityComparison) against(score, base, truth []float64, stats ...rank.Statistic) (of, own []sampled, err error) {
	all := func(p *rank.Pairs) []float64 {
		v := make([]float64, len(stats))
		for i, stat := range stats {
			v[i] = stat(p)
		}
		return v
	}
	p, err := rank.New(score, truth)
	if err != nil {
		return nil, nil, err
	}
	q, err := rank.New(base, truth)
	if err != nil {
		return nil, nil, err
	}
	return sample(p, c.evidence.Seed, all), sample(q, c.evidence.Seed, all), nil
}

// result makes tables, figures and findings.
func (c *capacityComparison) result() *report.Result {
	r := c.evidence.Result(capacityName, capacityTitle, capacityQuestion)
	own := c.rows[0]
	// The order in which a budget is spent is not the one to read in.
	part := func(row *capacityRow) int { return slices.Index(capacityParts, row.part) }
	slices.SortStableFunc(c.rows[1:], func(x, y *capacityRow) int { return part(x) - part(y) })
	table := r.Table("settings", "How well supernets rank that share more or less",
		report.Text("part"), report.Text("setting"), report.Integer("supernets"), report.Integer("steps × paths"), report.Real("cost", 2), report.Integer("n"),
		report.Real("mean score", 2), report.Real("τ-b", 3), report.Real("ρ", 3), report.Real("τ-b - own", 3), report.Real("τ-b in folds", 3), report.Real("in folds - own", 3))
	folds := &report.Table{Name: "folds", Title: "How well each supernet ranks the architectures of its fold", Columns: []report.Column{
		report.Text("setting"), report.Integer("fold"), report.Integer("n"), report.Real("τ-b", 3), report.Real("own τ-b", 3), report.Real("τ-b - own", 3)}}
	for _, row := range c.rows {
		var over, inFolds, inFoldsOver any
		if row != own {
			over = row.tauOver.estimate()
		}
		if len(row.supernets) > 1 && row.tauFolds.resample != nil {
			inFolds, inFoldsOver = row.tauFolds.estimate(), row.tauFoldsOver.estimate()
		}
		table.Add(row.part, row.name, len(row.supernets), row.passes, c.plan.cost([]capacitySetting{row.capacitySetting}), row.n,
			row.mean, row.tau.estimate(), row.rho.estimate(), over, inFolds, inFoldsOver)
		if len(row.supernets) == 1 {
			continue
		}
		for f, fold := range row.folds {
			if fold.tau.resample == nil {
				folds.Add(row.name, f+1, fold.n, nil, nil, nil)
				continue
			}
			folds.Add(row.name, f+1, fold.n, fold.tau.estimate(), fold.own.estimate(), fold.over.estimate())
		}
	}
	impossible := &report.Table{Name: "impossible", Title: "What cannot be done in this space", Columns: []report.Column{report.Text("part"), report.Text("setting"), report.Text("why")}}
	var dear []capacitySetting
	var names []string
	for _, s := range c.skipped {
		if s.why != nil {
			impossible.Add(s.part, s.name, s.why.Error())
			continue
		}
		dear, names = append(dear, s.capacitySetting), append(names, s.name)
	}
	for _, t := range []*report.Table{folds, impossible} {
		if t.Rows != nil {
			r.Tables = append(r.Tables, t)
		}
	}
	if dear != nil {
		r.Notes = append(r.Notes, fmt.Sprintf("-budget %g does not pay for: %s. -budget %.0f pays for everything.", c.plan.budget, strings.Join(names, "; "),
			math.Ceil(c.plan.cost(dear)+c.plan.budget)))
	}
	table.Note = "Cost is relative to the training of the study's own supernet: passes through networks, times the square of their width. " +
		"Differences are to the study's own supernet on the same architectures, with paired bootstrap intervals; in folds is the mean over the folds of " +
		fmt.Sprintf("%d architectures or more.", foldLeast)
	c.figures(r)
	c.findings(r)
	r.Notes = append(r.Notes,
		"Intervals are about the architectures. How much chance in training matters, the row of another seed shows.",
		"Folds by truth let their division tell a part of the truth: judge them inside the folds. Lists are of the compared architectures, whose own baseline is the supernet of that list as a whole.",
		fmt.Sprintf("Compared are the first %d of the study's %d architectures, which are in random order.", len(c.plan.archs), len(c.evidence.Archs)))
	return r
}

// curve is the rows of a curve of the figure, from all that is shared to what shares least.
func (c *capacityComparison) curve(name string) []*capacityRow {
	var rows []*capacityRow
	for _, row := range c.rows {
		if row.curve == name && row.weights > 1 {
			rows = append(rows, row)
		}
	}
	if start := c.start(name); rows != nil && start != nil {
		rows = append(rows, start)
	}
	slices.SortFunc(rows, func(x, y *capacityRow) int { return x.weights - y.weights })
	return rows
}

// start is what the settings of a curve share less than: the study's own supernet, or that of the list which is divided.
func (c *capacityComparison) start(curve string) *capacityRow {
	if !strings.HasPrefix(curve, curveRandom) {
		return c.rows[0]
	}
	for _, row := range c.rows {
		if row.curve == curveRandom && row.weights == 1 {
			return row
		}
	}
	return nil
}

// figures draws how much sharing costs how much ranking, and all differences.
func (c *capacityComparison) figures(r *report.Result) {
	const x = "weights of each choice, supernets × copies, for one of the study's own"
	tau := &figure.Lines{Name: "sharing", Title: "How much sharing costs how much ranking", Subtitle: subtitle(r), X: x, Y: "Kendall τ-b"}
	mean := &figure.Lines{Name: "score", Title: "How good architectures are that share less", Subtitle: subtitle(r), X: x, Y: "mean score"}
	for _, name := range []string{curveCopies, curveStructured, curveStructured + curveEach, curveRandom, curveRandom + curveEach} {
		// What costs more than the rest is drawn without bands, which would hide each other.
		costs := strings.HasSuffix(name, curveEach)
		line, score := figure.Series{Name: name, Dashed: costs}, figure.Series{Name: name, Dashed: costs}
		for _, row := range c.curve(name) {
			e := row.tau.estimate()
			at := float64(row.weights)
			line.X, line.Y = append(line.X, at), append(line.Y, float64(e.Value))
			if !costs {
				line.Low, line.High = append(line.Low, float64(e.Low)), append(line.High, float64(e.High))
			}
			score.X, score.Y = append(score.X, at), append(score.Y, row.mean)
		}
		if len(line.X) > 1 {
			tau.Series, mean.Series = append(tau.Series, line), append(mean.Series, score)
		}
	}
	tau.References = c.references()
	if tau.Series != nil {
		r.Figures = append(r.Figures, tau, mean)
	}
	differences := &figure.Intervals{Name: "differences", Title: "What each setting changes", Subtitle: subtitle(r),
		Axis: "τ-b minus that of the study's own supernet on the same architectures"}
	for _, row := range c.rows[1:] {
		drawn := figure.IntervalRow{Name: row.name}
		point := func(series string, s sampled) {
			if e := s.estimate(); e.Defined() {
				drawn.Points = append(drawn.Points, figure.IntervalPoint{Series: series, Value: float64(e.Value), Low: float64(e.Low), High: float64(e.High)})
			}
		}
		if len(row.supernets) == 1 || !row.byTruth {
			point("all that is scored", row.tauOver)
		}
		if len(row.supernets) > 1 && row.tauFoldsOver.resample != nil {
			point("inside the folds", row.tauFoldsOver)
		}
		if drawn.Points != nil {
			differences.Rows = append(differences.Rows, drawn)
		}
	}
	if differences.Rows != nil {
		r.Figures = append(r.Figures, differences)
	}
}

// references are what any τ-b is compared to: counts, and another training of the truth.
func (c *capacityComparison) references() (lines []figure.Reference) {
	add := func(name string, score, truth []float64) {
		p, err := rank.New(score, truth)
		if err != nil {
			return // fewer than two architectures
		}
		if tau := p.Kendall(); !math.IsNaN(tau) {
			lines = append(lines, figure.Reference{Name: name, At: tau})
		}
	}
	first, second := twoRuns(c.evidence.Truth)
	add("noise ceiling", second, first)
	for _, s := range c.evidence.Baselines {
		if s.Kind == lab.CountScore {
			add(s.Name, s.Values[:len(c.plan.archs)], c.plan.truth)
		}
	}
	return lines
}

// findings answer whether less sharing ranks better, at equal cost, and whether leaving out the bad does.
func (c *capacityComparison) findings(r *report.Result) {
	var less, more, over []sampled
	var names []string
	for _, curve := range []string{curveCopies, curveStructured, curveRandom} {
		start := c.start(curve)
		for _, row := range c.curve(curve) {
			if start != nil && row.weights > 1 {
				less, more, over = append(less, row.tau), append(more, start.tau), append(over, row.tau.minus(start.tau))
				names = append(names, row.name)
			}
		}
	}
	byName := func(name string) *capacityRow {
		i := slices.IndexFunc(c.rows, func(row *capacityRow) bool { return row.name == name })
		if i < 0 {
			return nil
		}
		return c.rows[i]
	}
	chance := math.NaN() // how much another seed changes
	if row := byName(anotherSeed); row != nil {
		chance = math.Abs(row.tauOver.value)
	}
	// judge is the verdict on a difference of rankings of n architectures, which must also be larger than what another seed makes.
	judge := func(d report.Estimate, n int) (report.Verdict, string) {
		why := fmt.Sprintf("The difference is %v", d)
		if n < judgedLeast {
			return report.Undecided, fmt.Sprintf("%s, of %s, too few for a verdict.", why, lab.Plural(n, "architecture"))
		}
		if math.IsNaN(chance) {
			return above(d), why + "; what another seed would have changed is not known."
		}
		why += fmt.Sprintf("; another seed alone changes τ-b by %.3f.", chance)
		if math.Abs(float64(d.Value)) <= chance {
			return report.Undecided, why
		}
		return above(d), why
	}
	if less != nil {
		verdict, why := judge(average(over).estimate(), c.rows[0].n)
		r.Findings = append(r.Findings, report.Finding{
			ID: "2.ii", Claim: "At equal cost, a supernet that shares less ranks better.",
			Verdict: verdict,
			Measure: "τ-b where less is shared, mean", Number: average(less).estimate(),
			Against: "where more is", Other: average(more).estimate(), Why: why + " Less is shared by: " + strings.Join(names, "; ") + ".",
		})
	}
	if best, random := byName(bestOnBest), byName(randomOnBest); best != nil && random != nil {
		verdict, why := judge(best.tau.minus(random.tau).estimate(), best.n)
		r.Findings = append(r.Findings, report.Finding{
			ID: "2.ii, and the good alone", Claim: "A supernet that never trained a bad architecture ranks the good ones better.",
			Verdict: verdict,
			Measure: "τ-b inside the best third, trained on the best third", Number: best.tau.estimate(),
			Against: "trained on a random third of the same size", Other: random.tau.estimate(), Why: why,
		})
	}
}
