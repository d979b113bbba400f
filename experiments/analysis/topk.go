package analysis

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/rank"
	"github.com/oneshot-nas/oneshot/experiments/report"
)

// TopK asks whether what a score likes best is the best: finding ii.
var TopK = register(&Analysis{
	Name:     topName,
	Title:    topTitle,
	Question: topQuestion,
	Tables:   topArchitectures,
})

const (
	topName     = "topk"
	topTitle    = "The top of the ranking"
	topQuestion = "Does the supernet find the best architectures, or only good ones, and does training those that it likes best beat random search?"

	// The finding is that the supernet is good at the first share of the architectures and weak at the second.
	topGood, topBest = 0.10, 0.01

	// worthFinding is how much of what chance leaves a score must find for it to be said that it finds good architectures.
	worthFinding = 0.1

	// topTrainings is how many architectures a search trains alone, or a few more, in the comparison with random search.
	topTrainings = 10
)

var topShares = []float64{0.001, 0.01, 0.05, 0.10, 0.25, 0.50}

// topCut is a number of architectures from the top.
type topCut struct {
	name  string
	share float64 // of topShares; 0 for the one that is predicted best
	k     int
}

// topCuts are the cuts that can be made among n architectures: the predicted best, and those shares that are one architecture or more.
func topCuts(n int) []topCut {
	cuts := []topCut{{"best one", 0, 1}}
	for _, share := range topShares {
		k := int(share*float64(n) + 1e-9)
		if k == 1 {
			cuts = nil // it is this share
		}
		if k >= 1 {
			cuts = append(cuts, topCut{percent(share), share, k})
		}
	}
	return cuts
}

// topAt is what the predicted best k are worth.
type topAt struct {
	topCut
	precision, ndcg, kendall      sampled
	bestRank, worstRank           sampled
	regret, randomRegret, beating sampled

	least, most float64 // the precision that the worst and the best order of equal values gives
}

// topRow is what the top of a ranking is worth, at each cut.
type topRow struct {
	name, kind string
	n          int // architectures
	at         []topAt
}

func newTopRow(name, kind string, score, truth []float64, seed uint64) (*topRow, error) {
	p, err := rank.New(score, truth)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return topRowOf(name, kind, p, func(f func(*rank.Pairs) []float64) []sampled { return sample(p, seed, f) }), nil
}

// chanceTopRow is what a random ranking is worth. A score that is the same for all has just that as its expected value, which is known
// exactly.
func chanceTopRow(truth []float64) (*topRow, error) {
	p, err := rank.New(make([]float64, len(truth)), truth)
	if err != nil {
		return nil, err
	}
	return topRowOf("random", "chance", p, func(f func(*rank.Pairs) []float64) (values []sampled) {
		for _, v := range f(p) {
			values = append(values, sampled{value: v})
		}
		return values
	}), nil
}

// topRowOf fills a row with statistics, which are sampled in one of two ways.
func topRowOf(name, kind string, p *rank.Pairs, sample func(func(*rank.Pairs) []float64) []sampled) *topRow {
	r := &topRow{name: name, kind: kind, n: p.Len()}
	cuts := topCuts(p.Len())
	var ks []int
	for _, c := range cuts {
		ks = append(ks, c.k)
	}
	values := sample(func(p *rank.Pairs) (v []float64) {
		ndcg, kendall := p.NDCGCurve(ks...), p.KendallCurve(ks...)
		for i, k := range ks {
			v = append(v, p.PrecisionAt(k, rank.Average), ndcg[i], kendall[i], p.BestRankAt(k, rank.Average), p.WorstRankAt(k, rank.Average),
				p.RegretAt(k, rank.Average), p.RandomRegretAt(k), p.BeatsRandomAt(k, rank.Average))
		}
		return v
	})
	for _, c := range cuts {
		r.at = append(r.at, topAt{c, values[0], values[1], values[2], values[3], values[4], values[5], values[6], values[7],
			p.PrecisionAt(c.k, rank.Pessimistic), p.PrecisionAt(c.k, rank.Optimistic)})
		values = values[8:]
	}
	return r
}

