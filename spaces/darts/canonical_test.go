package darts

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// cells yields every cell in which the edges into a node stand in the order of their inputs, with the given operations only.
func cells(ops []Op, yield func(Cell)) {
	var fill func(c *Cell, edge int)
	fill = func(c *Cell, edge int) {
		if edge == Nodes*Slots {
			yield(*c)
			return
		}
		i, k := edge/Slots, edge%Slots
		from := uint8(0)
		if k == 1 {
			from = c[i][0].Input + 1
		}
		for in := from; int(in) < Inputs+i; in++ {
			for _, o := range ops {
				c[i][k] = Edge{o, in}
				fill(c, edge+1)
			}
		}
	}
	fill(&Cell{}, 0)
}

// moves returns the cells that differ by one step of either symmetry: the edges of a node change places, or a node and the next,
// which does not read it, do.
func moves(c Cell) (all []Cell) {
	for i := range c {
		b := c
		b[i][0], b[i][1] = b[i][1], b[i][0]
		all = append(all, b)
	}
	for i := range Nodes - 1 {
		first, second := uint8(Inputs+i), uint8(Inputs+i+1)
		if c[i+1][0].Input == first || c[i+1][1].Input == first {
			continue
		}
		b := c
		b[i], b[i+1] = b[i+1], b[i]
		for j := i + 2; j < Nodes; j++ {
			for k := range b[j] {
				switch b[j][k].Input {
				case first:
					b[j][k].Input = second
				case second:
					b[j][k].Input = first
				}
			}
		}
		all = append(all, b)
	}
	return all
}

// All cells with two operations, by brute force: the cells of one canonical form are those that moves turn into each other.
func TestCanonicalAgainstMoves(t *testing.T) {
	classes := 0
	seen := make(map[Cell]bool)
	forms := make(map[Cell]bool)
	cells([]Op{SkipConnect, DilConv5x5}, func(c Cell) {
		if seen[c] {
			return
		}
		classes++
		form := c.canonical()
		if !form.valid() || forms[form] {
			t.Fatalf("the canonical form of %v is %v, which is that of a cell out of its reach or not valid", c, form)
		}
		forms[form] = true
		reached := false
		seen[c] = true
		for todo := []Cell{c}; len(todo) > 0; {
			last := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			reached = reached || last == form
			if f := last.canonical(); f != form {
				t.Fatalf("%v has the canonical form %v, but %v, which is the same, has %v", last, f, c, form)
			}
			for _, b := range moves(last) {
				if !seen[b] {
					seen[b] = true
					todo = append(todo, b)
				}
			}
		}
		if !reached {
			t.Fatalf("the canonical form of %v is %v, which is not the same cell", c, form)
		}
	})
	if want := functions(2); int64(classes) != want || len(seen) != 2880*256 {
		t.Errorf("%d classes of %d cells, want %d of 2880·2^8", classes, len(seen), want)
	}
}

// functions counts the canonical cells with a number of operations by Burnside's lemma: for every graph, the mean over its
// symmetries of the number of ways to give operations to the edges that the symmetry leaves alone.
func functions(ops int64) (n int64) {
	cells([]Op{0}, func(graph Cell) {
		if graph.canonical() != graph {
			return
		}
		var symmetries, fixed int64
		for _, order := range orders {
			if b, ok := graph.renumbered(order); ok && b == graph {
				symmetries++
				fixed += power(ops, edgeCycles(graph, order))
			}
		}
		n += fixed / symmetries
	})
	return n
}

// edgeCycles counts the cycles of the permutation of the edges that one of the nodes brings about.
func edgeCycles(graph Cell, order [Nodes]uint8) (cycles int) {
	renumber := func(node uint8) uint8 {
		if node < Inputs {
			return node
		}
		return Inputs + order[node-Inputs]
	}
	type edge struct{ to, from uint8 }
	seen := make(map[edge]bool)
	for i, node := range graph {
		for _, e := range node {
			at := edge{uint8(Inputs + i), e.Input}
			if seen[at] {
				continue
			}
			cycles++
			for !seen[at] {
				seen[at] = true
				at = edge{renumber(at.to), renumber(at.from)}
			}
		}
	}
	return cycles
}

