package analysis

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/rank"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/supernet"
)

// Correlation asks how well scores rank, next to what costs nothing and to what another training of the same architectures would
// achieve. This is finding i; over several spaces it is finding iii.
var Correlation = register(&Analysis{
	Name:     correlationName,
	Title:    correlationTitle,
	Question: correlationQuestion,
	Tables:   correlationTables,
	Rankings: rankings,
	Study:    correlationStudy,
	Scorings: correlationScorings,
})

const (
	correlationName     = "correlation"
	correlationTitle    = "How well a supernet ranks"
	correlationQuestion = "Does the ranking by shared weights agree with that of architectures trained alone, and what does it add to counts of parameters, multiply-adds and layers?"

	// farBelow is how much less than the noise ceiling a τ-b must be for it to be said that the supernet does not rank well: 0.1 means that
	// one pair of architectures in twenty more is in the wrong order.
	farBelow = 0.1

	// waypointArchs and policyArchs are how many architectures are ranked at most with the weights of each saved epoch, and with batch-norm
	// statistics of another kind: the study's first, which are in random order. Scores take a good part of the time of a small study.
	waypointArchs = 60
	policyArchs   = 120
)

// agreement is how well one list of scores, or several on average, ranks.
type agreement struct {
	name                              string
	kind                              string
	n                                 int
	kendall, spearman, pearson, top10 sampled
}

func newAgreement(name, kind string, score, truth []float64, seed uint64) (*agreement, error) {
	p, err := rank.New(score, truth)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	v := sample(p, seed, func(p *rank.Pairs) []float64 {
		return []float64{p.Kendall(), p.Spearman(), p.Pearson(), p.PrecisionAt(p.Share(0.10), rank.Average)}
	})
	return &agreement{name, kind, p.Len(), v[0], v[1], v[2], v[3]}, nil
}

// meanAgreement is what the scores of a group are worth on average.
func meanAgreement(name string, of []*agreement) *agreement {
	meanOver := func(get func(*agreement) sampled) sampled {
		var all []sampled
		for _, a := range of {
			all = append(all, get(a))
		}
		return average(all)
	}
	return &agreement{name, of[0].kind, of[0].n,
		meanOver(func(a *agreement) sampled { return a.kendall }), meanOver(func(a *agreement) sampled { return a.spearman }),
		meanOver(func(a *agreement) sampled { return a.pearson }), meanOver(func(a *agreement) sampled { return a.top10 })}
}

// correlationTables answers from tables alone.
func correlationTables(e *lab.Evidence) (*report.Result, error) {
	c, err := correlate(e)
	if err != nil {
		return nil, err
	}
	return c.result(), nil
}

// correlations is what scores, baselines and another training have in common with the truth.
type correlations struct {
	evidence  *lab.Evidence
	judged    []judged
	rows      []*agreement // of the table, from top to bottom
	of        []*agreement // of the judged: the one score, or the mean over seeds
	baselines []*agreement
	ceiling   *agreement // of the second training with the first; nil where there is no second
	added     []addition
	onOneRun  []sampled // τ-b of the judged with the first training of those that have two; nil without a ceiling
}

// addition is what scores add to a baseline.
type addition struct {
	judged, baseline string
	gain             *sampled // of τ-b; nil for all counts together
	beyond           sampled  // partial ρ of the scores with the truth, given the baseline
	back             *sampled // and of the baseline, given the scores
}

func correlate(e *lab.Evidence) (*correlations, error) {
	c := &correlations{evidence: e, judged: judgedScores(e)}
	truth := e.Truth.Mean
	for _, b := range e.Baselines {
		row, err := newAgreement(b.Name, string(b.Kind), b.Values, truth, e.Seed)
		if err != nil {
			return nil, err
		}
		c.baselines = append(c.baselines, row)
	}
	for _, j := range c.judged {
		var each []*agreement
		for _, s := range j.scores {
			row, err := newAgreement(s.Name, string(s.Kind), s.Values, truth, e.Seed)
			if err != nil {
				return nil, err
			}
			each = append(each, row)
		}
		c.rows = append(c.rows, each...)
		of := each[0]
		if len(each) > 1 {
			of = meanAgreement(j.name, each)
			together, err := newAgreement("scores averaged over seeds", of.kind, j.values, truth, e.Seed)
			if err != nil {
				return nil, err
			}
			c.rows = append(c.rows, of, together)
		}
		c.of = append(c.of, of)
		if err := c.add(j, of); err != nil {
			return nil, err
		}
	}
	c.rows = append(c.rows, c.baselines...)
	return c, c.findCeiling()
}

