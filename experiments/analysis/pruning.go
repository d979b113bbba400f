package analysis

import (
	"fmt"
	"math"
	"slices"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/rank"
	"github.com/oneshot-nas/oneshot/experiments/report"
)

// Pruning asks what is lost by dropping what a score likes least: architectures, and in a study also values of decisions, after
// which the supernet goes on training in what is left. These are findings iv and v.
var Pruning = register(&Analysis{
	Name:     pruneName,
	Title:    pruneTitle,
	Question: pruneQuestion,
	Tables:   pruneArchitectures,
	Study:    pruneStudy,
	Scorings: pruneScorings,
})

const (
	pruneName     = "pruning"
	pruneTitle    = "Discarding the worst"
	pruneQuestion = "Can what the supernet likes least be discarded without losing the best, and does a supernet that goes on training in what is left find better architectures?"

	// The loss that the finding is about: of the true top tenth, when the predicted bottom half is dropped.
	pruneTop, pruneBottom = 0.10, 0.50
)

var (
	pruneTops    = []float64{0.01, 0.05, 0.10}
	pruneBottoms = []float64{0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60, 0.65, 0.70, 0.75, 0.80, 0.85, 0.90, 0.95}
	pruneShown   = []float64{0.20, 0.30, 0.50, 0.70, 0.90} // of the bottoms, in the tables that people read
)

// pruneRow is what dropping by one score costs.
type pruneRow struct {
	name string
	kind lab.ScorerKind
	n    int                  // architectures
	lost [][]report.Estimate  // by pruneTops and pruneBottoms
	ends [][3]report.Estimate // by pruneTops: precision at the top, at the bottom, and how much higher the second is

	// What the findings are about: the loss at pruneTop and pruneBottom, and the precisions of both ends at pruneTop.
	main, top, bottom sampled
}

func newPruneRow(s lab.Scorer, truth []float64, seed uint64) (*pruneRow, error) {
	p, err := rank.New(s.Values, truth)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	r := &pruneRow{name: s.Name, kind: s.Kind, n: p.Len()}
	bottoms := make([]int, len(pruneBottoms))
	for i, bottom := range pruneBottoms {
		bottoms[i] = p.Share(bottom)
	}
	values := sample(p, seed, func(p *rank.Pairs) (v []float64) {
		for _, top := range pruneTops {
			v = append(v, p.PruningCurve(p.Share(top), bottoms...)...)
		}
		reversed := p.Reversed()
		for _, end := range pruneTops {
			k := p.Share(end)
			v = append(v, p.PrecisionAt(k, rank.Average), reversed.PrecisionAt(k, rank.Average))
		}
		return v
	})
	next := func() sampled {
		v := values[0]
		values = values[1:]
		return v
	}
	for _, top := range pruneTops {
		var curve []report.Estimate
		for _, bottom := range pruneBottoms {
			v := next()
			curve = append(curve, v.estimate())
			if top == pruneTop && bottom == pruneBottom {
				r.main = v
			}
		}
		r.lost = append(r.lost, curve)
	}
	for _, end := range pruneTops {
		top, bottom := next(), next()
		r.ends = append(r.ends, [3]report.Estimate{top.estimate(), bottom.estimate(), bottom.minus(top).estimate()})
		if end == pruneTop {
			r.top, r.bottom = top, bottom
		}
	}
	return r, nil
}

// chanceRow is dropping at random. A score that is the same for all has just that as its expected value, which is known exactly: any
// part of the architectures holds as large a share of the best as it is of all.
func chanceRow(truth []float64, seed uint64) (*pruneRow, error) {
	r, err := newPruneRow(lab.Scorer{Name: "random", Values: make([]float64, len(truth))}, truth, seed)
	if err != nil {
		return nil, err
	}
	for _, curve := range r.lost {
		for i, e := range curve {
			curve[i] = report.Exactly(float64(e.Value))
		}
	}
	for i := range r.ends {
		for j, e := range r.ends[i] {
			r.ends[i][j] = report.Exactly(float64(e.Value))
		}
	}
	return r, nil
}

// pruneArchitectures drops architectures, by tables alone.
func pruneArchitectures(e *lab.Evidence) (*report.Result, error) {
	r := e.Result(pruneName, pruneTitle, pruneQuestion)
	var judged, baselines []*pruneRow
	for i, s := range e.All() {
		row, err := newPruneRow(s, e.Truth.Mean, e.Seed)
		if err != nil {
			return nil, err
		}
		if i < len(e.Scores) {
			judged = append(judged, row)
		} else {
			baselines = append(baselines, row)
		}
	}
	chance, err := chanceRow(e.Truth.Mean, e.Seed)
	if err != nil {
		return nil, err
	}
	rows := append(append(judged[:len(judged):len(judged)], baselines...), chance)
	if first, second := twoRuns(e.Truth); len(first) > 1 {
		ceiling, err := newPruneRow(lab.Scorer{Name: "another training", Values: second}, first, e.Seed)
		if err != nil {
			return nil, err
		}
		rows = append(rows, ceiling)
		if ceiling.n < len(e.Archs) {
			r.Notes = append(r.Notes, fmt.Sprintf("Another training, the noise ceiling, is about those %d of %d architectures that were trained alone twice.", ceiling.n, len(e.Archs)))
		}
	}
	for i := range pruneTops {
		pruneLossTable(r, rows, i)
	}
	pruneEndsTable(r, rows)
	for _, group := range seedGroups(e.Scores) {
		var of []*pruneRow
		for _, i := range group {
			of = append(of, judged[i])
		}
		r.Findings = append(r.Findings, pruneFindings(of, baselines, e.Baselines, chance)...)
	}
	r.Notes = append(r.Notes, "Equal scores and equal truths count with their expected value over all orders; shares of the architectures are rounded down, to one at least.")
	return r, nil
}

