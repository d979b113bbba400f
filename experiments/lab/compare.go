package lab

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/oneshot-nas/oneshot/experiments/rank"
	"github.com/oneshot-nas/oneshot/spaces"
)

// Baseline is a score that costs nothing, and what the supernet adds to it.
type Baseline struct {
	Name     string   `json:"name"`
	Kendall  Estimate `json:"kendall_tau_b"` // of the baseline with the truth
	Spearman Estimate `json:"spearman_rho"`
	Top10    Estimate `json:"precision_top_10"` // the mean over all orders of equal counts, of which there are many
	// Partial is Spearman's ρ of the supernet's scores with the truth, given the baseline: what the supernet knows beyond it;
	// ρ itself where the baseline is the same for all architectures.
	Partial Estimate `json:"partial_spearman_given"`
}

// Ceiling is how well one run of the truth agrees with another: no score can be expected to agree better with one of them.
type Ceiling struct {
	N        int      `json:"n"` // architectures with two runs
	Kendall  Estimate `json:"kendall_tau_b"`
	Spearman Estimate `json:"spearman_rho"`
}

// Comparison is how well a supernet ranks, and what that must be compared to.
type Comparison struct {
	Agreement *Agreement `json:"agreement"`
	Baselines []Baseline `json:"baselines"`
	Ceiling   *Ceiling   `json:"noise_ceiling"` // nil where the truth has one run only

	BestTruth  float64 `json:"best_truth"`
	TopByScore string  `json:"top_by_score"` // architecture
	TopTruth   float64 `json:"truth_of_top_score"`
}

// counts are the scores that cost nothing.
var counts = []struct {
	name string
	of   func(spaces.Network) float64
}{
	{"parameters", func(n spaces.Network) float64 { return float64(n.Params()) }},
	{"multiply-adds", func(n spaces.Network) float64 { return float64(n.MACs()) }},
	{"weighted layers", func(n spaces.Network) float64 { return float64(n.WeightedLayers()) }},
}

// Compare measures how well scores rank architectures, next to what costs nothing and to the noise ceiling.
func (l *Lab) Compare(archs []spaces.Arch, scores []float64, t *Truth) (*Comparison, error) {
	return compare(l.counted, archs, scores, t, l.Config.Seed)
}

// compare counts with the networks of a space.
func compare(space spaces.Space, archs []spaces.Arch, scores []float64, t *Truth, seed uint64) (*Comparison, error) {
	agreement, err := Agree(scores, t.Mean, seed)
	if err != nil {
		return nil, err
	}
	c := &Comparison{Agreement: agreement}
	values := make([][]float64, len(counts))
	for _, a := range archs {
		n := space.Network(a)
		for i, count := range counts {
			values[i] = append(values[i], count.of(n))
		}
	}
	pairs, err := rank.New(scores, t.Mean)
	if err != nil {
		return nil, err
	}
	given, err := pairs.Given(values...)
	if err != nil {
		return nil, err
	}
	for i, count := range counts {
		b := Baseline{Name: count.name}
		p, err := rank.New(values[i], t.Mean)
		if err != nil {
			return nil, err
		}
		top := func(p *rank.Pairs) float64 { return p.PrecisionAt(p.Share(0.1), rank.Average) }
		estimates(p, seed, map[*Estimate]rank.Statistic{&b.Kendall: (*rank.Pairs).Kendall, &b.Spearman: (*rank.Pairs).Spearman, &b.Top10: top})
		estimates(given, seed, map[*Estimate]rank.Statistic{&b.Partial: func(p *rank.Pairs) float64 { return p.PartialSpearman(i) }})
		c.Baselines = append(c.Baselines, b)
	}
	if c.Ceiling, err = ceiling(t, seed); err != nil {
		return nil, err
	}
	top := 0
	for i, v := range scores {
		if v > scores[top] {
			top = i
		}
	}
	c.BestTruth, c.TopByScore, c.TopTruth = slices.Max(t.Mean), archs[top].String(), t.Mean[top]
	return c, nil
}

// estimates fills in statistics with their intervals.
func estimates(p *rank.Pairs, seed uint64, to map[*Estimate]rank.Statistic) {
	for e, stat := range to {
		interval := p.Bootstrap(resamples, level, seed, stat)[0]
		*e = Estimate{Number(stat(p)), Number(interval.Low), Number(interval.High)}
	}
}

// ceiling compares the first two runs of the architectures that have two; nil if there are fewer than two of these.
func ceiling(t *Truth, seed uint64) (*Ceiling, error) {
	var x, y []float64
	for _, r := range t.Runs {
		if len(r) > 1 {
			x, y = append(x, r[0]), append(y, r[1])
		}
	}
	if len(x) < 2 {
		return nil, nil
	}
	p, err := rank.New(x, y)
	if err != nil {
		return nil, err
	}
	c := &Ceiling{N: len(x)}
	estimates(p, seed, map[*Estimate]rank.Statistic{&c.Kendall: (*rank.Pairs).Kendall, &c.Spearman: (*rank.Pairs).Spearman})
	return c, nil
}

// Print writes the comparison as tables.
func (c *Comparison) Print(out io.Writer) {
	c.Agreement.Print(out)
	if c.TopByScore != "" {
		fmt.Fprintf(out, "\nbest by score: %s, truth %.5g (best truth %.5g)\n", c.TopByScore, c.TopTruth, c.BestTruth)
	}
	if len(c.Baselines) > 0 {
		fmt.Fprintln(out, "\nwithout training anything, and what the supernet's ranking adds to that:")
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ranked by\ttau-b\trho\tP@10 %\tpartial rho of the supernet given it\t")
		for _, b := range c.Baselines {
			fmt.Fprintf(w, "%s\t%v\t%v\t%.3f\t%v\t\n", b.Name, b.Kendall, b.Spearman, b.Top10.Value, b.Partial)
		}
		w.Flush()
	}
	if c.Ceiling != nil {
		fmt.Fprintf(out, "\nnoise ceiling, one run of the truth against another (%d architectures): tau-b %v, rho %v\n", c.Ceiling.N, c.Ceiling.Kendall, c.Ceiling.Spearman)
	}
}
