package lab

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/oneshot-nas/oneshot/experiments/study"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/truth"
	"github.com/oneshot-nas/oneshot/supernet"
)

// Files of the truth.
const (
	aloneFile    = "alone.safetensors" // the training alone at hand
	truthFile    = "truth.csv"
	curvesFile   = "curves.csv"
	divergedFile = "diverged.csv" // trainings alone that came to no result
)

// Truth is what architectures achieve when they are trained alone.
type Truth struct {
	Mean []float64   // by architecture, over the runs that the ranking is judged by; higher is better
	Runs [][]float64 // by architecture: each run, also those of another training; some may have fewer than others
	// Curves are the results after each epoch, by architecture and run; nil where only the ends are known.
	Curves [][][]float64
}

// newTruth is the truth of runs without curves. The mean of none is NaN.
func newTruth(runs [][]float64) *Truth {
	t := &Truth{Runs: runs}
	for _, r := range runs {
		t.Mean = append(t.Mean, truth.Mean(r))
	}
	return t
}

// training is a run of one architecture alone. Seeds count from 1.
type training struct {
	arch spaces.Arch
	seed int
}

func (t training) key() []string { return []string{t.arch.String(), strconv.Itoa(t.seed)} }

// truthSeeds keeps the random numbers of networks alone apart from those of supernets.
const truthSeeds = 1 << 40

// records are what is known of trainings alone: what the study has, over what is embedded.
type records struct {
	results  *rows        // by architecture and seed
	diverged *rows        // the step in which that was seen, by architecture and seed
	curves   *study.Table // of the study
	epochs   *rows        // results by architecture, seed and epoch

	embeddedRows [][]string // of the curves that come with the program
}

// records opens the tables of the truth.
func (l *Lab) records() (*records, error) {
	metric, _ := l.metric()
	results, err := l.openRows(truthFile, "architecture", "seed", "test_"+metric)
	if err != nil {
		return nil, err
	}
	epochs, err := l.openRows(curvesFile, curveColumns(metric)...)
	if err != nil {
		return nil, err
	}
	diverged, err := l.openRows(divergedFile, "architecture", "seed", "step")
	if err != nil {
		return nil, err
	}
	r := &records{results: results, diverged: diverged, curves: epochs.Table, epochs: epochs}
	if e := l.embedded; e != nil {
		results.under, epochs.under, r.embeddedRows = e.results, e.epochs, e.rows
	}
	return r, nil
}

// hasDiverged says whether a training has come to an end without a result.
func (r *records) hasDiverged(t training) bool {
	_, diverged := r.diverged.get(t.key()...)
	return diverged
}

// curveColumns are the columns of the learning curves.
func curveColumns(metric string) []string {
	return []string{"architecture", "seed", "epoch", "training_loss", "training_correct", "test_" + metric}
}

// trainings are the runs of architectures that the recipe asks for: its number of seeds, of the architectures behind the first
// that are repeated one only. Where some are embedded, those at least.
func (l *Lab) trainings(archs []spaces.Arch) []training {
	var all []training
	for _, a := range archs {
		seeds := max(1, l.Config.Seeds)
		if l.once[a.String()] {
			seeds = 1
		}
		if l.embedded != nil {
			seeds = max(seeds, l.embedded.seeds[a.String()])
		}
		for s := range seeds {
			all = append(all, training{a, s + 1})
		}
	}
	return all
}

// shardOf are those trainings that the study's shard makes.
func (l *Lab) shardOf(all []training) []training {
	if l.shard.n == 0 {
		return all
	}
	var own []training
	for i := l.shard.i; i < len(all); i += l.shard.n {
		own = append(own, all[i])
	}
	return own
}

