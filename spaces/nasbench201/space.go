package nasbench201

import (
	"fmt"
	"iter"
	"math/big"
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/internal/layers"
)

// Space is the search space at one scale of the network.
type Space struct {
	Channels int // C, of the first stage
	Cells    int // N, per stage
	Classes  int
	Image    int // height and width of the input
	// Whole makes Sample and All cover all 15,625 architectures instead of the 15,284 whose output depends on the input.
	Whole bool
}

var _ spaces.Composer = Space{}

// New returns the space at its published size for CIFAR-10: 16 channels, 5 cells a stage, 10 classes, 32×32 images.
func New() Space { return Space{Channels: 16, Cells: 5, Classes: 10, Image: 32} }

// Name returns "nasbench201".
func (Space) Name() string { return "nasbench201" }

// Size is 15,625, or 15,284 without the architectures whose output does not depend on the input.
func (s Space) Size() *big.Int {
	if s.Whole {
		return big.NewInt(Size)
	}
	return big.NewInt(15284)
}

// Choices lists the six edges with the five operations each.
func (Space) Choices() []spaces.Choice {
	c := make([]spaces.Choice, Edges)
	for i, k := range Keys {
		c[i] = spaces.Choice{Name: k, Values: opNames}
	}
	return c
}

// Sample draws uniformly.
func (s Space) Sample(rng *rand.Rand) spaces.Arch {
	for {
		if a := FromOrdinal(rng.IntN(Size)); s.Whole || a.Connected() {
			return a
		}
	}
}

// All yields the architectures in the order of [Arch.Ordinal].
func (s Space) All() iter.Seq[spaces.Arch] {
	return func(yield func(spaces.Arch) bool) {
		for i := range Size {
			if a := FromOrdinal(i); (s.Whole || a.Connected()) && !yield(a) {
				return
			}
		}
	}
}

// Compose returns the architecture of the given operations; false if its output does not depend on the input, unless the
// space is whole.
func (s Space) Compose(values []int) (spaces.Arch, bool) {
	var a Arch
	for i, v := range values {
		a[i] = Op(v)
	}
	return a, s.Whole || a.Connected()
}

// Parse is [Parse].
func (Space) Parse(s string) (spaces.Arch, error) {
	a, err := Parse(s)
	if err != nil {
		return nil, err
	}
	return a, nil
}

// Network lists the layers of an architecture's network in execution order. Edges that carry a convolution are listed
// whether or not they lie on a way from the input to the output, as the benchmark counts them; those that do not are idle.
func (s Space) Network(arch spaces.Arch) spaces.Network {
	a, ok := arch.(Arch)
	if !ok {
		panic(fmt.Sprintf("nasbench201: architecture of type %T", arch))
	}
	var b layers.Builder
	c, active := s.Channels, a.Active()
	x := b.Norm("stem.1", b.Conv("stem.0", layers.Image(s.Image), c, 3, 1))
	for i := range s.Blocks() {
		cell := fmt.Sprintf("cells.%d", i)
		if s.Reduction(i) {
			c *= 2
			half := b.Norm(cell+".conv_a.2", b.Conv(cell+".conv_a.1", x, c, 3, 2))
			b.Norm(cell+".conv_b.2", b.Conv(cell+".conv_b.1", half, c, 3, 1))
			x = b.Conv(cell+".downsample.1", b.Pool(cell+".downsample.0", x, 2, 2, 0), c, 1, 1)
			continue
		}
		for to := 1; to < Nodes; to++ {
			for from := range to {
				edge := fmt.Sprintf("%s.edge.%d_%d", cell, from, to)
				b.Idle = !active[Edge(from, to)]
				switch a.Op(from, to) {
				case Conv1x1:
					b.Norm(edge+".2", b.Conv(edge+".1", x, c, 1, 1))
				case Conv3x3:
					b.Norm(edge+".2", b.Conv(edge+".1", x, c, 3, 1))
				case AvgPool3x3:
					b.Pool(edge, x, 3, 1, 1)
				}
			}
		}
		b.Idle = false
	}
	b.Classify(b.Norm("lastact.0", x), s.Classes)
	return b.Network
}

// Blocks is the number of cells and residual blocks: 3N + 2.
func (s Space) Blocks() int { return 3*s.Cells + 2 }

// Reduction reports whether block i is one of the two residual blocks of stride 2.
func (s Space) Reduction(i int) bool { return i == s.Cells || i == 2*s.Cells+1 }
