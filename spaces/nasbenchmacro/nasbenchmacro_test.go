package nasbenchmacro

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/internal/frequency"
	"github.com/oneshot-nas/oneshot/spaces/internal/python"
)

// The published table, row by row: all architectures in the order of All, parameters and multiply-adds as the authors count them,
// and the same results for all architectures of one function.
func TestPublishedTable(t *testing.T) {
	dir := os.Getenv("ONESHOT_DATA")
	f, err := os.Open(filepath.Join(dir, "truth", "nbmacro-cifar10.csv"))
	if dir == "" || err != nil {
		t.Skip("no truth/nbmacro-cifar10.csv: set ONESHOT_DATA to the folder with the data")
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	number := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	all := slices.Collect(New().All())
	if len(rows) != 1+len(all) {
		t.Fatalf("%d rows for %d architectures", len(rows)-1, len(all))
	}
	results := make(map[string]string) // by function
	for i, r := range rows[1:] {       // architecture, test_1, test_2, test_3, mean, std, params, flops
		a, err := Parse(r[0])
		if err != nil || spaces.Arch(a) != all[i] || a.String() != r[0] {
			t.Fatalf("row %d, %s, is read as %v, %v; All has %v", i, r[0], a, err, all[i])
		}
		net := New().Network(a)
		if p, m := number(r[6]), number(r[7]); net.Params() != p || net.MACs() != m {
			t.Errorf("%v has %d parameters and %d multiply-adds, published are %d and %d", a, net.Params(), net.MACs(), p, m)
		}
		runs := strings.Join(r[1:6], " ")
		if other, ok := results[a.Hash()]; ok && other != runs {
			t.Errorf("%v has the results %s, another architecture of its function %s", a, runs, other)
		}
		results[a.Hash()] = runs
	}
	if len(results) != 3969 {
		t.Errorf("%d functions, want 3,969", len(results))
	}
}

// Three rows of the published table: the smallest, the best and the largest network.
func TestCounts(t *testing.T) {
	for s, want := range map[string][2]int64{"00000000": {387882, 7713280}, "22212220": {1985514, 85164544},
		"22222222": {2932586, 105660928}} {
		a, err := Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		if net := New().Network(a); net.Params() != want[0] || net.MACs() != want[1] {
			t.Errorf("%v has %d parameters and %d multiply-adds, want %d", a, net.Params(), net.MACs(), want)
		}
	}
}

// The canonical form against the definition: architectures are the same if the blocks that each stage really has are.
func TestCanonical(t *testing.T) {
	blocks := func(a Arch) string {
		var b strings.Builder
		for i, o := range a {
			if First(i) {
				b.WriteByte('|')
			}
			if First(i) || o != Identity {
				fmt.Fprint(&b, o)
			}
		}
		return b.String()
	}
	byHash, byBlocks := map[string]string{}, map[string]string{}
	for x := range New().All() {
		a := x.(Arch)
		c, h := a.Canonical().(Arch), a.Hash()
		if blocks(c) != blocks(a) || c.Canonical() != spaces.Arch(c) {
			t.Fatalf("%v has the canonical form %v", a, c)
		}
		for _, m := range []struct {
			of       map[string]string
			key, val string
		}{{byHash, h, blocks(a)}, {byBlocks, blocks(a), h}} {
			if v, ok := m.of[m.key]; ok && v != m.val {
				t.Fatalf("%v: %s belongs to %s and to %s", a, m.key, v, m.val)
			}
			m.of[m.key] = m.val
		}
	}
	if len(byHash) != 3969 || New().Size().Int64() != 6561 {
		t.Errorf("%d functions of %d architectures, want 3,969 of 6,561", len(byHash), New().Size())
	}
}

// At every scale: each layer reads what the one before puts out, names are those of the layers, and the head follows the width.
func TestNetwork(t *testing.T) {
	a, err := Parse("01210012")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		space      Space
		last, head int
	}{{New(), 4, 1280}, {Space{8, 10, 32}, 4, 320}, {Space{16, 100, 40}, 5, 640}} {
		channels, size := 3, tc.space.Image
		var names []string
		for _, l := range tc.space.Network(a).Layers {
			if l.Cin != channels {
				t.Errorf("%+v: layer %+v follows %d channels", tc.space, l, channels)
			}
			if l.Name == "head.conv" && (size != tc.last || l.Cout != tc.head) {
				t.Errorf("%+v: the head %+v reads %d×%d, want %d×%d and %d channels", tc.space, l, size, size, tc.last, tc.last, tc.head)
			}
			channels, size = l.Cout, l.H
			if l.Kind == spaces.Conv {
				names = append(names, l.Name)
			}
		}
		if channels != tc.space.Classes {
			t.Errorf("%+v: %d outputs", tc.space, channels)
		}
		// Layers 3 and 4 are the third and the second of their stages, layer 4 is left out; layer 5 is an Identity of stride 2.
		want := []string{"stem.conv", "layer0.Identity.conv", "layer1.MB3_K3.expand.conv", "layer1.MB3_K3.depthwise.conv",
			"layer1.MB3_K3.project.conv",
			"layer2.MB6_K5.expand.conv", "layer2.MB6_K5.depthwise.conv", "layer2.MB6_K5.project.conv",
			"layer3.MB3_K3.expand.conv", "layer3.MB3_K3.depthwise.conv", "layer3.MB3_K3.project.conv",
			"layer5.Identity.conv", "layer6.MB3_K3.expand.conv", "layer6.MB3_K3.depthwise.conv", "layer6.MB3_K3.project.conv",
			"layer7.MB6_K5.expand.conv", "layer7.MB6_K5.depthwise.conv", "layer7.MB6_K5.project.conv", "head.conv"}
		if !slices.Equal(names, want) {
			t.Errorf("%+v: convolutions %q, want %q", tc.space, names, want)
		}
	}
}