// add finds out what a method adds to each baseline.
func (c *correlations) add(j judged, of *agreement) error {
	e := c.evidence
	var given [][]float64
	var counts []int
	for i, b := range e.Baselines {
		given = append(given, b.Values)
		if b.Kind == lab.CountScore {
			counts = append(counts, i)
		}
	}
	choices := make([][]int, len(given), len(given)+1) // each baseline, and all counts at the end
	for i := range given {
		choices[i] = []int{i}
	}
	choices = append(choices, counts)
	beyond, back := make([][]sampled, len(choices)), make([][]sampled, len(given)) // by score
	for _, s := range j.scores {
		p, err := pairsGiven(s.Values, e.Truth.Mean, given...)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		for i, v := range sample(p, e.Seed, func(p *rank.Pairs) []float64 {
			v := p.PartialSpearmans(choices...)
			for i := range given {
				v = append(v, p.ScoreFrom(i).PartialSpearman(i))
			}
			return v
		}) {
			if i < len(choices) {
				beyond[i] = append(beyond[i], v)
			} else {
				back[i-len(choices)] = append(back[i-len(choices)], v)
			}
		}
	}
	for i, b := range c.baselines {
		gain, returned := of.kendall.minus(b.kendall), average(back[i])
		c.added = append(c.added, addition{j.name, b.name, &gain, average(beyond[i]), &returned})
	}
	if len(counts) > 1 {
		c.added = append(c.added, addition{j.name, "all counts", nil, average(beyond[len(given)]), nil})
	}
	return nil
}

func pairsGiven(score, truth []float64, given ...[]float64) (*rank.Pairs, error) {
	p, err := rank.New(score, truth)
	if err != nil {
		return nil, err
	}
	return p.Given(given...)
}

// findCeiling compares the second training with the first, and the judged with the first of the same architectures.
func (c *correlations) findCeiling() error {
	e := c.evidence
	twice := trainedTwice(e.Truth)
	if len(twice) < 2 {
		return nil
	}
	first, second := twoRuns(e.Truth)
	var err error
	if c.ceiling, err = newAgreement("another training", "truth", second, first, e.Seed); err != nil {
		return err
	}
	c.rows = append(c.rows, c.ceiling)
	for _, j := range c.judged {
		var each []sampled
		for _, s := range j.scores {
			row, err := newAgreement(s.Name, string(s.Kind), valuesOf(s.Values, twice), first, e.Seed)
			if err != nil {
				return err
			}
			each = append(each, row.kendall)
		}
		c.onOneRun = append(c.onOneRun, average(each))
	}
	return nil
}

