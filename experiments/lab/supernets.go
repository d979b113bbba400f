package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneshot-nas/oneshot/experiments/study"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/supernet"
)

// supernetsFolder has a folder for each supernet of a study.
const supernetsFolder = "supernets"

// Files of each supernet.
const (
	variantFile  = "variant.json"
	supernetFile = "supernet.safetensors"
	epochFile    = "epoch-%d.safetensors" // weights on the way
	scoresFile   = "scores.csv"
	lossesFile   = "curve.csv"
)

// sampler makes the one of that name in a space or a part of one.
func sampler(name string, space spaces.Space) (supernet.Sampler, error) {
	kind, k, counted := strings.Cut(name, ":")
	const most = 1000 // paths of a step
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
		if bad != nil || n < 1 || n > most {
			return nil, fmt.Errorf("-sampler %s: want multi-path:K with a number of paths K from 1 to %d", name, most)
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

// train takes a trainer to its end, saving a checkpoint with the epoch at hand, which step keeps, now and then. If ctx is cancelled it stops
// after the current step, with a checkpoint, and says so; that something could not be written is another error. Where training diverges, the
// last checkpoint stays.
func (l *Lab) train(ctx context.Context, t *supernet.Trainer, kept *checkpoints, epoch *curve, step func(supernet.StepResult) error) error {
	if err := l.dir.Check(); err != nil { // before the first step, and not after the last
		return err
	}
	save := func() error {
		if err := kept.save(t, epoch.String()); err != nil {
			return withLoss(err)
		}
		if l.attempt == nil {
			return nil
		}
		return withLoss(l.attempt.save(ctx))
	}
	for last := time.Now(); !t.Done(); {
		if ctx.Err() != nil {
			if err := save(); err != nil {
				return fmt.Errorf("stopped, but %w", err)
			}
			return context.Canceled
		}
		r, err := t.Step()
		if err != nil {
			return err
		}
		if err := step(r); err != nil {
			return withLoss(err)
		}
		if l.afterStep != nil {
			l.afterStep(t.StepsDone())
		}
		if l.attempt != nil {
			l.attempt.progress(t.StepsDone(), t.Steps())
		}
		if time.Since(last) >= l.checkpoint {
			if err := save(); err != nil {
				return err
			}
			last = time.Now()
		}
	}
	return withLoss(kept.save(t, epoch.String()))
}

// withLoss adds to what ended a training that its last steps have to be taken again, if it is not the training itself that went wrong.
func withLoss(err error) error {
	if _, diverged := errors.AsType[*supernet.DivergedError](err); err == nil || diverged {
		return err
	}
	return fmt.Errorf("what was trained since the last checkpoint is lost: %w", err)
}

// trainer makes the model of a variant, as it is before training, and its trainer.
func (l *Lab) trainer(ctx context.Context, v Variant) (*supernet.Trainer, error) {
	whole, part, err := l.part(v)
	if err != nil {
		return nil, err
	}
	s, err := sampler(cmp.Or(v.Sampler, l.Config.Sampler), part)
	if err != nil {
		return nil, err
	}
	var model supernet.Model
	if v.After != nil {
		if l.scale(*v.After) != l.scale(v) || max(1, v.After.Replicate) != max(1, v.Replicate) {
			return nil, errors.New("lab: a supernet goes on from another of the same width and replication only")
		}
		model, err = l.Supernet(ctx, *v.After)
	} else {
		model, err = l.model(v, whole)
	}
	if err != nil {
		return nil, err
	}
	t, err := supernet.NewTrainer(model, s, l.data(false), l.trainConfig(v))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.Label(v), err)
	}
	return t, nil
}

// model makes the untrained model of a variant.
func (l *Lab) model(v Variant, whole spaces.Space) (supernet.Model, error) {
	r := l.Config.Recipe
	r.Scale = l.scale(v)
	return supernet.Replicate(l.family.model(whole, &r, l.Config.Seed+v.Seed, nil), max(1, v.Replicate))
}

// Steps is how many steps a variant's training takes.
func (l *Lab) Steps(v Variant) int {
	c := l.trainConfig(v)
	return l.data(false).EpochEnd(c.Batch, c.Seed, c.Epochs-1)
}

// Possible says why a variant cannot be trained in this space, or on this machine, nil if it can. It trains nothing.
func (l *Lab) Possible(v Variant) error {
	key := l.record(v).key()
	err, known := l.impossible[key]
	if !known {
		err = l.possible(v)
		l.impossible[key] = err
	}
	return err
}

func (l *Lab) possible(v Variant) error {
	whole, part, err := l.part(v)
	if err != nil {
		return err
	}
	s, err := sampler(cmp.Or(v.Sampler, l.Config.Sampler), part)
	if err != nil {
		return err
	}
	if err := l.fits(v); err != nil {
		return err
	}
	model, err := l.model(v, whole)
	if err != nil {
		return err
	}
	_, err = supernet.NewTrainer(model, s, l.data(false), l.trainConfig(v))
	return err
}

