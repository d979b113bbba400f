package nasbench201

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/internal/frequency"
)

const example = "|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|avg_pool_3x3~0|nor_conv_3x3~1|nor_conv_1x1~2|"

func all(op Op) (a Arch) {
	for i := range a {
		a[i] = op
	}
	return a
}

func TestRoundTrips(t *testing.T) {
	for i := range Size {
		a := FromOrdinal(i)
		if a.Ordinal() != i || FromIndex(a.Index()) != a {
			t.Fatalf("%d has ordinal %d and index %d, which is %v", i, a.Ordinal(), a.Index(), FromIndex(a.Index()))
		}
		js, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		python := strings.ReplaceAll(string(js), `"`, "'")
		nni := strings.ReplaceAll(strings.ReplaceAll(python, "{'", "{'cell/"), "nor_", "")
		edges := fmt.Sprintf("[(('%v', 0),), (('%v', 0), ('%v', 1)), (('%v', 0), ('%v', 1), ('%v', 2))]", a[0], a[1], a[2], a[3], a[4],
			a[5])
		numbers := strings.Trim(fmt.Sprint(a.NASLib()), "[]")
		forms := []string{a.String(), fmt.Sprint(a.Index()), " " + a.String() + "\n"}
		if i%17 == 0 {
			forms = append(forms, string(js), "Structure(4 nodes with "+a.String()+")",
				"[007] arch: "+a.String()+", 93.4", python, nni, edges, "["+numbers+"]", "("+strings.ReplaceAll(numbers, " ", ", ")+")")
		}
		for _, s := range forms {
			if b, err := Parse(s); err != nil || b != a {
				t.Fatalf("Parse(%q) = %v, %v, want %v", s, b, err, a)
			}
		}
	}
	if a, err := Parse(example); err != nil || a != (Arch{Conv3x3, SkipConnect, Conv1x1, AvgPool3x3, Conv3x3, Conv1x1}) {
		t.Fatalf("Parse(example) = %v, %v", [6]Op(a), err)
	}
}

// Indices that the benchmark's own code checks, and how NASLib and NNI write one of the architectures.
func TestPublishedForms(t *testing.T) {
	for i, want := range map[int]string{
		0:   "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
		9:   "|avg_pool_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|",
		123: "|avg_pool_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|none~0|avg_pool_3x3~1|nor_conv_3x3~2|",
	} {
		if a := FromIndex(i); a.String() != want || a.Index() != i {
			t.Errorf("the architecture %d of the benchmark is %v with index %d, want %s", i, a, a.Index(), want)
		}
	}
	for _, s := range []string{"(4, 3, 3, 0, 0, 0)", "[4 3 3 0 0 0]", "array([4, 3, 3, 0, 0, 0])",
		"{'0_1': 'avg_pool_3x3', '0_2': 'conv_1x1', '1_2': 'skip_connect', '0_3': 'conv_1x1', '1_3': 'skip_connect', '2_3': 'skip_connect'}",
	} {
		if a, err := Parse(s); err != nil || a != FromIndex(0) {
			t.Errorf("Parse(%q) = %v, %v, want %v", s, a, err, FromIndex(0))
		}
	}
}

// The benchmark's index is the order of its published results.
func TestIndexIsPublished(t *testing.T) {
	f, err := os.Open(filepath.Join(os.Getenv("ONESHOT_DATA"), "truth", "nb201-all.csv"))
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 1+Size {
		t.Fatal(len(rows), err)
	}
	for i, r := range rows[1:] {
		if a, err := Parse(r[1]); err != nil || r[0] != strconv.Itoa(i) || a.Index() != i {
			t.Fatalf("row %s, %s: index %d, %v", r[0], r[1], a.Index(), err)
		}
	}
}

