package nasbench101

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
)

// Cells with published answers.
const (
	// The Inception-like cell with which the benchmark's documentation explains its interface.
	inception = "0111010/0000001/0000001/0000100/0000001/0000001/0000000 input,conv1x1-bn-relu,conv3x3-bn-relu,conv3x3-bn-relu,conv3x3-bn-relu,maxpool3x3,output"
	// A row of the benchmark's table: 00005c142e6f48ac74fdcf73e3439874.
	listed = "0100110/0010000/0001001/0000010/0000010/0000001/0000000 input,conv3x3-bn-relu,maxpool3x3,conv3x3-bn-relu,conv3x3-bn-relu,conv1x1-bn-relu,output"
)

// query is that row as the benchmark's API returns it and Python prints it.
const query = `{'module_adjacency': array([[0, 1, 0, 0, 1, 1, 0],
       [0, 0, 1, 0, 0, 0, 0],
       [0, 0, 0, 1, 0, 0, 1],
       [0, 0, 0, 0, 0, 1, 0],
       [0, 0, 0, 0, 0, 1, 0],
       [0, 0, 0, 0, 0, 0, 1],
       [0, 0, 0, 0, 0, 0, 0]], dtype=int8), 'module_operations': ['input', 'conv3x3-bn-relu', 'maxpool3x3', 'conv3x3-bn-relu', 'conv3x3-bn-relu', 'conv1x1-bn-relu', 'output'], ` +
	`'trainable_parameters': 8555530, 'training_time': 1769.1279296875, 'train_accuracy': 1.0, 'validation_accuracy': 0.9241786599159241, 'test_accuracy': 0.9211738705635071}`

func mustParse(t testing.TB, s string) Arch {
	t.Helper()
	a, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestPublishedCells(t *testing.T) {
	if p := New().Network(mustParse(t, inception)).Params(); p != 2694282 {
		t.Errorf("the Inception-like cell has %d parameters, want 2,694,282", p)
	}
	a := mustParse(t, listed)
	if p := New().Network(a).Params(); p != 8555530 {
		t.Errorf("%v has %d parameters, want 8,555,530", a, p)
	}
	if h := a.Hash(); h != "00005c142e6f48ac74fdcf73e3439874" {
		t.Errorf("%v has the hash %s", a, h)
	}
	if a.String() != listed {
		t.Errorf("%q is printed as %q", listed, a)
	}
}

func TestChannels(t *testing.T) {
	for _, tc := range []struct {
		cell   string
		want   [MaxVertices]int // for 128 channels
		shares int
	}{
		{listed, [MaxVertices]int{0, 64, 64, 64, 64, 64, 128}, 2},
		// Four vertices share the output; the one that feeds one of them is as wide.
		{inception, [MaxVertices]int{0, 32, 32, 32, 32, 32, 128}, 4},
		// 128 = 43 + 43 + 42.
		{"01110/00001/00001/00001/00000 maxpool3x3,maxpool3x3,maxpool3x3", [MaxVertices]int{0, 43, 43, 42, 128}, 3},
		// Vertex 1 feeds vertices of 43 and of 42 channels and is as wide as the widest; the edge from the input to the
		// output counts for nothing.
		{"010001/001110/000001/000001/000001/000000 maxpool3x3,maxpool3x3,maxpool3x3,maxpool3x3",
			[MaxVertices]int{0, 43, 43, 43, 42, 128}, 3},
		{"01/00", [MaxVertices]int{0, 128}, 0},
	} {
		a := mustParse(t, tc.cell)
		if got := a.Channels(128); got != tc.want {
			t.Errorf("%s: channels %v, want %v", tc.cell, got, tc.want)
		}
		if got := a.Shares(); got != tc.shares {
			t.Errorf("%s: %d vertices share the output, want %d", tc.cell, got, tc.shares)
		}
	}
}

// A cell in which every kind of layer occurs, counted by hand.
func TestNetwork(t *testing.T) {
	a := mustParse(t, "0111/0010/0001/0000 conv1x1,maxpool3x3") // input→1, input→2, input→output, 1→2, 2→output
	net := Space{Channels: 4, Cells: 1, Classes: 3, Image: 8}.Network(a)
	var names []string
	for _, l := range net.Layers {
		names = append(names, l.Name)
	}
	cell := func(i int) string {
		return strings.ReplaceAll("C.vertex1.projection.0 C.vertex1.projection.1 C.vertex1.conv1x1.0 C.vertex1.conv1x1.1 "+
			"C.vertex2.projection.0 C.vertex2.projection.1 C.vertex2.maxpool3x3 C.output.projection.0 C.output.projection.1", "C",
			fmt.Sprintf("cells.%d", i))
	}
	want := "stem.0 stem.1 " + cell(0) + " downsample.1 " + cell(1) + " downsample.2 " + cell(2) + " global classifier"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("layers\n%s\nwant\n%s", got, want)
	}
	// Per cell from cin to c channels: three projections and one convolution c→c, each with batch norm.
	var params, macs int64 = 3*9*4 + 2*4, 3 * 9 * 4 * 8 * 8
	for _, c := range []struct{ cin, c, pixels int64 }{{4, 4, 64}, {4, 8, 16}, {8, 16, 4}} {
		params += 3*c.cin*c.c + c.c*c.c + 4*2*c.c
		macs += (3*c.cin*c.c + c.c*c.c) * c.pixels
	}
	params, macs = params+16*3+3, macs+16*3
	if net.Params() != params || net.MACs() != macs {
		t.Errorf("%d parameters, %d multiply-adds, want %d, %d", net.Params(), net.MACs(), params, macs)
	}
}

