package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/oneshot-nas/oneshot/experiments/dataset"
	"github.com/oneshot-nas/oneshot/experiments/progress"
	"github.com/oneshot-nas/oneshot/experiments/study"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/supernet"
)

// experiment is one run over a study directory.
type experiment struct {
	*options
	space  nasbench201.Space
	dir    *study.Study
	report *progress.Reporter
	table  *table // published truth, if there is one

	trainSet, scoreSet, truthSet *dataset.Images
	archs                        []nasbench201.Arch
}

// run trains, scores, finds the truth and reports. Each part goes on where an earlier run of the study has stopped.
func run(ctx context.Context, out io.Writer, o *options) (err error) {
	e := &experiment{options: o, report: progress.New(os.Stderr, o.quiet)}
	if err := e.load(); err != nil {
		return err
	}
	c := &e.config
	e.space = nasbench201.Space{Channels: c.Channels, Cells: c.Cells, Classes: len(e.trainSet.Classes), Image: e.trainSet.H}
	c.ISA = cpu.Selected().String()
	if conv.Winograd() {
		c.ISA += " winograd"
	}
	dir := o.study
	if dir == "" {
		js, err := json.Marshal(c)
		if err != nil {
			return err
		}
		dir = filepath.Join("study", fmt.Sprintf("correlation-%s-%x", c.Recipe, sha256.Sum256(js))[:len("correlation-")+len(c.Recipe)+9])
	}
	if e.dir, err = study.Open(dir, c); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.dir.Close()) }()
	e.choose()

	fmt.Fprintf(out, "study    %s\nmachine  %s\ndata     %s: %d training images, %d to score on\n", dir, cpu.Info(), c.Data, c.TrainCount, c.ScoreCount)
	fmt.Fprintf(out, "supernet nasbench201, C = %d, N = %d, recipe %s: %d epochs, batch %d, lr %g, seed %d; batch norm: %s\n",
		c.Channels, c.Cells, c.Recipe, c.Train.Epochs, c.Train.Batch, c.Train.LR, c.Seed, c.Eval.BN)
	fmt.Fprintf(out, "truth    %s, %d architectures\n\n", c.Truth, len(e.archs))

	model := supernet.NewNASBench201(e.space, c.Seed, nil)
	if err := e.trainSupernet(ctx, model); err != nil {
		return err
	}
	scores, err := e.scoreAll(ctx, model)
	if err != nil {
		return err
	}
	truth, err := e.findTruth(ctx)
	if err != nil {
		return err
	}
	return e.publish(out, scores, truth)
}

// load brings in the images and the table of truth, and completes the configuration with what they are.
func (e *experiment) load() error {
	c := &e.config
	if e.truth != "" {
		t, err := readTable(e.truth, e.truthColumn)
		if err != nil {
			return err
		}
		e.table = t
	}
	return e.loadImages(c)
}

// choose draws the architectures to compare: uniformly among the connected ones, each function once.
func (e *experiment) choose() {
	rng := rand.New(rand.NewPCG(e.config.Seed, 1<<32))
	seen := make(map[string]bool)
	e.archs = nil
	for tries := 0; len(e.archs) < e.config.Archs && tries < 100*nasbench201.Size; tries++ {
		a := e.space.Sample(rng).(nasbench201.Arch)
		if e.table != nil {
			if _, ok := e.table.at[a]; !ok {
				continue
			}
		}
		if f := a.Function(); !seen[f] {
			seen[f] = true
			e.archs = append(e.archs, a)
		}
	}
}

// train takes a trainer to its end, saving a checkpoint with the given metadata now and then. If ctx is cancelled it stops
// after the current step, with a checkpoint.
func (e *experiment) train(ctx context.Context, t *supernet.Trainer, path string, metadata map[string]string, step func(supernet.StepResult)) error {
	for last := time.Now(); !t.Done(); {
		if ctx.Err() != nil {
			return errors.Join(context.Canceled, t.Save(path, metadata))
		}
		step(t.Step())
		if time.Since(last) >= e.checkpoint {
			if err := t.Save(path, metadata); err != nil {
				return err
			}
			last = time.Now()
		}
	}
	return t.Save(path, metadata)
}