// meanTopRow is what the tops of several rankings of the same architectures are worth on average.
func meanTopRow(name string, of []*topRow) *topRow {
	r := &topRow{name: name, kind: of[0].kind, n: of[0].n}
	for i, c := range of[0].at {
		over := func(get func(*topAt) sampled) sampled {
			var all []sampled
			for _, row := range of {
				all = append(all, get(&row.at[i]))
			}
			return average(all)
		}
		m := topAt{topCut: c.topCut, precision: over(func(a *topAt) sampled { return a.precision }), ndcg: over(func(a *topAt) sampled { return a.ndcg }),
			kendall:  over(func(a *topAt) sampled { return a.kendall }),
			bestRank: over(func(a *topAt) sampled { return a.bestRank }), worstRank: over(func(a *topAt) sampled { return a.worstRank }),
			regret: over(func(a *topAt) sampled { return a.regret }), randomRegret: c.randomRegret, beating: over(func(a *topAt) sampled { return a.beating })}
		for _, row := range of {
			m.least += row.at[i].least / float64(len(of))
			m.most += row.at[i].most / float64(len(of))
		}
		r.at = append(r.at, m)
	}
	return r
}

// share returns what the row says of one of topShares; nil if that is less than one architecture.
func (r *topRow) share(share float64) *topAt {
	for i := range r.at {
		if r.at[i].share == share {
			return &r.at[i]
		}
	}
	return nil
}

// overChance is how much of what chance leaves a precision finds: 0 for what a random ranking finds, 1 for all. It makes the precisions of
// large and small shares comparable, of which chance finds more and less.
func (a *topAt) overChance(n int) sampled {
	chance := float64(a.k) / float64(n)
	return a.precision.linear(1/(1-chance), -chance/(1-chance))
}

// linear returns factor·s + offset.
func (s sampled) linear(factor, offset float64) sampled {
	to := sampled{factor*s.value + offset, make([]float64, len(s.resample))}
	for i, v := range s.resample {
		to.resample[i] = factor*v + offset
	}
	return to
}

// topArchitectures answers from tables.
func topArchitectures(e *lab.Evidence) (*report.Result, error) {
	r := e.Result(topName, topTitle, topQuestion)
	var judged, scores, baselines []*topRow
	add := func(to *[]*topRow, name, kind string, score, truth []float64) error {
		row, err := newTopRow(name, kind, score, truth, e.Seed)
		*to = append(*to, row)
		return err
	}
	for _, j := range judgedScores(e) {
		var each []*topRow
		for _, s := range j.scores {
			if err := add(&each, s.Name, string(s.Kind), s.Values, e.Truth.Mean); err != nil {
				return nil, err
			}
		}
		scores = append(scores, each...)
		if len(each) > 1 {
			each = []*topRow{meanTopRow(j.name, each)}
			scores = append(scores, each...)
		}
		judged = append(judged, each...)
	}
	for _, s := range e.Baselines {
		if err := add(&baselines, s.Name, string(s.Kind), s.Values, e.Truth.Mean); err != nil {
			return nil, err
		}
	}
	counts := baselines
	chance, err := chanceTopRow(e.Truth.Mean)
	if err != nil {
		return nil, err
	}
	baselines = append(baselines, chance)
	var ceiling *topRow
	if first, second := twoRuns(e.Truth); len(first) > 1 {
		if err := add(&baselines, "another training", "truth", second, first); err != nil {
			return nil, err
		}
		ceiling = baselines[len(baselines)-1]
		if ceiling.n < len(e.Archs) {
			r.Notes = append(r.Notes, fmt.Sprintf("Another training, the noise ceiling, is about those %d of %d architectures that were trained alone twice, and its k and ranks are shares of these.", ceiling.n, len(e.Archs)))
		}
	}
	for _, row := range judged {
		r.Findings = append(r.Findings, topFindings(row, counts, ceiling)...)
	}
	topShareTable(r, append(scores[:len(scores):len(scores)], baselines...))
	digits := truthDigits(e.Truth.Mean)
	for _, family := range []struct {
		name, title string
		rows        []*topRow
	}{{"scores", "what is judged", scores}, {"baselines", "what it is compared to", baselines}} {
		topInsideTable(r, family.name, family.title, family.rows)
		topSearchTable(r, family.name, family.title, family.rows, digits)
	}
	topFigures(r, scores, baselines)
	r.Notes = append(r.Notes,
		"Equal scores and equal truths count with their expected value over all orders; k is rounded down.",
		"Regret and ranks hang on a few architectures, of which a resample lacks a third: their intervals say how much, and need not hold the value.")
	return r, nil
}

// cell is the estimate of a statistic of the row, without an interval for chance, which is known exactly.
func (r *topRow) cell(s sampled) report.Estimate {
	if r.kind == "chance" {
		return report.Exactly(s.value)
	}
	return s.estimate()
}

