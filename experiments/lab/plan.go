package lab

import (
	"bytes"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/progress"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/supernet"
)

// truthTask is the name of the task that makes the truth. That of a supernet is the label of its variant.
const truthTask = "truth"

// scoresTask is the name of the task that scores with a supernet.
func (l *Lab) scoresTask(v Variant) string {
	return strings.Replace(l.Label(v), "supernet", "scores", 1)
}

// forwardAndBack is how much more than a pass forwards a training step computes: gradients of inputs and of weights take as much each.
const forwardAndBack = 3

// Plan announces to who waits what is to come: the supernets of variants, their scores of the study's architectures, and the truth, as far
// as the study has not got them already. Work is counted in multiply-adds. Variants that cannot be trained are passed over.
func (l *Lab) Plan(variants ...Variant) error {
	var phases []progress.Phase
	seen := make(map[string]bool)
	for _, v := range variants {
		folder := l.folder(v)
		if seen[folder] || l.Possible(v) != nil {
			continue
		}
		seen[folder] = true
		p, err := l.supernetPhases(v)
		if err != nil {
			return err
		}
		phases = append(phases, p...)
	}
	if l.table == nil {
		found, err := l.records()
		if err != nil {
			return err
		}
		all, missing := l.shardOf(l.trainings(l.archs)), 0
		for _, t := range all {
			if _, ok := found.results.get(t.key()...); !ok {
				missing++
			}
		}
		if missing > 0 {
			c := &l.Config
			each := float64(c.Alone.Epochs) * float64(forwardAndBack*c.TrainCount+c.TruthCount) * macsOf(l.whole, l.archs)
			phases = append(phases, progress.Phase{Name: truthTask, Work: each * float64(len(all))})
		}
	}
	l.report.Plan(phases...)
	return nil
}

// supernetPhases are training and scoring of a variant, if there is anything left to do.
func (l *Lab) supernetPhases(v Variant) (phases []progress.Phase, err error) {
	c := &l.Config
	folder := l.folder(v)
	// Tables are looked at before they are opened, which would make them.
	losses, _ := os.ReadFile(l.dir.Path(folder + "/" + lossesFile))
	epochs := l.trainConfig(v).Epochs
	whole, part, err := l.part(v)
	if err != nil {
		return nil, err
	}
	if bytes.Count(losses, []byte("\n"))-1 < epochs {
		name := v.Sampler
		if name == "" {
			name = c.Sampler
		}
		s, err := sampler(name, part)
		if err != nil {
			return nil, err
		}
		const drawn = 32 // steps
		var paths []spaces.Arch
		rng := rand.New(rand.NewPCG(c.Seed, streamArchs))
		for step := range drawn {
			paths = s.Paths(paths, rng, step)
		}
		targets := l.trainConfig(v).Batch // of a step
		if l.family.text {
			targets *= c.BPTT
		}
		each := macsOf(whole, paths) * float64(len(paths)) / drawn * float64(targets)
		phases = append(phases, progress.Phase{Name: l.Label(v), Work: forwardAndBack * each * float64(l.Steps(v))})
	}
	missing := len(l.archs)
	if _, err := os.Stat(l.dir.Path(folder + "/" + scoresFile)); err == nil {
		metric, _ := l.metric()
		rows, err := l.openRows(folder+"/"+scoresFile, scoreColumns(metric)...)
		if err != nil {
			return nil, err
		}
		_, left := rows.find(l.archs, strconv.Itoa(epochs), string(c.Eval.BN))
		missing = len(left)
	}
	if missing > 0 {
		targets := c.ScoreCount
		if c.Eval.BN == supernet.Recalibrate {
			targets += c.Eval.CalBatches * c.Eval.CalBatch
		}
		phases = append(phases, progress.Phase{Name: l.scoresTask(v), Work: float64(len(l.archs)) * float64(targets) * macsOf(whole, l.archs)})
	}
	return phases, nil
}

// macsOf is the mean number of multiply-adds of architectures, for one image or word.
func macsOf(space spaces.Space, archs []spaces.Arch) float64 {
	sum := 0.0
	for _, a := range archs {
		sum += float64(space.Network(a).MACs())
	}
	return sum / float64(len(archs))
}
