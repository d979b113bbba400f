package nasbench101

import (
	"math/bits"
	"slices"

	"github.com/oneshot-nas/oneshot/spaces"
)

// labelling is a cell's graph with its inner vertices renumbered.
type labelling struct {
	edges uint32
	// order[v] is the old number of vertex v.
	order [MaxVertices]uint8
	// degrees are the numbers of edges into the vertices, a digit in base 8 for each, vertex 1 first.
	degrees uint32
}

// less orders the labellings of a graph. Degrees come first so that the canonical form of a cell in which vertices have 1, 1,
// 1, 2, 2, 2 inputs is such a cell too.
func (l *labelling) less(m *labelling) bool {
	if l.degrees != m.degrees {
		return l.degrees < m.degrees
	}
	return l.edges < m.edges
}

// least calls f with every labelling of a graph that can be the least one, in no particular order. The edges of all of them
// lead from lower to higher vertices.
func least(n int, edges uint32, f func(*labelling)) {
	var (
		l     labelling
		place func(at int, placed uint32)
		now   [MaxVertices]uint8 // the new numbers of the vertices that are placed
	)
	place = func(at int, placed uint32) {
		if at == n-1 {
			l.put(at, n-1, edges, &now)
			f(&l)
			return
		}
		// Of the vertices that can come next, those with the fewest edges make the least labelling.
		fewest := MaxVertices
		for v := 1; v < n-1; v++ {
			if in := sources(edges, v); placed>>v&1 == 0 && in&^placed == 0 {
				fewest = min(fewest, bits.OnesCount32(in))
			}
		}
		before := l
		for v := 1; v < n-1; v++ {
			if in := sources(edges, v); placed>>v&1 == 0 && in&^placed == 0 && bits.OnesCount32(in) == fewest {
				l.put(at, v, edges, &now)
				place(at+1, placed|1<<v)
				l = before
			}
		}
	}
	place(1, 1)
}

// put gives the number at to the vertex v. All vertices that have edges to it must have their numbers.
func (l *labelling) put(at, v int, edges uint32, now *[MaxVertices]uint8) {
	now[v], l.order[at] = uint8(at), uint8(v)
	in := sources(edges, v)
	l.degrees = l.degrees<<3 | uint32(bits.OnesCount32(in))
	for ; in != 0; in &= in - 1 {
		l.edges |= 1 << (shift(at) + int(now[bits.TrailingZeros32(in)]))
	}
}

// relabel returns the operations in the order of a labelling of a graph of n vertices.
func (l *labelling) relabel(n int, ops [maxInner]Op) (out [maxInner]Op) {
	for v := 1; v < n-1; v++ {
		out[v-1] = ops[l.order[v]-1]
	}
	return out
}

// Canonical returns the least of the cells that arise from renumbering the inner vertices.
func (a Arch) Canonical() spaces.Arch { return a.canonical() }

func (a Arch) canonical() Arch {
	var best labelling
	b := a
	n, first := a.Vertices(), true
	least(n, a.edges, func(l *labelling) {
		ops := l.relabel(n, a.ops)
		if first || l.less(&best) || l.edges == best.edges && l.degrees == best.degrees && slices.Compare(ops[:], b.ops[:]) < 0 {
			best, first = *l, false
			b.edges, b.ops = l.edges, ops
		}
	})
	return b
}
