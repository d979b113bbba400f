package nasbench101

import (
	"iter"
	"math/bits"
	"slices"
)

// Size is the number of cells that are not isomorphic to each other.
const Size = 423624

// cells yields every canonical cell once: by the number of vertices, then by the edges, then by the operations.
func cells() iter.Seq[Arch] {
	return func(yield func(Arch) bool) {
		for n := 2; n <= MaxVertices; n++ {
			for edges := range uint32(1) << shift(n) {
				if bits.OnesCount32(edges) > MaxEdges || !complete(n, edges) {
					continue
				}
				symmetries, ok := automorphisms(n, edges)
				if !ok {
					continue
				}
				for ops := range labels(n - 2) {
					if a := (Arch{uint8(n), edges, ops}); leastOps(a, symmetries) && !yield(a) {
						return
					}
				}
			}
		}
	}
}

// automorphisms returns the labellings of a graph that leave it as it is; false if another labelling is less.
func automorphisms(n int, edges uint32) (same []labelling, ok bool) {
	own := labelling{edges: edges}
	for to := 1; to < n; to++ {
		own.degrees = own.degrees<<3 | uint32(bits.OnesCount32(sources(edges, to)))
	}
	ok = true
	least(n, edges, func(l *labelling) {
		if l.less(&own) {
			ok = false
		}
		if l.edges == edges {
			same = append(same, *l)
		}
	})
	return same, ok
}

// leastOps reports whether no symmetry of the graph makes the operations less.
func leastOps(a Arch, symmetries []labelling) bool {
	for i := range symmetries {
		if ops := symmetries[i].relabel(a.Vertices(), a.ops); slices.Compare(ops[:], a.ops[:]) < 0 {
			return false
		}
	}
	return true
}

// labels yields all operations of k vertices; those of the first vertex change slowest.
func labels(k int) iter.Seq[[maxInner]Op] {
	return func(yield func([maxInner]Op) bool) {
		var ops [maxInner]Op
		for {
			if !yield(ops) {
				return
			}
			v := k - 1
			for ; v >= 0; v-- {
				if ops[v]++; ops[v] < numOps {
					break
				}
				ops[v] = 0
			}
			if v < 0 {
				return
			}
		}
	}
}
