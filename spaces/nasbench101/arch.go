package nasbench101

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces"
)

// Op is the operation of an inner vertex, in the benchmark's index order.
type Op uint8

// The operations.
const (
	Conv3x3 Op = iota
	Conv1x1
	MaxPool3x3
	numOps
)

var opNames = []string{"conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"}

// String returns the benchmark's name of the operation.
func (o Op) String() string {
	if o < numOps {
		return opNames[o]
	}
	return fmt.Sprintf("Op(%d)", uint8(o))
}

// The limits of a cell; vertices include the input and the output.
const (
	MaxVertices = 7
	MaxEdges    = 9
	maxInner    = MaxVertices - 2
)

// Arch is a cell in which every vertex lies on a path from the input to the output. [NewArch] and [Parse] make one; the zero
// value is none.
type Arch struct {
	n     uint8  // vertices: 0 is the input, n-1 the output
	edges uint32 // the edge from→to is bit shift(to)+from
	ops   [maxInner]Op
}

var _ spaces.Arch = Arch{}

// shift is the position of the edges into a vertex among the bits of all edges.
func shift(to int) int { return to * (to - 1) / 2 }

// sources returns the edges into a vertex: bit v stands for an edge from vertex v.
func sources(edges uint32, to int) uint32 { return edges >> shift(to) & (1<<to - 1) }

// Vertices returns the number of vertices, 2 to 7, input and output included.
func (a Arch) Vertices() int { return int(a.n) }

// Edges returns the number of edges, 1 to 9.
func (a Arch) Edges() int { return bits.OnesCount32(a.edges) }

// Op returns the operation of an inner vertex, 1 to Vertices()-2.
func (a Arch) Op(v int) Op {
	if v < 1 || v > a.Vertices()-2 {
		panic(fmt.Sprintf("nasbench101: vertex %d of a cell of %d vertices has no operation", v, a.n))
	}
	return a.ops[v-1]
}

// Edge reports whether an edge leads from one vertex to another.
func (a Arch) Edge(from, to int) bool {
	if from < 0 || from >= to || to >= a.Vertices() {
		panic(fmt.Sprintf("nasbench101: no edge can lead from %d to %d in a cell of %d vertices", from, to, a.n))
	}
	return a.edges>>(shift(to)+from)&1 == 1
}

// Inputs returns the vertices from which edges lead to a vertex, in ascending order.
func (a Arch) Inputs(to int) []int {
	if to < 1 || to >= a.Vertices() {
		panic(fmt.Sprintf("nasbench101: vertex %d of a cell of %d vertices has no inputs", to, a.n))
	}
	return members(sources(a.edges, to))
}

// members lists the bits that are set, the lowest first.
func members(set uint32) []int {
	list := make([]int, 0, bits.OnesCount32(set))
	for ; set != 0; set &= set - 1 {
		list = append(list, bits.TrailingZeros32(set))
	}
	return list
}

// String prints the rows of the adjacency matrix and the operations, such as
//
//	0110/0001/0001/0000 input,conv3x3-bn-relu,maxpool3x3,output
func (a Arch) String() string {
	n := a.Vertices()
	var b strings.Builder
	for from := range n {
		if from > 0 {
			b.WriteByte('/')
		}
		for to := range n {
			if from < to && a.Edge(from, to) {
				b.WriteByte('1')
			} else {
				b.WriteByte('0')
			}
		}
	}
	b.WriteString(" input,")
	for v := 1; v < n-1; v++ {
		b.WriteString(a.Op(v).String() + ",")
	}
	b.WriteString("output")
	return b.String()
}

