package analysis

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/report"
)

// curvesOf are the architectures whose first training has the longest curve, and that length.
func curvesOf(t *lab.Truth) (archs []int, epochs int) {
	for _, runs := range t.Curves {
		if len(runs) > 0 {
			epochs = max(epochs, len(runs[0]))
		}
	}
	for a, runs := range t.Curves {
		if epochs > 0 && len(runs) > 0 && len(runs[0]) == epochs {
			archs = append(archs, a)
		}
	}
	return archs, epochs
}

// spacedEpochs are at most k of the epochs 1 to n, evenly, with the last.
func spacedEpochs(n, k int) (epochs []int) {
	k = min(k, n)
	for i := range k {
		epochs = append(epochs, int(math.Round(float64((i+1)*n)/float64(k))))
	}
	return epochs
}

// convergence tells whether the scores follow early or final accuracies of networks alone.
func (b *biases) convergence() error {
	e := b.evidence
	archs, n := curvesOf(e.Truth)
	if len(archs) < operatorLeast || n < 2 {
		b.Notes = append(b.Notes, "The truth has no learning curves: nothing is said of whether scores follow early or final accuracies.")
		return nil
	}
	t := b.Table("convergence", "Early or final accuracy: agreement of the scores with what networks alone achieve after each epoch", report.Text("ranked by"), report.Text("kind"),
		report.Integer("n"), report.Integer("epoch"), report.Real("tau-b with it", 3), report.Real("more than with the last", 3))
	plot := &figure.Lines{Name: "convergence", Title: "Does the ranking follow early or final accuracy?", Subtitle: subtitle(b.Result), X: "epoch of training alone", Y: "τ-b with the accuracy then"}
	epochs := spacedEpochs(n, biasEpochs)
	line := func(name, kind string, of []int, dashed bool, at func(epoch int) (sampled, error)) ([]sampled, error) {
		var all []sampled
		for _, epoch := range epochs {
			v, err := at(epoch)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			all = append(all, v)
		}
		s := figure.Series{Name: name, Dashed: dashed}
		last := all[len(all)-1]
		for i, v := range all {
			k := v.estimate()
			var more any
			if i < len(all)-1 {
				more = v.minus(last).estimate()
			}
			t.Add(name, kind, len(of), epochs[i], k, more)
			s.X, s.Y = append(s.X, float64(epochs[i])), append(s.Y, float64(k.Value))
			s.Low, s.High = append(s.Low, float64(k.Low)), append(s.High, float64(k.High))
		}
		if dashed {
			s.Low, s.High = nil, nil
		}
		plot.Series = append(plot.Series, s)
		return all, nil
	}
	early := func(of []int, epoch int) []float64 {
		values := make([]float64, len(of))
		for i, a := range of {
			values[i] = e.Truth.Curves[a][0][epoch-1]
		}
		return values
	}
	for _, j := range b.judged {
		all, err := line(j.name, string(j.kind), archs, false, func(epoch int) (sampled, error) {
			var each []sampled
			for _, s := range j.scores {
				v, err := sampledKendall(valuesOf(s.Values, archs), early(archs, epoch), e.Seed)
				if err != nil {
					return v, err
				}
				each = append(each, v)
			}
			return average(each), nil
		})
		if err != nil {
			return err
		}
		b.Notes = append(b.Notes, convergenceNote(j.name, epochs, all))
	}
	for _, s := range e.Baselines {
		if s.Kind != lab.CountScore || constantValues(s.Values) {
			continue
		}
		if _, err := line(s.Name, string(s.Kind), archs, true, func(epoch int) (sampled, error) {
			return sampledKendall(valuesOf(s.Values, archs), early(archs, epoch), e.Seed)
		}); err != nil {
			return err
		}
	}
	var twice []int
	var ends []float64
	for _, a := range archs {
		if len(e.Truth.Runs[a]) > 1 {
			twice, ends = append(twice, a), append(ends, e.Truth.Runs[a][1])
		}
	}
	if len(twice) >= operatorLeast {
		if _, err := line("end of another training", "truth", twice, true, func(epoch int) (sampled, error) {
			return sampledKendall(ends, early(twice, epoch), e.Seed)
		}); err != nil {
			return err
		}
	}
	t.Note = "Epochs are those of the first training of each architecture. The end of another training is the ceiling: how much of the final ranking can be seen after that epoch at all."
	b.Figures = append(b.Figures, plot)
	return nil
}

// convergenceNote says which epoch a score follows most.
func convergenceNote(name string, epochs []int, all []sampled) string {
	most, last := 0, len(all)-1
	for i, v := range all {
		if v.value > all[most].value || math.IsNaN(all[most].value) {
			most = i
		}
	}
	if most == last {
		return fmt.Sprintf("Of the epochs of training alone, %s agrees most with the last, %d.", name, epochs[last])
	}
	more := all[most].minus(all[last]).estimate()
	what := "which may be chance"
	if more.Defined() && more.Low > 0 {
		what = "although it is picked as the largest"
	}
	return fmt.Sprintf("Of the epochs of training alone, %s agrees most with epoch %d of %d: τ-b is higher by %v than with the last, %s.", name, epochs[most], epochs[last], more, what)
}

// consecutiveEpochs is how much of a ranking changes from one saved epoch to the next.
func consecutiveEpochs(r *report.Result, e *lab.Evidence, epochs []int, scores [][]float64) error {
	if len(epochs) < 2 {
		return nil
	}
	t := r.Table("epochs", "One supernet after some of its epochs: agreement with the saved epoch before", report.Integer("epoch"), report.Integer("before"), report.Integer("n"),
		report.Real("tau-b with it", 3), report.Real("tau-b with the truth", 3))
	for i, s := range scores {
		truth, err := sampledKendall(s, e.Truth.Mean[:len(s)], e.Seed)
		if err != nil {
			return fmt.Errorf("epoch %d: %w", epochs[i], err)
		}
		if i == 0 {
			t.Add(epochs[i], nil, len(s), nil, truth.estimate())
			continue
		}
		before, err := sampledKendall(s, scores[i-1], e.Seed)
		if err != nil {
			return fmt.Errorf("epoch %d: %w", epochs[i], err)
		}
		t.Add(epochs[i], epochs[i-1], len(s), before.estimate(), truth.estimate())
	}
	t.Note = "The last two follow each other: what changes between them is not the architectures."
	return nil
}
