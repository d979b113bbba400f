package analysis

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/rank"
	"github.com/oneshot-nas/oneshot/experiments/report"
)

const (
	groundTruthTitle    = "What architectures achieve alone"
	groundTruthQuestion = "What do architectures achieve when each is trained alone, how much of the differences is noise, and how early does it show which are good?"
)

// GroundTruth trains architectures alone, and asks how far their results can be relied on.
var GroundTruth = register(&Analysis{
	Name:     "groundtruth",
	Title:    groundTruthTitle,
	Question: groundTruthQuestion,
	Flags:    func(f *flag.FlagSet, o *lab.Options, _ *Analysis) { o.AddTruthFlags(f) },
	Study: func(ctx context.Context, l *lab.Lab) (answer func() (*report.Result, error), err error) {
		if l.Shard() != "" {
			if err := l.MakeTruth(ctx, l.Archs()); err != nil {
				return nil, err
			}
			return nil, ErrShard
		}
		e, err := l.Ground(ctx)
		if err != nil {
			return nil, err
		}
		if err := l.ExportTruth("groundtruth " + strings.Join(os.Args[1:], " ")); err != nil {
			return nil, err
		}
		return func() (*report.Result, error) { return groundTruth(e) }, nil
	},
})

// ErrShard says that a shard is done, which has no answer before it is merged with the others. It is no failure.
var ErrShard = errors.New("this shard is done; when all are, the same command with -merge in place of -shard puts them together")

// groundTruth describes the truth of the evidence.
func groundTruth(e *lab.Evidence) (*report.Result, error) {
	r := e.Result("groundtruth", groundTruthTitle, groundTruthQuestion)
	t := e.Truth
	if err := noise(r, e); err != nil {
		return nil, err
	}
	if err := early(r, e); err != nil {
		return nil, err
	}
	best := r.Table("best", "The best architectures", report.Text("architecture"), report.Integer("runs"), report.Real("mean result", 3), report.Real("standard deviation", 3))
	order := make([]int, len(e.Archs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(t.Mean[j], t.Mean[i]) })
	const shown = 10
	for _, i := range order[:min(shown, len(order))] {
		best.Add(e.Archs[i].String(), len(t.Runs[i]), t.Mean[i], deviation(t.Runs[i]))
	}
	return r, nil
}

// noise compares the differences between architectures with those between runs.
func noise(r *report.Result, e *lab.Evidence) error {
	t := e.Truth
	runs, repeated, within := 0, 0, 0.0
	for _, x := range t.Runs {
		runs += len(x)
		if len(x) > 1 {
			d := deviation(x)
			repeated, within = repeated+1, within+d*d
		}
	}
	within = math.Sqrt(within / float64(repeated)) // NaN if there are none
	table := r.Table("noise", "Differences between architectures, and between runs of one",
		report.Text("what"), report.Integer("architectures"), report.Real("value", 3))
	table.Add("best result", len(e.Archs), slices.Max(t.Mean))
	table.Add("mean result", len(e.Archs), mean(t.Mean))
	table.Add("worst result", len(e.Archs), slices.Min(t.Mean))
	table.Add("standard deviation between architectures", len(e.Archs), deviation(t.Mean))
	table.Add("standard deviation between runs of one", repeated, within)
	table.Note = lab.Plural(runs, "run") + " in all"

	against := r.Table("rankings", "What ranks as the truth does", report.Text("ranked by"), report.Integer("architectures"), report.Real("tau-b", 3), report.Real("rho", 3))
	add := func(name string, x, y []float64) error {
		p, err := rank.New(x, y)
		if err != nil {
			return err
		}
		i := p.Bootstrap(resamples, level, e.Seed, (*rank.Pairs).Kendall, (*rank.Pairs).Spearman)
		against.Add(name, p.Len(), estimate(p.Kendall(), i[0]), estimate(p.Spearman(), i[1]))
		return nil
	}
	if x, y := twoRuns(t); len(x) > 1 {
		if err := add("another run (noise ceiling)", x, y); err != nil {
			return err
		}
	}
	for _, b := range e.Baselines {
		if err := add(b.Name, b.Values, t.Mean); err != nil {
			return err
		}
	}
	return nil
}

// early asks how well the ranking after each epoch agrees with that at the end of another run, or of the same one where there is none.
func early(r *report.Result, e *lab.Evidence) error {
	t := e.Truth
	if t.Curves == nil {
		r.Notes = append(r.Notes, "The table has no learning curves.")
		return nil
	}
	var curves [][]float64 // of the first runs
	var other []float64
	for _, c := range t.Curves {
		if len(c) > 1 {
			curves, other = append(curves, c[0]), append(other, c[1][len(c[1])-1])
		}
	}
	against := "the end of another run"
	if len(curves) < 3 {
		curves, other, against = nil, nil, "the end of the same run"
		for _, c := range t.Curves {
			curves, other = append(curves, c[0]), append(other, c[0][len(c[0])-1])
		}
	}
	table := r.Table("epochs", "How early the ranking shows", report.Integer("epoch"), report.Integer("architectures"), report.Real("mean result", 3), report.Real("tau-b with "+against, 3))
	agreement := figure.Series{Name: "τ-b with " + against}
	quantiles := []struct {
		name string
		of   float64
	}{{"best", 1}, {"upper quarter", 0.75}, {"median", 0.5}, {"lower quarter", 0.25}, {"worst", 0}}
	lines := make([]figure.Series, len(quantiles))
	for epoch := range curves[0] {
		x := make([]float64, len(curves))
		for i, c := range curves {
			x[i] = c[epoch]
		}
		p, err := rank.New(x, other)
		if err != nil {
			return err
		}
		tau := estimate(p.Kendall(), p.Bootstrap(resamples, level, e.Seed, (*rank.Pairs).Kendall)[0])
		table.Add(epoch+1, len(x), mean(x), tau)
		agreement.X, agreement.Y = append(agreement.X, float64(epoch+1)), append(agreement.Y, float64(tau.Value))
		agreement.Low, agreement.High = append(agreement.Low, float64(tau.Low)), append(agreement.High, float64(tau.High))
		var all []float64
		for _, c := range t.Curves {
			all = append(all, c[0][epoch])
		}
		slices.Sort(all)
		for i, q := range quantiles {
			lines[i].Name = q.name
			lines[i].X = append(lines[i].X, float64(epoch+1))
			lines[i].Y = append(lines[i].Y, all[int(math.Round(q.of*float64(len(all)-1)))])
		}
	}
	r.Figures = append(r.Figures,
		&figure.Lines{Name: "early", Title: "How early it shows which architectures are good", Subtitle: subtitle(r), X: "epoch", Y: agreement.Name, Series: []figure.Series{agreement}},
		&figure.Lines{Name: "curves", Title: "Learning curves of networks alone", Subtitle: strings.Join(r.Setting, "; "), X: "epoch", Y: "result after each epoch", Series: lines})
	return nil
}
