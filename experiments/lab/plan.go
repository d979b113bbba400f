package lab

import (
	"context"
	"math/rand/v2"
	"strconv"

	"github.com/oneshot-nas/oneshot/experiments/progress"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/supernet"
)

// Plan announces the trainings and scorings of supernets, and of the truth, that are still to be done, for the ETA to count all of
// them. Their work is in multiply-adds; a training step is three forward passes.
func (l *Lab) Plan(ctx context.Context, variants ...Variant) error {
	const training = 3
	seen := make(map[string]bool)
	metric, _ := l.metric()
	for _, v := range variants {
		key := l.record(v).key()
		if seen[key] || ctx.Err() != nil {
			continue
		}
		seen[key] = true
		rows, err := l.openRows(l.folder(v)+"/"+scoresFile, scoreColumns(metric)...)
		if err != nil {
			return err
		}
		c := l.trainConfig(v)
		_, missing := rows.find(l.archs, strconv.Itoa(c.Epochs), string(l.Config.Eval.BN))
		if len(missing) == 0 {
			continue
		}
		whole, _, err := l.part(v)
		if err != nil {
			return err
		}
		each := l.cost(whole)
		m, err := supernet.CheckpointMetadata(l.dir.Path(l.folder(v) + "/" + supernetFile))
		if steps := l.Steps(v); err != nil || m["step"] != strconv.Itoa(steps) {
			l.report.Plan(progress.Phase{Name: l.Label(v), Work: training * each * float64(steps*c.Batch*l.paths(v)*max(1, l.Config.BPTT))})
		}
		eval := l.Config.ScoreCount + l.Config.Eval.CalBatches*l.Config.Eval.CalBatch
		l.report.Plan(progress.Phase{Name: "scores", Work: each * float64(len(l.archs)*eval)})
	}
	if l.table != nil {
		return nil
	}
	found, err := l.records()
	if err != nil {
		return err
	}
	missing := 0
	for _, t := range l.shardOf(l.trainings(l.archs)) {
		if _, ok := found.results.get(t.key()...); !ok {
			missing++
		}
	}
	if missing > 0 {
		c := &l.Config
		l.report.Plan(progress.Phase{Name: "truth", Work: l.cost(l.whole) * float64(missing*c.Alone.Epochs) * float64(training*c.TrainCount+c.TruthCount)})
	}
	return nil
}

// paths is how many architectures a step of a variant trains, one where that is up to the space.
func (l *Lab) paths(v Variant) int {
	_, part, err := l.part(v)
	if err != nil {
		return 1
	}
	s, err := sampler(l.samplerName(v), part)
	if err != nil {
		return 1
	}
	return len(s.Paths(nil, rand.New(rand.NewPCG(0, 0)), 0))
}

// cost is the multiply-adds of a forward pass of one image or word, the mean over some of the study's architectures.
func (l *Lab) cost(whole spaces.Space) float64 {
	const some = 32
	sum := 0.0
	archs := l.archs[:min(some, len(l.archs))]
	for _, a := range archs {
		sum += float64(whole.Network(a).MACs())
	}
	return sum / float64(len(archs))
}
