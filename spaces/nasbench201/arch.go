package nasbench201

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces"
)

// Op is the operation of an edge, in the benchmark's index order.
type Op uint8

// The operations.
const (
	None Op = iota
	SkipConnect
	Conv1x1
	Conv3x3
	AvgPool3x3
	numOps
)

var opNames = []string{"none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"}

// String returns the benchmark's name of the operation.
func (o Op) String() string {
	if o < numOps {
		return opNames[o]
	}
	return fmt.Sprintf("Op(%d)", uint8(o))
}

// Nodes is the number of nodes of a cell, Edges that of its edges.
const (
	Nodes = 4
	Edges = 6
)

// Arch is an architecture: the operations of the edges 0→1, 0→2, 1→2, 0→3, 1→3, 2→3, which is the order in which the
// benchmark writes them.
type Arch [Edges]Op

var _ spaces.Arch = Arch{}

// Edge returns the position in Arch of the edge between two nodes, from < to.
func Edge(from, to int) int {
	if from < 0 || from >= to || to >= Nodes {
		panic(fmt.Sprintf("nasbench201: no edge %d→%d in a cell of %d nodes", from, to, Nodes))
	}
	return to*(to-1)/2 + from
}

// Op returns the operation between two nodes, from < to.
func (a Arch) Op(from, to int) Op { return a[Edge(from, to)] }

// String prints the architecture as the benchmark does.
func (a Arch) String() string {
	var b strings.Builder
	for to := 1; to < Nodes; to++ {
		if to > 1 {
			b.WriteByte('+')
		}
		b.WriteByte('|')
		for from := range to {
			fmt.Fprintf(&b, "%v~%d|", a.Op(from, to), from)
		}
	}
	return b.String()
}

// Keys are the names of the decisions in the authors' tables, in the order of Arch.
var Keys = [Edges]string{"0_1", "0_2", "1_2", "0_3", "1_3", "2_3"}

// MarshalJSON writes the form of the authors' tables.
func (a Arch) MarshalJSON() ([]byte, error) {
	m := make(map[string]string, Edges)
	for i, k := range Keys {
		m[k] = a[i].String()
	}
	return json.Marshal(m)
}

// Valid reports whether every operation is one of the five.
func (a Arch) Valid() bool { return !slices.ContainsFunc(a[:], func(o Op) bool { return o >= numOps }) }

// Values returns the operation indices.
func (a Arch) Values() []int {
	v := make([]int, Edges)
	for i, o := range a {
		v[i] = int(o)
	}
	return v
}

// Connected reports whether the output depends on the input: whether a path without none leads from node 0 to node 3.
func (a Arch) Connected() bool {
	reached := [Nodes]bool{true}
	for to := 1; to < Nodes; to++ {
		for from := range to {
			reached[to] = reached[to] || reached[from] && a.Op(from, to) != None
		}
	}
	return reached[Nodes-1]
}

// Active reports which edges lie on a path from the input to the output: they carry something other than none, their source
// depends on the input, and the output depends on their target. The other edges bring nothing of the input to the output; but a
// convolution that reads zeros yields the bias of its batch norm, and where its target leads on, the output has that.
func (a Arch) Active() [Edges]bool {
	var reached, used [Nodes]bool
	reached[0], used[Nodes-1] = true, true
	for to := 1; to < Nodes; to++ {
		for from := range to {
			reached[to] = reached[to] || reached[from] && a.Op(from, to) != None
		}
	}
	for from := Nodes - 2; from >= 0; from-- {
		for to := from + 1; to < Nodes; to++ {
			used[from] = used[from] || used[to] && a.Op(from, to) != None
		}
	}
	var active [Edges]bool
	for to := 1; to < Nodes; to++ {
		for from := range to {
			active[Edge(from, to)] = a.Op(from, to) != None && reached[from] && used[to]
		}
	}
	return active
}

// Neighbours yields the 24 architectures that differ in one operation.
func (a Arch) Neighbours() iter.Seq[spaces.Arch] {
	return func(yield func(spaces.Arch) bool) {
		for i := range a {
			for o := range numOps {
				if o == a[i] {
					continue
				}
				b := a
				b[i] = o
				if !yield(b) {
					return
				}
			}
		}
	}
}
