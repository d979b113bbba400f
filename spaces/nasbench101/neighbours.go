package nasbench101

import (
	"iter"

	"github.com/oneshot-nas/oneshot/spaces"
)

// Neighbours yields the cells that arise when an operation is changed, an edge is added, removed, or made to come from another
// vertex, or a vertex with one edge in and one edge out is added. A vertex that is on no path any more goes. The other vertices
// keep their order.
func (a Arch) Neighbours() iter.Seq[spaces.Arch] {
	return func(yield func(spaces.Arch) bool) {
		seen := map[Arch]bool{a: true}
		for b := range a.mutations() {
			b, err := b.pruned()
			if err != nil || seen[b] {
				continue
			}
			seen[b] = true
			if !yield(b) {
				return
			}
		}
	}
}

// mutations yields neighbours that may have too many edges, lack a path or have vertices without use, some more than once.
func (a Arch) mutations() iter.Seq[Arch] {
	n := a.Vertices()
	return func(yield func(Arch) bool) {
		for v := 1; v < n-1; v++ {
			for o := range numOps {
				b := a
				b.ops[v-1] = o
				if !yield(b) {
					return
				}
			}
		}
		for e := range shift(n) {
			b := a
			b.edges ^= 1 << e
			if !yield(b) {
				return
			}
		}
		for to := 1; to < n; to++ {
			for from := range to {
				for other := range to {
					if !a.Edge(from, to) || a.Edge(other, to) {
						continue
					}
					b := a
					b.edges ^= (1<<from | 1<<other) << shift(to)
					if !yield(b) {
						return
					}
				}
			}
		}
		if n == MaxVertices {
			return
		}
		for to := 1; to < n; to++ {
			for from := range to {
				for o := range numOps {
					if !yield(a.inserted(from, to, o)) {
						return
					}
				}
			}
		}
	}
}

// inserted returns the cell with one more vertex, which stands just before the vertex to and has an edge from the vertex from
// and one to the vertex to.
func (a Arch) inserted(from, to int, op Op) Arch {
	b := Arch{n: a.n + 1}
	moved := func(v int) int {
		if v >= to {
			return v + 1
		}
		return v
	}
	for v := 1; v < a.Vertices(); v++ {
		if v < a.Vertices()-1 {
			b.ops[moved(v)-1] = a.ops[v-1]
		}
		for _, u := range a.Inputs(v) {
			b.edges |= 1 << (shift(moved(v)) + moved(u))
		}
	}
	b.ops[to-1] = op
	b.edges |= 1<<(shift(to)+from) | 1<<(shift(to+1)+to)
	return b
}
