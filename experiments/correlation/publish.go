package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

// results is results.json: what was found, with all that is needed to judge it.
type results struct {
	Config     config      `json:"config"`
	Agreement  *statistics `json:"agreement"`
	Params     *statistics `json:"baseline_params"` // what ranking by the number of parameters achieves
	MACs       *statistics `json:"baseline_macs"`
	BestTruth  float64     `json:"best_truth"`
	TopByScore float64     `json:"truth_of_top_score"`
}

// publish measures how well scores agree with the truth, prints it, and writes results.json and the scatter plot.
func (e *experiment) publish(out io.Writer, scores, truth []float64) error {
	r := results{Config: e.config}
	var params, macs []float64
	for _, a := range e.archs {
		n := e.space.Network(a)
		params, macs = append(params, float64(n.Params())), append(macs, float64(n.MACs()))
	}
	var err error
	for _, m := range []struct {
		to    **statistics
		score []float64
	}{{&r.Agreement, scores}, {&r.Params, params}, {&r.MACs, macs}} {
		if *m.to, err = measure(m.score, truth, e.config.Seed); err != nil {
			return err
		}
	}
	best := 0
	for i, v := range truth {
		r.BestTruth = max(r.BestTruth, v)
		if scores[i] > scores[best] {
			best = i
		}
	}
	r.TopByScore = truth[best]
	r.print(out, e.archs[best])
	if err := e.dir.WriteJSON("results.json", r); err != nil {
		return err
	}
	plot := figure.Scatter{
		Title: fmt.Sprintf("NAS-Bench-201 supernet: τ-b = %.3f, ρ = %.3f, n = %d", r.Agreement.Kendall.Value, r.Agreement.Spearman.Value, r.Agreement.N),
		Score: "accuracy with shared weights (%)", Truth: "accuracy trained alone (%)",
		Groups: []figure.Group{{Name: "architectures", Score: scores, Truth: truth}},
	}
	if err := e.dir.WriteFile("scatter.svg", plot.WriteSVG); err != nil {
		return err
	}
	if err := e.dir.WriteFile("scatter.png", plot.WritePNG); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nwritten to %s: scores.csv, truth.csv, results.json, scatter.svg, scatter.png\n", e.dir.Path("."))
	return nil
}

func (r *results) print(out io.Writer, top nasbench201.Arch) {
	r.Agreement.print(out)
	fmt.Fprintf(out, "\nbest by score: %v, truth %.2f (best truth %.2f)\n", top, r.TopByScore, r.BestTruth)
	fmt.Fprintln(out, "\nwithout training anything:")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "ranked by\ttau-b\tinterval\trho\t")
	for _, b := range []struct {
		name string
		s    *statistics
	}{{"parameters", r.Params}, {"multiply-adds", r.MACs}} {
		fmt.Fprintf(w, "%s\t%.3f\t[%.3f, %.3f]\t%.3f\t\n", b.name, b.s.Kendall.Value, b.s.Kendall.Low, b.s.Kendall.High, b.s.Spearman.Value)
	}
	w.Flush()
}
