package proxylessnas

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/internal/frequency"
)

const example = "k7e3,k3e3,skip,k5e6/k5e6,skip,k7e3,k5e3/k7e3,skip,k3e6,k7e3/k7e6,skip,k7e6,skip/k3e6,k7e6,k7e6,k3e3/k5e6"

// proxylessMobile is ProxylessNAS-Mobile as the TuNAS archive lists it (PROXYLESSNAS_MOBILE_OPERATIONS in
// tunas/mobile_model_archive.py); the blocks are those that the ProxylessNAS
// paper draws for it.
const (
	proxylessMobile       = "0:1:0:6:6:2:0:1:1:5:1:1:1:4:1:1:1:5:5:2:2:5"
	proxylessMobileBlocks = "k5e3,k3e3,skip,skip/k7e3,k3e3,k5e3,k5e3/k7e6,k5e3,k5e3,k5e3/k5e6,k5e3,k5e3,k5e3/k7e6,k7e6,k7e3,k7e3/k7e6"
)

func samples(n int) (archs []Arch) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range n {
		archs = append(archs, New().Sample(rng).(Arch))
	}
	return archs
}

func TestRoundTrips(t *testing.T) {
	for _, a := range samples(1000) {
		js, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		python := "['" + strings.NewReplacer(",", "', '", "/", "', '").Replace(a.String()) + "']"
		indices := strings.Trim(strings.ReplaceAll(fmt.Sprint(a.Values()), " ", ":"), "[]")
		for _, s := range []string{a.String(), string(js), a.TuNAS(), python, indices, " " + a.String() + "\n"} {
			if b, err := Parse(s); err != nil || b != a {
				t.Fatalf("Parse(%q) = %v, %v, want %v", s, b, err, a)
			}
		}
		if !a.Valid() {
			t.Fatalf("%v is not valid", a)
		}
	}
}

func TestParseTuNAS(t *testing.T) {
	a, err := Parse(proxylessMobile)
	if err != nil || a.String() != proxylessMobileBlocks {
		t.Errorf("ProxylessNAS-Mobile is %v, %v, want %s", a, err, proxylessMobileBlocks)
	}
	// Kernel and expansion of a cell that is left out do not matter.
	long := strings.Split(a.TuNAS(), ":")
	if len(long) != tunasLong {
		t.Fatalf("%d indices, want %d", len(long), tunasLong)
	}
	long[9], long[10] = "2", "1" // stage0_cell2, which is left out
	if b, err := Parse(strings.Join(long, ":")); err != nil || b != a {
		t.Errorf("read %v, %v, want %v", b, err, a)
	}
}