// Supernet returns the trained supernet of a variant: found again, or trained, from the study's checkpoint on if there is one.
func (l *Lab) Supernet(ctx context.Context, v Variant) (supernet.Model, error) {
	return l.supernet(ctx, v, false)
}

// supernet is Supernet or, if asked to, trains it anew whatever there is.
func (l *Lab) supernet(ctx context.Context, v Variant, anew bool) (supernet.Model, error) {
	t, err := l.trainer(ctx, v)
	if err != nil {
		return nil, err
	}
	if err := l.describe(v); err != nil {
		return nil, err
	}
	dir := l.folder(v)
	kept := &checkpoints{lab: l, name: dir + "/" + supernetFile, of: dir}
	var epoch curve
	if !anew {
		if epoch, _, err = kept.load(t); err != nil {
			return nil, err
		}
	}
	losses, err := l.dir.Table(dir+"/"+lossesFile, lossColumns...)
	if err != nil {
		return nil, err
	}
	write := func(done int, means [2]string) error {
		at := strconv.Itoa(done)
		if slices.ContainsFunc(losses.Rows(), func(row []string) bool { return row[0] == at }) {
			return nil
		}
		return losses.Append(at, means[0], means[1])
	}
	for i, means := range epoch.Before { // which somebody may have deleted
		if err := write(i+1, means); err != nil {
			return nil, err
		}
	}
	if t.Done() {
		return t.Model, nil
	}
	saved := l.SavedEpochs(v)
	task := l.report.Start(l.Label(v), "steps", t.Steps(), t.StepsDone())
	defer task.End()
	var loss, correct float64
	err = l.train(ctx, t, kept, &epoch, func(r supernet.StepResult) error {
		task.Add(1)
		epoch.add(r)
		if done := epoch.Epoch + 1; t.Epoch() > epoch.Epoch {
			if err := write(done, epoch.next()); err != nil {
				return err
			}
			if slices.Contains(saved[:len(saved)-1], done) {
				if err := l.saveEpoch(v, done, t.Model); err != nil {
					return err
				}
			}
		}
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
	return t.Model, err
}

// epochWeights is the file of the weights that a variant's supernet had after an epoch, and whose it is.
func (l *Lab) epochWeights(v Variant, epoch int) *checkpoints {
	dir := l.folder(v)
	return &checkpoints{lab: l, name: dir + "/" + fmt.Sprintf(epochFile, epoch), of: fmt.Sprintf("%s, epoch %d", dir, epoch)}
}

func (l *Lab) saveEpoch(v Variant, epoch int, model supernet.Model) error {
	w := l.epochWeights(v, epoch)
	return l.dir.Replace(w.name, func(path string) error {
		return nn.SaveCheckpoint(path, nn.Checkpoint{Store: model.Store(), Metadata: w.metadata("")})
	})
}

func (l *Lab) loadEpoch(v Variant, epoch int, model supernet.Model) error {
	w := l.epochWeights(v, epoch)
	path := l.dir.Path(w.name)
	metadata, err := nn.LoadCheckpoint(path, nn.Checkpoint{Store: model.Store()})
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		if _, err = w.isOf(metadata); err != nil {
			err = fmt.Errorf("%s does not belong here: %w", path, err)
		}
	}
	if err != nil {
		return fmt.Errorf("%w; delete the file, and the supernet is trained again for it; what has been scored stays", err)
	}
	return nil
}

// atEpoch is a variant's supernet with the weights that it had after an epoch.
func (l *Lab) atEpoch(ctx context.Context, v Variant, epoch int) (supernet.Model, error) {
	model, err := l.Supernet(ctx, v)
	if err != nil || epoch == l.trainConfig(v).Epochs {
		return model, err
	}
	err = l.loadEpoch(v, epoch, model)
	if errors.Is(err, fs.ErrNotExist) { // somebody has deleted the file
		if model, err = l.supernet(ctx, v, true); err == nil {
			err = l.loadEpoch(v, epoch, model)
		}
	}
	return model, err
}

// describe says in the folder of a supernet which it is.
func (l *Lab) describe(v Variant) error {
	name, r := l.folder(v)+"/"+variantFile, l.record(v)
	var held record
	if err := study.ReadJSON(l.dir.Path(name), &held); err == nil && held.key() == r.key() {
		return nil
	}
	return l.dir.WriteJSON(name, r)
}

// SavedEpochs are the epochs of a variant's training, counted from 1, at whose ends its weights are kept: each quarter, the last but
// one, and the last.
func (l *Lab) SavedEpochs(v Variant) []int {
	n := l.trainConfig(v).Epochs
	var epochs []int
	for _, e := range []int{(n + 3) / 4, (n + 1) / 2, (3*n + 3) / 4, n - 1, n} {
		if e > 0 && !slices.Contains(epochs, e) {
			epochs = append(epochs, e)
		}
	}
	slices.Sort(epochs)
	return epochs
}

// metric is what architectures are measured by, in tables: accuracies in % or perplexities.
func (l *Lab) metric() (column string, show func(value float64) float64) {
	if l.family.text {
		return "perplexity", func(v float64) float64 { return -v }
	}
	return "accuracy", func(v float64) float64 { return 100 * v }
}

var lossColumns = []string{"epoch", "training_loss", "training_correct"}

// scoreColumns are the columns of a supernet's scores.
func scoreColumns(metric string) []string {
	return []string{"architecture", "epoch", "batch_norm", "supernet_" + metric}
}

// Scores scores architectures with a supernet's weights: higher is better (accuracies in %, or perplexities with a minus sign).
func (l *Lab) Scores(ctx context.Context, v Variant, archs []spaces.Arch) ([]float64, error) {
	return l.scores(ctx, v, archs, l.trainConfig(v).Epochs, l.Config.Eval.BN)
}

// ScoresBN is [Lab.Scores] with batch-norm statistics of another kind than the study's. Models without batch norm have none.
func (l *Lab) ScoresBN(ctx context.Context, v Variant, archs []spaces.Arch, bn supernet.BNPolicy) ([]float64, error) {
	return l.scores(ctx, v, archs, l.trainConfig(v).Epochs, bn)
}

// Found returns scores that [Lab.Scores] has found already; false if there are not all, or the study is not open yet. It trains nothing, and writes nothing.
func (l *Lab) Found(v Variant, archs []spaces.Arch) ([]float64, bool) {
	metric, _ := l.metric()
	file := l.folder(v) + "/" + scoresFile
	if _, err := os.Stat(filepath.Join(l.place, file)); err != nil || l.dir == nil { // opening would make the file
		return nil, false
	}
	rows, err := l.openRows(file, scoreColumns(metric)...)
	if err != nil {
		return nil, false
	}
	values, missing := rows.find(archs, strconv.Itoa(l.trainConfig(v).Epochs), string(l.Config.Eval.BN))
	return l.better(values), len(missing) == 0
}

// EpochScores scores architectures with the weights at the end of each of [Lab.SavedEpochs].
func (l *Lab) EpochScores(ctx context.Context, v Variant, archs []spaces.Arch) (epochs []int, scores [][]float64, err error) {
	epochs = l.SavedEpochs(v)
	for _, e := range epochs {
		s, err := l.scores(ctx, v, archs, e, l.Config.Eval.BN)
		if err != nil {
			return nil, nil, err
		}
		scores = append(scores, s)
	}
	return epochs, scores, nil
}

// scores scores architectures with the weights that a supernet had after an epoch.
func (l *Lab) scores(ctx context.Context, v Variant, archs []spaces.Arch, epoch int, bn supernet.BNPolicy) ([]float64, error) {
	metric, show := l.metric()
	dir := l.folder(v)
	rows, err := l.openRows(dir+"/"+scoresFile, scoreColumns(metric)...)
	if err != nil {
		return nil, err
	}
	if err := l.describe(v); err != nil {
		return nil, err
	}
	at := []string{strconv.Itoa(epoch), string(bn)}
	values, missing := rows.find(archs, at...)
	if len(missing) == 0 {
		return l.better(values), nil
	}
	if l.served != nil {
		if err := l.handOut(ctx, []Scoring{{Variant: v, Archs: archs, Epoch: epoch, BN: bn}}, nil, nil); err != nil {
			return nil, err
		}
		return l.scores(ctx, v, archs, epoch, bn)
	}
	model, err := l.atEpoch(ctx, v, epoch)
	if err != nil {
		return nil, err
	}
	eval := l.Config.Eval
	eval.BN = bn
	ev, err := supernet.NewEvaluator(model, l.data(false), eval)
	if err != nil {
		return nil, err
	}
	task := l.report.Start(l.scoresTask(v, epoch, bn), "architectures", len(archs), len(archs)-len(missing))
	defer task.End()
	for _, i := range missing {
		if ctx.Err() != nil {
			return nil, context.Canceled
		}
		s, err := ev.Evaluate(archs[i])
		if err != nil {
			return nil, err
		}
		value := show(s.Value)
		if !sound(s) {
			return nil, fmt.Errorf("the supernet gives %v a loss of %v and a %s of %v: it has diverged, or has hardly been trained; nothing is published", archs[i], s.Loss, metric, value)
		}
		if values[i], err = rows.add(value, append([]string{archs[i].String()}, at...)...); err != nil {
			return nil, err
		}
		task.Note("%.4g: %v", values[i], archs[i])
		task.Add(1)
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