func TestParseForms(t *testing.T) {
	want := mustParse(t, listed)
	for _, s := range []string{
		" " + listed + "\n",
		"0100110/0010000/0001001/0000010/0000010/0000001/0000000 conv3x3, maxpool3x3, conv3x3, conv3x3-bn-relu, conv1x1",
		`{"matrix": [[0,1,0,0,1,1,0],[0,0,1,0,0,0,0],[0,0,0,1,0,0,1],[0,0,0,0,0,1,0],[0,0,0,0,0,1,0],[0,0,0,0,0,0,1],[0,0,0,0,0,0,0]],
		  "ops": ["conv3x3", "maxpool3x3", "conv3x3", "conv3x3", "conv1x1"]}`,
		`{"module_adjacency": [[0,1,0,0,1,1,0],[0,0,1,0,0,0,0],[0,0,0,1,0,0,1],[0,0,0,0,0,1,0],[0,0,0,0,0,1,0],[0,0,0,0,0,0,1],[0,0,0,0,0,0,0]],
		  "module_operations": ["input", "conv3x3-bn-relu", "maxpool3x3", "conv3x3-bn-relu", "conv3x3-bn-relu", "conv1x1-bn-relu", "output"]}`,
		// Multi-hot, with numbers and with truth values.
		`{"op1": [1,0,0], "op2": [0,0,1], "op3": [1,0,0], "op4": [1,0,0], "op5": [0,1,0],
		  "input1": [1], "input2": [0,1], "input3": [0,0,1], "input4": [1,0,0,0], "input5": [1,0,0,1,1], "input6": [0,0,1,0,0,1]}`,
		`{"op1": [true,false,false], "op2": 2, "op3": 0, "op4": 0, "op5": 1, "input1": [true], "input2": [false,true], "input3": [false,false,true],
		  "input4": [true,false,false,false], "input5": [true,false,false,true,true], "input6": [false,false,true,false,false,true]}`,
		// Chosen vertices.
		`{"op1": "conv3x3-bn-relu", "op2": "maxpool3x3", "op3": "conv3x3-bn-relu", "op4": "conv3x3-bn-relu", "op5": "conv1x1-bn-relu",
		  "input1": [0], "input2": [1], "input3": [2], "input4": [0], "input5": [0,3,4], "input6": [2,5]}`,
		// As NNI has it, with labels.
		`{'cell/num_nodes': 7, 'cell/op1': 'conv3x3-bn-relu', 'cell/op2': 'maxpool3x3', 'cell/op3': 'conv3x3-bn-relu', 'cell/op4': 'conv3x3-bn-relu',
		  'cell/op5': 'conv1x1-bn-relu', 'cell/input1': [0], 'cell/input2': [1], 'cell/input3': [2], 'cell/input4': [0], 'cell/input5': [0, 3, 4], 'cell/input6': [2, 5]}`,
		// What the query of the benchmark's API returns, as JSON and as Python prints it; then the metrics of a hash.
		`{"module_adjacency": [[0.0,1.0,0.0,0.0,1.0,1.0,0.0],[0,0,1.0,0,0,0,0],[0,0,0,1.0,0,0,1.0],[0,0,0,0,0,1.0,0],[0,0,0,0,0,1.0,0],[0,0,0,0,0,0,1.0],[0,0,0,0,0,0,0]],
		  "module_operations": ["input", "conv3x3-bn-relu", "maxpool3x3", "conv3x3-bn-relu", "conv3x3-bn-relu", "conv1x1-bn-relu", "output"],
		  "trainable_parameters": 8555530, "training_time": 1769.1279296875, "train_accuracy": 1.0, "validation_accuracy": 0.9241786599159241, "test_accuracy": NaN}`,
		query,
		"(" + query + ", {108: [{'halfway_training_time': 883.4580078125, 'final_test_accuracy': 0.9211738705635071}]})",
		// NumPy's print of a matrix, and the specification of the benchmark's documentation.
		"[[0. 1. 0. 0. 1. 1. 0.]\n [0. 0. 1. 0. 0. 0. 0.]\n [0. 0. 0. 1. 0. 0. 1.]\n [0. 0. 0. 0. 0. 1. 0.]\n [0. 0. 0. 0. 0. 1. 0.]\n" +
			" [0. 0. 0. 0. 0. 0. 1.]\n [0. 0. 0. 0. 0. 0. 0.]] ['input', 'conv3x3-bn-relu', 'maxpool3x3', 'conv3x3-bn-relu', 'conv3x3-bn-relu', 'conv1x1-bn-relu', 'output']",
		"model_spec = api.ModelSpec(\n  # Adjacency matrix of the module\n  matrix=[[0, 1, 0, 0, 1, 1, 0], [0, 0, 1, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0, 1],\n" +
			"  [0, 0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0]],\n  ops=[INPUT, CONV3X3, MAXPOOL3X3, CONV3X3, CONV3X3, CONV1X1, OUTPUT])",
	} {
		if a, err := Parse(s); err != nil || a != want {
			t.Errorf("Parse(%s) = %v, %v", s, a, err)
		}
	}
	if a, err := Parse(`{"input1": [0]}`); err != nil || a.String() != "01/00 input,output" {
		t.Errorf("the smallest cell is read as %v, %v", a, err)
	}
}

