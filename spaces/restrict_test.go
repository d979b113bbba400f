package spaces_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/internal/frequency"
	"github.com/oneshot-nas/oneshot/spaces/nasbench101"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/spaces/proxylessnas"
)

// opaque hides that a space can compose architectures.
type opaque struct{ spaces.Space }

// wants is an independent notion of the part that Keep makes.
func wants(s spaces.Space, a spaces.Arch, values map[string][]string) bool {
	taken := a.Values()
	for i, c := range s.Choices() {
		kept, restricted := values[c.Name]
		if v := taken[i]; restricted && v >= 0 && !slices.Contains(kept, c.Values[v]) {
			return false
		}
	}
	return true
}

// randomValues restricts a few decisions of a space to some of their values.
func randomValues(s spaces.Space, rng *rand.Rand) map[string][]string {
	choices := s.Choices()
	values := make(map[string][]string)
	for range 1 + rng.IntN(3) {
		c := choices[rng.IntN(len(choices))]
		kept := slices.DeleteFunc(slices.Clone(c.Values), func(string) bool { return rng.IntN(2) == 0 })
		values[c.Name] = kept // possibly none
	}
	return values
}

func texts(s spaces.Space) []string {
	var list []string
	for a := range s.All() {
		list = append(list, a.String())
	}
	return list
}

