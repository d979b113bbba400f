package nasbench101

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
)

// The published sizes, and that the decisions make each cell.
func TestOneShotSizes(t *testing.T) {
	s := NewOneShot()
	if n := len(graphs()); n != 395 {
		t.Errorf("%d graphs, want 395", n)
	}
	product := 1
	for _, c := range s.Choices()[maxInner:] {
		product *= len(c.Values)
	}
	if product != 3600 {
		t.Errorf("%d ways to choose inputs, want 3,600", product)
	}
	classes, n := map[Arch]bool{}, 0
	for x := range s.All() {
		a := x.(OneShotArch)
		n++
		c := a.Canonical().(OneShotArch)
		classes[c.Arch] = true
		if !s.Contains(a.Arch) || !s.Contains(c.Arch) {
			t.Fatalf("%v or its canonical form %v is not in the subspace", a, c)
		}
		if b, ok := s.Compose(a.Values()); !ok || b != x {
			t.Fatalf("the values of %v make %v", a, b)
		}
	}
	if n != 95985 || s.Size().Int64() != int64(n) || len(classes) != 42228 {
		t.Errorf("%d cells, Size %d, %d classes, want 95,985 and 42,228", n, s.Size(), len(classes))
	}
}

// All inner vertices have half the channels, which is what lets a supernet keep one module for each.
func TestOneShotChannels(t *testing.T) {
	for x := range NewOneShot().All() {
		a := x.(OneShotArch)
		if got := fmt.Sprint(a.Channels(128)); got != "[0 64 64 64 64 64 128]" {
			t.Fatalf("%v has channels %s", a, got)
		}
	}
}

func TestOneShotNeighbours(t *testing.T) {
	s := NewOneShot()
	a, err := s.Parse(`{"op1": 0, "op2": 0, "op3": 0, "op4": 0, "op5": 0, "input1": [0], "input2": [1], "input3": [2], "input4": [0,3], "input5": [0,4], "input6": [4,5]}`)
	if err != nil {
		t.Fatal(err)
	}
	moved := map[string]bool{}
	operations := 0
	for b := range a.Neighbours() {
		b := b.(OneShotArch)
		if !s.Contains(b.Arch) {
			t.Fatalf("neighbour %v is not in the subspace", b)
		}
		if b.edges == a.(OneShotArch).edges {
			operations++
			continue
		}
		for i, c := range s.Choices() {
			if v := b.Values()[i]; v != a.Values()[i] {
				moved[c.Name+"="+c.Values[v]] = true
			}
		}
	}
	// The chain 1→2→3→4→5→output has one more edge into each of the vertices 4 and 5 from the input and one from 4 to the output.
	// The edges 0→1, 1→2 and 2→3 must stay, the others can come from elsewhere.
	want := map[string]bool{"input4=1+3": true, "input4=2+3": true, "input5=0+1": true, "input5=0+2": true, "input5=0+3": true,
		"input5=1+4": true, "input5=2+4": true, "input5=3+4": true, "input6=1+5": true, "input6=2+5": true, "input6=3+5": true}
	if operations != 10 || fmt.Sprint(moved) != fmt.Sprint(want) {
		t.Errorf("%d neighbours by operation, want 10; by edge %v, want %v", operations, moved, want)
	}
}

func TestOneShotParse(t *testing.T) {
	const chain = "0100110/0010000/0001000/0000100/0000011/0000001/0000000 conv3x3,conv3x3,conv3x3,conv3x3,conv1x1"
	a, err := NewOneShot().Parse(chain)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := NewOneShot().Parse(a.String()); err != nil || a != b {
		t.Errorf("%v is read as %v, %v", a, b, err)
	}
	for _, s := range []string{inception, listed, "01/00", "x"} {
		if a, err := NewOneShot().Parse(s); err == nil {
			t.Errorf("%v is read, which is not in the subspace", a)
		}
	}
}

// However a cell of the subspace is numbered, it is found: as itself where that is a numbering of the subspace, else as the canonical
// form. And no other cell is: of all there are, as many are found as the subspace has classes.
func TestOneShotFind(t *testing.T) {
	s := NewOneShot()
	rng := rand.New(rand.NewPCG(1, 2))
	elsewhere := 0
	for range 2000 {
		a := s.Sample(rng).(OneShotArch)
		b := renumbered(a.Arch, rng)
		found, ok := s.Find(b)
		if !ok || !s.Contains(found.Arch) || smallest(found.Arch) != smallest(a.Arch) {
			t.Fatalf("%v, numbered %v, is found as %v, %v", a, b, found, ok)
		}
		if s.Contains(b) && found.Arch != b || !s.Contains(b) && found != a.Canonical() {
			t.Fatalf("%v is found as %v", b, found)
		}
		if !s.Contains(b) {
			elsewhere++
		}
	}
	if elsewhere < 100 {
		t.Errorf("only %d cells had a numbering that is not the subspace's", elsewhere)
	}
	n := 0
	for a := range cells() {
		if _, ok := s.Find(a); ok {
			n++
		}
	}
	if n != 42228 {
		t.Errorf("%d of all cells are found, want 42,228", n)
	}
}

func ExampleOneShot() {
	space := NewOneShot()
	for a := range space.All() {
		table, err := json.Marshal(a)
		if err != nil {
			panic(err)
		}
		fmt.Println(string(table))
		break
	}
	fmt.Println(space.Size())
	// Output:
	// {"input1":[1],"input2":[1,0],"input3":[1,0,0],"input4":[1,1,0,0],"input5":[0,0,1,1,0],"input6":[0,0,0,0,1,1],"op1":[1,0,0],"op2":[1,0,0],"op3":[1,0,0],"op4":[1,0,0],"op5":[1,0,0]}
	// 95985
}