// Vertices without use are taken out: vertex 1 is fed by nothing, vertex 3 feeds nothing.
func TestPruning(t *testing.T) {
	a := mustParse(t, "00110/00100/00001/00000/00000 conv3x3,maxpool3x3,conv1x1")
	if want := "010/001/000 input,maxpool3x3,output"; a.String() != want {
		t.Errorf("pruned to %v, want %s", a, want)
	}
	// Ten edges of which one is of no use.
	all := "0111110/0000001/0000001/0000001/0000001/0000001/0000000 "
	if _, err := Parse(all + "conv1x1,conv1x1,conv1x1,conv1x1,conv1x1"); err == nil {
		t.Error("ten edges are taken")
	}
	some := "0111110/0000001/0000001/0000001/0000001/0000000/0000000 "
	if a := mustParse(t, some+"conv1x1,conv1x1,conv1x1,conv1x1,conv1x1"); a.Vertices() != 6 || a.Edges() != 8 {
		t.Errorf("pruned to %v", a)
	}
}

func TestParseErrors(t *testing.T) {
	for _, tc := range []struct{ text, says string }{
		{"", "adjacency matrix"},
		{"x", "adjacency matrix"},
		{"0 ", "1 rows"},
		{"01/00 conv3x3", "0 inner vertices"},
		{"010/001/000", "1 inner vertices"},
		{"010/001/000 conv5x5", "conv5x5"},
		{"010/001 conv3x3", "row 0"},
		{"010/101/000 conv3x3", "lower to a higher"},
		{"110/001/000 conv3x3", "lower to a higher"},
		{"010/000/000 conv3x3", "no path"},
		{"00000000/00000000/00000000/00000000/00000000/00000000/00000000/00000000 ", "8 rows"},
		{"{", "the text ends"},
		{"{}", "0 keys"},
		{`{"matrix": 1, "ops": []}`, "list of lists"},
		{`{"matrix": [[0,1],[0,0]], "ops": [1]}`, "list of names"},
		{`{"matrix": [[0,2],[0,0]], "ops": []}`, "element 2"},
		{`{"matrix": [[0,1],[0,0]]}`, "of the keys matrix and ops only one is there"},
		{`{"matrix": [[0,0.5],[0,0]], "ops": []}`, "row 0 of the matrix has the element 0.5, want 0 or 1"},
		{`{"matrix": [[0,1],[null,0]], "ops": []}`, "row 1 of the matrix has the element null"},
		{`{"matrix": [[0,1],[0,0]], "ops": [], "matrix": [[0,1],[0,0]]}`, `the key "matrix" is there twice`},
		{`{'module_adjacency': array([[0, 1],`, "the text ends"},
		{`[[0, 1], [0, 0]] [] []`, "3 lists, want a matrix and operations"},
		{`{'a/input1': [0], 'b/input1': [0]}`, "input1 is there twice"},
		{`{'num_nodes': 9, 'input1': [0]}`, "2 keys"},
		{`{"input1": "x"}`, "input1"},
		{`{"input1": [1], "op1": 0, "input2": [1]}`, "input2 has 1 elements"},
		{`{"input1": [1], "op1": 0, "input2": [0, 2]}`, "element 2"},
		{`{"input1": [0], "op1": 0, "input2": [2]}`, "from 2 to 2"},
		{`{"input1": [0], "op1": 3, "input2": [1]}`, "one-hot"},
		{`{"input1": [0], "op1": [1, 1, 0], "input2": [1]}`, "one-hot"},
		{`{"input1": [0], "op2": 1, "input2": [1]}`, "op1"},
		{`{"input1": [0], "op1": "x", "input2": [1]}`, "op1"},
	} {
		if a, err := Parse(tc.text); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("Parse(%q) = %v, %v, want an error with %q", tc.text, a, err, tc.says)
		}
	}
	if _, err := NewArch(make([]Op, 6), nil); err == nil {
		t.Error("eight vertices are taken")
	}
	if _, err := NewArch([]Op{7}, nil); err == nil {
		t.Error("operation 7 is taken")
	}
	if _, err := json.Marshal(Arch{}); err == nil {
		t.Error("the zero value is written")
	}
}

