package dartsptb

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/internal/frequency"
)

// darts is the cell that DARTS found (DARTS_V2).
const darts = "[('sigmoid', 0), ('relu', 1), ('relu', 1), ('identity', 1), ('tanh', 2), ('sigmoid', 5), ('tanh', 3), ('relu', 5)]"

func samples(n int) (archs []Arch) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range n {
		archs = append(archs, New().Sample(rng).(Arch))
	}
	return archs
}

func TestCounts(t *testing.T) {
	s := New()
	if n := s.Size(); n.Cmp(big.NewInt(2642411520)) != 0 {
		t.Errorf("%v architectures", n)
	}
	for _, a := range samples(3) {
		net := s.Network(a)
		if net.Params() != 22960000 || net.MACs() != 22950000 || net.WeightedLayers() != 1+Steps+1 {
			t.Errorf("%v has %d parameters and %d multiply-adds a word", a, net.Params(), net.MACs())
		}
	}
	if net := (Space{Hidden: 2, Words: 7}).Network(Arch{}); net.Params() != 7*2+16+8*8+7 || net.MACs() != 16+8*8+14 {
		t.Errorf("a small one has %d parameters and %d multiply-adds", net.Params(), net.MACs())
	}
}

// TestPublished reads every architecture of the authors' tables, and writes it as it was.
func TestPublished(t *testing.T) {
	dir := os.Getenv("ONESHOT_DATA")
	if dir == "" {
		t.Skip("set ONESHOT_DATA to the folder with truth/ptb.csv")
	}
	for name, want := range map[string]int{"ptb.csv": 137, "ptb-seed43.csv": 93} {
		f, err := os.Open(filepath.Join(dir, "truth", name))
		if err != nil {
			t.Skipf("no published table: %v", err)
		}
		defer f.Close()
		rows, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		seen := make(map[string]bool)
		for _, row := range rows[1:] {
			a, err := Parse(row[0])
			if err != nil {
				t.Fatal(err)
			}
			if js, err := json.Marshal(a); err != nil || string(js) != row[0] {
				t.Errorf("%s is written as %s (%v)", row[0], js, err)
			}
			seen[a.Hash()] = true
		}
		if len(rows)-1 > want {
			t.Errorf("%s has %d rows, want at most the %d published", name, len(rows)-1, want)
		}
		t.Logf("%s: %d architectures, %d functions", name, len(rows)-1, len(seen))
	}
}

func TestParse(t *testing.T) {
	want := Arch{{Sigmoid, 0}, {ReLU, 1}, {ReLU, 1}, {Identity, 1}, {Tanh, 2}, {Sigmoid, 5}, {Tanh, 3}, {ReLU, 5}}
	for _, s := range []string{
		darts,
		"Genotype(recurrent=" + darts + ", concat=range(1, 9))",
		strings.NewReplacer("(", "[", ")", "]", "'", `"`).Replace(darts),
		"2019 01:02 genotype = Genotype(recurrent=" + darts + ", concat=range(1, 9)) (best)",
		"DARTS_V2 = Genotype(\n  recurrent = " + strings.ReplaceAll(darts, ", (",
			",\n    (") + ",\n  concat = [1, 2, 3, 4, 5, 6, 7, 8])\nDARTS = DARTS_V2",
		"{'recurrent': " + darts + ", 'concat': range(1, 9)}",
		`{'act/0': 2, 'act/1': 1, 'act/2': 'relu', 'act/3': 3, 'act/4': 0, 'act/5': 2, 'act/6': 0, 'act/7': 1,
		'switch/0': 0, 'switch/1': 1, 'switch/2': 1, 'switch/3': 1, 'switch/4': 2, 'switch/5': 5, 'switch/6': 3, 'switch/7': 5}`,
		`{"act/0":2,"act/1":1,"act/2":1,"act/3":3,"act/4":0,"act/5":2,"act/6":0,"act/7":1,
		"switch/0":0,"switch/1":1,"switch/2":1,"switch/3":1,"switch/4":2,"switch/5":5,"switch/6":3,"switch/7":5}`,
	} {
		if a, err := Parse(s); err != nil || a != want {
			t.Errorf("%s is read as %v (%v)", s, a, err)
		}
	}
	js, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ in, want string }{
		"empty":          {"", "0 words, want [('tanh', 0)"},
		"two genotypes":  {strings.Repeat("Genotype(recurrent="+darts+", concat=range(1, 9)) ", 2), "Genotype(…) is there twice"},
		"too short":      {"[('tanh', 0)]", "2 words"},
		"activation":     {strings.Replace(darts, "sigmoid", "swish", 1), `step 0 is "swish", want one of [tanh relu sigmoid identity]`},
		"later state":    {strings.Replace(darts, "relu', 1", "relu', 2", 1), `step 1 reads state "2", want 0 to 1`},
		"negative state": {strings.Replace(darts, "relu', 1", "relu', -1", 1), `step 1 reads state "-1", want 0 to 1`},
		"other concat":   {"Genotype(recurrent=" + darts + ", concat=range(2, 9))", "want the states 1 to 8"},
		"missing key":    {strings.Replace(string(js), `"act/3":3,`, "", 1), `the key "act/3" is missing`},
		"unknown key":    {strings.Replace(string(js), "{", `{"act/8":1,`, 1), `unknown key "act/8"`},
		"large number": {strings.Replace(string(js), `"switch/1":1`, `"switch/1":2`, 1),
			`switch/1 is 2, want a number from 0 to 1, or one of ["0" "1"]`},
		"null": {strings.Replace(string(js), `"act/0":2`, `"act/0":null`, 1), "act/0 is null, want a number from 0 to 3"},
		"not a number": {strings.Replace(string(js), `"act/0":2`, `"act/0":"swish"`, 1),
			`act/0 is "swish", want a number from 0 to 3, or one of ["tanh" "relu" "sigmoid" "identity"]`},
		"cut": {string(js[:20]), "a comma or } is missing"},
	} {
		if _, err := Parse(c.in); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "dartsptb: ") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(darts)
	f.Add("genotype = Genotype(recurrent=" + darts + ", concat=range(1, 9)) end")
	js, _ := json.Marshal(Arch{})
	f.Add(string(js))
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			return
		}
		js, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{a.String(), string(js)} {
			if b, err := Parse(form); err != nil || a != b || !a.Valid() {
				t.Errorf("%q is read as %v, and that as %v (%v)", s, a, b, err)
			}
		}
	})
}