// Truth looks architectures up in the table, or trains each alone, as often as the recipe says. A training that diverges is no run: it counts in
// no mean, and an architecture of which all do so has a mean of NaN.
func (l *Lab) Truth(ctx context.Context, archs []spaces.Arch) (*Truth, error) {
	if l.table != nil {
		return l.published(archs)
	}
	if err := l.MakeTruth(ctx, archs); err != nil {
		return nil, err
	}
	found, err := l.records()
	if err != nil {
		return nil, err
	}
	at := make(map[string]int, len(archs))
	for i, a := range archs {
		at[a.String()] = i
	}
	runs, curves := make([][]float64, len(archs)), make([][][]float64, len(archs))
	for _, t := range l.trainings(archs) {
		if found.hasDiverged(t) {
			continue
		}
		value, ok := found.results.get(t.key()...)
		if !ok {
			return nil, fmt.Errorf("%s has no row of %v with seed %d", l.dir.Path(truthFile), t.arch, t.seed)
		}
		i := at[t.arch.String()]
		runs[i] = append(runs[i], l.better([]float64{value})[0])
		var curve []float64
		for epoch := 1; ; epoch++ {
			v, ok := found.epochs.get(append(t.key(), strconv.Itoa(epoch))...)
			if !ok {
				break
			}
			curve = append(curve, l.better([]float64{v})[0])
		}
		if epochs := l.Config.Alone.Epochs; len(curve) != epochs {
			return nil, fmt.Errorf("%s has %s of %v with seed %d, want %d; delete its row in %s to train it again",
				l.dir.Path(curvesFile), Plural(len(curve), "epoch"), t.arch, t.seed, epochs, truthFile)
		}
		curves[i] = append(curves[i], curve)
	}
	truth := newTruth(runs)
	truth.Curves = curves
	return truth, nil
}

// allDiverge is how many trainings alone diverge before the recipe is said to be at fault, if none has come to a result.
const allDiverge = 3

// MakeTruth trains alone what is missing, or the study's shard of it. A training that diverges is written down as such, and the others go on,
// which are as good as they would be without it; but if all of the first do so, that is an error.
func (l *Lab) MakeTruth(ctx context.Context, archs []spaces.Arch) error {
	if l.table != nil {
		return fmt.Errorf("the truth comes from %s; without -truth it is made", l.table.Source)
	}
	return l.trainAlone(ctx, l.shardOf(l.trainings(archs)))
}