// The same architecture as others write it: with what comes first in a stage first, for there is no skip in between.
func TestForeignForms(t *testing.T) {
	first := samples(1)[0].Canonical().(Arch)
	for _, want := range append(samples(50), first) {
		want = want.Canonical().(Arch)
		var ks, e, d, hub []string
		config := `{"mobile_inverted_conv": {"name": "MBInvertedConvLayer", "in_channels": 32, "out_channels": 16, "kernel_size": 3, "stride": 1, "expand_ratio": 1}, "shortcut": null}`
		in := 16
		for s := range Stages {
			depth := 0
			out := []int{24, 40, 80, 96, 192, 320}[s]
			for c, o := range want.Stage(s) {
				kernel, expansion := 3, 6 // that once-for-all draws but does not use
				if o != Zero {
					kernel, expansion = o.Kernel(), o.Expansion()
					depth++
					hub = append(hub, fmt.Sprintf("'s%d_i%d': '%v'", s+2, c, o))
					config += fmt.Sprintf(`, {"mobile_inverted_conv": {"name": "MBInvertedConvLayer", "in_channels": %d, "out_channels": %d, "kernel_size": %d, "expand_ratio": %d}}`, in, out, kernel, expansion)
				} else {
					config += `, {"mobile_inverted_conv": {"name": "ZeroLayer", "stride": 1}, "shortcut": {"name": "IdentityLayer"}}`
				}
				in = out
				ks, e = append(ks, fmt.Sprint(kernel)), append(e, fmt.Sprint(expansion))
			}
			d, hub = append(d, fmt.Sprint(depth)), append(hub, fmt.Sprintf("'s%d_depth': %d", s+2, depth))
		}
		for _, text := range []string{
			fmt.Sprintf("{'ks': [%s], 'e': [%s], 'd': [%s]}", strings.Join(ks, ", "), strings.Join(e, ", "), strings.Join(d, ", ")),
			fmt.Sprintf(`{"wid": null, "ks": [%s], "e": [%s], "d": [%s], "r": [224]}`, strings.Join(ks, ", "), strings.Join(e, ", "),
				strings.Join(d[:5], ", ")),
			"{" + strings.Join(hub, ", ") + "}",
			`{"name": "ProxylessNASNets", "bn": {"momentum": 0.1, "eps": 0.001}, "blocks": [` + config + `], "classifier": {}}`,
			`{"name": "ProxylessNASNets", "blocks": [` + strings.ReplaceAll(config, "mobile_inverted_conv", "conv") + `]}`,
			"OrderedDict([('name', 'ProxylessNASNets'), ('blocks', [" + strings.NewReplacer(`"`, "'", "null",
				"None").Replace(config) + "])])",
		} {
			if a, err := Parse(text); err != nil || a != want {
				t.Fatalf("Parse(%q) = %v, %v, want %v", text, a, err, want)
			}
		}
	}
	// Every cell alike, and cells that are left out in the middle of a stage of a network.
	if a, err := Parse("{'ks': 7, 'e': 6, 'd': 2}"); err != nil ||
		a.String() != "k7e6,k7e6,skip,skip/k7e6,k7e6,skip,skip/k7e6,k7e6,skip,skip/k7e6,k7e6,skip,skip/k7e6,k7e6,skip,skip/k7e6" {
		t.Errorf("read %v, %v", a, err)
	}
	twenty := "[" + strings.Repeat("3, ", 20) + "]"
	all := strings.Repeat("3, ", Cells)
	for _, tc := range []struct{ text, says string }{
		{"{'ks': " + twenty + ", 'e': " + twenty + ", 'd': [2, 2, 2, 2, 2]}",
			"ks has 20 numbers: this is a network of once-for-all's MobileNetV3"},
		{"{'ks': [3, 3], 'e': 3, 'd': 4}", "ks has 2 numbers, want 21"},
		{"{'ks': 3, 'e': 3}", "the key d is missing beside ks"},
		{"{'ks': 3, 'e': 4, 'd': 4}", "stage0_cell0 has kernel 3 and expansion 4, want kernel 3, 5 or 7 and expansion 3 or 6"},
		{"{'ks': [" + all + "], 'e': [" + all + "], 'd': [0, 1, 1, 1, 1]}", "the depth of stage 0 is 0, want 1 to 4"},
		{"{'ks': 3, 'e': 3, 'd': 4, 'x': 1}", `unknown key "x"`},
		{`{"blocks": []}`, "the network has 0 stages, want 6"},
		{`{"blocks": [{"conv": {"kernel_size": 3, "expand_ratio": 6}}]}`, "first block of the network has not kernel 3 and expansion 1"},
		{`{"blocks": [{"conv": {"kernel_size": 3, "expand_ratio": 1}}, {"conv": null}]}`, "block 1 of the network is in stage -1"},
		{`{"s2_i0": "k3e3", "s2_depth": 2}`, "s2_i1 is"},
		{`{"s2_i0": "k3e3", "s2_depth": 5}`, "s2_depth is 5, want 1 to 4"},
		{`{"s2_i0": "k3e3"}`, "s3_i0 is"},
		{`{"s2_i0": "k9e3"}`, `stage0_cell0 is "k9e3", want one of [k3e3`},
	} {
		a, err := Parse(tc.text)
		if err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("Parse(%q) = %v, %v, want an error that says %q", tc.text, a, err, tc.says)
		}
	}
}

