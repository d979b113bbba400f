package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/experiments/host"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/supernet"
)

// footprint is about how many bytes of memory something takes at one time. Floats, as products of absurd numbers fit no integer.
type footprint struct {
	data       float64 // images or words
	parameters float64 // with their gradients and what the optimiser remembers of them
	training   float64 // activations of a step and their gradients
	evaluation float64 // activations of the largest batch
}

func (f footprint) total() float64 { return f.data + f.parameters + f.training + f.evaluation }

func (f footprint) String() string {
	return fmt.Sprintf("data %s, parameters and optimiser %s, a step's activations %s, those of an evaluation %s",
		size(f.data), size(f.parameters), size(f.training), size(f.evaluation))
}

// size is a number of bytes in the unit that makes it handy.
func size(bytes float64) string {
	units := []string{"KB", "MB", "GB", "TB", "PB", "EB"}
	v, unit := bytes/1e3, 0
	for v >= 1000 && unit < len(units)-1 {
		v, unit = v/1000, unit+1
	}
	return fmt.Sprintf("%.3g %s", v, units[unit])
}

const (
	float = 4 // bytes
	// footprintArchs are drawn to find out what a space's networks have: of each value of each decision hardly any is missed.
	footprintArchs = 64
	// evaluationLayers is how many outputs as large as the largest an evaluation holds: measured from 5 to 10 for networks of images.
	evaluationLayers = 7
	// chainedLayers is that of layers in a chain, which nothing else is kept beside: measured from 1.6 to 2.6 where the batch norms between them
	// are folded, and one more where they are not.
	chainedLayers = 2
	// recurrentShare is what a recurrent cell keeps of what its matrices put out, between its states and all.
	recurrentShare = 1. / 6
	// varies is how much longer than usual a sequence of text may be, see [supernet.Text].
	varies = 20
)

// networks is what architectures of a space come to, as far as memory goes.
type networks struct {
	union, largest int64   // parameters of all together, where what has one name is shared, and of the largest alone
	outputs        float64 // of all layers of the network with the most, as far as they are kept, for one image or word
	evaluated      float64 // those that an evaluation holds at one time
}

// survey draws architectures of a part of a space.
func survey(whole, part spaces.Space, archs int) (n networks) {
	rng := rand.New(rand.NewPCG(1, streamArchs))
	type shape struct { // of weights
		name    string
		kind    spaces.Kind
		kh      int
		grouped bool
	}
	shared := make(map[shape]int64)
	for i := range 2 * archs {
		run := i%2 == 0 // its network; of the others, the supernet has the parameters
		from := whole
		if run {
			from = part
		}
		arch := from.Sample(rng)
		params, outputs := int64(0), 0.0
		layers := whole.Network(arch).Layers
		next := chained(layers)
		for i, l := range layers {
			weights := shape{l.Name, l.Kind, l.KH, l.Groups > 1}
			out := float64(l.H) * float64(l.W) * float64(l.Cout)
			if l.Kind == spaces.Recurrent { // whose matrices are shared by all activations, which the name ends with
				weights = shape{name: l.Name[:strings.LastIndexByte(l.Name, '.')]}
				out *= recurrentShare
			}
			shared[weights] = max(shared[weights], l.Params)
			params += l.Params
			held, behind, at := evaluationLayers, layers[i+1:], next
			next = chained(behind)
			switch {
			case at && folds(behind[0]):
				continue // it is never written
			case next && folds(behind[1]):
				held = chainedLayers
			case at, next:
				held = chainedLayers + 1
			}
			if outputs += out; run {
				n.evaluated = max(n.evaluated, float64(held)*out)
			}
		}
		n.largest = max(n.largest, params)
		if run {
			n.outputs = max(n.outputs, outputs)
		}
	}
	for _, params := range shared {
		n.union += params
	}
	return n
}