func power(base int64, exponent int) int64 {
	n := int64(1)
	for range exponent {
		n *= base
	}
	return n
}

// The numbers in the documentation.
func TestNumberOfFunctions(t *testing.T) {
	graphs := 0
	cells([]Op{0}, func(Cell) { graphs++ })
	if graphs != 180 {
		t.Errorf("%d graphs, want 180", graphs)
	}
	if n := functions(int64(NumOps)); n != 382128166 {
		t.Errorf("%d canonical cells, want 382,128,166", n)
	}
}

// weights are what distinguishes the operations of a cell from each other, one for each edge.
type weights [Nodes * Slots]uint64

// outputs computes a cell on two numbers, and sorts what its nodes put out. Operations are polynomials with the weight in them,
// modulo a prime: two that differ agree by accident only.
func outputs(c Cell, w weights) [Nodes]uint64 {
	const prime = 1<<31 - 1
	values := [Inputs + Nodes]uint64{271828182, 314159265}
	for i, node := range c {
		for k, e := range node {
			x := values[e.Input]
			values[Inputs+i] += (x*x%prime*x + w[Slots*i+k]*x + uint64(e.Op)*w[Slots*i+k]) % prime
		}
		values[Inputs+i] %= prime
	}
	out := [Nodes]uint64(values[Inputs:])
	slices.Sort(out[:])
	return out
}

// equal reports by brute force whether two cells compute the same function: whether the weights of the one can be given to the
// edges of the other, in one of the 8! ways, so that both put out the same.
func equal(a, b Cell) bool {
	var w weights
	rng := rand.New(rand.NewPCG(7, 8))
	for i := range w {
		w[i] = rng.Uint64N(1 << 31)
	}
	want := outputs(a, w)
	var try func(at int) bool
	try = func(at int) bool {
		if at == len(w) {
			return outputs(b, w) == want
		}
		for i := at; i < len(w); i++ {
			w[at], w[i] = w[i], w[at]
			if try(at + 1) {
				return true
			}
			w[at], w[i] = w[i], w[at]
		}
		return false
	}
	return try(0)
}

// Canonical forms are the same exactly if the functions are, for cells and others one to three steps away: of them some change
// the function, others only how it is written.
func TestCanonicalAgainstFunction(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var same, different int
	for range 60 {
		a := New().Sample(rng).(Arch).Normal
		b := a
		for range 1 + rng.IntN(3) {
			all := moves(b)
			b = all[rng.IntN(len(all))]
		}
		if rng.IntN(2) == 0 {
			var steps []Cell
			for n := range (Arch{b, b}).Neighbours() {
				steps = append(steps, n.(Arch).Normal)
			}
			b = steps[rng.IntN(len(steps))]
		}
		got, want := a.canonical() == b.canonical(), equal(a, b)
		if got != want {
			t.Errorf("%v and %v: the canonical forms are equal: %v, the functions: %v", a, b, got, want)
		}
		if want {
			same++
		} else {
			different++
		}
	}
	if same < 10 || different < 10 {
		t.Errorf("%d pairs are the same, %d different: the test says little", same, different)
	}
}

// An architecture has the hash of its canonical form, and no other.
func TestHash(t *testing.T) {
	for _, a := range samples(200) {
		c := a.Canonical().(Arch)
		if c.Hash() != a.Hash() || c.Canonical() != c || len(a.Hash()) != decisions {
			t.Fatalf("%v has the canonical form %v and the hash %s", a, c, a.Hash())
		}
		b := a
		b.Reduce = moves(b.Reduce)[0]
		if b == a || b.Hash() != a.Hash() {
			t.Fatalf("%v hashes %s, with two edges in the other order %s", a, a.Hash(), b.Hash())
		}
		for n := range c.Neighbours() {
			if n.Hash() == c.Hash() && n.Canonical() != c.Canonical() {
				t.Fatalf("%v and %v have the same hash", c, n)
			}
			if s := New(); n.Hash() == c.Hash() && s.Network(n).MACs() != s.Network(c).MACs() {
				t.Fatalf("%v and %v have the same hash, but not the same cost", c, n)
			}
		}
	}
}