// trainAlone makes those trainings that are missing.
func (l *Lab) trainAlone(ctx context.Context, asked []training) error {
	found, err := l.records()
	if err != nil {
		return err
	}
	missing := l.missing(asked, found)
	diverged := 0
	for _, t := range asked {
		if found.hasDiverged(t) {
			diverged++
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if l.served != nil {
		return l.handOut(ctx, nil, missing, nil)
	}
	_, show := l.metric()
	task := l.report.Start(truthTask, "trainings", len(asked), len(asked)-len(missing))
	defer task.End()
	for _, t := range missing {
		v, err := l.alone(ctx, t, found.curves)
		var why *supernet.DivergedError
		switch {
		case errors.As(err, &why):
			if _, err := found.diverged.add(float64(why.Step), t.key()...); err != nil {
				return err
			}
			if diverged++; diverged >= allDiverge && len(found.results.at)+len(found.results.under) == 0 {
				return fmt.Errorf("all of the first %d trainings alone have diverged; the last: %w", diverged, why)
			}
			task.Note("diverged: %v", t.arch)
		case err != nil:
			return err
		default:
			v = show(v)
			if before, ok := found.results.get(t.key()...); !ok {
				if v, err = found.results.add(v, t.key()...); err != nil {
					return err
				}
			} else if decimal(v) != decimal(before) {
				return fmt.Errorf("%s: %v with seed %d has %s, and trained again for the curve that was missing %s; delete its rows there and in %s, and it is trained anew",
					l.dir.Path(truthFile), t.arch, t.seed, decimal(before), decimal(v), curvesFile)
			}
			task.Note("%.4g: %v", v, t.arch)
		}
		task.Add(1)
	}
	return nil
}

// missing are the trainings of which the result or a part of the curve is not known.
func (l *Lab) missing(trainings []training, found *records) []training {
	return slices.DeleteFunc(slices.Clone(trainings), func(t training) bool {
		if found.hasDiverged(t) {
			return true
		}
		_, ok := found.results.get(t.key()...)
		for epoch := 1; ok && epoch <= l.Config.Alone.Epochs; epoch++ {
			_, ok = found.epochs.get(append(t.key(), strconv.Itoa(epoch))...)
		}
		return ok
	})
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
	_, missing := rows.find(archs)
	for _, i := range missing {
		if _, err := rows.add(l.table.Rows[l.table.at[archs[i].String()]].Mean(), archs[i].String()); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// alone trains one architecture from scratch and returns what it achieves on the data for the truth. After each epoch, that goes to the
// curves. The error is a [supernet.DivergedError] where a step, or the result after an epoch, is not finite.
func (l *Lab) alone(ctx context.Context, run training, curves *study.Table) (float64, error) {
	config := l.Config.Alone
	config.Seed = truthSeeds + uint64(run.seed)
	data := l.data(true)
	var t *supernet.Trainer
	var ev *supernet.Evaluator
	begin := func() (err error) {
		model := l.family.model(l.whole, &l.Config.Recipe, config.Seed, run.arch)
		if t, err = supernet.NewTrainer(model, supernet.Fixed{Arch: run.arch}, data, config); err != nil {
			return err
		}
		ev, err = supernet.NewEvaluator(model, data, l.Config.aloneEval())
		return err
	}
	if err := begin(); err != nil {
		return 0, err
	}
	key := run.key()
	// The checkpoint may be of the training before, whose result has been written down since.
	kept := &checkpoints{lab: l, name: aloneFile, of: fmt.Sprintf("%s alone, seed %s", key[0], key[1]), passing: true}
	epoch, _, err := kept.load(t)
	if err != nil {
		return 0, err
	}
	written := make(map[string]bool) // epochs of the curve
	for _, row := range curves.Rows() {
		if slices.Equal(row[:2], key) {
			written[row[2]] = true
		}
	}
	for done := 1; done <= epoch.Epoch; done++ {
		if !written[strconv.Itoa(done)] { // somebody has deleted it: to find it again takes all of the training
			if err := begin(); err != nil {
				return 0, err
			}
			epoch = curve{}
		}
	}
	value := math.NaN()
	_, show := l.metric()
	err = l.train(ctx, t, kept, &epoch, func(r supernet.StepResult) error {
		epoch.add(r)
		if done := epoch.Epoch + 1; t.Epoch() > epoch.Epoch {
			means := epoch.next()
			s, err := ev.Evaluate(run.arch)
			if err != nil {
				return err
			}
			if value = s.Value; !sound(s) {
				return &supernet.DivergedError{Step: t.StepsDone() - 1, Epoch: done - 1, Archs: []spaces.Arch{run.arch}, LR: r.LR, Loss: s.Loss, GradNorm: r.GradNorm}
			}
			if !written[strconv.Itoa(done)] {
				if err := curves.Append(append(key, strconv.Itoa(done), means[0], means[1], decimal(show(value)))...); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if math.IsNaN(value) { // it was trained to the end before
		s, err := ev.Evaluate(run.arch)
		if err == nil && !sound(s) {
			err = &supernet.DivergedError{Step: t.StepsDone() - 1, Epoch: config.Epochs - 1, Archs: []spaces.Arch{run.arch}, LR: config.LR, Loss: s.Loss, GradNorm: math.NaN()}
		}
		return s.Value, err
	}
	return value, nil
}

// sound says whether a score is one of a network that has not diverged: a share of images is finite even if every output is NaN.
func sound(s supernet.Score) bool { return finite(s.Value) && finite(s.Loss) }

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