// Every printed form is read back, for sampled cells of all sizes.
func TestRoundTrips(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	sizes := map[int]bool{}
	for range 2000 {
		a := New().Sample(rng).(Arch)
		sizes[a.Vertices()] = true
		js, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{a.String(), string(js)} {
			if b, err := Parse(s); err != nil || b != a {
				t.Fatalf("Parse(%s) = %v, %v", s, b, err)
			}
		}
	}
	if len(sizes) != MaxVertices-1 {
		t.Errorf("sampled cells have %d sizes", len(sizes))
	}
}

func TestValues(t *testing.T) {
	a := mustParse(t, "0101/0011/0001/0000 maxpool3x3,conv3x3") // input→1, 1→2, input→output, 1→output, 2→output
	choices, values := New().Choices(), a.Values()
	got := map[string]string{}
	for i, c := range choices {
		if values[i] >= 0 {
			got[c.Name] = c.Values[values[i]]
		}
	}
	want := map[string]string{"op1": "maxpool3x3", "op2": "conv3x3-bn-relu", "input1": "0", "input2": "1", "input6": "0+1+2"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v takes %v, want %v", a, got, want)
	}
	if n := len(choices[len(choices)-1].Values); n != 63 {
		t.Errorf("%d values for the output's inputs, want 63", n)
	}
}

func TestNeighbours(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		a := New().Sample(rng).(Arch)
		seen := map[spaces.Arch]bool{a: true}
		for b := range a.Neighbours() {
			if seen[b] || !b.(Arch).Valid() {
				t.Fatalf("neighbour %v of %v", b, a)
			}
			seen[b] = true
		}
	}
	// From the smallest cell all cells of up to four vertices can be reached through such cells.
	start := mustParse(t, "01/00")
	found := map[spaces.Arch]bool{start: true}
	for queue := []Arch{start}; len(queue) > 0; queue = queue[1:] {
		for b := range queue[0].Neighbours() {
			c := b.(Arch).canonical()
			if c.Vertices() <= 4 && !found[c] {
				found[c] = true
				queue = append(queue, c)
			}
		}
	}
	if len(found) != 1+6+84 {
		t.Errorf("%d cells of up to four vertices can be reached, want 91", len(found))
	}
}

func TestPanics(t *testing.T) {
	a := mustParse(t, "010/001/000 conv3x3")
	for name, f := range map[string]func(){
		"operation of the input": func() { a.Op(0) },
		"edge backwards":         func() { a.Edge(1, 1) },
		"inputs of the input":    func() { a.Inputs(0) },
		"foreign architecture":   func() { New().Network(OneShotArch{a}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func FuzzParse(f *testing.F) {
	f.Add(inception)
	f.Add("01/00")
	f.Add(query)
	f.Add("[[0. 1.]\n [0. 0.]] [INPUT, OUTPUT]")
	f.Add("ModelSpec(matrix=[[False, True, False], [0, 0, 1], [0, 0, 0]], ops=[INPUT, MAXPOOL3X3, OUTPUT])")
	f.Add(`{"op1": [1,0,0], "input1": [1], "input2": [0,1]}`)
	f.Add(`{"matrix": [[0,1,1],[0,0,1],[0,0,0]], "ops": ["conv3x3"]}`)
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			return
		}
		js, err := json.Marshal(a)
		if err != nil || !a.Valid() {
			t.Fatalf("%q is read as %v: %v", s, a, err)
		}
		for _, p := range []string{a.String(), string(js)} {
			if b, err := Parse(p); err != nil || a != b {
				t.Fatalf("%q, printed as %q, is read as %v, %v", s, p, b, err)
			}
		}
	})
}

func ExampleParse() {
	a, err := Parse("0110/0001/0001/0000 input,conv3x3-bn-relu,maxpool3x3,output")
	if err != nil {
		panic(err)
	}
	net := New().Network(a)
	channels := a.Channels(128)
	fmt.Println(a.Inputs(3), channels[1:a.Vertices()], net.Params(), net.MACs())
	fmt.Println(a.Hash())
	// Output:
	// [1 2] [64 64 128] 3207690 477500416
	// 7c65f6bd01b87407734781b6038050bc
}