// result writes tables, figures and findings.
func (c *correlations) result() *report.Result {
	e := c.evidence
	r := e.Result(correlationName, correlationTitle, correlationQuestion)
	for i := range c.judged {
		r.Findings = append(r.Findings, c.finding(i))
	}
	t := r.Table("agreement", "Agreement of rankings with the truth", report.Text("ranked by"), report.Text("kind"), report.Integer("n"),
		report.Real("tau-b", 3), report.Real("rho", 3), report.Real("r", 3), report.Real("P@10 %", 3))
	for _, a := range c.rows {
		t.Add(a.name, a.kind, a.n, a.kendall.estimate(), a.spearman.estimate(), a.pearson.estimate(), a.top10.estimate())
	}
	n := len(e.Archs)
	t.Add("random order", "chance", n, 0.0, 0.0, 0.0, math.Max(1, math.Floor(0.10*float64(n)+1e-9))/float64(n))
	t.Note = "tau-b, Spearman's rho on average ranks, Pearson's r; P@10 %: share of the predicted top tenth that is in the true one, expected over orders of equal values."

	if len(e.Baselines) > 0 {
		t = r.Table("added", "What the scores add to what costs nothing", report.Text("scores"), report.Text("given"), report.Real("tau-b gained", 3),
			report.Real("partial rho beyond it", 3), report.Real("partial rho of it beyond the scores", 3))
		for _, a := range c.added {
			row := []any{a.judged, a.baseline, nil, a.beyond.estimate(), nil}
			if a.gain != nil {
				row[2], row[4] = a.gain.estimate(), a.back.estimate()
			}
			t.Add(row...)
		}
		t.Note = "Partial rank correlation with the truth: what is left of rho once the ranking that is given has explained what it can of both sides."
	}

	t = r.Table("best", "The architecture that the scores like best", report.Text("scores"), report.Text("architecture"), report.Real("truth", 4),
		report.Integer("true rank"), report.Real("best truth", 4))
	for _, j := range c.judged {
		top := 0
		for a, v := range j.values {
			if v > j.values[top] {
				top = a
			}
		}
		better, best := 0, math.Inf(-1)
		for _, v := range e.Truth.Mean {
			if v > e.Truth.Mean[top] {
				better++
			}
			best = max(best, v)
		}
		t.Add(j.name, strings.TrimSpace(e.Archs[top].String()), e.Truth.Mean[top], better+1, best)
	}

	plot := &figure.Intervals{Name: "agreement", Title: "How well does each rank?", Subtitle: subtitle(r), Axis: "agreement with the truth, 95 % intervals"}
	for _, a := range c.rows {
		row := figure.IntervalRow{Name: a.name}
		row.Points = appendPoint(row.Points, "Kendall τ-b", a.kendall.estimate())
		row.Points = appendPoint(row.Points, "Spearman ρ", a.spearman.estimate())
		if row.Points != nil {
			plot.Rows = append(plot.Rows, row)
		}
	}
	if plot.Rows != nil {
		r.Figures = append(r.Figures, plot)
	}
	for i, j := range c.judged {
		name := "scatter"
		if i > 0 {
			name += fmt.Sprint("_", i+1)
		}
		r.Figures = append(r.Figures, &figure.Scatter{Name: name, Title: e.Title + ": " + j.name + " against the truth", Subtitle: strings.Join(r.Setting, "; "),
			Score: "score: " + j.name, Truth: "truth: " + e.TruthName, Groups: []figure.Group{{Name: "architectures", Score: j.values, Truth: e.Truth.Mean}}})
	}
	if c.ceiling == nil {
		r.Notes = append(r.Notes, "The truth has one run of each architecture, so that the noise ceiling is not known.")
	} else {
		r.Notes = append(r.Notes, fmt.Sprintf("The noise ceiling is the agreement of two trainings of the same architecture, of which %d of %d have two: no score can be expected to agree better with one of them.",
			c.ceiling.n, n))
	}
	return r
}

// finding is the verdict on finding i for a method.
func (c *correlations) finding(i int) report.Finding {
	of := c.of[i]
	f := report.Finding{ID: "i", Claim: "A well-trained supernet is not necessarily a good model for ranking architectures.", Verdict: report.Undecided,
		Measure: "tau-b of " + of.name + " with the truth", Number: of.kendall.estimate()}
	if c.ceiling != nil {
		f.Against, f.Other = "another training of the same architectures (noise ceiling)", c.ceiling.kendall.estimate()
		gap := c.ceiling.kendall.minus(c.onOneRun[i]).estimate()
		where := fmt.Sprintf("Against one training of the %d architectures that have two, the other training is ahead of the scores by %v", c.ceiling.n, gap)
		switch {
		case gap.Defined() && gap.Low > farBelow:
			f.Verdict = report.Reproduced
			f.Why = fmt.Sprintf("%s: more than %g, one wrong pair in %.0f.", where, farBelow, 2/farBelow)
		case gap.Defined() && gap.High < farBelow:
			f.Verdict = report.NotReproduced
			f.Why = fmt.Sprintf("%s: less than %g, one wrong pair in %.0f.", where, farBelow, 2/farBelow)
		default:
			f.Why = fmt.Sprintf("%s, which may be more or less than %g.", where, farBelow)
		}
		return f
	}
	var best *agreement
	for k, b := range c.baselines {
		if c.evidence.Baselines[k].Kind == lab.CountScore && b.kendall.estimate().Defined() && (best == nil || b.kendall.value > best.kendall.value) {
			best = b
		}
	}
	if best == nil {
		f.Against, f.Other = "nothing, as no architecture was trained twice and all have the same counts", report.NotDefined()
		f.Why = "It takes a second training, or a count, to compare with."
		return f
	}
	f.Against, f.Other = "the best count, "+best.name, best.kendall.estimate()
	lead := best.kendall.minus(of.kendall).estimate()
	if lead.Defined() && lead.Low > 0 {
		f.Verdict = report.Reproduced
		f.Why = fmt.Sprintf("The count, which trains nothing, is ahead by %v.", lead)
	} else {
		f.Why = fmt.Sprintf("The count is ahead by %v, and the noise ceiling is not known.", lead)
	}
	return f
}

