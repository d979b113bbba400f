package darts

import (
	"iter"

	"github.com/oneshot-nas/oneshot/spaces"
)

// Neighbours yields the 120 architectures that differ in one operation (96) or in one input (24). Node 2 reads both inputs of
// the cell in any case, so none of its inputs can change alone: every function can be reached from every other by such steps,
// but not the same function with the edges into node 2 in the other order.
func (a Arch) Neighbours() iter.Seq[spaces.Arch] {
	return func(yield func(spaces.Arch) bool) {
		for i := range cellNames {
			for j := range Nodes {
				for k := range Slots {
					for e := range a.cells()[i][j][k].mutations(a.cells()[i][j][1-k].Input, uint8(Inputs+j)) {
						b := a
						b.cells()[i][j][k] = e
						if !yield(b) {
							return
						}
					}
				}
			}
		}
	}
}

// mutations yields the edges into a node that differ in the operation or in the input, which is not that of the other edge.
func (e Edge) mutations(other, node uint8) iter.Seq[Edge] {
	return func(yield func(Edge) bool) {
		for o := range NumOps {
			if o != e.Op && !yield(Edge{o, e.Input}) {
				return
			}
		}
		for in := range node {
			if in != e.Input && in != other && !yield(Edge{e.Op, in}) {
				return
			}
		}
	}
}
