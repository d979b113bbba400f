package analysis

import (
	"fmt"
	"math"
	"slices"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/report"
)

const (
	rankingsTitle    = "How well rankings agree with one another"
	rankingsQuestion = "Does what two studies differ in change the ranking, or no more than another seed does?"
)

// rankings compares studies with one another, supernet by supernet, and tables. What another seed changes is what a difference between two
// studies has to be compared with: both are of the same architectures, and differences are taken on the same resamples.
func rankings(k *lab.Rankings) (*report.Result, error) {
	c := &compared{Rankings: k, Result: &report.Result{Analysis: correlationName, Title: rankingsTitle, Question: rankingsQuestion,
		Setting: k.Setting, Warnings: k.Warnings}}
	seeds := make([]*comparison, len(k.Of)) // of each by two seeds; nil where it has one
	for i := range k.Of {
		var err error
		if seeds[i], err = c.compare(i, i, withAnotherSeed); err != nil {
			return nil, err
		}
	}
	for i := range k.Of {
		for j := i + 1; j < len(k.Of); j++ {
			which := withEvery
			if k.Of[i].Seeds != nil && k.Of[j].Seeds != nil {
				which = withSameSeed
			}
			same, err := c.compare(i, j, which)
			if err != nil {
				return nil, err
			}
			c.rows = append(c.rows, same)
			if which != withSameSeed {
				continue
			}
			if seeds[i] == nil {
				c.Notes = append(c.Notes, c.Of[i].Name+" has one supernet, so that it is not known what another seed changes: train more, with -seeds.")
				continue
			}
			two := average([]sampled{seeds[i].kendall, seeds[j].kendall})
			less := two.minus(same.kendall)
			same.less = &less
			c.Notes = append(c.Notes, c.verdict(i, j, less.estimate()))
			another, err := c.compare(i, j, withAnotherSeed)
			if err != nil {
				return nil, err
			}
			c.rows = append(c.rows, another)
		}
	}
	for _, s := range seeds {
		if s != nil {
			c.rows = append(c.rows, s)
		}
	}
	c.agreementTable()
	c.lossTables()
	return c.Result, nil
}

// compared are the rankings and what has been found of them.
type compared struct {
	*lab.Rankings
	*report.Result
	rows []*comparison
}

// pairing is which scores of two rankings are compared.
type pairing string

const (
	withSameSeed    pairing = "the same"
	withAnotherSeed pairing = "two"
	withEvery       pairing = "" // of a file, which has no seeds
)

// comparison is how alike the scores of two rankings are, or those of one by two seeds, on average over pairs.
type comparison struct {
	*agreement
	which           pairing
	pairs           [][2]int // of supernets
	i, j            int      // the rankings
	lowest, highest float64  // of τ-b, over pairs
	less            *sampled // τ-b of two seeds of one ranking, less this; nil where there is nothing of the kind
}

// compare compares the scores of two rankings. It is nil if they have no such pair.
func (c *compared) compare(i, j int, which pairing) (*comparison, error) {
	a, b := &c.Of[i], &c.Of[j]
	name := a.Name
	if i != j {
		name += " and " + b.Name
	}
	r := &comparison{which: which, i: i, j: j, lowest: math.Inf(1), highest: math.Inf(-1)}
	var each []*agreement
	for s, x := range a.Scores {
		for t, y := range b.Scores {
			if which == withSameSeed && s != t || which == withAnotherSeed && (s == t || i == j && t < s) {
				continue
			}
			one, err := newAgreement(name, "", x, y, c.Seed)
			if err != nil {
				return nil, err
			}
			r.pairs, each = append(r.pairs, [2]int{s, t}), append(each, one)
			r.lowest, r.highest = min(r.lowest, one.kendall.value), max(r.highest, one.kendall.value)
		}
	}
	if each == nil {
		return nil, nil
	}
	r.agreement = meanAgreement(name, each)
	return r, nil
}

// verdict says what a difference between two studies comes to.
func (c *compared) verdict(i, j int, less report.Estimate) string {
	of := fmt.Sprintf("what %s and %s differ in changes the ranking", c.Of[i].Name, c.Of[j].Name)
	by := fmt.Sprintf("than another seed does: tau-b of two seeds of one study less that of both studies with the same seed is %v.", less)
	switch above(less) {
	case report.Reproduced:
		return fmt.Sprintf("decided: %s more %s", of, by)
	case report.NotReproduced:
		return fmt.Sprintf("decided: %s less %s", of, by)
	}
	return fmt.Sprintf("undecided: whether %s more or less %s", of, by)
}

