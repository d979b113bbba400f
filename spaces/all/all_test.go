package all

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
)

// What the interface promises, for every space.
func TestEverySpace(t *testing.T) {
	for _, s := range Spaces() {
		t.Run(s.Name(), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			for range 50 {
				checkArch(t, s, s.Sample(rng))
			}
		})
	}
}

func checkArch(t *testing.T, s spaces.Space, a spaces.Arch) {
	t.Helper()
	if b, err := s.Parse(a.String()); err != nil || b.String() != a.String() {
		t.Fatalf("%v is read as %v, %v", a, b, err)
	}
	js := spaces.DecisionsJSON(s, a)
	if b, err := s.Parse(js); err != nil || b.String() != a.String() {
		t.Fatalf("%v is written as %s and read as %v, %v", a, js, b, err)
	}
	choices, values := s.Choices(), a.Values()
	if len(values) != len(choices) {
		t.Fatalf("%v has %d values for %d choices", a, len(values), len(choices))
	}
	for i, v := range values {
		if v < -1 || v >= len(choices[i].Values) {
			t.Fatalf("%v: value %d of choice %s, which has %d", a, v, choices[i].Name, len(choices[i].Values))
		}
	}
	if c, ok := s.(spaces.Composer); ok {
		if b, ok := c.Compose(values); !ok || b != a {
			t.Fatalf("the values of %v make %v, %v", a, b, ok)
		}
	}
	c := a.Canonical()
	if c.Hash() != a.Hash() || c.Canonical().String() != c.String() {
		t.Fatalf("%v has the canonical form %v", a, c)
	}
	n := 0
	for b := range a.Neighbours() {
		if b.String() == a.String() {
			t.Fatalf("%v is its own neighbour", a)
		}
		if _, err := s.Parse(b.String()); err != nil {
			t.Fatalf("neighbour of %v: %v", a, err)
		}
		if n++; n == 20 {
			break
		}
	}
	if n == 0 {
		t.Fatalf("%v has no neighbours", a)
	}
	net := s.Network(a)
	if net.Params() <= 0 || net.MACs() <= 0 {
		t.Fatalf("%v has %d parameters, %d multiply-adds", a, net.Params(), net.MACs())
	}
	names := map[string]bool{}
	for _, l := range net.Layers {
		if l.Name == "" || names[l.Name] {
			t.Fatalf("%v: layer name %q, empty or twice", a, l.Name)
		}
		names[l.Name] = true
	}
}

func TestNew(t *testing.T) {
	for _, name := range Names() {
		if s, err := New(name); err != nil || s.Name() != name {
			t.Errorf("New(%q) = %v, %v", name, s, err)
		}
	}
	if !slices.IsSorted(Names()) {
		t.Errorf("names %v are not in order", Names())
	}
	if _, err := New("nasbench"); err == nil || !strings.Contains(err.Error(), "nasbench201") {
		t.Errorf("error %v does not say what there is", err)
	}
}

func ExampleNew() {
	space, err := New("nasbench201")
	if err != nil {
		panic(err)
	}
	a, err := space.Parse("|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|")
	if err != nil {
		panic(err)
	}
	fmt.Println(space.Size(), space.Network(a).Params())
	// Output: 15284 316346
}
