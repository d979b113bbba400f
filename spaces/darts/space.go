package darts

import (
	"iter"
	"math/big"
	"math/rand/v2"
	"strconv"

	"github.com/oneshot-nas/oneshot/spaces"
)

// Space is the search space at one scale of the network.
type Space struct {
	Channels int // C, of the first cells
	Cells    int // L
	Classes  int
	Image    int // height and width of the input, a multiple of 4
	// Pool is the height and width of the window, of the first pixels, whose average the classifier reads; 0, or a window
	// that is larger than the image then is, averages all of it.
	Pool int
	// Channels of the two convolutions of the auxiliary head, see [Space.Auxiliary]; 0 for networks that are trained without one.
	AuxiliaryChannels, AuxiliaryFeatures int
}

var _ spaces.Composer = Space{}

// New returns the space at its published size for CIFAR-10: 36 channels, 20 cells, 10 classes, 32×32 images, an auxiliary head of
// 128 and 768 channels. The classifier averages 7×7 of the last 8×8 pixels, as in the code that the paper's authors released:
// DARTS averages all of them for CIFAR-10, and 7×7 for ImageNet, where there are no more.
func New() Space {
	return Space{Channels: 36, Cells: 20, Classes: 10, Image: 32, Pool: 7, AuxiliaryChannels: 128, AuxiliaryFeatures: 768}
}

// Name returns "darts".
func (Space) Name() string { return "darts" }

// Size is the product over both cells and the nodes i = 2 … 5 of i(i-1) · 7², 275,647,219,316,498,534,400 in all: the two
// edges of a node are in order.
func (Space) Size() *big.Int {
	n := big.NewInt(1)
	for range cellNames {
		for i := int64(Inputs); i < Inputs+Nodes; i++ {
			n.Mul(n, big.NewInt(i*(i-1)*int64(NumOps)*int64(NumOps)))
		}
	}
	return n
}

// Choices lists an operation and an input for every edge, 32 decisions under the names of the authors' tables.
func (Space) Choices() []spaces.Choice {
	inputs := make([]string, Inputs+Nodes)
	for i := range inputs {
		inputs[i] = strconv.Itoa(i)
	}
	var c []spaces.Choice
	var a Arch
	a.edges(func(p place, _ *Edge) {
		c = append(c, spaces.Choice{Name: p.key("op"), Values: opNames}, spaces.Choice{Name: p.key("input"), Values: inputs[:p.node]})
	})
	return c
}

// Sample draws uniformly: for every node two different inputs in either order, and two operations.
func (Space) Sample(rng *rand.Rand) spaces.Arch {
	var a Arch
	for _, c := range a.cells() {
		for j := range c {
			first, second := rng.IntN(Inputs+j), rng.IntN(Inputs+j-1)
			if second >= first {
				second++
			}
			c[j] = [Slots]Edge{{randomOp(rng), uint8(first)}, {randomOp(rng), uint8(second)}}
		}
	}
	return a
}

func randomOp(rng *rand.Rand) Op { return Op(rng.IntN(int(NumOps))) }

// Compose returns the architecture of the given operations and inputs; false if a node would read the same node twice.
func (Space) Compose(values []int) (spaces.Arch, bool) {
	var a Arch
	a.edges(func(_ place, e *Edge) {
		*e = Edge{Op(values[0]), uint8(values[1])}
		values = values[2:]
	})
	return a, a.Valid()
}

// All returns nil: there are too many architectures.
func (Space) All() iter.Seq[spaces.Arch] { return nil }

// Parse is [Parse].
func (Space) Parse(s string) (spaces.Arch, error) {
	a, err := Parse(s)
	if err != nil {
		return nil, err
	}
	return a, nil
}