// chained says whether the first of these layers is a batch norm that the second one reads and nothing else does: within an inverted residual
// block, and between the halves of a separable convolution.
func chained(layers []spaces.Layer) bool {
	if len(layers) < 2 || layers[0].Kind != spaces.BatchNorm || layers[1].Kind != spaces.Conv {
		return false
	}
	block := func(l spaces.Layer) string {
		name := l.Name
		for range 2 {
			name = name[:max(0, strings.LastIndexAny(name, "./"))]
		}
		return name
	}
	return block(layers[0]) == block(layers[1]) && (layers[1].Groups > 1 || strings.HasSuffix(layers[0].Name, ".depthwise.norm"))
}

// folds says whether a convolution evaluates the batch norm before it as it goes, so that its output is never written: see [autograd.Folded].
func folds(l spaces.Layer) bool {
	if l.Groups > 1 {
		return depthwise.Folds()
	}
	return conv.Square(l.Cin, l.Cout, l.KH, l.Stride).Folds()
}

// step is what training takes besides parameters: the outputs of all layers, for each image or word of a batch.
func (n networks) step(batch int) float64 { return float * n.outputs * float64(batch) }

// evaluation holds a few of the outputs at one time.
func (n networks) evaluation(batch int) float64 {
	return float * min(n.outputs, n.evaluated) * float64(batch)
}

// memories is how many values an optimiser keeps for each parameter, besides the parameter and its gradient.
func memories(c supernet.TrainConfig) float64 {
	kept := 1.
	switch c.Optimizer {
	case "rmsprop", "adam", "adamw":
		kept = 2
	}
	if c.Averaging != nil {
		kept++ // the best so far
	}
	return kept
}

// parameters is what that many parameters take in training.
func parameters(n int64, c supernet.TrainConfig) float64 {
	return float * float64(n) * (2 + memories(c))
}

// footprint estimates what training and evaluating a variant takes, or a network alone if that is more, from what its space says of its
// networks: nothing is made for it. Data that have not been read yet count as the flags say.
func (l *Lab) footprint(v Variant) (footprint, error) {
	c := &l.Config
	whole, part, err := l.part(v)
	if err != nil {
		return footprint{}, err
	}
	n := survey(whole, part, footprintArchs)
	targets := func(batch int) int { // of a batch
		if !l.family.text {
			return batch
		}
		longest := c.BPTT
		if c.Vary {
			longest += varies
		}
		return batch * longest
	}
	evaluated := c.Eval.Batch
	if c.Eval.BN == supernet.Recalibrate {
		evaluated = max(evaluated, c.Eval.CalBatch)
	}
	shared := footprint{
		parameters: parameters(n.union, c.Train) * float64(max(1, v.Replicate)),
		training:   n.step(targets(c.Train.Batch)), evaluation: n.evaluation(targets(evaluated)),
	}
	alone := footprint{parameters: parameters(n.largest, c.Alone), training: n.step(targets(c.Alone.Batch)), evaluation: shared.evaluation}
	most := shared
	if l.table == nil && alone.total() > shared.total() {
		most = alone
	}
	most.data = l.dataSize()
	if l.family.text { // where its sequences begin, of all epochs
		most.data += 24 * float64(l.trainConfig(v).Epochs) * float64(c.TrainCount) / float64(max(1, targets(c.Train.Batch)))
	}
	return most, nil
}

// dataSize is how many bytes the data take, once they have been divided.
func (l *Lab) dataSize() float64 {
	c, s := &l.Config, &l.sets
	if l.family.text {
		const word = 4
		return word * (float64(c.TrainCount) + float64(c.ScoreCount) + float64(c.TruthCount))
	}
	const copies = 2 // what is divided, and its parts
	if i := &s.images; i.train != nil {
		return copies * float64(len(i.train.Pixels)+len(i.score.Pixels)+len(i.truth.Pixels))
	}
	if l.real { // which may be fewer than the flags say
		return 0
	}
	return copies * float64(c.TrainCount+c.ScoreCount+c.TruthCount) * imageSize(c.Scale.Image)
}

