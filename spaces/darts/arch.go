package darts

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/spaces"
)

// Op is the operation of an edge, in the index order of the authors' tables.
type Op uint8

// The operations.
const (
	MaxPool3x3 Op = iota
	AvgPool3x3
	SkipConnect
	SepConv3x3
	SepConv5x5
	DilConv3x3
	DilConv5x5
	NumOps // how many there are
)

var opNames = []string{"max_pool_3x3", "avg_pool_3x3", "skip_connect", "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5"}

// String returns the name that DARTS uses.
func (o Op) String() string {
	if o < NumOps {
		return opNames[o]
	}
	return fmt.Sprintf("Op(%d)", uint8(o))
}

// A cell has the nodes 0 and 1, which are its inputs, and the inner nodes 2 to 5, which have two edges each.
const (
	Inputs = 2
	Nodes  = 4 // inner ones
	Slots  = 2 // edges into an inner node
)

// Edge is an operation and the node that it reads.
type Edge struct {
	Op    Op
	Input uint8 // an earlier node: 0 to i-1 for an edge into node i
}

// Cell lists the edges into the nodes 2 to 5: those into node i are Cell[i-2].
type Cell [Nodes][Slots]Edge

// Arch is an architecture: the cell that keeps the size of the image and the one that halves it.
type Arch struct {
	Normal, Reduce Cell
}

var _ spaces.Arch = Arch{}

// Valid reports whether every operation is one of the seven, and every node reads two different earlier nodes.
func (a Arch) Valid() bool { return a.Normal.valid() && a.Reduce.valid() }

func (c Cell) valid() bool {
	for i, node := range c {
		for _, e := range node {
			if e.Op >= NumOps || int(e.Input) >= Inputs+i {
				return false
			}
		}
		if node[0].Input == node[1].Input {
			return false
		}
	}
	return true
}

// cellNames are the names of the two cells in all formats, in the order of [Arch.cells].
var cellNames = [2]string{"normal", "reduce"}

func (a *Arch) cells() [2]*Cell { return [2]*Cell{&a.Normal, &a.Reduce} }

// place is the position of an edge: into node 2 to 5 of the cell of a name, in slot 0 or 1.
type place struct {
	cell       string
	node, slot int
}

// key returns the name of a decision in the authors' tables, such as "normal/2/0/op"; what is "op" or "input".
func (p place) key(what string) string {
	return fmt.Sprintf("%s/%d/%d/%s", p.cell, p.node, p.slot, what)
}

// edges calls f for every edge, cell by cell, node by node, slot by slot.
func (a *Arch) edges(f func(p place, e *Edge)) {
	for i, c := range a.cells() {
		for j := range c {
			for k := range c[j] {
				f(place{cellNames[i], Inputs + j, k}, &c[j][k])
			}
		}
	}
}

// Values returns the index of the operation and that of the input of every edge.
func (a Arch) Values() []int {
	v := make([]int, 0, decisions)
	a.edges(func(_ place, e *Edge) { v = append(v, int(e.Op), int(e.Input)) })
	return v
}

// decisions is the number of decisions: an operation and an input for every edge.
const decisions = 2 * Nodes * Slots * 2
