package spaces_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/internal/frequency"
	"github.com/oneshot-nas/oneshot/spaces/nasbench101"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

// archs returns the architectures of NAS-Bench-201 of the given numbers.
func archs(numbers ...int) (list []spaces.Arch) {
	for _, n := range numbers {
		list = append(list, nasbench201.FromOrdinal(n))
	}
	return list
}

func TestList(t *testing.T) {
	given := archs(4711, 12, 815, 15624)
	l, err := spaces.List(nasbench201.New(), given)
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Clone(given)
	given[0] = given[1] // the list is its own
	if got := slices.Collect(l.All()); !slices.Equal(got, want) || l.Size().Int64() != 4 {
		t.Errorf("listed %v, Size %v, want %v", got, l.Size(), want)
	}
	counts := make(map[spaces.Arch]int)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		counts[l.Sample(rng)]++
	}
	frequency.Uniform(t, "list", counts, 4)
	for _, a := range want {
		if b, err := l.Parse(a.String()); err != nil || a != b {
			t.Errorf("%v is read as %v, %v", a, b, err)
		}
	}
	_, err = l.Parse(nasbench201.FromOrdinal(3).String())
	says(t, err, nasbench201.FromOrdinal(3).String(), "not among the 4")
	_, err = l.Parse("what")
	says(t, err, "what")
}

// Keep and List can be applied to each other.
func TestListOfPart(t *testing.T) {
	part, err := spaces.Keep(nasbench201.New(), map[string][]string{"0_1": {"nor_conv_1x1"}})
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Collect(part.All())
	l, err := spaces.List(part, all[10:20])
	if err != nil {
		t.Fatal(err)
	}
	shorter, err := spaces.Keep(l, map[string][]string{"2_3": {all[10].(nasbench201.Arch).Op(2, 3).String()}})
	if err != nil {
		t.Fatal(err)
	}
	for a := range shorter.All() {
		if x := a.(nasbench201.Arch); !slices.Contains(all[10:20], a) || x.Op(2, 3) != all[10].(nasbench201.Arch).Op(2, 3) {
			t.Errorf("%v is in the part", a)
		}
	}
	if n := shorter.Size().Int64(); n != 2 { // the last edge changes fastest, through five operations
		t.Errorf("%d of ten architectures are kept, want 2", n)
	}
	_, err = spaces.Keep(shorter, map[string][]string{"0_1": {"none"}})
	says(t, err, "no architecture is left")
}

func TestListErrors(t *testing.T) {
	s := nasbench201.New()
	_, err := spaces.List(s, nil)
	says(t, err, "nasbench201: a list without architectures")
	_, err = spaces.List(s, archs(7, 8, 7))
	says(t, err, "architectures 0 and 2", "both |none~0|")
	part, err := spaces.Keep(s, map[string][]string{"0_1": {"nor_conv_1x1"}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = spaces.List(part, archs(15624))
	says(t, err, "architecture 0 of the list", "avg_pool_3x3")
	a, err := nasbench101.Parse("01/00")
	if err != nil {
		t.Fatal(err)
	}
	_, err = spaces.List(s, []spaces.Arch{a})
	says(t, err, "architecture 0 of the list", "01/00")
}

// A cell of NAS-Bench-101 that belongs to the one-shot subspace can be listed as one.
func TestListConverts(t *testing.T) {
	s := nasbench101.NewOneShot()
	cell := s.Sample(rand.New(rand.NewPCG(1, 2))).(nasbench101.OneShotArch)
	l, err := spaces.List(s, []spaces.Arch{cell.Arch})
	if err != nil {
		t.Fatal(err)
	}
	if a := l.Sample(rand.New(rand.NewPCG(1, 2))); a != cell {
		t.Errorf("%T %v is listed, want %T %v", a, a, cell, cell)
	}
}
