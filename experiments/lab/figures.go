package lab

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/study"
)

// DrawScatter writes scatter.svg and scatter.png: scores against truth.
func (l *Lab) DrawScatter(scores []float64, t *Truth) error {
	plot := figure.Scatter{
		Title: fmt.Sprintf("%s, recipe %s: shared weights against the truth", l.family.title, l.Config.Name),
		Score: "accuracy with shared weights (%)", Truth: "accuracy trained alone (%)",
		Groups: []figure.Group{{Name: "architectures", Score: scores, Truth: t.Mean}},
	}
	if l.family.text {
		plot.Score, plot.Truth = "− perplexity with shared weights", "− perplexity trained alone"
	}
	if l.table != nil && l.table.Unit == "fraction" {
		plot.Truth = "accuracy trained alone"
	}
	if err := l.dir.WriteFile("scatter.svg", plot.WriteSVG); err != nil {
		return err
	}
	return l.dir.WriteFile("scatter.png", plot.WritePNG)
}

// SideBySide is the comparison of one space among others.
type SideBySide struct {
	Space, Recipe string
	*Comparison
}

// PrintSideBySide writes one table of all spaces.
func PrintSideBySide(out io.Writer, rows []SideBySide) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "space\tn\ttau-b\trho\tP@10 %%\t")
	for _, c := range counts {
		fmt.Fprintf(w, "tau-b of %s\tadded to it\t", c.name)
	}
	fmt.Fprintln(w, "ceiling\t")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%d\t%v\t%v\t%.3f\t", r.Space, r.Agreement.N, r.Agreement.Kendall, r.Agreement.Spearman, r.Agreement.top10())
		for _, b := range r.Baselines {
			fmt.Fprintf(w, "%s\t%v\t", b.Kendall.short(), b.Partial)
		}
		if r.Ceiling != nil {
			fmt.Fprintf(w, "%s\t\n", r.Ceiling.Kendall.short())
		} else {
			fmt.Fprintln(w, "–\t")
		}
	}
	w.Flush()
	fmt.Fprintln(out, "\nadded to it: partial rank correlation (ρ) of the supernet's scores with the truth, given the count; intervals are 95 % bootstrap intervals over architectures")
}

// short is the value alone; a dash where it is undefined.
func (e Estimate) short() string {
	if !e.defined() {
		return "–"
	}
	return fmt.Sprintf("%.3f", e.Value)
}

// top10 is P@10 %.
func (a *Agreement) top10() Number {
	for _, t := range a.Top {
		if t.Share == 0.10 {
			return t.Precision.Value
		}
	}
	return Number(math.NaN())
}

// WriteSideBySide writes spaces.csv, spaces.svg and spaces.png to a folder. What is undefined (the rank correlation with counts that
// are the same for all architectures, as those of dartsptb are) has empty cells and no place in the figure.
func WriteSideBySide(dir string, rows []SideBySide) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	err := study.WriteFile(filepath.Join(dir, "spaces.csv"), func(w io.Writer) error {
		c := csv.NewWriter(w)
		c.Write([]string{"space", "recipe", "ranked_by", "n", "kendall_tau_b", "low", "high", "spearman_rho", "rho_low", "rho_high"})
		for _, r := range rows {
			write := func(by string, k, s Estimate) {
				record := []string{r.Space, r.Recipe, by, fmt.Sprint(r.Agreement.N)}
				for _, v := range []Number{k.Value, k.Low, k.High, s.Value, s.Low, s.High} {
					if math.IsNaN(float64(v)) {
						record = append(record, "")
					} else {
						record = append(record, decimal(float64(v)))
					}
				}
				c.Write(record)
			}
			write("supernet", r.Agreement.Kendall, r.Agreement.Spearman)
			for _, b := range r.Baselines {
				write(b.Name, b.Kendall, b.Spearman)
			}
			if r.Ceiling != nil {
				write("another run", r.Ceiling.Kendall, r.Ceiling.Spearman)
			}
		}
		c.Flush()
		return c.Error()
	})
	if err != nil {
		return err
	}
	plot := figure.Intervals{Title: "How well does a supernet rank? Kendall τ-b with the truth", Axis: "τ-b, 95 % intervals over architectures"}
	for _, r := range rows {
		row := figure.IntervalRow{Name: r.Space}
		add := func(series string, e Estimate) {
			if !e.defined() {
				return
			}
			row.Points = append(row.Points, figure.IntervalPoint{Series: series, Value: float64(e.Value), Low: float64(e.Low), High: float64(e.High)})
		}
		add("supernet", r.Agreement.Kendall)
		for _, b := range r.Baselines {
			add(b.Name, b.Kendall)
		}
		if r.Ceiling != nil {
			add("noise ceiling", r.Ceiling.Kendall)
		}
		plot.Rows = append(plot.Rows, row)
	}
	if err := study.WriteFile(filepath.Join(dir, "spaces.svg"), plot.WriteSVG); err != nil {
		return err
	}
	return study.WriteFile(filepath.Join(dir, "spaces.png"), plot.WritePNG)
}