// Random parts of spaces that can be enumerated: Keep, Drop of the other values, and Keep of a Keep are what filtering the
// enumeration gives, in All, Size, Parse and Sample.
func TestKeepAgainstEnumeration(t *testing.T) {
	const parts = 10 // of each space
	rng := rand.New(rand.NewPCG(1, 2))
	whole := nasbench201.New()
	whole.Whole = true
	for _, s := range []spaces.Space{nasbench201.New(), whole, opaque{nasbench201.New()}} {
		empty := 0
		for range parts {
			values := randomValues(s, rng)
			var want []string
			for a := range s.All() {
				if wants(s, a, values) {
					want = append(want, a.String())
				}
			}
			part, err := spaces.Keep(s, values)
			if len(want) == 0 {
				if empty++; err == nil || !strings.Contains(err.Error(), "no architecture is left") {
					t.Errorf("Keep %v: error %v for an empty part", values, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := texts(part); !slices.Equal(got, want) || part.Size().Int64() != int64(len(want)) {
				t.Fatalf("Keep %v has %d architectures, Size %v, want %d", values, len(got), part.Size(), len(want))
			}
			dropped := make(map[string][]string)
			nested := spaces.Space(s)
			for name, kept := range values {
				i := slices.IndexFunc(s.Choices(), func(c spaces.Choice) bool { return c.Name == name })
				dropped[name] = slices.DeleteFunc(slices.Clone(s.Choices()[i].Values),
					func(v string) bool { return slices.Contains(kept, v) })
				if nested, err = spaces.Keep(nested, map[string][]string{name: kept}); err != nil {
					t.Fatal(err)
				}
			}
			if part, err = spaces.Drop(s, dropped); err != nil || !slices.Equal(texts(part), want) {
				t.Fatalf("Drop %v differs from Keep %v: %v", dropped, values, err)
			}
			if !slices.Equal(texts(nested), want) {
				t.Fatalf("Keep %v one after the other differs", values)
			}
			for range 50 {
				if a := part.Sample(rng); !wants(s, a, values) {
					t.Fatalf("Keep %v: drew %v", values, a)
				}
				a := s.Sample(rng)
				if b, err := part.Parse(a.String()); (err == nil) != wants(s, a, values) || err == nil && b != a {
					t.Fatalf("Keep %v: read %v as %v, %v", values, a, b, err)
				}
			}
		}
		if empty == parts {
			t.Error("all parts were empty")
		}
	}
}

// Every architecture of a part is drawn equally often, whether a space can compose or not.
func TestSampleUniform(t *testing.T) {
	for _, tc := range []struct {
		name   string
		space  spaces.Space
		values map[string][]string
		size   int
	}{
		// Of the 2·2·5·5 cells those that lead nowhere are missing: 0→3 carries nothing, nor does a path of the others.
		{"composed", nasbench201.New(), map[string][]string{"0_1": {"none", "skip_connect"}, "0_2": {"none"},
			"0_3": {"none", "nor_conv_3x3"}, "1_2": {"none"}}, 70},
		{"drawn", opaque{nasbench201.New()}, map[string][]string{"0_1": {"none", "skip_connect"}, "0_2": {"none"},
			"0_3": {"none", "nor_conv_3x3"}, "1_2": {"none"}}, 70},
		{"composed of sets", nasbench101.NewOneShot(), map[string][]string{"op1": {"maxpool3x3"}, "op2": {"maxpool3x3"},
			"op3": {"maxpool3x3"}, "op4": {"maxpool3x3"}, "op5": {"maxpool3x3"}}, 395},
		{"not enumerable", proxylessnas.New(), fixed(proxylessnas.New(), "stage0_cell0", "stage4_cell3"), 42},
	} {
		part, err := spaces.Keep(tc.space, tc.values)
		if err != nil {
			t.Fatal(err)
		}
		if !part.Size().IsInt64() || part.Size().Int64() != int64(tc.size) {
			t.Errorf("%s: Size %v, want %d", tc.name, part.Size(), tc.size)
		}
		rng := rand.New(rand.NewPCG(1, 2))
		counts := make(map[string]int)
		for range 50 * tc.size {
			counts[part.Sample(rng).String()]++
		}
		frequency.Uniform(t, tc.name, counts, tc.size)
	}
}

// fixed gives their first value to all decisions but the named ones.
func fixed(s spaces.Space, but ...string) map[string][]string {
	values := make(map[string][]string)
	for _, c := range s.Choices() {
		if !slices.Contains(but, c.Name) {
			values[c.Name] = c.Values[:1]
		}
	}
	return values
}

// A cell that does not have vertex 5 belongs to the part whatever its operation should be, and is drawn as often beside the
// others as in the whole space.
func TestDecisionThatDoesNotArise(t *testing.T) {
	s := nasbench101.New()
	part, err := spaces.Keep(s, map[string][]string{"op5": {"maxpool3x3"}})
	if err != nil {
		t.Fatal(err)
	}
	const draws = 5000
	rng := rand.New(rand.NewPCG(1, 2))
	vertices := make(map[bool]int)
	for range draws {
		a := part.Sample(rng).(nasbench101.Arch)
		if a.Vertices() == nasbench101.MaxVertices && a.Op(5) != nasbench101.MaxPool3x3 {
			t.Fatalf("%v does not belong to the part", a)
		}
		vertices[a.Vertices() == nasbench101.MaxVertices]++
	}
	// Of seven vertices are 2^7 of 252 cells, a third of which is kept.
	const seven, fewer = 128.0 / 3, 124.0
	frequency.Check(t, "vertices", vertices, map[bool]float64{true: draws * seven / (seven + fewer),
		false: draws * fewer / (seven + fewer)})
}

func TestKeepSize(t *testing.T) {
	s := proxylessnas.New()
	part, err := spaces.Keep(s, map[string][]string{"stage0_cell0": {"k3e3", "k5e3"}, "stage0_cell1": {"skip"}})
	if err != nil {
		t.Fatal(err)
	}
	want := new(big.Int).Mul(s.Size(), big.NewInt(2))
	want.Div(want, big.NewInt(6*7))
	if n := part.Size(); n.Cmp(want) != 0 || part.All() != nil {
		t.Errorf("Size %v, want %v", n, want)
	}
	// Cells beyond the depth of a space do not multiply.
	s.Depth = 2
	if part, err = spaces.Keep(s, map[string][]string{"stage0_cell0": {"k3e3"}}); err != nil || part.Size() != nil {
		t.Errorf("Size %v, %v, want none", part.Size(), err)
	}
	if _, err := spaces.Keep(s, map[string][]string{"stage0_cell3": {"k3e3"}}); err == nil ||
		!strings.Contains(err.Error(), "no architecture is left") {
		t.Errorf("error %v for a cell beyond the depth", err)
	}
}

// The parts are disjoint and cover the space; a value that was dropped has none.
func TestSplit(t *testing.T) {
	s := nasbench201.New()
	dropped, err := spaces.Drop(s, map[string][]string{"0_3": {"none", "avg_pool_3x3"}})
	if err != nil {
		t.Fatal(err)
	}
	listed, err := spaces.List(s, slices.Collect(dropped.All()))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		space spaces.Space
		parts int
	}{{s, 5}, {dropped, 3}, {listed, 3}} {
		parts, err := spaces.Split(tc.space, "0_3")
		if err != nil || len(parts) != tc.parts {
			t.Fatalf("%d parts, %v, want %d", len(parts), err, tc.parts)
		}
		seen := make(map[string]bool)
		for _, p := range parts {
			first := ""
			for a := range p.All() {
				op := a.(nasbench201.Arch).Op(0, 3).String()
				if first == "" {
					first = op
				}
				if op != first || seen[a.String()] {
					t.Fatalf("%v is in the part of %s, or in two", a, first)
				}
				seen[a.String()] = true
			}
		}
		if int64(len(seen)) != tc.space.Size().Int64() {
			t.Errorf("the parts have %d architectures of %v", len(seen), tc.space.Size())
		}
	}
}

func TestRestrictErrors(t *testing.T) {
	s := nasbench201.New()
	skipped, err := spaces.Keep(s, map[string][]string{"0_3": {"skip_connect"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []func(spaces.Space, map[string][]string) (spaces.Space, error){spaces.Keep, spaces.Drop} {
		_, err := f(s, map[string][]string{"3_0": {"none"}})
		says(t, err, `no decision is called "3_0"`, "0_1", "2_3")
		_, err = f(s, map[string][]string{"0_3": {"none", "conv5x5"}})
		says(t, err, `0_3 has no value "conv5x5"`, "nor_conv_3x3")
	}
	_, err = spaces.Keep(s, map[string][]string{"0_3": {"none"}, "1_3": {"none"}, "2_3": {"none"}})
	says(t, err, "no architecture is left", "2_3:[none]")
	_, err = spaces.Keep(skipped, map[string][]string{"0_3": {"none"}})
	says(t, err, "no architecture is left")
	_, err = spaces.Drop(skipped, map[string][]string{"0_3": {"skip_connect"}})
	says(t, err, "no architecture is left")
	_, err = spaces.Split(s, "0_4")
	says(t, err, `no decision is called "0_4"`)
	_, err = skipped.Parse("what")
	says(t, err, "what")
	_, err = skipped.Parse("|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|")
	says(t, err, "0_3 nor_conv_3x3", `want one of ["skip_connect"]`)
}

// says fails the test unless an error says all of the words.
func says(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("error %v does not say %s", err, w)
		}
	}
}

// Progressive pruning: drop the operations that did badly, and draw from what is left.
func ExampleDrop() {
	space, err := spaces.Drop(nasbench201.New(), map[string][]string{
		"0_1": {"none", "avg_pool_3x3"},
		"0_3": {"none", "avg_pool_3x3", "skip_connect"},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(space.Size())

	space, err = spaces.Drop(space, map[string][]string{"2_3": {"avg_pool_3x3"}})
	if err != nil {
		panic(err)
	}
	fmt.Println(space.Size())
	fmt.Println(space.Sample(rand.New(rand.NewPCG(1, 2))))
	// Output:
	// 3750
	// 3000
	// |nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|skip_connect~1|none~2|
}

// One part, and later one supernet, for each value of a decision, as few-shot NAS does.
func ExampleSplit() {
	parts, err := spaces.Split(proxylessnas.New(), "stage0_cell0")
	if err != nil {
		panic(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, p := range parts {
		fmt.Println(p.Size(), p.Sample(rng).(proxylessnas.Arch).Stage(0)[0])
	}
	// Output:
	// 36917038301316768 k3e3
	// 36917038301316768 k3e6
	// 36917038301316768 k5e3
	// 36917038301316768 k5e6
	// 36917038301316768 k7e3
	// 36917038301316768 k7e6
}

// A decision is fixed by keeping one of its values.
func ExampleKeep() {
	part, err := spaces.Keep(nasbench201.New(), map[string][]string{
		"0_1": {"nor_conv_3x3"}, "0_2": {"none"}, "1_2": {"nor_conv_3x3"},
		"0_3": {"skip_connect", "none"}, "1_3": {"none"}, "2_3": {"nor_conv_3x3"},
	})
	if err != nil {
		panic(err)
	}
	for a := range part.All() {
		fmt.Println(a)
	}
	// Output:
	// |nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|nor_conv_3x3~2|
	// |nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|
}