func TestParse(t *testing.T) {
	want := Arch{2, 2, 2, 1, 2, 2, 2, 0}
	if a, err := Parse(" 22212220\n"); err != nil || a != want {
		t.Errorf("read %v, %v", a, err)
	}
	object := spaces.DecisionsJSON(New(), want)
	if !strings.HasPrefix(object, `{"layer0":"MB6_K5",`) || !strings.HasSuffix(object, `"layer7":"Identity"}`) {
		t.Errorf("%v is written as %s", want, object)
	}
	for _, s := range []string{"[2, 2, 2, 1, 2, 2, 2, 0]", "(2, 2, 2, 1, 2, 2, 2, 0)", "[2 2 2 1 2 2 2 0]", object,
		strings.ReplaceAll(object, `"`, "'")} {
		if a, err := Parse(s); err != nil || a != want {
			t.Errorf("Parse(%q) = %v, %v, want %v", s, a, err, want)
		}
	}
	for _, s := range []string{"[22, 212, 220]", "[2, 2, 2, 1, 2, 2, 2]", "[2, 2, 2, 1, 2, 2, 2, 3]", "[2, 2, 2, 1, 2, 2, 2, 0.]",
		object[:9] + object, "", "2221222", "222122200", "22212223", "2221222x", "２221222", "2 212220", `{"layer0":"MB3_K3"}`,
		`{"layer0":3`,
		strings.Replace(object, "MB3_K3", "MB3_K5", 1), strings.Replace(object, "{", `{"layer8":"Identity",`, 1)} {
		if a, err := Parse(s); err == nil || !strings.HasPrefix(err.Error(), "nasbenchmacro: ") {
			t.Errorf("Parse(%q) = %v, %v, want an error of the package", s, a, err)
		}
	}
}

func TestNeighbours(t *testing.T) {
	for _, a := range []Arch{{}, {2, 2, 2, 1, 2, 2, 2, 0}} {
		seen := map[spaces.Arch]bool{}
		for b := range a.Neighbours() {
			differ := 0
			for i, o := range b.(Arch) {
				if o != a[i] {
					differ++
				}
			}
			if differ != 1 || !b.(Arch).Valid() || seen[b] {
				t.Fatalf("%v is not a neighbour of %v, or comes twice", b, a)
			}
			seen[b] = true
		}
		if len(seen) != 16 {
			t.Fatalf("%d neighbours, want 16", len(seen))
		}
	}
}

func TestSampleFrequencies(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	pairs := map[[2]Op]int{}
	layers := [Layers]map[Op]int{}
	for i := range layers {
		layers[i] = map[Op]int{}
	}
	for range 20000 {
		a := New().Sample(rng).(Arch)
		for i, o := range a {
			layers[i][o]++
		}
		pairs[[2]Op{a[1], a[6]}]++
	}
	for i := range layers {
		frequency.Uniform(t, Key(i), layers[i], int(numOps))
	}
	frequency.Uniform(t, "layers 1 and 6", pairs, int(numOps*numOps))
}

func TestPanics(t *testing.T) {
	for says, f := range map[string]func(){
		"not valid": func() { New().Network(Arch{7: numOps}) },
		"nil":       func() { New().Network(nil) },
		"Identity":  func() { Identity.Kernel() },
		"Op(3)":     func() { numOps.Expansion() },
	} {
		func() {
			defer func() {
				if r := recover(); r == nil || !strings.Contains(r.(string), says) {
					t.Errorf("panic %v, want one that says %q", r, says)
				}
			}()
			f()
		}()
	}
}

func FuzzParse(f *testing.F) {
	f.Add("22212220")
	f.Add("[2, 2, 2, 1, 2, 2, 2, 0]")
	f.Add(`{"layer0":"MB3_K3"}`)
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			return
		}
		digits := strings.HasPrefix(strings.TrimSpace(s), "{") || strings.Join(python.Words(s), "") == a.String()
		if b, err := Parse(a.String()); err != nil || a != b || !a.Valid() || !digits {
			t.Fatalf("%q: %v, %v", s, b, err)
		}
	})
}

func Example() {
	a, err := Parse("20100201")
	if err != nil {
		panic(err)
	}
	net := New().Network(a)
	fmt.Println(a.Canonical(), net.Params(), net.MACs())
	// Output: 20100210 1129130 37782016
}