func TestParseErrors(t *testing.T) {
	js, err := json.Marshal(Arch{})
	if err != nil {
		t.Fatal(err)
	}
	object := string(js)
	tunas := Arch{}.TuNAS()
	for _, tc := range []struct{ text, says string }{
		{"", "lists 0 cells, want the 21"},
		{"k3e3,k3e3", "lists 2 cells"},
		{strings.Replace(example, "k5e6", "k5e4", 1), "stage0_cell3"},
		{strings.Replace(example, "k7e3", "skip", 1), "stage0_cell0 cannot be left out"},
		{`{`, "the text ends"},
		{`{}`, `the key "stage0_cell0" is missing, want the 21 cells of a list`},
		{`[]`, "lists 0 cells"},
		{strings.Replace(object, `"stage0_cell0":0`, `"stage0_cell0":6`, 1), "stage0_cell0 cannot be left out"},
		{strings.Replace(object, `"stage0_cell1":0`, `"stage0_cell1":7`, 1), "stage0_cell1 is 7, want an index from 0 to 6"},
		{strings.Replace(object, `"stage0_cell1":0`, `"stage0_cell1":0.5`, 1), "stage0_cell1 is 0.5"},
		{strings.Replace(object, `"stage0_cell1":0`, `"stage0_cell1":1e300`, 1), "stage0_cell1 is 1e+300"},
		{strings.Replace(object, `"stage0_cell1":0`, `"stage0_cell1":-1`, 1), "stage0_cell1 is -1"},
		{strings.Replace(object, `"stage0_cell1":0`, `"stage0_cell1":null`, 1), "stage0_cell1 is <nil>"},
		{strings.Replace(object, `"stage0_cell1":0`, `"stage0_cell1":"x"`, 1), `stage0_cell1 is "x"`},
		{strings.Replace(object, `}`, `,"stage5_cell1":0}`, 1), `unknown key "stage5_cell1"`},
		{"0:1", "has 2 indices, want 21"},
		{"0:x", `"x" is not an index`},
		{"1" + proxylessMobile[1:], "first block has kernel 3"},
		{strings.Replace(proxylessMobile, "0:1:", "0:6:", 1), "stage0_cell0 cannot be left out"},
		{strings.Replace(tunas, "0:0:0:0", "0:0:0:3", 1), "the kernel of stage0_cell0, is 3, want 0 to 2"},
		{strings.Replace(tunas, "0:0:0:0:0:0", "0:0:0:0:0:1", 1), "whether stage0_cell0 is left out, is 1, want 0 to 0"},
	} {
		a, err := Parse(tc.text)
		if err == nil {
			t.Errorf("Parse(%q) = %v, want an error that says %q", tc.text, a, tc.says)
		} else if !strings.Contains(err.Error(), tc.says) {
			t.Errorf("Parse(%q): %q does not say %q", tc.text, err, tc.says)
		}
	}
}

func TestSize(t *testing.T) {
	if n := New().Size().String(); n != "221502229807900608" {
		t.Errorf("%s architectures, want 6^6 · 7^15", n)
	}
	s := New()
	s.Depth = 2
	if n := s.Size().Int64(); n != 6*6*6*6*6*6*7*7*7*7*7 {
		t.Errorf("%d architectures of depth 2", n)
	}
}

func TestDepth(t *testing.T) {
	s := Small(32, 10)
	s.Depth = 2
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		a := s.Sample(rng).(Arch)
		if b, err := s.Parse(a.String()); err != nil || b != spaces.Arch(a) {
			t.Fatal(b, err)
		}
		for stage := range Stages {
			for cell, o := range a.Stage(stage) {
				if cell >= s.Depth && o != Zero {
					t.Fatalf("%v is too deep", a)
				}
			}
		}
	}
	if a, err := s.Parse(example); err == nil || !strings.Contains(err.Error(), "more than 2 cells") {
		t.Errorf("a deep architecture is read as %v, %v", a, err)
	}
}

func TestNeighbours(t *testing.T) {
	a := samples(1)[0]
	seen := map[Arch]bool{}
	for n := range a.Neighbours() {
		b := n.(Arch)
		differ := 0
		for i := range a {
			if a[i] != b[i] {
				differ++
			}
		}
		if differ != 1 || seen[b] || !b.Valid() {
			t.Fatalf("neighbour %v of %v", b, a)
		}
		seen[b] = true
	}
	if len(seen) != 6*5+15*6 {
		t.Fatalf("%d neighbours, want 120", len(seen))
	}
}