// trainSupernet trains the supernet, from the study's checkpoint on if there is one.
func (e *experiment) trainSupernet(ctx context.Context, model supernet.Model) error {
	t, err := supernet.NewTrainer(model, e.space, dataset.NewLoader(e.trainSet, e.config.Augment), e.config.Train)
	if err != nil {
		return err
	}
	path := e.dir.Path("supernet.safetensors")
	if _, err := t.Load(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if t.Done() {
		return nil
	}
	batch := t.Config.Batch
	task := e.report.Start("supernet", "images", t.Steps()*batch, t.StepsDone()*batch)
	defer task.End()
	var loss, accuracy float64
	return e.train(ctx, t, path, nil, func(r supernet.StepResult) {
		const keep = 0.98 // about the last 50 steps
		hit := float64(r.Correct) / float64(batch)
		if loss == 0 {
			loss, accuracy = r.Loss, hit
		}
		loss, accuracy = keep*loss+(1-keep)*r.Loss, keep*accuracy+(1-keep)*hit
		task.Note("loss %.3f, training accuracy %.1f %%", loss, 100*accuracy)
		task.Add(batch)
	})
}

// scoreAll scores every architecture with the shared weights.
func (e *experiment) scoreAll(ctx context.Context, model supernet.Model) ([]float64, error) {
	ev, err := supernet.NewEvaluator(model, dataset.NewLoader(e.trainSet, e.config.Augment), dataset.NewLoader(e.scoreSet, dataset.Augment{}), e.config.Eval)
	if err != nil {
		return nil, err
	}
	return e.forEach(ctx, "scores.csv", "supernet_accuracy", "scores", func(a nasbench201.Arch) (float64, error) {
		return 100 * ev.Evaluate(a).Accuracy, nil
	})
}

// findTruth looks the architectures up in the table, or trains each alone.
func (e *experiment) findTruth(ctx context.Context) ([]float64, error) {
	if e.table != nil {
		return e.forEach(ctx, "truth.csv", "test_accuracy", "truth", func(a nasbench201.Arch) (float64, error) {
			return e.table.values[e.table.at[a]], nil
		})
	}
	return e.forEach(ctx, "truth.csv", "test_accuracy", "truth", func(a nasbench201.Arch) (float64, error) { return e.alone(ctx, a) })
}

// forEach computes a number for every architecture and keeps it in a table of the study, where what an earlier run has
// computed is found again.
func (e *experiment) forEach(ctx context.Context, file, column, name string, f func(nasbench201.Arch) (float64, error)) ([]float64, error) {
	t, err := e.dir.Table(file, "architecture", column)
	if err != nil {
		return nil, err
	}
	var values []float64
	for i, row := range t.Rows() {
		v, err := strconv.ParseFloat(row[1], 64)
		if err != nil || i >= len(e.archs) || row[0] != e.archs[i].String() {
			return nil, fmt.Errorf("%s: row %d (%v) is not what this configuration has written", e.dir.Path(file), i+1, row)
		}
		values = append(values, v)
	}
	if len(values) == len(e.archs) {
		return values, nil
	}
	task := e.report.Start(name, "architectures", len(e.archs), len(values))
	defer task.End()
	for _, a := range e.archs[len(values):] {
		if ctx.Err() != nil {
			return nil, context.Canceled
		}
		v, err := f(a)
		if err != nil {
			return nil, err
		}
		if err := t.Append(a.String(), strconv.FormatFloat(v, 'g', -1, 64)); err != nil {
			return nil, err
		}
		values = append(values, v)
		task.Note("%.1f %%: %v", v, a)
		task.Add(1)
	}
	return values, nil
}

// alone trains one architecture from scratch and returns its accuracy in %.
func (e *experiment) alone(ctx context.Context, a nasbench201.Arch) (float64, error) {
	model := supernet.NewNASBench201(e.space, e.config.Alone.Seed, &a)
	t, err := supernet.NewTrainer(model, supernet.Fixed{Arch: a}, dataset.NewLoader(e.trainSet, e.config.Augment), e.config.Alone)
	if err != nil {
		return 0, err
	}
	path, metadata := e.dir.Path("alone.safetensors"), map[string]string{"architecture": a.String()}
	// There may be a checkpoint of the architecture before, whose result has been written down since.
	if m, err := supernet.CheckpointMetadata(path); err == nil && m["architecture"] == a.String() {
		if _, err := t.Load(path); err != nil {
			return 0, err
		}
	}
	if err := e.train(ctx, t, path, metadata, func(supernet.StepResult) {}); err != nil {
		return 0, err
	}
	ev, err := supernet.NewEvaluator(model, nil, dataset.NewLoader(e.truthSet, dataset.Augment{}), supernet.EvalConfig{BN: supernet.RunningStatistics, Batch: e.config.Eval.Batch})
	if err != nil {
		return 0, err
	}
	return 100 * ev.Evaluate(a).Accuracy, nil
}