// NewArch returns the cell of the given operations (of the vertices 1, 2, …) and edges (from, to), where vertex 0 is the input
// and vertex len(ops)+1 the output. As in the benchmark, vertices that are not on a path from the input to the output are
// taken out first. It is an error if nothing remains, or more than nine edges.
func NewArch(ops []Op, edges [][2]int) (Arch, error) {
	n := len(ops) + 2
	if n > MaxVertices {
		return Arch{}, fmt.Errorf("nasbench101: a cell of %d vertices, want at most %d", n, MaxVertices)
	}
	a := Arch{n: uint8(n)}
	for i, o := range ops {
		if o >= numOps {
			return Arch{}, fmt.Errorf("nasbench101: vertex %d has the operation %v, want one of %v", i+1, o, opNames)
		}
		a.ops[i] = o
	}
	for _, e := range edges {
		from, to := e[0], e[1]
		if from < 0 || from >= to || to >= n {
			return Arch{}, fmt.Errorf("nasbench101: edge from %d to %d in a cell of %d vertices, want edges from a lower to a higher vertex within 0..%d", from, to, n, n-1)
		}
		a.edges |= 1 << (shift(to) + from)
	}
	return a.pruned()
}

// pruned takes out the vertices that are not on a path from the input to the output and checks what remains.
func (a Arch) pruned() (Arch, error) {
	used := onPath(a.Vertices(), a.edges)
	if used == 0 {
		return Arch{}, fmt.Errorf("nasbench101: no path leads from the input to the output of %v", a)
	}
	kept := members(used)
	b := Arch{n: uint8(len(kept))}
	for to := 1; to < len(kept); to++ {
		if to < len(kept)-1 {
			b.ops[to-1] = a.ops[kept[to]-1]
		}
		for from := range to {
			if a.Edge(kept[from], kept[to]) {
				b.edges |= 1 << (shift(to) + from)
			}
		}
	}
	if b.Edges() > MaxEdges {
		return Arch{}, fmt.Errorf("nasbench101: %v has %d edges, want at most %d", b, b.Edges(), MaxEdges)
	}
	return b, nil
}

// onPath returns the set of the vertices on paths from the input to the output; it is empty if there is no such path.
func onPath(n int, edges uint32) uint32 {
	reached, used := uint32(1), uint32(1)<<(n-1)
	for v := 1; v < n; v++ {
		if sources(edges, v)&reached != 0 {
			reached |= 1 << v
		}
	}
	for v := n - 1; v > 0; v-- {
		if used>>v&1 == 1 {
			used |= sources(edges, v)
		}
	}
	if reached>>(n-1) == 0 {
		return 0
	}
	return reached & used
}

// complete reports whether every vertex is on a path from the input to the output.
func complete(n int, edges uint32) bool { return onPath(n, edges) == 1<<n-1 }

// Valid reports whether this is a cell of the benchmark. Only the zero value is not.
func (a Arch) Valid() bool {
	return a.n >= 2 && complete(a.Vertices(), a.edges) && a.Edges() <= MaxEdges &&
		!slices.ContainsFunc(a.ops[:], func(o Op) bool { return o >= numOps })
}

// Channels returns the channels of the vertices 1 to Vertices()-1 of a cell that puts out the given number. Element 0, the
// input's, is not a matter of the cell and left zero, as are those of vertices that the cell does not have. The vertices that
// feed the output share its channels evenly, the first ones get one more if that does not go, and every other vertex has as
// many as the widest vertex that it feeds.
func (a Arch) Channels(output int) (c [MaxVertices]int) {
	last := a.Vertices() - 1
	c[last] = output
	if shares := a.Shares(); shares > 0 {
		larger := output % shares // shares of one more
		for v := 1; v < last; v++ {
			if !a.Edge(v, last) {
				continue
			}
			c[v] = output / shares
			if larger > 0 {
				c[v]++
				larger--
			}
		}
	}
	for v := last - 1; v > 0; v-- {
		if a.Edge(v, last) {
			continue
		}
		for to := v + 1; to < last; to++ {
			if a.Edge(v, to) {
				c[v] = max(c[v], c[to])
			}
		}
	}
	return c
}

// Shares is the number of inner vertices that feed the output, which share its channels; 0 if only the input does.
func (a Arch) Shares() int { return bits.OnesCount32(sources(a.edges, a.Vertices()-1) &^ 1) }