func percent(share float64) string { return fmt.Sprintf("%g %%", math.Round(share*1e4)/1e2) }

// pruneLossTable adds the table and the figure of one of pruneTops. Proxies are many, and stand in the table only.
func pruneLossTable(r *report.Result, rows []*pruneRow, top int) {
	name := fmt.Sprintf("loss_top_%g", math.Round(100*pruneTops[top]))
	title := fmt.Sprintf("Share of the true top %s that is lost when the predicted bottom is dropped", percent(pruneTops[top]))
	columns := []report.Column{report.Text("ranked by"), report.Integer("n")}
	for _, bottom := range pruneBottoms {
		if slices.Contains(pruneShown, bottom) {
			columns = append(columns, report.Real("bottom "+percent(bottom), 3))
		}
	}
	table := r.Table(name, title, columns...)
	plot := &figure.Lines{Name: name, Title: title, Subtitle: subtitle(r), X: "dropped, % of the architectures", Y: "lost, share of the best"}
	for _, row := range rows {
		cells := []any{row.name, row.n}
		line := figure.Series{Name: row.name}
		for i, e := range row.lost[top] {
			if slices.Contains(pruneShown, pruneBottoms[i]) {
				cells = append(cells, e)
			}
			line.X, line.Y = append(line.X, 100*pruneBottoms[i]), append(line.Y, float64(e.Value))
			if e.Defined() {
				line.Low, line.High = append(line.Low, float64(e.Low)), append(line.High, float64(e.High))
			}
		}
		line.Dashed = line.Low == nil
		table.Add(cells...)
		if row.kind != lab.ProxyScore {
			plot.Series = append(plot.Series, line)
		}
	}
	r.Figures = append(r.Figures, plot)
}

// pruneEndsTable compares the two ends of the ranking.
func pruneEndsTable(r *report.Result, rows []*pruneRow) {
	table := r.Table("ends", "The best and the worst: overlap of the predicted with the true k % at either end",
		report.Text("ranked by"), report.Text("k"), report.Real("top", 3), report.Real("bottom", 3), report.Real("bottom - top", 3))
	for _, row := range rows {
		for i, share := range pruneTops {
			table.Add(row.name, percent(share), row.ends[i][0], row.ends[i][1], row.ends[i][2])
		}
	}
}

// pruneFindings are what the paper's claim comes to for one method, the mean over its seeds: that it knows the worst better than the best,
// and that what it drops is not what a count would have dropped as well.
func pruneFindings(of, baselines []*pruneRow, scorers []lab.Scorer, chance *pruneRow) []report.Finding {
	var main, top, bottom []sampled
	for _, row := range of {
		main, top, bottom = append(main, row.main), append(top, row.top), append(bottom, row.bottom)
	}
	name := of[0].name
	if len(of) > 1 {
		name = fmt.Sprintf("mean of %d supernets", len(of))
	}
	difference := average(bottom).minus(average(top)).estimate()
	findings := []report.Finding{{
		ID: "iv", Claim: "The supernet is better at discarding the worst architectures than at finding the best.",
		Verdict: aboveOf(of[0].n, difference),
		Measure: fmt.Sprintf("overlap of predicted and true bottom %s (%s)", percent(pruneTop), name), Number: average(bottom).estimate(),
		Against: fmt.Sprintf("overlap of predicted and true top %s", percent(pruneTop)), Other: average(top).estimate(),
		Why: fmt.Sprintf("The bottom is known better by %v; at random both are %.3f.", difference, chance.top.value),
	}}
	lost := average(main)
	saved := chance.main.minus(lost).estimate()
	verdict, against, other := aboveOf(of[0].n, saved), "random", report.Exactly(chance.main.value)
	why := fmt.Sprintf("Random dropping loses %.3f, the supernet less by %v", chance.main.value, saved)
	best := -1 // of the counts
	for i, s := range scorers {
		if s.Kind == lab.CountScore && (best < 0 || baselines[i].main.value < baselines[best].main.value) {
			best = i
		}
	}
	if best >= 0 {
		b := baselines[best]
		over := b.main.minus(lost).estimate()
		why += fmt.Sprintf("; dropping the fewest %s, the best of the counts, loses %.3f, the supernet less by %v", b.name, b.main.value, over)
		// Better than nothing is not enough where counting costs nothing: the weaker of the two verdicts stands.
		if v := aboveOf(of[0].n, over); verdict == report.Reproduced {
			verdict, against, other = v, "dropping the fewest "+b.name, b.main.estimate()
		}
	}
	return append(findings, report.Finding{
		ID: "iv", Claim: "Discarding by the supernet is safer than at random and than by what can be counted.",
		Verdict: verdict,
		Measure: fmt.Sprintf("share of the true top %s lost with the predicted bottom %s (%s)", percent(pruneTop), percent(pruneBottom), name), Number: lost.estimate(),
		Against: against, Other: other, Why: why + ".",
	})
}