// topShareTable is P@k at a glance.
func topShareTable(r *report.Result, rows []*topRow) {
	columns := []report.Column{report.Text("ranked by"), report.Text("kind"), report.Integer("n")}
	for _, share := range topShares {
		columns = append(columns, report.Real("P@"+percent(share), 3))
	}
	t := r.Table("precision", "P@k: share of the predicted top k % that is in the true top k %", columns...)
	for _, row := range rows {
		cells := []any{row.name, row.kind, row.n}
		for _, share := range topShares {
			if a := row.share(share); a != nil {
				cells = append(cells, row.cell(a.precision))
			} else {
				cells = append(cells, nil)
			}
		}
		t.Add(cells...)
	}
	t.Note = "Nothing where the share is less than one architecture. A random ranking finds the share k itself."
}

// topInsideTable says how much of the predicted top is right.
func topInsideTable(r *report.Result, name, title string, rows []*topRow) {
	t := r.Table("top_"+name, "What is in the predicted top: "+title, report.Text("ranked by"), report.Text("top"), report.Integer("k"),
		report.Real("P@k", 3), report.Real("at worst", 3), report.Real("at best", 3), report.Real("over chance", 3), report.Real("nDCG@k", 3), report.Real("tau-b inside", 3))
	for _, row := range rows {
		for _, a := range row.at {
			var least, most any // of chance any order gives anything
			if row.kind != "chance" {
				least, most = a.least, a.most
			}
			t.Add(row.name, a.name, a.k, row.cell(a.precision), least, most, row.cell(a.overChance(row.n)), row.cell(a.ndcg), row.cell(a.kendall))
		}
	}
	t.Note = "At worst, at best: in the least and the most favourable order of equal scores and truths. Over chance: (P@k - k/n) / (1 - k/n). " +
		"nDCG@k: gain 2^rel - 1 with rel from 0 at the 20 % quantile of truth to 20 at the best. tau-b inside: among the top k and those that tie with the last of them."
}

// topSearchTable says what a search finds that trains the predicted top alone.
func topSearchTable(r *report.Result, name, title string, rows []*topRow, digits int) {
	t := r.Table("search_"+name, "What training the predicted top finds: "+title, report.Text("ranked by"), report.Text("top"), report.Integer("k"),
		report.Real("BR@k", 1), report.Real("BR@k/n", 4), report.Real("WR@k", 1), report.Real("WR@k/n", 4),
		report.Real("regret", digits), report.Real("random regret", digits), report.Real("beats random", 3))
	for _, row := range rows {
		for _, a := range row.at {
			n := float64(row.n)
			t.Add(row.name, a.name, a.k, row.cell(a.bestRank), a.bestRank.value/n, row.cell(a.worstRank), a.worstRank.value/n,
				row.cell(a.regret), a.randomRegret.value, row.cell(a.beating))
		}
	}
	t.Note = "BR@k, WR@k: best and worst true rank, from 1. Regret: best truth of all less the best among the k; random regret: that of k architectures drawn at random. " +
		"Beats random: probability that the best of the k is better than the best of k random ones, half of it where they are equal."
}

// topFigures draw precision and regret over k. Proxies are many, and stand in the tables only.
func topFigures(r *report.Result, scores, baselines []*topRow) {
	precision := &figure.Lines{Name: "precision", Title: "Share of the predicted top k that is in the true top k", Subtitle: subtitle(r),
		X: "k, % of the architectures", Y: "P@k", LogX: true}
	regret := &figure.Lines{Name: "regret", Title: "What is missed by training only the predicted top k", Subtitle: subtitle(r),
		X: "k, architectures trained alone", Y: "regret: best truth − best found", LogX: true}
	for _, row := range append(scores[:len(scores):len(scores)], baselines...) {
		if row.kind == string(lab.ProxyScore) {
			continue
		}
		var percents, ks []float64
		var precisions, regrets []report.Estimate
		for _, a := range row.at {
			ks, regrets = append(ks, float64(a.k)), append(regrets, row.cell(a.regret))
			if a.share > 0 {
				percents, precisions = append(percents, 100*float64(a.k)/float64(row.n)), append(precisions, row.cell(a.precision))
			}
		}
		p := line(row.name, percents, precisions)
		p.Dashed = p.Low == nil
		precision.Series = append(precision.Series, p)
		if row.kind == "truth" {
			continue // its k are of fewer architectures, and its truth is another
		}
		q := line(row.name, ks, regrets)
		q.Dashed = q.Low == nil
		regret.Series = append(regret.Series, q)
	}
	r.Figures = append(r.Figures, precision, regret)
}