func (c *compared) agreementTable() {
	t := c.Table("rankings", "Agreement of rankings with one another", report.Text("rankings"), report.Text("seeds"), report.Integer("pairs"),
		report.Real("tau-b", 3), report.Real("lowest", 3), report.Real("highest", 3), report.Real("two seeds less it", 3), report.Real("rho", 3),
		report.Real("top 10 % in common", 3))
	plot := &figure.Intervals{Name: "rankings", Title: rankingsTitle, Subtitle: subtitle(c.Result),
		Axis: "agreement of two rankings, 95 % intervals"}
	for _, r := range c.rows {
		var less any
		if r.less != nil {
			less = r.less.estimate()
		}
		t.Add(r.name, string(r.which), len(r.pairs), r.kendall.estimate(), r.lowest, r.highest, less, r.spearman.estimate(), r.top10.estimate())
		shown := figure.IntervalRow{Name: r.label()}
		shown.Points = appendPoint(shown.Points, "Kendall τ-b", r.kendall.estimate())
		shown.Points = appendPoint(shown.Points, "Spearman ρ", r.spearman.estimate())
		if shown.Points != nil {
			plot.Rows = append(plot.Rows, shown)
		}
	}
	t.Note = "Means over pairs of scores, of which lowest and highest are the extremes; intervals are over architectures. " +
		"Two seeds less it: tau-b of two seeds of one study, mean of both studies, less that of the row; above 0, the studies differ by more than seeds do."
	if plot.Rows != nil {
		c.Figures = append(c.Figures, plot)
	}
}

// label names a comparison in figures.
func (r *comparison) label() string {
	switch r.which {
	case withSameSeed:
		return r.name + ", same seed"
	case withAnotherSeed:
		return r.name + ", two seeds"
	}
	return r.name
}

// lossTables compare the losses of training, of those studies that have them.
func (c *compared) lossTables() {
	if !slices.ContainsFunc(c.Of, func(r lab.Ranking) bool { return r.Losses != nil }) {
		return
	}
	t := c.Table("losses", "Training loss, mean over supernets", report.Text("study"), report.Integer("supernets"), report.Integer("epochs"),
		report.Real("first epoch", 4), report.Real("last epoch", 4), report.Real("lowest last", 4), report.Real("highest last", 4))
	plot := &figure.Lines{Name: "losses", Title: "Training loss", Subtitle: subtitle(c.Result), X: "epoch",
		Y: "training loss, mean and range over supernets"}
	for _, r := range c.Of {
		if r.Losses == nil {
			continue
		}
		line := figure.Series{Name: r.Name}
		for e := range r.Losses[0] {
			of := make([]float64, len(r.Losses))
			for s, l := range r.Losses {
				of[s] = l[e]
			}
			line.X, line.Y = append(line.X, float64(e+1)), append(line.Y, mean(of))
			line.Low, line.High = append(line.Low, slices.Min(of)), append(line.High, slices.Max(of))
		}
		last := len(line.Y) - 1
		t.Add(r.Name, len(r.Losses), last+1, line.Y[0], line.Y[last], line.Low[last], line.High[last])
		plot.Series = append(plot.Series, line)
	}
	c.Figures = append(c.Figures, plot)

	t = c.Table("loss_differences", "Differences of the training loss of two supernets, in per cent", report.Text("rankings"), report.Text("seeds"),
		report.Integer("pairs"), report.Real("first epoch", 2), report.Real("last epoch", 2), report.Real("mean of epochs", 2),
		report.Real("lowest mean", 2), report.Real("highest mean", 2))
	for _, r := range c.rows {
		a, b := c.Of[r.i].Losses, c.Of[r.j].Losses
		if a == nil || b == nil || len(a[0]) != len(b[0]) {
			continue
		}
		var first, last, means []float64
		for _, p := range r.pairs {
			var apart []float64 // by epoch
			for e, x := range a[p[0]] {
				y := b[p[1]][e]
				apart = append(apart, 100*math.Abs(x-y)/((x+y)/2))
			}
			first, last, means = append(first, apart[0]), append(last, apart[len(apart)-1]), append(means, mean(apart))
		}
		t.Add(r.name, string(r.which), len(r.pairs), mean(first), mean(last), mean(means), slices.Min(means), slices.Max(means))
	}
	t.Note = "Without regard to sign. Mean of epochs: over all of them; lowest and highest: of all pairs. Studies of different lengths are left out."
}
