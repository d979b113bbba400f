package nasbench101

import (
	"fmt"
	"iter"
	"math/big"
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/spaces"
)

// Space is the whole search space at one scale of the network.
type Space struct {
	Channels int // that the stem and the cells of the first stack put out
	Cells    int // per stack
	Classes  int
	Image    int // height and width of the input
}

var _ spaces.Space = Space{}

// New returns the space at its published size for CIFAR-10: 128 channels, 3 cells a stack, 10 classes, 32×32 images.
func New() Space { return Space{Channels: 128, Cells: 3, Classes: 10, Image: 32} }

// Name returns "nasbench101".
func (Space) Name() string { return "nasbench101" }

// Size is 423,624, the number of cells that are not isomorphic.
func (Space) Size() *big.Int { return big.NewInt(Size) }

// Choices lists the operations op1 … op5 and the sets of inputs input1 … input6, such as "0+2". Cells of fewer than seven
// vertices lack the last operations and the inputs of the same vertices; input6 is always the output's.
func (Space) Choices() []spaces.Choice {
	var sizes [MaxVertices]int
	for v, sets := range inputSets {
		sizes[v] = len(sets)
	}
	return choices(sizes)
}

// Sample draws from the prior of the supernet of AceNAS (Zhang et al., arXiv 2108.03001): the number n of vertices, 2 to 7,
// with probability proportional to 2^n; then, uniformly, one of the graphs of n numbered vertices that have at most nine edges
// and all vertices on a path from the input to the output; then each operation. All cells can occur, but those with many
// symmetries are rarer than others.
func (Space) Sample(rng *rand.Rand) spaces.Arch {
	n, left := 2, rng.IntN(4+8+16+32+64+128)
	for left >= 1<<n {
		left -= 1 << n
		n++
	}
	a := Arch{n: uint8(n)}
	for v := range n - 2 {
		a.ops[v] = Op(rng.IntN(int(numOps)))
	}
	for !a.Valid() {
		a.edges = rng.Uint32N(1 << shift(n))
	}
	return a
}

// All yields the 423,624 canonical cells.
func (Space) All() iter.Seq[spaces.Arch] {
	return func(yield func(spaces.Arch) bool) {
		for a := range cells() {
			if !yield(a) {
				return
			}
		}
	}
}

// Parse is [Parse].
func (Space) Parse(s string) (spaces.Arch, error) {
	a, err := Parse(s)
	if err != nil {
		return nil, err
	}
	return a, nil
}

// Network lists the layers of the network of a cell in execution order.
func (s Space) Network(arch spaces.Arch) spaces.Network {
	a, ok := arch.(Arch)
	if !ok {
		panic(fmt.Sprintf("nasbench101: architecture of type %T", arch))
	}
	return s.network(a)
}
