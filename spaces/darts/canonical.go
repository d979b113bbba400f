package darts

import (
	"cmp"

	"github.com/oneshot-nas/oneshot/spaces"
)

// Canonical returns the least architecture among those that differ only in the order of the two edges into a node or in the
// numbers of the inner nodes, where cells are compared edge by edge, first by input, then by operation.
func (a Arch) Canonical() spaces.Arch {
	return Arch{a.Normal.canonical(), a.Reduce.canonical()}
}

// Hash returns the canonical architecture as 32 digits: for every edge the index of the operation and the input.
func (a Arch) Hash() string {
	var digits []byte
	for _, v := range a.Canonical().Values() {
		digits = append(digits, '0'+byte(v))
	}
	return string(digits)
}

func (c Cell) canonical() Cell {
	least, _ := c.renumbered(orders[0])
	for _, order := range orders[1:] {
		if b, ok := c.renumbered(order); ok && b.compare(least) < 0 {
			least = b
		}
	}
	return least
}

// orders are the permutations of the inner nodes, the identity first.
var orders = permutations(nil)

// permutations returns all those that begin as given, in lexicographic order.
func permutations(begin []uint8) (all [][Nodes]uint8) {
	if len(begin) == Nodes {
		return [][Nodes]uint8{[Nodes]uint8(begin)}
	}
next:
	for i := range uint8(Nodes) {
		for _, j := range begin {
			if i == j {
				continue next
			}
		}
		all = append(all, permutations(append(begin[:len(begin):len(begin)], i))...)
	}
	return all
}

// renumbered returns the cell whose inner node order[i] is the inner node i of this one, with the edges into a node in the
// order of their inputs; false if a node would come before one that it reads.
func (c Cell) renumbered(order [Nodes]uint8) (b Cell, ok bool) {
	for i, node := range c {
		for k := range node {
			if in := &node[k].Input; *in >= Inputs {
				if order[*in-Inputs] > order[i] {
					return Cell{}, false
				}
				*in = Inputs + order[*in-Inputs]
			}
		}
		if node[0].Input > node[1].Input {
			node[0], node[1] = node[1], node[0]
		}
		b[order[i]] = node
	}
	return b, true
}

func (c Cell) compare(b Cell) int {
	for i := range c {
		for k, e := range c[i] {
			if order := cmp.Or(cmp.Compare(e.Input, b[i][k].Input), cmp.Compare(e.Op, b[i][k].Op)); order != 0 {
				return order
			}
		}
	}
	return 0
}
