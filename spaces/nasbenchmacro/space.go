package nasbenchmacro

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
	Channels int // that the stem puts out; every stage doubles them
	Classes  int
	Image    int // height and width of the input
}

var _ spaces.Composer = Space{}

// New returns the space at its published size for CIFAR-10: 32 channels, 10 classes, 32×32 images.
func New() Space { return Space{Channels: 32, Classes: 10, Image: 32} }

// Head returns the number of channels before the classifier, 1280 at the published size: five times those of the last stage, at
// any width.
func (s Space) Head() int { return 5 * (8 * s.Channels) }

// Name returns "nasbenchmacro".
func (Space) Name() string { return "nasbenchmacro" }

// size is 3^8.
const size = 6561

// Size is 3^8 = 6,561.
func (Space) Size() *big.Int { return big.NewInt(size) }

// Choices lists the eight layers with the three operations each.
func (Space) Choices() []spaces.Choice {
	c := make([]spaces.Choice, Layers)
	for i := range c {
		c[i] = spaces.Choice{Name: Key(i), Values: opNames}
	}
	return c
}

// Sample draws uniformly.
func (Space) Sample(rng *rand.Rand) spaces.Arch {
	var a Arch
	for i := range a {
		a[i] = Op(rng.IntN(int(numOps)))
	}
	return a
}

// All yields the architectures in the order of their digits, which is that of the published table.
func (Space) All() iter.Seq[spaces.Arch] {
	return func(yield func(spaces.Arch) bool) {
		for n := range size {
			var a Arch
			for i := Layers - 1; i >= 0; i-- {
				a[i] = Op(n % int(numOps))
				n /= int(numOps)
			}
			if !yield(a) {
				return
			}
		}
	}
}

// Compose returns the architecture of the given operations; every combination is one.
func (Space) Compose(values []int) (spaces.Arch, bool) {
	var a Arch
	for i, v := range values {
		a[i] = Op(v)
	}
	return a, true
}

// Parse is [Parse].
func (Space) Parse(s string) (spaces.Arch, error) {
	a, err := Parse(s)
	if err != nil {
		return nil, err
	}
	return a, nil
}

// Network lists the layers of an architecture's network in execution order. An Identity that computes nothing has none.
func (s Space) Network(arch spaces.Arch) spaces.Network {
	a, ok := arch.(Arch)
	if !ok {
		panic(fmt.Sprintf("nasbenchmacro: architecture of type %T", arch))
	}
	if !a.Valid() {
		panic(fmt.Sprintf("nasbenchmacro: %v is not valid", a.Values()))
	}
	var b layers.Builder
	x := b.ConvNorm("stem", layers.Image(s.Image), s.Channels, 3, 1)
	channels := s.Channels
	for i, o := range a {
		stride := 1
		if First(i) {
			channels, stride = 2*channels, 2
		}
		name := fmt.Sprintf("%s.%v", Key(i), o)
		switch {
		case o != Identity:
			x = b.MBConv(name, x, channels, o.Kernel(), o.Expansion(), stride)
		case First(i):
			x = b.ConvNorm(name, x, channels, 1, stride)
		}
	}
	b.Classify(b.ConvNorm("head", x, s.Head(), 1, 1), s.Classes)
	return b.Network
}
