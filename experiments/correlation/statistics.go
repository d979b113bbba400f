package main

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"github.com/oneshot-nas/oneshot/experiments/rank"
)

// shares are the top shares that the k statistics look at.
var shares = []float64{0.01, 0.05, 0.10, 0.25, 0.50}

// number is a statistic as results.json writes it: null where it is undefined.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) {
		return []byte("null"), nil
	}
	return fmt.Appendf(nil, "%.6g", float64(n)), nil
}

// estimate is a statistic with its bootstrap interval.
type estimate struct {
	Value number `json:"value"`
	Low   number `json:"low"`
	High  number `json:"high"`
}

// topShare is what the best share by score is worth.
type topShare struct {
	Share     float64  `json:"share"`
	K         int      `json:"k"`
	Precision estimate `json:"precision"` // P@k
	BestRank  number   `json:"best_rank"` // BR@k, of n
	WorstRank number   `json:"worst_rank"`
	Optimist  number   `json:"precision_optimistic"` // with equal scores in the luckiest order
	Pessimist number   `json:"precision_pessimistic"`
}

// statistics is how well scores agree with the truth.
type statistics struct {
	N        int        `json:"n"`
	Kendall  estimate   `json:"kendall_tau_b"`
	Spearman estimate   `json:"spearman_rho"`
	Pearson  estimate   `json:"pearson_r"`
	Top      []topShare `json:"top"`
	Level    float64    `json:"interval_level"`
	Samples  int        `json:"bootstrap_resamples"`
	Ties     string     `json:"ties"`
}

const (
	resamples = 1000
	level     = 0.95
)

// measure computes the statistics of score against truth, where higher is better in both.
func measure(score, truth []float64, seed uint64) (*statistics, error) {
	p, err := rank.New(score, truth)
	if err != nil {
		return nil, err
	}
	s := &statistics{N: p.Len(), Level: level, Samples: resamples,
		Ties: "tau-b and average ranks; top shares: k = floor(share*n), equal values in table order (the optimistic and pessimistic bounds say what that is worth)"}
	stats := []rank.Statistic{(*rank.Pairs).Kendall, (*rank.Pairs).Spearman, (*rank.Pairs).Pearson}
	for _, share := range shares {
		stats = append(stats, func(p *rank.Pairs) float64 { return p.PrecisionAt(max(1, p.Share(share)), rank.ByOrder) })
	}
	intervals := p.Bootstrap(resamples, level, seed, stats...)
	get := func(i int) estimate {
		return estimate{number(stats[i](p)), number(intervals[i].Low), number(intervals[i].High)}
	}
	s.Kendall, s.Spearman, s.Pearson = get(0), get(1), get(2)
	for i, share := range shares {
		k := max(1, p.Share(share))
		s.Top = append(s.Top, topShare{
			Share: share, K: k, Precision: get(3 + i),
			BestRank: number(p.BestRankAt(k, rank.ByOrder)), WorstRank: number(p.WorstRankAt(k, rank.ByOrder)),
			Optimist: number(p.PrecisionAt(k, rank.Optimistic)), Pessimist: number(p.PrecisionAt(k, rank.Pessimistic)),
		})
	}
	return s, nil
}

// print writes the statistics as a table.
func (s *statistics) print(out io.Writer) {
	fmt.Fprintf(out, "%d architectures, %.0f %% bootstrap intervals (%d resamples)\n\n", s.N, 100*s.Level, s.Samples)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, e estimate) {
		fmt.Fprintf(w, "%s\t%.4f\t[%.4f, %.4f]\t\n", name, e.Value, e.Low, e.High)
	}
	row("Kendall tau-b", s.Kendall)
	row("Spearman rho", s.Spearman)
	row("Pearson r", s.Pearson)
	w.Flush()
	fmt.Fprintln(out)
	fmt.Fprintln(w, "top\tk\tP@k\tinterval\tties\tbest true rank\tworst true rank\t")
	for _, t := range s.Top {
		fmt.Fprintf(w, "%g %%\t%d\t%.3f\t[%.3f, %.3f]\t%.3f..%.3f\t%.0f\t%.0f\t\n", 100*t.Share, t.K, t.Precision.Value,
			t.Precision.Low, t.Precision.High, t.Pessimist, t.Optimist, t.BestRank, t.WorstRank)
	}
	w.Flush()
}