// imageSize is how many bytes a picture takes.
func imageSize(side int) float64 { return dataset.Channels * float64(side) * float64(side) }

// errTooLarge marks what would take more memory or disk space than there is.
var errTooLarge = errors.New("use -force to try all the same, or smaller numbers")

// fits says whether a variant's training and evaluation fit into the memory of the machine.
func (l *Lab) fits(v Variant) error {
	f, err := l.footprint(v)
	if err != nil || l.force {
		return err
	}
	if there := float64(l.memory); there > 0 && f.total() > there {
		return fmt.Errorf("%s would take about %s of memory, of which there are %s (%v): %w, such as of -train-count, -batch, -channels, -width, -hidden or -image",
			l.Label(v), size(f.total()), size(there), f, errTooLarge)
	}
	return nil
}

// picturesFit says whether the pictures in a folder fit into memory, which they all are read into, before they are.
func (l *Lab) picturesFit(folder string) error {
	if l.force || l.memory == 0 {
		return nil
	}
	files := 0
	err := filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			files++
		}
		return err
	})
	if err != nil {
		return err
	}
	if bytes := float64(files) * imageSize(l.Config.Scale.Image); bytes > float64(l.memory) {
		return fmt.Errorf("%s has %s, which would take about %s of memory at %d×%d pixels, of which there are %s: %w, such as of -image",
			folder, Plural(files, "file"), size(bytes), l.Config.Scale.Image, l.Config.Scale.Image, size(float64(l.memory)), errTooLarge)
	}
	return nil
}

// Room says whether the disk has room for the checkpoints of what is to be scored, as far as that is not there yet: [Need] of who knows what
// that is.
func (l *Lab) Room(scorings ...Scoring) error {
	at := existing(l.place)
	free, known := host.Disk(at)
	if l.force || !known {
		return nil
	}
	need, err := l.disk(scorings)
	if err == nil && need > float64(free) {
		err = fmt.Errorf("checkpoints would take about %s, and the disk that %s is on has room for %s: %w, or name a folder on another disk with -study",
			size(need), at, size(float64(free)), errTooLarge)
	}
	return err
}

// disk is how many bytes the checkpoints take of what is to be scored, and of what that goes on from.
func (l *Lab) disk(scorings []Scoring) (need float64, err error) {
	seen := make(map[string]bool)
	for _, s := range scorings {
		if l.Possible(s.Variant) != nil {
			continue
		}
		for v := &s.Variant; v != nil; v = v.After {
			if s.Like && v == &s.Variant { // another than any that has been seen
				delete(seen, l.folder(*v))
			}
			bytes, err := l.checkpoints(*v, seen)
			if err != nil {
				return 0, err
			}
			need += bytes
		}
	}
	return need, nil
}

// checkpoints is how many bytes the files of a supernet take that is not there yet: the checkpoint at hand, the one before and a new one
// that is being written, and the weights at the ends of some epochs.
func (l *Lab) checkpoints(v Variant, seen map[string]bool) (float64, error) {
	folder := l.folder(v)
	if seen[folder] {
		return 0, nil
	}
	if _, err := os.Stat(filepath.Join(l.place, folder, supernetFile)); err == nil {
		return 0, nil
	}
	seen[folder] = true
	whole, part, err := l.part(v)
	if err != nil {
		return 0, err
	}
	c := l.trainConfig(v)
	const files = 3
	each := float * float64(survey(whole, part, footprintArchs).union) * float64(max(1, v.Replicate))
	return each * (files*(1+memories(c)) + float64(len(l.SavedEpochs(v)))), nil
}

// existing is the folder, or what there is of the way to it.
func existing(dir string) string {
	for {
		above := filepath.Dir(dir)
		if _, err := os.Stat(dir); err == nil || above == dir {
			return dir
		}
		dir = above
	}
}
