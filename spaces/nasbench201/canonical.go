package nasbench201

import (
	"slices"
	"strings"
	"sync"

	"github.com/oneshot-nas/oneshot/spaces"
)

// Hash writes down the function that the cell computes by the benchmark's own rules, which give 6,466 different cells: an
// edge that carries none, or comes from a node that is nothing, is written as nothing ("#"); skip_connect is the node that
// it comes from; sums are sorted. Nothing stays visible as a term of a sum, so that a few cells which compute the same
// function keep different hashes; [Arch.Function] merges those too.
func (a Arch) Hash() string {
	node := [Nodes]string{"0"}
	for to := 1; to < Nodes; to++ {
		sum := make([]string, to)
		for from := range to {
			switch op := a.Op(from, to); {
			case op == None || node[from] == "#":
				sum[from] = "#"
			case op == SkipConnect:
				sum[from] = node[from]
			default:
				sum[from] = wrap(op, node[from])
			}
		}
		slices.Sort(sum)
		node[to] = strings.Join(sum, "+")
	}
	return node[Nodes-1]
}

// Function writes down what the cell computes as a sum without empty terms and without nested sums: equal exactly when two
// cells compute the same function of their input and their operations, in whatever order they add. There are 4,930
// different ones, and "" stands for a cell whose output does not depend on the input.
func (a Arch) Function() string {
	node := [Nodes][]string{{"0"}}
	for to := 1; to < Nodes; to++ {
		for from := range to {
			switch op := a.Op(from, to); {
			case op == None || len(node[from]) == 0:
			case op == SkipConnect:
				node[to] = append(node[to], node[from]...)
			default:
				node[to] = append(node[to], wrap(op, strings.Join(node[from], "+")))
			}
		}
		slices.Sort(node[to])
	}
	return strings.Join(node[Nodes-1], "+")
}

func wrap(op Op, of string) string { return "(" + of + ")@" + op.String() }

// canonical maps each index to the least index with the same hash.
var canonical = sync.OnceValue(func() []uint16 {
	first := make(map[string]uint16)
	least := make([]uint16, Size)
	for i := range least {
		h := FromOrdinal(i).Hash()
		if _, ok := first[h]; !ok {
			first[h] = uint16(i)
		}
		least[i] = first[h]
	}
	return least
})

// Canonical returns the architecture of the least index among those with the same hash.
func (a Arch) Canonical() spaces.Arch { return FromOrdinal(int(canonical()[a.Ordinal()])) }