// Equal hashes exactly when the blocks that are there are equal, stage by stage: by brute force over all 6·7^3
// architectures of one stage, of which 6·(1+6+36+216) compute something different.
func TestCanonical(t *testing.T) {
	a, byBlocks := samples(1)[0], map[string]string{}
	hashes := map[string]bool{}
	for i := range 6 * 7 * 7 * 7 {
		b := a
		b[4], b[5], b[6], b[7] = Op(i%6), Op(i/6%7), Op(i/42%7), Op(i/294)
		var blocks []string
		for _, o := range b.Stage(1) {
			if o != Zero {
				blocks = append(blocks, o.String())
			}
		}
		h, key := b.Hash(), strings.Join(blocks, " ")
		if first, ok := byBlocks[key]; ok && first != h {
			t.Fatalf("%v computes what another does, but hashes %s and %s", b, first, h)
		}
		byBlocks[key], hashes[h] = h, true
		c := b.Canonical().(Arch)
		if !c.Valid() || c.Hash() != h || c.Canonical() != spaces.Arch(c) {
			t.Fatalf("canonical form of %v is %v", b, c)
		}
		if s := New(); s.Network(b).MACs() != s.Network(c).MACs() {
			t.Fatalf("%v and its canonical form %v differ in cost", b, c)
		}
	}
	if len(hashes) != 1554 || len(byBlocks) != 1554 {
		t.Errorf("%d hashes of %d functions, want 1,554", len(hashes), len(byBlocks))
	}
}

// Every operation of every cell equally often, whatever the cell before it does.
func TestSampleFrequencies(t *testing.T) {
	archs := samples(20000)
	for i := range Cells {
		one, two := map[Op]int{}, map[[2]Op]int{}
		for _, a := range archs {
			one[a[i]]++
			if i > 0 {
				two[[2]Op{a[i-1], a[i]}]++
			}
		}
		frequency.Uniform(t, Key(i), one, options(i))
		if i > 0 {
			frequency.Uniform(t, Key(i-1)+" and "+Key(i), two, options(i-1)*options(i))
		}
	}
}

func TestChoices(t *testing.T) {
	var s spaces.Space = New()
	choices, a := s.Choices(), samples(1)[0]
	for i, v := range a.Values() {
		if got := choices[i].Values[v]; got != a[i].String() {
			t.Errorf("decision %s of %v is %s", choices[i].Name, a, got)
		}
	}
	if len(choices) != Cells || choices[20].Name != "stage5_cell0" || len(choices[20].Values) != 6 || len(choices[19].Values) != 7 {
		t.Errorf("choices %v", choices)
	}
}

func TestCompose(t *testing.T) {
	for _, a := range samples(100) {
		if b, ok := New().Compose(a.Values()); !ok || b != spaces.Arch(a) {
			t.Fatalf("%v is composed as %v, %v", a, b, ok)
		}
	}
	if a, ok := New().Compose(slices.Repeat([]int{int(Zero)}, Cells)); ok {
		t.Errorf("%v is composed", a)
	}
	shallow := New()
	shallow.Depth = 1
	if a, ok := shallow.Compose(make([]int, Cells)); !ok || a.String() != "k3e3,skip,skip,skip/k3e3,skip,skip,skip/k3e3,skip,skip,skip/k3e3,skip,skip,skip/k3e3,skip,skip,skip/k3e3" {
		t.Errorf("composed %v, %v", a, ok)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(example)
	f.Add(proxylessMobile)
	f.Add(Arch{}.TuNAS())
	f.Add("{'ks': 7, 'e': [" + strings.Repeat("6, ", Cells) + "], 'd': [1, 2, 3, 4, 4, 1]}")
	f.Add(`{"blocks": [{"conv": {"kernel_size": 3, "expand_ratio": 1}}, {"conv": {"kernel_size": 3, "expand_ratio": 6, "in_channels": 16, "out_channels": 24}}]}`)
	f.Add("{'s2_depth': 1, 's2_i0': 'k3e3', 's3_i0': 'k3e3', 's4_i0': 'k3e3', 's5_i0': 'k3e3', 's6_i0': 'k3e3', 's7_i0': 'k7e6'}")
	f.Add(`{"stage0_cell0":4,"stage0_cell1":"k3e3","stage0_cell2":6}`)
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			return
		}
		if b, err := Parse(a.String()); err != nil || a != b || !a.Valid() {
			t.Fatalf("%q: %v, %v", s, b, err)
		}
	})
}

func ExampleParse() {
	a, err := Parse(proxylessMobile)
	if err != nil {
		panic(err)
	}
	s := New()
	s.Width = 1
	net := s.Network(a)
	fmt.Println(a)
	fmt.Println(a.Stage(0), net.Params(), net.MACs())
	// Output:
	// k5e3,k3e3,skip,skip/k7e3,k3e3,k5e3,k5e3/k7e6,k5e3,k5e3,k5e3/k5e6,k5e3,k5e3,k5e3/k7e6,k7e6,k7e3,k7e3/k7e6
	// [k5e3 k3e3 skip skip] 4073520 304227008
}
