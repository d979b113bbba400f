package lab

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"github.com/oneshot-nas/oneshot/experiments/rank"
)

// Number is a statistic as results.json writes it: null where it is undefined.
type Number float64

// MarshalJSON writes six digits.
func (n Number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) {
		return []byte("null"), nil
	}
	return fmt.Appendf(nil, "%.6g", float64(n)), nil
}

// Estimate is a statistic with its bootstrap interval.
type Estimate struct {
	Value Number `json:"value"`
	Low   Number `json:"low"`
	High  Number `json:"high"`
}

// defined says whether the statistic and its interval are numbers: a correlation with what is the same for all architectures is none.
func (e Estimate) defined() bool {
	return !math.IsNaN(float64(e.Value)) && !math.IsNaN(float64(e.Low)) && !math.IsNaN(float64(e.High))
}

// String prints value and interval with three digits, or that there are none.
func (e Estimate) String() string {
	if !e.defined() {
		return "undefined"
	}
	return fmt.Sprintf("%.3f [%.3f, %.3f]", e.Value, e.Low, e.High)
}

// TopShare is what the best share by score is worth.
type TopShare struct {
	Share     float64  `json:"share"`
	K         int      `json:"k"`
	Precision Estimate `json:"precision"` // P@k
	BestRank  Number   `json:"best_rank"` // BR@k, of n
	WorstRank Number   `json:"worst_rank"`
	Optimist  Number   `json:"precision_optimistic"` // with equal scores in the luckiest order
	Pessimist Number   `json:"precision_pessimistic"`
}

// Agreement is how well scores agree with the truth.
type Agreement struct {
	N        int        `json:"n"`
	Level    float64    `json:"interval_level"`
	Samples  int        `json:"bootstrap_resamples"`
	Ties     string     `json:"ties"`
	Kendall  Estimate   `json:"kendall_tau_b"`
	Spearman Estimate   `json:"spearman_rho"`
	Pearson  Estimate   `json:"pearson_r"`
	Top      []TopShare `json:"top"`
}

const (
	level     = 0.95
	resamples = 1000
)

// shares are the top shares that the k statistics look at.
var shares = []float64{0.01, 0.05, 0.10, 0.25, 0.50}

// Agree measures how well scores agree with the truth; higher is better in both. The intervals are percentile bootstrap intervals
// over architectures, from resamples that seed draws.
func Agree(scores, truth []float64, seed uint64) (*Agreement, error) {
	p, err := rank.New(scores, truth)
	if err != nil {
		return nil, err
	}
	a := &Agreement{N: p.Len(), Level: level, Samples: resamples,
		Ties: "tau-b and average ranks; top shares: k = floor(share*n) but at least 1, equal values in table order (the optimistic and pessimistic bounds say what that is worth)"}
	stats := []rank.Statistic{(*rank.Pairs).Kendall, (*rank.Pairs).Spearman, (*rank.Pairs).Pearson}
	for _, share := range shares {
		stats = append(stats, func(p *rank.Pairs) float64 { return p.PrecisionAt(p.Share(share), rank.ByOrder) })
	}
	intervals := p.Bootstrap(resamples, level, seed, stats...)
	get := func(i int) Estimate {
		return Estimate{Number(stats[i](p)), Number(intervals[i].Low), Number(intervals[i].High)}
	}
	a.Kendall, a.Spearman, a.Pearson = get(0), get(1), get(2)
	for i, share := range shares {
		k := p.Share(share)
		a.Top = append(a.Top, TopShare{
			Share: share, K: k, Precision: get(3 + i),
			BestRank: Number(p.BestRankAt(k, rank.ByOrder)), WorstRank: Number(p.WorstRankAt(k, rank.ByOrder)),
			Optimist: Number(p.PrecisionAt(k, rank.Optimistic)), Pessimist: Number(p.PrecisionAt(k, rank.Pessimistic)),
		})
	}
	return a, nil
}

// Print writes the statistics as a table.
func (a *Agreement) Print(out io.Writer) {
	fmt.Fprintf(out, "%d architectures, %.0f %% bootstrap intervals (%d resamples)\n\n", a.N, 100*a.Level, a.Samples)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, e Estimate) {
		if !e.defined() {
			fmt.Fprintf(w, "%s\tundefined\t\t\n", name)
			return
		}
		fmt.Fprintf(w, "%s\t%.4f\t[%.4f, %.4f]\t\n", name, e.Value, e.Low, e.High)
	}
	row("Kendall tau-b", a.Kendall)
	row("Spearman rho", a.Spearman)
	row("Pearson r", a.Pearson)
	w.Flush()
	fmt.Fprintln(out)
	fmt.Fprintln(w, "top\tk\tP@k\tinterval\tties\tbest true rank\tworst true rank\t")
	for _, t := range a.Top {
		fmt.Fprintf(w, "%g %%\t%d\t%.3f\t[%.3f, %.3f]\t%.3f..%.3f\t%.0f\t%.0f\t\n", 100*t.Share, t.K, t.Precision.Value,
			t.Precision.Low, t.Precision.High, t.Pessimist, t.Optimist, t.BestRank, t.WorstRank)
	}
	w.Flush()
}
