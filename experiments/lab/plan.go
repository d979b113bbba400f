package lab

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/progress"
	"github.com/oneshot-nas/oneshot/internal/files"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/supernet"
)

// truthTask is the name of the task that makes the truth. That of a supernet is the label of its variant.
const truthTask = "truth"

// Scoring is scores that a study will be asked for by [Lab.Scores], [Lab.ScoresBN] or [Lab.EpochScores].
type Scoring struct {
	Variant Variant
	Archs   []spaces.Arch     // nil: all of the study's
	Epoch   int               // whose weights; 0: the last
	BN      supernet.BNPolicy // "": the study's
	// Like says that the variant stands for one which is not known yet, but is called the same and costs as much: it can neither have been
	// trained nor have scored anything.
	Like bool
}

// scoresTask is the name of the task that scores with a supernet's weights after an epoch.
func (l *Lab) scoresTask(v Variant, epoch int, bn supernet.BNPolicy) string {
	what := strings.Replace(l.Label(v), "supernet", "scores", 1)
	if epoch != l.trainConfig(v).Epochs {
		what += fmt.Sprintf(" of epoch %d", epoch)
	}
	if bn != l.Config.Eval.BN {
		what += fmt.Sprintf(" with %s statistics", bn)
	}
	return what
}

// forwardAndBack is how much more than a pass forwards a training step computes: gradients of inputs and of weights take as much each.
const forwardAndBack = 3

// Plan announces to who waits what is to come: scores, the supernets that give them and those from which these go on, and the truth, as
// far as the study has not got them already. Work is counted in multiply-adds. Supernets that cannot be trained are passed over, and so are
// scorings of architectures that those before them score by the same weights and statistics.
func (l *Lab) Plan(scorings ...Scoring) error {
	var phases []progress.Phase
	seen := make(map[string]bool)              // supernets
	scored := make(map[string]map[string]bool) // architectures, by weights and statistics
	for _, s := range scorings {
		if s.Archs == nil {
			s.Archs = l.archs
		}
		s.Epoch = cmp.Or(s.Epoch, l.trainConfig(s.Variant).Epochs)
		s.BN = cmp.Or(s.BN, l.Config.Eval.BN)
		if s.Like {
			training, err := l.training(s.Variant)
			if err != nil {
				return err
			}
			scoring, err := l.scoring(s)
			if err != nil {
				return err
			}
			phases = append(phases, training, scoring)
			continue
		}
		key, others := fmt.Sprint(l.folder(s.Variant), s.Epoch, s.BN), false
		if scored[key] == nil {
			scored[key] = make(map[string]bool)
		}
		for _, a := range s.Archs {
			others = others || !scored[key][a.String()]
			scored[key][a.String()] = true
		}
		if !others || l.Possible(s.Variant) != nil {
			continue
		}
		trainings, err := l.trainingPhases(s.Variant, seen)
		if err != nil {
			return err
		}
		scores, err := l.scoresPhases(s)
		if err != nil {
			return err
		}
		phases = slices.Concat(phases, trainings, scores)
	}
	if l.table == nil {
		found, err := l.records()
		if err != nil {
			return err
		}
		all := l.shardOf(l.trainings(l.archs))
		if len(l.missing(all, found)) > 0 {
			phases = append(phases, progress.Phase{Name: truthTask, Work: l.aloneWork(l.archs) * float64(len(all))})
		}
	}
	l.report.Plan(phases...)
	return nil
}

// aloneWork is what it takes to train an architecture alone, the mean of several.
func (l *Lab) aloneWork(archs []spaces.Arch) float64 {
	c := &l.Config
	return float64(c.Alone.Epochs) * float64(forwardAndBack*c.TrainCount+c.TruthCount) * macsOf(l.whole, archs)
}

// trainingPhases are the trainings of a variant and of what it goes on from, as far as they are not seen or done.
func (l *Lab) trainingPhases(v Variant, seen map[string]bool) (phases []progress.Phase, err error) {
	folder := l.folder(v)
	if seen[folder] {
		return nil, nil
	}
	seen[folder] = true
	if v.After != nil {
		if phases, err = l.trainingPhases(*v.After, seen); err != nil {
			return nil, err
		}
	}
	if l.trained(v) {
		return phases, nil
	}
	training, err := l.training(v)
	return append(phases, training), err
}

// trained says whether a supernet's training has come to the end of its last epoch. The table is looked at and not opened, which would make it.
func (l *Lab) trained(v Variant) bool {
	losses, _ := files.Read(l.dir.Path(l.folder(v) + "/" + lossesFile))
	return bytes.Count(losses, []byte("\n"))-1 >= l.trainConfig(v).Epochs
}

// training is the phase of a variant's training.
func (l *Lab) training(v Variant) (p progress.Phase, err error) {
	whole, part, err := l.part(v)
	if err != nil {
		return p, err
	}
	s, err := sampler(cmp.Or(v.Sampler, l.Config.Sampler), part)
	if err != nil {
		return p, err
	}
	const drawn = 32 // steps
	var paths []spaces.Arch
	rng := rand.New(rand.NewPCG(l.Config.Seed, streamArchs))
	for step := range drawn {
		paths = s.Paths(paths, rng, step)
	}
	targets := l.trainConfig(v).Batch // of a step
	if l.family.text {
		targets *= l.Config.BPTT
	}
	each := macsOf(whole, paths) * float64(len(paths)) / drawn * float64(targets)
	return progress.Phase{Name: l.Label(v), Work: forwardAndBack * each * float64(l.Steps(v))}, nil
}

// scoresPhases is a scoring, if there is anything left to do.
func (l *Lab) scoresPhases(s Scoring) ([]progress.Phase, error) {
	if len(s.Archs) == 0 {
		return nil, nil
	}
	file := l.folder(s.Variant) + "/" + scoresFile
	if _, err := os.Stat(l.dir.Path(file)); err == nil { // opening would make it
		metric, _ := l.metric()
		rows, err := l.openRows(file, scoreColumns(metric)...)
		if err != nil {
			return nil, err
		}
		if _, missing := rows.find(s.Archs, strconv.Itoa(s.Epoch), string(s.BN)); len(missing) == 0 {
			return nil, nil
		}
	}
	scoring, err := l.scoring(s)
	return []progress.Phase{scoring}, err
}

// scoring is the phase of a scoring.
func (l *Lab) scoring(s Scoring) (p progress.Phase, err error) {
	whole, _, err := l.part(s.Variant)
	if err != nil {
		return p, err
	}
	c := &l.Config
	targets := c.ScoreCount
	if s.BN == supernet.Recalibrate {
		targets += c.Eval.CalBatches * c.Eval.CalBatch
	}
	work := float64(len(s.Archs)) * float64(targets) * macsOf(whole, s.Archs)
	return progress.Phase{Name: l.scoresTask(s.Variant, s.Epoch, s.BN), Work: work}, nil
}

// macsOf is the mean number of multiply-adds of architectures, for one image or word.
func macsOf(space spaces.Space, archs []spaces.Arch) float64 {
	sum := 0.0
	for _, a := range archs {
		sum += float64(space.Network(a).MACs())
	}
	return sum / float64(len(archs))
}