// correlationScorings are those of the epochs and with other batch-norm statistics.
func correlationScorings(l *lab.Lab) []lab.Scoring {
	scorings := waypoints(l)
	if other := otherStatistics(l.Config.Eval.BN); other != supernet.NoBatchNorm {
		scorings = append(scorings, lab.Scoring{Archs: first(l.Archs(), policyArchs), BN: other})
	}
	return scorings
}

// waypoints are the scorings after some of the epochs of the study's own supernet.
func waypoints(l *lab.Lab) (scorings []lab.Scoring) {
	for _, epoch := range l.SavedEpochs(lab.Variant{}) {
		scorings = append(scorings, lab.Scoring{Archs: first(l.Archs(), waypointArchs), Epoch: epoch})
	}
	return scorings
}

// first are the first n architectures, or all if there are fewer.
func first(archs []spaces.Arch, n int) []spaces.Arch { return archs[:min(n, len(archs))] }

// correlationStudy adds what only a study can tell: how the ranking comes about in training, and what batch-norm statistics do to it.
func correlationStudy(ctx context.Context, l *lab.Lab) (answer func() (*report.Result, error), err error) {
	s := new(correlationScores)
	if s.evidence, err = l.Evidence(ctx); err != nil {
		return nil, err
	}
	if s.policies, err = policies(ctx, l, first(s.evidence.Archs, policyArchs)); err != nil {
		return nil, err
	}
	if s.epochs, s.byEpoch, err = l.EpochScores(ctx, lab.Variant{}, first(s.evidence.Archs, waypointArchs)); err != nil {
		return nil, err
	}
	return s.result, nil
}

// correlationScores is all that a study is asked for.
type correlationScores struct {
	evidence *lab.Evidence
	policies []policy // none if the model has no batch norms
	epochs   []int
	byEpoch  [][]float64
}

func (s *correlationScores) result() (*report.Result, error) {
	c, err := correlate(s.evidence)
	if err != nil {
		return nil, err
	}
	truth := s.evidence.Truth.Mean
	policies := s.policies
	for i, p := range policies {
		policies[i].agreement, err = newAgreement("batch norm: "+string(p.statistics), string(lab.SupernetScore), p.scores, truth[:len(p.scores)], s.evidence.Seed)
		if err != nil {
			return nil, err
		}
	}
	if len(policies) > 1 {
		// Right below the supernets, where a reader compares.
		at := len(c.judged[0].scores)
		c.rows = append(c.rows[:at:at], append([]*agreement{policies[1].agreement}, c.rows[at:]...)...)
	}
	r := c.result()
	if len(policies) > 1 {
		policyTable(r, policies)
	} else {
		r.Notes = append(r.Notes, "The model has no batch norms, so that there are no statistics of them to compare.")
	}
	return r, lengthOfTraining(r, s.evidence, s.epochs, s.byEpoch)
}

// policy is how scores rank with batch-norm statistics of one kind.
type policy struct {
	statistics supernet.BNPolicy
	scores     []float64
	*agreement
}