func TestChoices(t *testing.T) {
	s := New()
	choices := s.Choices()
	product := big.NewInt(1)
	for _, c := range choices {
		product.Mul(product, big.NewInt(int64(len(c.Values))))
	}
	if product.Cmp(s.Size()) != 0 {
		t.Errorf("the choices make %v architectures, the space has %v", product, s.Size())
	}
	for _, a := range samples(50) {
		js, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var keys map[string]int
		if err := json.Unmarshal(js, &keys); err != nil {
			t.Fatal(err)
		}
		for i, v := range a.Values() {
			if keys[choices[i].Name] != v {
				t.Fatalf("%s of %v is %d, want %d", choices[i].Name, a, keys[choices[i].Name], v)
			}
		}
		if b, ok := s.Compose(a.Values()); !ok || b != a {
			t.Fatalf("%v is composed as %v", a, b)
		}
	}
	part, err := spaces.Keep(s, map[string][]string{"act/3": {"tanh", "relu"}, "switch/7": {"0"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := big.NewInt(2642411520 / 2 / 8); part.Size().Cmp(want) != 0 {
		t.Errorf("a part has %v architectures, want %v", part.Size(), want)
	}
}

func TestValid(t *testing.T) {
	if !(Arch{}).Valid() || (Arch{{Act: numActs}}).Valid() || (Arch{{Switch: 1}}).Valid() {
		t.Error("Valid does not see what is wrong")
	}
}

func TestNeighbours(t *testing.T) {
	for _, a := range samples(10) {
		seen := make(map[spaces.Arch]bool)
		for b := range a.Neighbours() {
			differ := 0
			for i, v := range b.Values() {
				if v != a.Values()[i] {
					differ++
				}
			}
			if differ != 1 || !b.(Arch).Valid() || seen[b] {
				t.Fatalf("%v is not a neighbour of %v, or comes twice", b, a)
			}
			seen[b] = true
		}
		if len(seen) != 52 {
			t.Fatalf("%d neighbours, want 52", len(seen))
		}
		for range a.Neighbours() {
			break // must not go on
		}
	}
}

// The prior: every decision uniform, and independent of the others.
func TestSampleFrequencies(t *testing.T) {
	archs := samples(20000)
	sizes := make([]int, 2*Steps)
	for i, c := range New().Choices() {
		sizes[i] = len(c.Values)
	}
	for i := range sizes {
		for j := range i {
			counts := make(map[[2]int]int)
			for _, a := range archs {
				v := a.Values()
				counts[[2]int{v[i], v[j]}]++
			}
			if n := sizes[i] * sizes[j]; n > 1 {
				frequency.Uniform(t, fmt.Sprintf("decisions %d and %d", i, j), counts, n)
			}
		}
	}
}

// renumber gives step order[i] the number i; false if a step would read a later state.
func (a Arch) renumber(order []int) (Arch, bool) {
	number := make([]int, Steps+1) // of states
	for i, old := range order {
		number[old+1] = i + 1
	}
	var b Arch
	for i, old := range order {
		b[i] = Step{a[old].Act, uint8(number[a[old].Switch])}
	}
	return b, b.Valid()
}

// TestCanonicalSymmetry: however the steps are numbered, the canonical form is the same, and one of them.
func TestCanonicalSymmetry(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	found := 0
	for _, a := range samples(300) {
		c := a.Canonical().(Arch)
		if !c.Valid() || c.Canonical() != c || c.Hash() != a.Hash() {
			t.Fatalf("%v has the canonical form %v", a, c)
		}
		for range 200 {
			b, ok := a.renumber(rng.Perm(Steps))
			if !ok {
				continue
			}
			found++
			if b.Canonical() != c || b.Hash() != c.Hash() {
				t.Fatalf("%v and %v are the same cell, but have the canonical forms %v and %v", a, b, c, b.Canonical())
			}
		}
	}
	if found < 1000 {
		t.Errorf("only %d cells with other numbers were compared", found)
	}
}

// run computes the mean state of a cell of one-dimensional state for h, where step i has the weights w[i]: an activation and a
// gate. W is the same for all cells.
func (a Arch) run(w [Steps][2]float64, h float64) float64 {
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	states := []float64{h + sigmoid(0.3)*(math.Tanh(0.7)-h)}
	sum := 0.0
	for i, s := range a {
		p := states[s.Switch]
		g := p * w[i][1]
		switch s.Act {
		case Tanh:
			g = math.Tanh(g)
		case ReLU:
			g = max(g, 0)
		case Sigmoid:
			g = sigmoid(g)
		}
		states = append(states, p+sigmoid(p*w[i][0])*(g-p))
		sum += states[i+1]
	}
	return sum / Steps
}

// outputs are all values that a cell can compute with one set of weights, whichever matrix goes to which of its first n steps (the
// others keep theirs): equal sets mean equal functions up to the assignment of weights.
func (a Arch) outputs(w [Steps][2]float64, n int) string {
	var out []string
	var permute func(k int)
	permute = func(k int) {
		if k == n {
			out = append(out, fmt.Sprintf("%.7f", a.run(w, 0.4)))
			return
		}
		for i := k; i < n; i++ {
			w[k], w[i] = w[i], w[k]
			permute(k + 1)
			w[k], w[i] = w[i], w[k]
		}
	}
	permute(0)
	slices.Sort(out)
	return strings.Join(out, " ")
}

// TestCanonicalFunction compares canonical forms with functions, for all cells that differ in their first four steps only: there
// they are equal exactly if the cells compute the same values under all assignments of four matrices.
func TestCanonicalFunction(t *testing.T) {
	const n = 4
	rng := rand.New(rand.NewPCG(5, 6))
	var w [Steps][2]float64
	for i := range w {
		sign := float64(1 - i%2*2) // both, for a relu is an identity for positive numbers
		w[i] = [2]float64{rng.NormFloat64(), sign * (1 + 0.3*rng.NormFloat64())}
	}
	byHash, byFunction := make(map[string]string), make(map[string]string)
	for code := range 24 << (2 * n) { // 4! switches, two bits for every activation
		var a Arch
		rest := code >> (2 * n)
		for i := range a {
			if i < n {
				a[i] = Step{Act(code >> (2 * i) & 3), uint8(rest % (i + 1))}
				rest /= i + 1
			} else {
				a[i] = Step{Identity, 0} // the same four for all
			}
		}
		hash, function := a.Hash(), a.outputs(w, n)
		if f, ok := byHash[hash]; ok && f != function {
			t.Fatalf("%v shares its hash with another function", a)
		}
		if h, ok := byFunction[function]; ok && h != hash {
			t.Fatalf("%v shares its function with another hash", a)
		}
		byHash[hash], byFunction[function] = function, hash
	}
	if want := trees(n, int(numActs)); int64(len(byHash)) != want {
		t.Errorf("%d functions, want %d trees", len(byHash), want)
	}
}

// trees counts the trees of n nodes in so many colours below a root (the Euler transform of itself; Pólya, 1937).
func trees(n, colours int) int64 {
	forests := []int64{1} // with i nodes; a tree of i+1 nodes is a coloured node above a forest of i
	for m := 1; m <= n; m++ {
		var sum int64
		for k := 1; k <= m; k++ {
			var c int64 // Σ over d | k of d · trees of d nodes
			for d := 1; d <= k; d++ {
				if k%d == 0 {
					c += int64(d) * int64(colours) * forests[d-1]
				}
			}
			sum += c * forests[m-k]
		}
		forests = append(forests, sum/int64(m))
	}
	return forests[n]
}

// TestTrees holds the number in the package comment to the count.
func TestTrees(t *testing.T) {
	if n := trees(3, 1); n != 4 {
		t.Errorf("%d trees of three nodes below a root, want 4", n)
	}
	if n := trees(Steps, int(numActs)); n != 9345761 {
		t.Errorf("%d canonical architectures", n)
	}
}
