package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/oneshot-nas/oneshot/experiments/study"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/supernet"
)

// Files of a study.
const (
	supernetFile = "supernet.safetensors"
	aloneFile    = "alone.safetensors" // the stand-alone training at hand
	scoresFile   = "scores.csv"
	truthFile    = "truth.csv"
	curvesFile   = "curves.csv"
)

// sampler makes the one of that name in a space or a part of one.
func sampler(name string, space spaces.Space) (supernet.Sampler, error) {
	kind, k, counted := strings.Cut(name, ":")
	if counted && kind != "multi-path" {
		return nil, fmt.Errorf("-sampler %s: only multi-path takes a number of paths", name)
	}
	var s supernet.Sampler
	var err error
	switch kind {
	case "uniform":
		return supernet.Uniform(space), nil
	case "fair":
		s, err = supernet.Fair(space)
	case "multi-path":
		n, bad := strconv.Atoi(k)
		if bad != nil {
			return nil, fmt.Errorf("-sampler %s: want multi-path:K with a number of paths K", name)
		}
		s, err = supernet.MultiPath(space, n)
	default:
		return nil, fmt.Errorf("-sampler %s: want uniform, fair or multi-path:K", name)
	}
	if err != nil {
		return nil, fmt.Errorf("-sampler %s: %w", name, err)
	}
	return s, nil
}

// train takes a trainer to its end, saving a checkpoint with the given metadata now and then. If ctx is cancelled it stops
// after the current step, with a checkpoint. Where training diverges, the last checkpoint stays.
func (l *Lab) train(ctx context.Context, t *supernet.Trainer, path string, metadata map[string]string, step func(supernet.StepResult) error) error {
	for last := time.Now(); !t.Done(); {
		if ctx.Err() != nil {
			if err := t.Save(path, metadata); err != nil {
				return err
			}
			return context.Canceled
		}
		r, err := t.Step()
		if err != nil {
			return err
		}
		if err := step(r); err != nil {
			return err
		}
		if l.afterStep != nil {
			l.afterStep(t.StepsDone())
		}
		if time.Since(last) >= l.checkpoint {
			if err := t.Save(path, metadata); err != nil {
				return err
			}
			last = time.Now()
		}
	}
	return t.Save(path, metadata)
}

