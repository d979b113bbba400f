package nasbench101

import (
	"fmt"
	"iter"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"sync"

	"github.com/oneshot-nas/oneshot/spaces"
)

// OneShot is the subspace that the supernets of "How Does Supernet Help in Neural Architecture Search?" (arXiv 2010.08219)
// train in, the third one of NAS-Bench-1Shot1 (Zela, Siems and Hutter, ICLR 2020, arXiv 2001.10422): the cells of seven
// vertices in which the vertices 1 to 6 have 1, 1, 1, 2, 2 and 2 inputs and no edge leads from the input to the output. Every
// inner vertex then has half the channels that the cell puts out. 395 graphs with 3^5 operations make 95,985 numbered cells,
// of which 42,228 are not isomorphic.
type OneShot struct{ Space }

var _ spaces.Composer = OneShot{}

// NewOneShot returns the subspace at its published size, that of [New].
func NewOneShot() OneShot { return OneShot{New()} }

// OneShotArch is a cell of the subspace.
type OneShotArch struct{ Arch }

var _ spaces.Arch = OneShotArch{}

// parents are the numbers of inputs of the vertices.
var parents = [MaxVertices]int{0, 1, 1, 1, 2, 2, 2}

// oneShotInput reports whether a vertex can have this set of inputs in the subspace.
func oneShotInput(to int, set uint32) bool {
	return bits.OnesCount32(set) == parents[to] && (to != output || set&1 == 0)
}

// Contains reports whether a cell, numbered as it is, belongs to the subspace.
func (OneShot) Contains(a Arch) bool {
	if a.Vertices() != MaxVertices {
		return false
	}
	for to := 1; to < MaxVertices; to++ {
		if !oneShotInput(to, sources(a.edges, to)) {
			return false
		}
	}
	return true
}

// oneShotSizes are the numbers of sets of inputs of the vertices.
var oneShotSizes = func() (sizes [MaxVertices]int) {
	for to, sets := range inputSets {
		for _, set := range sets {
			if oneShotInput(to, set) {
				sizes[to]++
			}
		}
	}
	return sizes
}()

// graphs lists the 395 graphs; the inputs of the last vertex change fastest.
var graphs = sync.OnceValue(func() []uint32 {
	var list []uint32
	var choose func(to int, edges uint32)
	choose = func(to int, edges uint32) {
		if to == MaxVertices {
			if complete(MaxVertices, edges) {
				list = append(list, edges)
			}
			return
		}
		for _, set := range inputSets[to][:oneShotSizes[to]] {
			choose(to+1, edges|set<<shift(to))
		}
	}
	choose(1, 0)
	return list
})

// Name returns "nasbench101-1shot1".
func (OneShot) Name() string { return "nasbench101-1shot1" }

// Size is 95,985, the number of numbered cells.
func (OneShot) Size() *big.Int { return big.NewInt(95985) }

// Choices lists op1 … op5 and input1 … input6 with the sets of inputs that occur.
func (OneShot) Choices() []spaces.Choice { return choices(oneShotSizes) }

// Sample draws uniformly from the 95,985.
func (OneShot) Sample(rng *rand.Rand) spaces.Arch {
	a := Arch{n: MaxVertices, edges: graphs()[rng.IntN(len(graphs()))]}
	for v := range a.ops {
		a.ops[v] = Op(rng.IntN(int(numOps)))
	}
	return OneShotArch{a}
}

// All yields the 95,985 cells: graph by graph, the operation of vertex 5 changing fastest.
func (OneShot) All() iter.Seq[spaces.Arch] {
	return func(yield func(spaces.Arch) bool) {
		for _, edges := range graphs() {
			for ops := range labels(maxInner) {
				if !yield(OneShotArch{Arch{MaxVertices, edges, ops}}) {
					return
				}
			}
		}
	}
}

// Compose returns the cell of the given values; false if some vertex would not be on a path from the input to the output.
func (OneShot) Compose(values []int) (spaces.Arch, bool) {
	a := Arch{n: MaxVertices}
	for v := 1; v <= output; v++ {
		if v < output {
			a.ops[v-1] = Op(values[v-1])
		}
		a.edges |= inputSets[v][values[maxInner+v-1]] << shift(v)
	}
	return OneShotArch{a}, complete(MaxVertices, a.edges)
}

// Find returns the cell of the subspace that computes what a cell of any numbering does: the cell itself if its numbering is one of
// the subspace's, else its canonical form; false if no numbering of it is.
func (s OneShot) Find(a Arch) (OneShotArch, bool) {
	if !s.Contains(a) {
		// A cell of the subspace has the least degrees that its vertices can have in any order, ascending ones; and the canonical
		// form is the numbering of the least degrees.
		a = a.canonical()
	}
	return OneShotArch{a}, s.Contains(a)
}

// Parse is [Parse], and [OneShot.Find] of the cell; it is an error if no numbering of the cell is in the subspace.
func (s OneShot) Parse(text string) (spaces.Arch, error) {
	a, err := Parse(text)
	if err != nil {
		return nil, err
	}
	found, ok := s.Find(a)
	if !ok {
		return nil, spaces.Outside("nasbench101: %v is not in the one-shot subspace, however its vertices are numbered: want %d vertices with %v inputs and no edge from the input to the output",
			a, MaxVertices, parents[1:])
	}
	return found, nil
}

// Network lists the layers of the network of a cell in execution order.
func (s OneShot) Network(arch spaces.Arch) spaces.Network {
	a, ok := arch.(OneShotArch)
	if !ok {
		panic(fmt.Sprintf("nasbench101: architecture of type %T in the one-shot subspace", arch))
	}
	return s.network(a.Arch)
}

// Canonical returns the least of the cells that arise from renumbering the inner vertices, which is in the subspace too.
func (a OneShotArch) Canonical() spaces.Arch { return OneShotArch{a.canonical()} }

// Neighbours yields the cells of the subspace in which an operation is changed or an edge comes from another vertex.
func (a OneShotArch) Neighbours() iter.Seq[spaces.Arch] {
	return func(yield func(spaces.Arch) bool) {
		for b := range a.Arch.Neighbours() {
			if b := b.(Arch); (OneShot{}).Contains(b) && !yield(OneShotArch{b}) {
				return
			}
		}
	}
}