// otherStatistics are those that batch-norm statistics are compared with: what costs nothing, unless that is what the study has.
func otherStatistics(own supernet.BNPolicy) supernet.BNPolicy {
	switch own {
	case supernet.NoBatchNorm:
		return own
	case supernet.RunningStatistics:
		return supernet.BatchStatistics
	}
	return supernet.RunningStatistics
}

// policies score architectures with the study's batch-norm statistics and with those of another kind; with none if the model has no batch
// norms. How well they rank is left open.
func policies(ctx context.Context, l *lab.Lab, archs []spaces.Arch) ([]policy, error) {
	own := l.Config.Eval.BN
	other := otherStatistics(own)
	if other == supernet.NoBatchNorm {
		return nil, nil
	}
	var all []policy
	for _, bn := range []supernet.BNPolicy{own, other} {
		scores, err := l.ScoresBN(ctx, lab.Variant{}, archs, bn)
		if err != nil {
			return nil, err
		}
		all = append(all, policy{statistics: bn, scores: scores})
	}
	return all, nil
}

// policyTable says what the first kind of statistics gains over the others.
func policyTable(r *report.Result, policies []policy) {
	t := r.Table("batch_norm", "Batch-norm statistics with which the supernet is evaluated", report.Text("statistics"), report.Integer("n"), report.Real("mean score", 2),
		report.Real("tau-b", 3), report.Real("rho", 3), report.Real("P@10 %", 3), report.Real("tau-b less", 3))
	for i, p := range policies {
		var less any
		if i > 0 {
			less = policies[0].kendall.minus(p.kendall).estimate()
		}
		t.Add(string(p.statistics), p.n, mean(p.scores), p.kendall.estimate(), p.spearman.estimate(), p.top10.estimate(), less)
	}
	t.Note = "recalibrate: found anew for each architecture; running: those that training has left, of all architectures mixed; batch: of the batch at hand. The supernet of the study's seed."
}

// lengthOfTraining says how well a supernet ranks, and how good the architectures are in it, after some of its epochs.
func lengthOfTraining(r *report.Result, e *lab.Evidence, epochs []int, scores [][]float64) error {
	var rows []*agreement
	for i, epoch := range epochs {
		n := len(scores[i])
		row, err := newAgreement(fmt.Sprintf("epoch %d", epoch), string(lab.SupernetScore), scores[i], e.Truth.Mean[:n], e.Seed)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil
	}
	t := r.Table("training", "Length of training: ranking and accuracy after some epochs of one supernet", report.Integer("epoch"), report.Integer("n"), report.Real("mean score", 2),
		report.Real("tau-b", 3), report.Real("rho", 3), report.Real("P@10 %", 3), report.Real("tau-b gained by the end", 3))
	plot := &figure.Lines{Name: "training", Title: "How the ranking comes about in training", Subtitle: subtitle(r), X: "epoch of the supernet", Y: "τ-b with the truth"}
	line := figure.Series{Name: "supernet"}
	last := rows[len(rows)-1]
	for i, row := range rows {
		k := row.kendall.estimate()
		var gained any
		if row != last {
			gained = last.kendall.minus(row.kendall).estimate()
		}
		t.Add(epochs[i], row.n, mean(scores[i]), k, row.spearman.estimate(), row.top10.estimate(), gained)
		line.X, line.Y = append(line.X, float64(epochs[i])), append(line.Y, float64(k.Value))
		line.Low, line.High = append(line.Low, float64(k.Low)), append(line.High, float64(k.High))
	}
	t.Note = "The supernet of the study's seed. One that is trained for fewer epochs from the start comes to the end of its learning rate, too: see capacity."
	plot.Series = []figure.Series{line}
	if first, second := twoRuns(e.Truth); len(first) > 1 {
		ceiling, err := newAgreement("another training", "truth", second, first, e.Seed)
		if err != nil {
			return err
		}
		if k := ceiling.kendall.estimate(); k.Value.Defined() {
			plot.References = append(plot.References, figure.Reference{Name: "another training", At: float64(k.Value)})
		}
	}
	r.Figures = append(r.Figures, plot)
	return nil
}
