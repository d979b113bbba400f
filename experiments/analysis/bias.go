package analysis

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/rank"
	"github.com/oneshot-nas/oneshot/experiments/report"
)

// Bias asks what a supernet ranks too high and too low, and how much of its ranking is chance.
var Bias = register(&Analysis{
	Name:     biasName,
	Title:    biasTitle,
	Question: biasQuestion,
	Tables:   biasTables,
	Study:    biasStudy,
	Scorings: biasScorings,
})

const (
	biasName     = "bias"
	biasTitle    = "What the supernet prefers"
	biasQuestion = "Which operators does the supernet rank higher or lower than they deserve, does it prefer the large, the deep or the quick to learn, and how much of its ranking is chance?"

	// biasCopies is how many copies of each choice the control has.
	biasCopies = 2

	// biasEpochs is how many epochs of the learning curves are looked at, at most.
	biasEpochs = 8

	// sizeMatters is the partial correlation from which on a preference for large or small networks is said to matter.
	sizeMatters = 0.1
)

// biasTables answers from tables alone.
func biasTables(e *lab.Evidence) (*report.Result, error) {
	r := e.Result(biasName, biasTitle, biasQuestion)
	b := &biases{Result: r, evidence: e, judged: judgedScores(e), cells: operatorCells(e.Space, e.Archs)}
	b.operators()
	for _, part := range []func() error{b.size, b.convergence, b.chance} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// biases writes the parts of the result.
type biases struct {
	*report.Result
	evidence *lab.Evidence
	judged   []judged
	cells    []operatorCell
}

// suffix tells the figures and findings of several judged apart.
func (b *biases) suffix(i int) string {
	if i == 0 {
		return ""
	}
	return fmt.Sprint("_", i+1)
}

// operators is the bias of each decision and value.
func (b *biases) operators() {
	e, truth := b.evidence, b.evidence.Truth.Mean
	if len(b.cells) == 0 {
		b.Notes = append(b.Notes, fmt.Sprintf("No value of a decision is taken by %d of the architectures, and not by %d others: nothing is said of operators.", operatorLeast, operatorLeast))
		return
	}
	var floor *totalBias
	if twice := trainedTwice(e.Truth); len(twice) >= 2*operatorLeast {
		first, second := twoRuns(e.Truth)
		var cells []operatorCell
		for _, c := range b.cells {
			if part := c.among(twice); len(part.takers) > 0 {
				cells = append(cells, part)
			}
		}
		total := measureTotal("another training", "truth", cells, second, first, e.Seed)
		floor = &total
	}
	t := b.Table("operators", "Bias by decision and value: how high the score and the truth rank the architectures that take it",
		report.Text("ranked by"), report.Text("decision"), report.Text("value"), report.Integer("n"), report.Real("true rank", 3), report.Real("score's rank", 3),
		report.Real("bias", 3), report.Real("p", 4), report.Real("beyond noise", 3), report.Real("p beyond", 4))
	for i, j := range b.judged {
		found := measureOperators(b.cells, j.values, truth, e.Seed)
		for k, c := range b.cells {
			f := found[k]
			t.Add(j.name, c.decision, c.value, len(c.takers), f.truth, f.score, f.bias.estimate(), f.p, f.beyond.estimate(), f.beyondP)
		}
		b.heatmaps(i, found)
		b.Findings = append(b.Findings, b.operatorFinding(j, found, floor))
	}
	t.Note = fmt.Sprintf("Ranks are shares of the architectures: 0 is the worst, 1 the best. Bias: mean rank by the score less mean true rank; above 0 the score likes the value too much. "+
		"Beyond noise: what of it is left given the true ranks, as noise alone draws what is good towards the middle. p: by permutation, corrected by Holm for all %d values. "+
		"Values that fewer than %d architectures take are left out; a decision with a number behind it is several with the same values.", len(b.cells), operatorLeast)

	t = b.Table("operators_total", "Bias by decisions in all: root mean square over values, less what chance makes of it", report.Text("ranked by"), report.Text("kind"),
		report.Integer("n"), report.Real("bias", 3), report.Real("beyond noise", 3), report.Integer("significant"), report.Integer("of"))
	singles := 0
	for _, c := range b.cells {
		if c.single {
			singles++
		}
	}
	add := func(x totalBias) {
		t.Add(x.name, x.kind, x.n, x.bias.estimate(), x.beyond.estimate(), x.significant, singles)
	}
	for _, j := range b.judged {
		for _, s := range j.scores {
			add(measureTotal(s.Name, string(s.Kind), b.cells, s.Values, truth, e.Seed))
		}
		if len(j.scores) > 1 {
			add(measureTotal("scores averaged over seeds", string(j.kind), b.cells, j.values, truth, e.Seed))
		}
	}
	for _, s := range e.Baselines {
		if !constantValues(s.Values) {
			add(measureTotal(s.Name, string(s.Kind), b.cells, s.Values, truth, e.Seed))
		}
	}
	if floor != nil {
		add(*floor)
	}
	t.Note = fmt.Sprintf("Significant: values of single decisions with p beyond noise below %g.", significance)
}

func constantValues(values []float64) bool {
	return !slices.ContainsFunc(values, func(v float64) bool { return v != values[0] })
}

// heatmaps draws the biases of the group with the most decisions, and beyond noise.
func (b *biases) heatmaps(i int, found []operatorBias) {
	var group operatorGroup
	for _, g := range operatorGroups(b.evidence.Space) {
		if len(g.decisions) > len(group.decisions) {
			group = g
		}
	}
	choices := b.evidence.Space.Choices()
	rows := make([]string, len(group.decisions))
	for k, d := range group.decisions {
		rows[k] = choices[d].Name
	}
	if len(rows) > 1 {
		rows = append(rows, group.name)
	}
	for _, m := range []struct {
		name, title string
		of          func(operatorBias) (float64, float64)
	}{
		{"operators", "bias of the ranking by %s", func(o operatorBias) (float64, float64) { return o.bias.value, o.p }},
		{"operators_beyond_noise", "bias beyond noise of the ranking by %s", func(o operatorBias) (float64, float64) { return o.beyond.value, o.beyondP }},
	} {
		h := &figure.Heatmap{Name: m.name + b.suffix(i), Title: b.evidence.Title + ": " + fmt.Sprintf(m.title, b.judged[i].name), Subtitle: strings.Join(b.Setting, "; "),
			Rows: rows, Columns: group.values, RowAxis: "decision", ColumnAxis: "value",
			Scale: "bias in shares of the ranking; above 0 the score likes it too much", Digits: 3, Diverging: true}
		drawn := false
		for _, row := range rows {
			cells, weak := make(figure.Values, len(group.values)), make([]bool, len(group.values))
			for v, value := range group.values {
				cells[v] = math.NaN()
				if k := slices.IndexFunc(b.cells, func(c operatorCell) bool { return c.decision == row && c.value == value }); k >= 0 {
					x, p := m.of(found[k])
					cells[v], weak[v] = x, !(p < significance)
					drawn = drawn || !math.IsNaN(x)
				}
			}
			h.Cells, h.Weak = append(h.Cells, cells), append(h.Weak, weak)
		}
		if drawn {
			b.Figures = append(b.Figures, h)
		}
	}
}

// largestShown is how many of the values that are liked and disliked most a finding names.
const largestShown = 2

// operatorFinding says whether there are biases beyond noise, and whether another training would have as many.
func (b *biases) operatorFinding(j judged, found []operatorBias, floor *totalBias) report.Finding {
	var totals []sampled
	for _, s := range j.scores {
		totals = append(totals, measureTotal(s.Name, "", b.cells, s.Values, b.evidence.Truth.Mean, b.evidence.Seed).beyond)
	}
	total := average(totals).estimate()
	f := report.Finding{ID: "2.ii", Claim: "Weight sharing is biased: it ranks some operators higher or lower than they deserve.", Verdict: report.Undecided,
		Measure: "bias by decisions beyond noise (rms, in shares of the ranking) of " + j.name, Number: total, Against: "no bias", Other: report.Exactly(0)}
	least := report.Number(0)
	if floor != nil {
		f.Against, f.Other = "another training of the same architectures", floor.beyond.estimate()
		if f.Other.Defined() {
			least = f.Other.High
		}
	}
	liked, disliked := largest(b.cells, found, largestShown)
	names := func(cells []int) string {
		var all []string
		for _, k := range cells {
			all = append(all, fmt.Sprintf("%s (%+.3f)", b.cells[k].value, found[k].beyond.value))
		}
		if all == nil {
			return "none"
		}
		return strings.Join(all, ", ")
	}
	f.Why = fmt.Sprintf("Significantly too high: %s; too low: %s.", names(liked), names(disliked))
	switch {
	case !total.Defined():
		f.Why = "It is not defined here."
	case total.Low > least && len(liked)+len(disliked) > 0:
		f.Verdict = report.Reproduced
	case total.High <= least:
		f.Verdict = report.NotReproduced
	}
	return f
}

// size is what the scores make of counts, given the truth.
func (b *biases) size() error {
	e := b.evidence
	type row struct {
		name         string
		kind         lab.ScorerKind
		scores       []lab.Scorer
		judged       bool
		count        string
		with, ofTrue sampled // ρ of scores and truth with the count
		prefers      sampled // partial ρ of the scores with the count, given the truth
		knows        sampled // partial ρ of the scores with the truth, given the count
	}
	var rows []*row
	for _, c := range e.Baselines {
		if c.Kind != lab.CountScore || constantValues(c.Values) {
			continue
		}
		for _, j := range b.judged {
			rows = append(rows, &row{name: j.name, kind: j.kind, scores: j.scores, judged: true, count: c.Name})
		}
		for _, s := range e.Baselines {
			if s.Kind == lab.ProxyScore && !constantValues(s.Values) {
				rows = append(rows, &row{name: s.Name, kind: s.Kind, scores: []lab.Scorer{s}, count: c.Name})
			}
		}
		for _, r := range rows {
			if r.count != c.Name {
				continue
			}
			var parts [3][]sampled
			for _, s := range r.scores {
				p, err := pairsGiven(s.Values, e.Truth.Mean, c.Values)
				if err != nil {
					return fmt.Errorf("%s: %w", s.Name, err)
				}
				v := sample(p, e.Seed, func(p *rank.Pairs) []float64 {
					q := p.TruthFrom(0)
					return []float64{q.Spearman(), q.PartialSpearman(0), p.PartialSpearman(0)}
				})
				for i := range parts {
					parts[i] = append(parts[i], v[i])
				}
			}
			p, err := rank.New(e.Truth.Mean, c.Values)
			if err != nil {
				return err
			}
			r.with, r.prefers, r.knows = average(parts[0]), average(parts[1]), average(parts[2])
			r.ofTrue = sample(p, e.Seed, func(p *rank.Pairs) []float64 { return []float64{p.Spearman()} })[0]
		}
	}
	if rows == nil {
		b.Notes = append(b.Notes, "All architectures have the same counts: nothing is said of size and depth.")
		return nil
	}
	t := b.Table("size", "Size and depth: what the scores make of them, given the truth", report.Text("ranked by"), report.Text("kind"), report.Text("count"),
		report.Real("rho with it", 3), report.Real("rho of the truth with it", 3), report.Real("partial rho with it given the truth", 3), report.Real("partial rho with the truth given it", 3))
	plot := &figure.Intervals{Name: "size", Title: "Preference for size and depth, given the truth", Subtitle: subtitle(b.Result), Axis: "partial ρ of the score with the count, given the truth"}
	for _, r := range rows {
		prefers := r.prefers.estimate()
		t.Add(r.name, string(r.kind), r.count, r.with.estimate(), r.ofTrue.estimate(), prefers, r.knows.estimate())
		if !r.judged {
			continue
		}
		at := slices.IndexFunc(plot.Rows, func(x figure.IntervalRow) bool { return x.Name == r.count })
		if at < 0 {
			at, plot.Rows = len(plot.Rows), append(plot.Rows, figure.IntervalRow{Name: r.count})
		}
		plot.Rows[at].Points = appendPoint(plot.Rows[at].Points, r.name, prefers)
	}
	t.Note = "Above 0, the score prefers the large among those that are equally good. A truth that is found with noise leaves some of what size truly gives to the preference."
	b.Figures = append(b.Figures, plot)
	for _, j := range b.judged {
		// The first count, that of parameters.
		at := slices.IndexFunc(rows, func(r *row) bool { return r.name == j.name && r.judged })
		r, prefers := rows[at], rows[at].prefers.estimate()
		f := report.Finding{ID: "2.ii, size", Claim: "Weight sharing prefers small or large networks.", Verdict: report.Undecided,
			Measure: "partial rho of " + j.name + " with " + r.count + ", given the truth", Number: prefers, Against: "no preference", Other: report.Exactly(0)}
		switch {
		case !prefers.Defined():
			f.Why = "It is not defined here."
		case prefers.Low > 0:
			f.Verdict, f.Why = report.Reproduced, "It prefers the large."
		case prefers.High < 0:
			f.Verdict, f.Why = report.Reproduced, "It prefers the small."
		case prefers.Low > -sizeMatters && prefers.High < sizeMatters:
			f.Verdict, f.Why = report.NotReproduced, fmt.Sprintf("The interval lies within %g of 0.", sizeMatters)
		default:
			f.Why = "The interval allows both."
		}
		b.Findings = append(b.Findings, f)
	}
	return nil
}

// chance is how much of a ranking changes with the seed of the supernet.
func (b *biases) chance() error {
	for _, j := range b.judged {
		if len(j.scores) < 2 {
			continue
		}
		e := b.evidence
		t := b.Table("seeds", "Supernets of different seeds: agreement with each other (S-tau)", report.Text("supernet"), report.Text("with"), report.Integer("n"), report.Real("tau-b", 3))
		var between, withTruth []sampled
		for i, s := range j.scores {
			v, err := sampledKendall(s.Values, e.Truth.Mean, e.Seed)
			if err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
			withTruth = append(withTruth, v)
			for _, other := range j.scores[i+1:] {
				v, err := sampledKendall(s.Values, other.Values, e.Seed)
				if err != nil {
					return fmt.Errorf("%s: %w", s.Name, err)
				}
				between = append(between, v)
				t.Add(s.Name, other.Name, len(s.Values), v.estimate())
			}
		}
		t.Add("mean", "of all pairs", len(e.Archs), average(between).estimate())
		taus := make([]float64, len(withTruth))
		for i, v := range withTruth {
			taus[i] = v.value
		}
		t.Note = fmt.Sprintf("Their tau-b with the truth is between %.3f and %.3f, with a standard deviation of %.3f over %d seeds.", slices.Min(taus), slices.Max(taus), deviation(taus), len(taus))
		if first, second := twoRuns(e.Truth); len(first) > 1 {
			v, err := sampledKendall(first, second, e.Seed)
			if err != nil {
				return err
			}
			t.Add("truth", "another training", len(first), v.estimate())
		}
	}
	return nil
}

// biasControl is the supernet in which every choice has copies.
var biasControl = lab.Variant{Replicate: biasCopies}

// biasScorings are those of another seed, of the control, if the space can have it, and of the epochs.
func biasScorings(l *lab.Lab) []lab.Scoring {
	return append(waypoints(l), lab.Scoring{Variant: lab.Variant{Seed: 1}}, lab.Scoring{Variant: biasControl})
}

// biasStudy adds what only a study can tell: another seed, if the study has one only, the last epochs, and the control.
func biasStudy(ctx context.Context, l *lab.Lab) (answer func() (*report.Result, error), err error) {
	e, err := l.Evidence(ctx)
	if err != nil {
		return nil, err
	}
	supernets := 0
	for _, s := range e.Scores {
		if s.Kind == lab.SupernetScore {
			supernets++
		}
	}
	if supernets == 1 {
		scores, err := l.Scores(ctx, lab.Variant{Seed: 1}, e.Archs)
		if err != nil {
			return nil, err
		}
		two := *e
		two.Scores = append(e.Scores[:1:1], append([]lab.Scorer{{Name: "another seed", Kind: lab.SupernetScore, Values: scores}}, e.Scores[1:]...)...)
		e = &two
	}
	epochs, scores, err := l.EpochScores(ctx, lab.Variant{}, first(e.Archs, waypointArchs))
	if err != nil {
		return nil, err
	}
	var own, copies []float64
	impossible := l.Possible(biasControl)
	if impossible == nil {
		if own, err = l.Scores(ctx, lab.Variant{}, e.Archs); err != nil {
			return nil, err
		}
		if copies, err = l.Scores(ctx, biasControl, e.Archs); err != nil {
			return nil, err
		}
	}
	return func() (*report.Result, error) {
		r, err := biasTables(e)
		if err != nil {
			return nil, err
		}
		if err := consecutiveEpochs(r, e, epochs, scores); err != nil {
			return nil, err
		}
		if impossible != nil {
			r.Notes = append(r.Notes, fmt.Sprintf("No control with copies of each choice: %v.", impossible))
			return r, nil
		}
		return r, replicated(r, e, own, copies)
	}, nil
}

// replicated compares the control with the study's own supernet.
func replicated(r *report.Result, e *lab.Evidence, own, copies []float64) error {
	t := r.Table("control", "Control: choices with copies, which differ in nothing but their weights", report.Text("supernet"), report.Integer("n"), report.Real("mean score", 2),
		report.Real("tau-b", 3), report.Real("tau-b more than without", 3), report.Real("tau-b with the one without", 3), report.Real("bias beyond noise", 3))
	cells := operatorCells(e.Space, e.Archs)
	without, err := sampledKendall(own, e.Truth.Mean, e.Seed)
	if err != nil {
		return err
	}
	with, err := sampledKendall(copies, e.Truth.Mean, e.Seed)
	if err != nil {
		return err
	}
	between, err := sampledKendall(copies, own, e.Seed)
	if err != nil {
		return err
	}
	bias := func(scores []float64) any {
		if len(cells) == 0 {
			return nil
		}
		return measureTotal("", "", cells, scores, e.Truth.Mean, e.Seed).beyond.estimate()
	}
	t.Add("the study's own", len(own), mean(own), without.estimate(), nil, nil, bias(own))
	t.Add(fmt.Sprintf("%d copies of each choice", biasCopies), len(copies), mean(copies), with.estimate(), with.minus(without).estimate(), between.estimate(), bias(copies))
	t.Note = "Each step draws one of the copies, so that each weight is trained less often and shared by fewer architectures. What copies lose or gain is due to sharing, not to what operators are."
	return nil
}