// topFindings are what the paper's claim comes to for one method: that it finds good architectures but not the best, and that training
// what it likes best is worth more than training random ones, or those that a count likes best.
func topFindings(of *topRow, baselines []*topRow, ceiling *topRow) []report.Finding {
	good, best := of.share(topGood), of.share(topBest)
	f := report.Finding{ID: "ii", Claim: "The supernet finds relatively good architectures (top 10 %) but not the best ones (top 1 %).", Verdict: report.Undecided,
		Measure: fmt.Sprintf("P@%s of %s", percent(topBest), of.name), Number: report.NotDefined(), Against: fmt.Sprintf("P@%s", percent(topGood)), Other: report.NotDefined()}
	if good != nil {
		f.Other = good.precision.estimate()
	}
	if best == nil {
		f.Why = fmt.Sprintf("Of %s, %s is less than one.", lab.Plural(of.n, "architecture"), percent(topBest))
	} else {
		f.Number = best.precision.estimate()
		found, foundBest := good.overChance(of.n), best.overChance(of.n)
		gap := found.minus(foundBest).estimate()
		f.Why = fmt.Sprintf("Of what chance leaves, it finds %v of the top %s and %v of the top %s, a difference of %v", found.estimate(), percent(topGood),
			foundBest.estimate(), percent(topBest), gap)
		// Resamples do not tell that the top is a handful of architectures, of which a good score may have bad luck with all.
		chance := float64(best.k) / float64(of.n)
		luck := binomialTail(best.k, best.precision.value, chance+max(0, min(1, found.value))*(1-chance))
		switch e := found.estimate(); {
		case of.n < judgedLeast:
		case e.High < worthFinding:
			f.Verdict = report.NotReproduced
		case luck > (1-level)/2:
			f.Why += fmt.Sprintf("; but %s is k = %d, and a score that finds as much at both comes to this, or farther, with probability %.2g", percent(topBest), best.k, luck)
		case e.Low > 0:
			f.Verdict = above(gap)
		}
		if ceiling != nil && ceiling.share(topBest) != nil {
			f.Why += fmt.Sprintf("; another training of the same architectures finds %v and %v", ceiling.share(topGood).overChance(ceiling.n).estimate(),
				ceiling.share(topBest).overChance(ceiling.n).estimate())
		}
		f.Why += "."
	}
	return append([]report.Finding{f}, topSearchFinding(of, baselines))
}

// binomialTail is the probability that of n things, each found with probability p, as large a share is found or one farther from p, to the
// same side. A share that lies between two counts stands for the one nearer to p.
func binomialTail(n int, share, p float64) float64 {
	const rounding = 1e-9
	from, to := 0, int(math.Ceil(share*float64(n)-rounding))
	if share >= p {
		from, to = int(math.Floor(share*float64(n)+rounding)), n
	}
	times := func(count int, p float64) float64 { // the logarithm of a power
		if count == 0 {
			return 0
		}
		return float64(count) * math.Log(p)
	}
	factorial := func(n int) float64 {
		log, _ := math.Lgamma(float64(n + 1))
		return log
	}
	tail := 0.0
	for k := from; k <= to; k++ {
		tail += math.Exp(factorial(n) - factorial(k) - factorial(n-k) + times(k, p) + times(n-k, 1-p))
	}
	return min(1, tail)
}

// topSearchFinding compares with random search and with the best of the counts, at the same number of trainings: the first of the cuts that
// is topTrainings or more.
func topSearchFinding(of *topRow, baselines []*topRow) report.Finding {
	at := func(r *topRow) *topAt {
		for i := range r.at {
			if r.at[i].k >= topTrainings {
				return &r.at[i]
			}
		}
		return &r.at[len(r.at)-1]
	}
	own := at(of)
	even := own.beating.linear(1, -0.5).estimate()
	f := report.Finding{ID: "ii", Claim: "Training what the supernet likes best finds more than random search, and more than training what a count likes best.",
		Verdict: aboveOf(of.n, even),
		Measure: fmt.Sprintf("probability that %s beats random search, trainings: %d each", of.name, own.k), Number: own.beating.estimate(),
		Against: "an even chance", Other: report.Exactly(0.5),
		Why: fmt.Sprintf("The best of %d has regret %.4g on average, that of as many random ones %.4g", own.k, own.regret.value, own.randomRegret.value),
	}
	var count *topRow
	for _, b := range baselines {
		if b.kind == string(lab.CountScore) && (count == nil || at(b).beating.value > at(count).beating.value) {
			count = b
		}
	}
	if count != nil {
		b := at(count)
		lead := own.beating.minus(b.beating).estimate()
		f.Why += fmt.Sprintf("; those with the most %s, the best of the counts, beat random search with %v: the supernet with a difference of %v", count.name, b.beating.estimate(), lead)
		// Better than chance is not enough where counting costs nothing: the weaker of the two verdicts stands.
		if f.Verdict == report.Reproduced {
			f.Verdict, f.Against, f.Other = aboveOf(of.n, lead), "the most "+count.name, b.beating.estimate()
		}
	}
	f.Why += "."
	return f
}