// The first numbers that CPython's random gives after random.seed(88).
func TestTwister(t *testing.T) {
	rng := newTwister(88)
	for i, want := range []uint32{1707201716, 4182107318, 813946014, 1429399738} {
		if got := rng.word(); got != want {
			t.Errorf("word %d is %d, want %d", i, got, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for s, want := range map[string]string{
		"(4, 3, 3, 0, 0, 5)":                           "number 5 of NASLib's is 5, want 0 to 4 for [skip_connect none",
		"(4, 3, 3)":                                    "3 numbers, want the 6 of NASLib",
		"(4, 3, 3, 0, 0, None)":                        "an operation is None",
		"{'0_1': 'none'}":                              `the key "0_2" is missing`,
		"{'0_1': 'none', 'a/0_1': 'none'}":             `the edge 0_1 is there twice, as "0_1" and "a/0_1"`,
		"{'0_1': 'none', '0_1': 'none'}":               `the key "0_1" is there twice`,
		"{'0_1': 'nor_nor_conv_3x3'}":                  "unknown operation",
		"hello":                                        "not an architecture: want |nor_conv_3x3~0|+|",
		"[(('none', 0),), (('none', 0), ('none', 1))]": "a list of 2 nodes",
		"[(('none', 1),), (), ()]":                     `edge 0 of node 1 is ["none",1], want the operation and 0`,
		example + " " + example:                        "5 groups of edges, want 3",
		strings.Replace(example, "nor_", "dil_", 1):    `unknown operation "dil_conv_3x3", want one of [none`,
	} {
		if a, err := Parse(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, %v, want %q", s, a, err, want)
		}
	}
	for _, s := range []string{"", "|", "x", "-1", "15625", "|none~0|", "|none~0|+|none~0|none~1|+|none~0|none~1|none~3|",
		"|none~0|+|none~0|none~1|+|none~0|none~1|", "|none~0|+|none~0|none~1|+|none~0|none~1|nil~2|", `{}`, `{"0_1":1}`,
		`{"0_1":"none","0_2":"none","1_2":"none","0_3":"none","1_3":"none","2_3":"none","x":"none"}`,
		"|none~0|+|none~0|none~1|+|none~0|none~1|none~2|x"} {
		if a, err := Parse(s); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", s, a)
		}
	}
}

// Counts that the benchmark and the paper publish.
func TestSizes(t *testing.T) {
	classes, connected := map[string]bool{}, 0
	for i := range Size {
		a := FromOrdinal(i)
		classes[a.Hash()] = true
		if a.Connected() {
			connected++
		}
		c := a.Canonical().(Arch)
		if c.Hash() != a.Hash() || c.Ordinal() > i || c.Canonical() != spaces.Arch(c) {
			t.Fatalf("canonical form of %v is %v", a, c)
		}
	}
	if len(classes) != 6466 {
		t.Errorf("%d functions, want 6,466", len(classes))
	}
	if n := New().Size().Int64(); connected != 15284 || n != 15284 {
		t.Errorf("%d connected, Size %d, want 15,284", connected, n)
	}
	n := 0
	for range New().All() {
		n++
	}
	if n != 15284 {
		t.Errorf("All yields %d", n)
	}
}

func TestParams(t *testing.T) {
	for _, tc := range []struct {
		arch   Arch
		params int64
	}{{all(Conv3x3), 1531546}, {all(None), 73306}, {all(SkipConnect), 73306}} {
		if p := New().Network(tc.arch).Params(); p != tc.params {
			t.Errorf("%v has %d parameters, want %d", tc.arch, p, tc.params)
		}
	}
	// 220.12 M: the published FLOPs of the all-convolution architecture for CIFAR-10, which are multiply-adds.
	if m := New().Network(all(Conv3x3)).MACs(); m/10000 != 22011 {
		t.Errorf("%d multiply-adds", m)
	}
}

// evaluate computes the cell on formal sums: an independent notion of equality. A value is a multiset of terms, an
// operation wraps the whole multiset in an opaque symbol.
func evaluate(a Arch, symbols map[string]int) string {
	node := [Nodes]map[int]int{{symbol(symbols, "input"): 1}}
	for to := 1; to < Nodes; to++ {
		node[to] = map[int]int{}
		for from := range to {
			op := a.Op(from, to)
			if op == None || len(node[from]) == 0 {
				continue
			}
			if op == SkipConnect {
				for s, n := range node[from] {
					node[to][s] += n
				}
				continue
			}
			node[to][symbol(symbols, fmt.Sprint(op, node[from]))]++ // fmt prints maps sorted by key
		}
	}
	return fmt.Sprint(node[Nodes-1])
}

func symbol(symbols map[string]int, s string) int {
	if _, ok := symbols[s]; !ok {
		symbols[s] = len(symbols)
	}
	return symbols[s]
}

// Function is formal evaluation; Hash is finer.
func TestHashAgainstFormalEvaluation(t *testing.T) {
	symbols, byHash, byFunction, values := map[string]int{}, map[string]string{}, map[string]string{}, map[string]string{}
	for i := range Size {
		a := FromOrdinal(i)
		v, h, f := evaluate(a, symbols), a.Hash(), a.Function()
		if w, ok := byHash[h]; ok && w != v {
			t.Fatalf("%v hashes like another function", a)
		}
		if w, ok := byFunction[f]; ok && w != v {
			t.Fatalf("%v is said to be another function", a)
		}
		if w, ok := values[v]; ok && w != f {
			t.Fatalf("%v computes %q and %q", a, f, w)
		}
		byHash[h], byFunction[f], values[v] = v, v, f
	}
	if len(byFunction) != 4930 || len(values) != 4930 {
		t.Errorf("%d functions, %d values, want 4,930", len(byFunction), len(values))
	}
}

// The column isomorph of the table is the benchmark's own partition.
func TestAgainstPublishedClasses(t *testing.T) {
	dir := os.Getenv("ONESHOT_DATA")
	f, err := os.Open(filepath.Join(dir, "truth", "nb201-all.csv"))
	if dir == "" || err != nil {
		t.Skip("no truth/nb201-all.csv: set ONESHOT_DATA to the folder with the data")
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	byClass, byHash := map[string]string{}, map[string]string{}
	for _, r := range rows[1:] {
		a, err := Parse(r[1])
		if err != nil {
			t.Fatal(err)
		}
		h := a.Hash()
		if x, ok := byClass[r[2]]; ok && x != h {
			t.Fatalf("class %s holds %q and %q", r[2], x, h)
		}
		if x, ok := byHash[h]; ok && x != r[2] {
			t.Fatalf("%q is in classes %s and %s", h, x, r[2])
		}
		byClass[r[2]], byHash[h] = h, r[2]
	}
}

func TestNeighbours(t *testing.T) {
	a := FromOrdinal(4711)
	seen := map[spaces.Arch]bool{}
	for b := range a.Neighbours() {
		d := 0
		for i, o := range b.(Arch) {
			if o != a[i] {
				d++
			}
		}
		if d != 1 || seen[b] || !b.(Arch).Valid() {
			t.Fatalf("neighbour %v of %v", b, a)
		}
		seen[b] = true
	}
	if len(seen) != 24 {
		t.Fatalf("%d neighbours", len(seen))
	}
}

// Each operation of each edge as often as it occurs in the connected list, or in all architectures.
func TestSampleFrequencies(t *testing.T) {
	const draws = 60000
	whole := New()
	whole.Whole = true
	for _, s := range []Space{New(), whole} {
		rng := rand.New(rand.NewPCG(1, 2))
		var got [Edges]map[Op]int
		var want [Edges]map[Op]float64
		for i := range Edges {
			got[i], want[i] = map[Op]int{}, map[Op]float64{}
		}
		for range draws {
			for i, o := range s.Sample(rng).(Arch) {
				got[i][o]++
			}
		}
		for a := range s.All() {
			for i, o := range a.(Arch) {
				want[i][o] += draws / float64(s.Size().Int64())
			}
		}
		for i := range Edges {
			frequency.Check(t, "edge "+Keys[i], got[i], want[i])
		}
	}
}

// Compose is the inverse of Values, and refuses what the space lacks.
func TestCompose(t *testing.T) {
	whole := New()
	whole.Whole = true
	for i := range Size {
		a := FromOrdinal(i)
		if b, ok := New().Compose(a.Values()); b != spaces.Arch(a) || ok != a.Connected() {
			t.Fatalf("%v is composed as %v, %v", a, b, ok)
		}
		if _, ok := whole.Compose(a.Values()); !ok {
			t.Fatalf("%v is not composed", a)
		}
	}
}

func TestActive(t *testing.T) {
	a, err := Parse("|none~0|+|nor_conv_3x3~0|nor_conv_1x1~1|+|none~0|nor_conv_3x3~1|skip_connect~2|")
	if err != nil {
		t.Fatal(err)
	}
	// Node 1 receives nothing, so what leaves it is dead.
	if got, want := a.Active(), [Edges]bool{false, true, false, false, false, true}; got != want {
		t.Fatalf("active edges %v, want %v", got, want)
	}
}

// Layers with weights by hand: the stem, three in each residual block, the classifier, and in each of 15 cells the convolutions on
// a way from the input to the output. The convolutions that lead nowhere, or come from nothing, are listed but idle.
func TestWeightedLayers(t *testing.T) {
	for s, perCell := range map[string]int{
		example: 4,
		"|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|":                         1,
		"|nor_conv_1x1~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|none~1|none~2|":         0,
		"|none~0|+|none~0|nor_conv_3x3~1|+|avg_pool_3x3~0|nor_conv_1x1~1|nor_conv_3x3~2|": 0,
		"|none~0|+|nor_conv_3x3~0|nor_conv_1x1~1|+|none~0|nor_conv_3x3~1|skip_connect~2|": 1,
	} {
		a, err := Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := New().Network(a).WeightedLayers(), 1+2*3+1+15*perCell; got != want {
			t.Errorf("%v has %d layers with weights, want %d", a, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(example)
	f.Add(`{"0_1":"none","0_2":"none","1_2":"none","0_3":"none","1_3":"none","2_3":"none"}`)
	f.Add("4711")
	f.Add("Structure(4 nodes with " + example + ")")
	f.Add("(4, 0, 3, 1, 4, 3)")
	f.Add("{'cell/0_1': 'conv_3x3', 'cell/0_2': 'none', 'cell/1_2': 'none', 'cell/0_3': 'none', 'cell/1_3': 'none', 'cell/2_3': 'none'}")
	f.Add("[(('none', 0),), (('none', 0), ('none', 1)), (('none', 0), ('none', 1), ('nor_conv_1x1', 2))]")
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
	a, err := Parse(example)
	if err != nil {
		panic(err)
	}
	net := New().Network(a)
	fmt.Println(a.Op(1, 3), a.Index(), net.Params(), net.MACs())
	// Output: nor_conv_3x3 12564 615386 86426240
}
