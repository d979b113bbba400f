package darts

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/internal/frequency"
)

func samples(n int) (archs []Arch) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range n {
		archs = append(archs, New().Sample(rng).(Arch))
	}
	return archs
}

func TestSize(t *testing.T) {
	if n := New().Size().String(); n != "275647219316498534400" {
		t.Errorf("%s architectures, want (2·6·12·20·7^8)²", n)
	}
}

// Values are positions in Choices, and Compose puts an architecture together from them.
func TestChoices(t *testing.T) {
	choices := New().Choices()
	for _, a := range samples(100) {
		js, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var keys map[string]any
		if err := json.Unmarshal(js, &keys); err != nil {
			t.Fatal(err)
		}
		values := a.Values()
		if len(values) != len(choices) || len(keys) != len(choices) {
			t.Fatalf("%d values, %d keys, %d choices", len(values), len(keys), len(choices))
		}
		for i, c := range choices {
			if got, want := c.Values[values[i]], fmt.Sprint(keys[c.Name]); got != want {
				t.Fatalf("%s of %v is %s, want %s", c.Name, a, got, want)
			}
		}
		if b, ok := New().Compose(values); !ok || b != a {
			t.Fatalf("%v is composed as %v, %v", a, b, ok)
		}
	}
	if a, ok := New().Compose(make([]int, decisions)); ok {
		t.Errorf("%v is composed", a)
	}
}

// A part of the space in which some decisions are fixed is drawn from by composition.
func TestKeep(t *testing.T) {
	part, err := spaces.Keep(New(), map[string][]string{"normal/2/0/op": {"sep_conv_3x3"}, "reduce/5/1/input": {"0", "3"}})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		a := part.Sample(rng).(Arch)
		if in := a.Reduce[3][1].Input; !a.Valid() || a.Normal[0][0].Op != SepConv3x3 || in != 0 && in != 3 {
			t.Fatalf("%v does not belong to the part", a)
		}
	}
}

func TestValid(t *testing.T) {
	for _, broken := range []func(*Arch){
		func(a *Arch) { a.Normal[0][0].Op = NumOps },
		func(a *Arch) { a.Reduce[0][1].Input = 2 },
		func(a *Arch) { a.Normal[3][0].Input = 5 },
		func(a *Arch) { a.Reduce[2][0].Input = a.Reduce[2][1].Input },
	} {
		a := samples(1)[0]
		if !a.Valid() {
			t.Fatalf("%v is not valid", a)
		}
		if broken(&a); a.Valid() {
			t.Errorf("%v is valid", a)
		}
	}
}

// The neighbours are all valid architectures that differ in one decision, each once.
func TestNeighbours(t *testing.T) {
	choices := New().Choices()
	for _, a := range samples(20) {
		want := make(map[spaces.Arch]bool)
		values := a.Values()
		for i, c := range choices {
			for v := range c.Values {
				changed := slices.Clone(values)
				changed[i] = v
				if b, ok := New().Compose(changed); ok && v != values[i] {
					want[b] = true
				}
			}
		}
		if len(want) != 120 {
			t.Fatalf("%d architectures differ in one decision, want 120", len(want))
		}
		for b := range a.Neighbours() {
			if !want[b] {
				t.Fatalf("neighbour %v of %v is no neighbour or comes twice", b, a)
			}
			delete(want, b)
		}
		if len(want) > 0 {
			t.Fatalf("%d neighbours are missing", len(want))
		}
	}
	for range samples(1)[0].Neighbours() {
		break // must not go on
	}
}

// The prior: every node uniform over its i(i-1)·7² pairs of edges, and independent of every other.
func TestSampleFrequencies(t *testing.T) {
	archs := samples(20000)
	nodes := func(a Arch) []([Slots]Edge) { return append(a.Normal[:], a.Reduce[:]...) }
	for i := range 2 * Nodes {
		counts := make(map[[Slots]Edge]int)
		for _, a := range archs {
			counts[nodes(a)[i]]++
		}
		node := Inputs + i%Nodes
		frequency.Uniform(t, fmt.Sprintf("%s node %d", cellNames[i/Nodes], node), counts, node*(node-1)*49)
		for j := range i {
			ops, inputs := make(map[[2]Op]int), make(map[[2]uint8]int)
			for _, a := range archs {
				x, y := nodes(a)[i][0], nodes(a)[j][1]
				ops[[2]Op{x.Op, y.Op}]++
				inputs[[2]uint8{x.Input, y.Input}]++
			}
			frequency.Uniform(t, fmt.Sprintf("operations of the nodes %d and %d", i, j), ops, 49)
			frequency.Uniform(t, fmt.Sprintf("inputs of the nodes %d and %d", i, j), inputs, node*(Inputs+j%Nodes))
		}
	}
}