// Supernet returns the trained supernet: found again, or trained, from the study's checkpoint on if there is one.
func (l *Lab) Supernet(ctx context.Context) (supernet.Model, error) {
	model := l.family.model(l.whole, &l.Config.Recipe, l.Config.Seed, nil)
	sampler, err := sampler(l.Config.Sampler, l.Space)
	if err != nil {
		return nil, err
	}
	t, err := supernet.NewTrainer(model, sampler, l.data(false), l.Config.Train)
	if err != nil {
		return nil, err
	}
	path := l.dir.Path(supernetFile)
	if _, err := t.Load(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if t.Done() {
		return model, nil
	}
	task := l.report.Start("supernet", "steps", t.Steps(), t.StepsDone())
	defer task.End()
	var loss, correct float64
	err = l.train(ctx, t, path, nil, func(r supernet.StepResult) error {
		task.Add(1)
		if r.RolledBack { // whose loss may not be finite
			task.Note("rolled back to the best parameters so far")
			return nil
		}
		const keep = 0.98 // about the last 50 steps
		if loss == 0 {
			loss, correct = r.Loss, r.Correct
		}
		loss, correct = keep*loss+(1-keep)*r.Loss, keep*correct+(1-keep)*r.Correct
		if l.family.text {
			task.Note("training perplexity %.1f", supernet.Perplexity(loss))
		} else {
			task.Note("loss %.3f, training accuracy %.1f %%", loss, 100*correct)
		}
		return nil
	})
	return model, err
}

// metric is what architectures are measured by, in tables: accuracies in % or perplexities.
func (l *Lab) metric() (column string, show func(value float64) float64) {
	if l.family.text {
		return "perplexity", func(v float64) float64 { return -v }
	}
	return "accuracy", func(v float64) float64 { return 100 * v }
}

// Scores scores architectures with the shared weights: higher is better (accuracies in %, or perplexities with a minus sign).
func (l *Lab) Scores(ctx context.Context, archs []spaces.Arch) ([]float64, error) {
	metric, show := l.metric()
	rows, err := l.openRows(scoresFile, "architecture", "supernet_"+metric)
	if err != nil {
		return nil, err
	}
	values, missing := rows.find(archs, "")
	if len(missing) > 0 {
		model, err := l.Supernet(ctx)
		if err != nil {
			return nil, err
		}
		ev, err := supernet.NewEvaluator(model, l.data(false), l.Config.Eval)
		if err != nil {
			return nil, err
		}
		task := l.report.Start("scores", "architectures", len(archs), len(archs)-len(missing))
		defer task.End()
		for _, i := range missing {
			if ctx.Err() != nil {
				return nil, context.Canceled
			}
			s, err := ev.Evaluate(archs[i])
			if err != nil {
				return nil, err
			}
			v := show(s.Value)
			if !finite(v) {
				return nil, fmt.Errorf("the supernet gives %v a %s of %v: it has diverged, or has hardly been trained; nothing is published", archs[i], metric, v)
			}
			if values[i], err = rows.add(v, archs[i].String()); err != nil {
				return nil, err
			}
			task.Note("%.4g: %v", values[i], archs[i])
			task.Add(1)
		}
	}
	return l.better(values), nil
}

// better turns values as tables have them into ones of which the higher is better.
func (l *Lab) better(values []float64) []float64 {
	if !l.family.text {
		return values
	}
	negated := make([]float64, len(values))
	for i, v := range values {
		negated[i] = -v
	}
	return negated
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Truth is what architectures achieve when they are trained alone.
type Truth struct {
	Mean []float64   // by architecture, over the runs that the ranking is judged by; higher is better
	Runs [][]float64 // by architecture: each run, also those of another training; some may have fewer than others
}

// Truth looks architectures up in the table, or trains each alone, as often as the recipe says.
func (l *Lab) Truth(ctx context.Context, archs []spaces.Arch) (*Truth, error) {
	if l.table != nil {
		return l.published(archs)
	}
	metric, show := l.metric()
	rows, err := l.openRows(truthFile, "architecture", "seed", "test_"+metric)
	if err != nil {
		return nil, err
	}
	curves, err := l.dir.Table(curvesFile, "architecture", "seed", "epoch", "training_loss", "training_correct")
	if err != nil {
		return nil, err
	}
	runs := make([][]float64, len(archs))
	type training struct {
		arch int
		seed uint64
	}
	var trainings []training
	for s := range uint64(max(1, l.Config.Seeds)) {
		seed := l.Config.Alone.Seed + s
		values, missing := rows.find(archs, strconv.FormatUint(seed, 10))
		for i, v := range l.better(values) {
			runs[i] = append(runs[i], v)
		}
		for _, i := range missing {
			trainings = append(trainings, training{i, seed})
		}
	}
	if len(trainings) == 0 {
		return newTruth(runs), nil
	}
	all := max(1, l.Config.Seeds) * len(archs)
	task := l.report.Start("truth", "trainings", all, all-len(trainings))
	defer task.End()
	for _, t := range trainings {
		a := archs[t.arch]
		v, err := l.alone(ctx, a, t.seed, curves)
		if err != nil {
			return nil, err
		}
		if v = show(v); !finite(v) {
			return nil, fmt.Errorf("%v trained alone with seed %d has a %s of %v: it has diverged; nothing is published", a, t.seed, metric, v)
		}
		if v, err = rows.add(v, a.String(), strconv.FormatUint(t.seed, 10)); err != nil {
			return nil, err
		}
		runs[t.arch][t.seed-l.Config.Alone.Seed] = l.better([]float64{v})[0]
		task.Note("%.4g: %v", v, a)
		task.Add(1)
	}
	return newTruth(runs), nil
}

func newTruth(runs [][]float64) *Truth {
	t := &Truth{Runs: runs}
	for _, r := range runs {
		sum := 0.0
		for _, v := range r {
			sum += v
		}
		t.Mean = append(t.Mean, sum/float64(len(r)))
	}
	return t
}

// published looks architectures up, and writes what it finds to the study.
func (l *Lab) published(archs []spaces.Arch) (*Truth, error) {
	t, err := truthOf(l.table, l.again, archs)
	if err != nil {
		return nil, err
	}
	rows, err := l.openRows(truthFile, "architecture", l.table.Metric)
	if err != nil {
		return nil, err
	}
	_, missing := rows.find(archs, "")
	for _, i := range missing {
		if _, err := rows.add(l.table.Rows[l.table.at[archs[i].String()]].Mean(), archs[i].String()); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// alone trains one architecture from scratch and returns what it achieves on the data for the truth.
func (l *Lab) alone(ctx context.Context, a spaces.Arch, seed uint64, curves *study.Table) (float64, error) {
	model := l.family.model(l.whole, &l.Config.Recipe, seed, a)
	config := l.Config.Alone
	config.Seed = seed
	data := l.data(true)
	t, err := supernet.NewTrainer(model, supernet.Fixed{Arch: a}, data, config)
	if err != nil {
		return 0, err
	}
	seedText := strconv.FormatUint(seed, 10)
	path, metadata := l.dir.Path(aloneFile), map[string]string{"architecture": a.String(), "seed": seedText}
	var epoch curve
	// There may be a checkpoint of the architecture before, whose result has been written down since.
	m, err := supernet.CheckpointMetadata(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return 0, err
	case m["architecture"] == a.String() && m["seed"] == seedText:
		if m, err = t.Load(path); err != nil {
			return 0, err
		}
		if err := epoch.parse(m["curve"]); err != nil {
			return 0, fmt.Errorf("%s: %w", path, err)
		}
	}
	metadata["curve"] = epoch.String()
	written := make(map[string]bool) // epochs of the curve
	for _, row := range curves.Rows() {
		if row[0] == a.String() && row[1] == seedText {
			written[row[2]] = true
		}
	}
	err = l.train(ctx, t, path, metadata, func(r supernet.StepResult) error {
		epoch.add(r)
		done := strconv.Itoa(epoch.Epoch + 1)
		if t.Epoch() > epoch.Epoch {
			loss, correct := epoch.means()
			epoch = curve{Epoch: t.Epoch()}
			if !written[done] {
				if err := curves.Append(a.String(), seedText, done, decimal(loss), decimal(correct)); err != nil {
					return err
				}
			}
		}
		metadata["curve"] = epoch.String()
		return nil
	})
	if err != nil {
		return 0, err
	}
	ev, err := supernet.NewEvaluator(model, data, l.Config.aloneEval())
	if err != nil {
		return 0, err
	}
	s, err := ev.Evaluate(a)
	return s.Value, err
}
