package nasbench201

import (
	"fmt"
	"iter"
	"math/big"
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/spaces"
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
	var n spaces.Network
	size := s.Image
	idle := false
	conv := func(name string, cin, cout, k, stride int) {
		size = (size-1)/stride + 1
		params := int64(k * k * cin * cout)
		n.Layers = append(n.Layers, spaces.Layer{Name: name, Kind: spaces.Conv, Cin: cin, Cout: cout, KH: k, KW: k, Stride: stride,
			Pad: k / 2, Dilation: 1, Groups: 1, H: size, W: size, Params: params, MACs: params * int64(size) * int64(size), Idle: idle})
	}
	norm := func(name string, c int) {
		n.Layers = append(n.Layers, spaces.Layer{Name: name, Kind: spaces.BatchNorm, Cin: c, Cout: c, KH: 1, KW: 1, Stride: 1,
			Dilation: 1, Groups: 1, H: size, W: size, Params: int64(2 * c), Idle: idle})
	}
	pool := func(name string, c, k, stride, pad int) {
		size = (size+2*pad-k)/stride + 1
		n.Layers = append(n.Layers, spaces.Layer{Name: name, Kind: spaces.Pool, Cin: c, Cout: c, KH: k, KW: k, Stride: stride,
			Pad: pad, Dilation: 1, Groups: 1, H: size, W: size, Idle: idle})
	}
	c, active := s.Channels, a.Active()
	conv("stem.0", 3, c, 3, 1)
	norm("stem.1", c)
	for i := range s.Blocks() {
		cell := fmt.Sprintf("cells.%d", i)
		if s.Reduction(i) {
			in := size
			conv(cell+".conv_a.1", c, 2*c, 3, 2)
			norm(cell+".conv_a.2", 2*c)
			conv(cell+".conv_b.1", 2*c, 2*c, 3, 1)
			norm(cell+".conv_b.2", 2*c)
			size = in
			pool(cell+".downsample.0", c, 2, 2, 0)
			conv(cell+".downsample.1", c, 2*c, 1, 1)
			c *= 2
			continue
		}
		for to := 1; to < Nodes; to++ {
			for from := range to {
				edge := fmt.Sprintf("%s.edge.%d_%d", cell, from, to)
				idle = !active[Edge(from, to)]
				switch a.Op(from, to) {
				case Conv1x1:
					conv(edge+".1", c, c, 1, 1)
					norm(edge+".2", c)
				case Conv3x3:
					conv(edge+".1", c, c, 3, 1)
					norm(edge+".2", c)
				case AvgPool3x3:
					pool(edge, c, 3, 1, 1)
				}
			}
		}
		idle = false
	}
	norm("lastact.0", c)
	pool("global", c, size, size, 0)
	n.Layers = append(n.Layers, spaces.Layer{Name: "classifier", Kind: spaces.Linear, Cin: c, Cout: s.Classes, KH: 1, KW: 1, Stride: 1,
		Dilation: 1, Groups: 1, H: 1, W: 1, Params: int64(c*s.Classes + s.Classes), MACs: int64(c * s.Classes)})
	return n
}

// Blocks is the number of cells and residual blocks: 3N + 2.
func (s Space) Blocks() int { return 3*s.Cells + 2 }

// Reduction reports whether block i is one of the two residual blocks of stride 2.
func (s Space) Reduction(i int) bool { return i == s.Cells || i == 2*s.Cells+1 }
