package cellgraph

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces/all"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

// For random architectures of every space: boxes do not overlap, edges lead downwards and end at boxes, and the picture is no
// wider than it must be.
func TestLayout(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, s := range all.Spaces() {
		for range 30 {
			a := s.Sample(rng)
			for _, g := range Of(a) {
				checkLayout(t, g, newLayout(g), fmt.Sprint(s.Name(), " ", a))
			}
		}
	}
}

func checkLayout(t *testing.T, g Graph, l *layout, name string) {
	t.Helper()
	left, right := math.Inf(1), math.Inf(-1)
	for _, layer := range l.layers {
		for _, p := range layer {
			left, right = min(left, p.x-p.width/2), max(right, p.x+p.width/2)
		}
		for i, p := range layer[1:] {
			if q := layer[i]; p.x-p.width/2 < q.x+q.width/2 {
				t.Fatalf("%s: %+v overlaps %+v", name, p, q)
			}
		}
	}
	if l.left != left || l.right != right {
		t.Fatalf("%s: drawn from %v to %v, want %v to %v", name, l.left, l.right, left, right)
	}
	if len(l.paths) != len(g.Edges) {
		t.Fatalf("%s: %d paths for %d edges", name, len(l.paths), len(g.Edges))
	}
	for _, path := range l.paths {
		if path[0].vertex < 0 || path[len(path)-1].vertex < 0 {
			t.Fatalf("%s: a path does not end at vertices", name)
		}
		for i, p := range path[1:] {
			if p.layer != path[i].layer+1 || p.x < l.left || p.x > l.right {
				t.Fatalf("%s: a path goes from %+v to %+v", name, path[i], p)
			}
		}
	}
}

// A diamond is symmetrical.
func TestDiamond(t *testing.T) {
	var g Graph
	top := g.add(Value, "top")
	left, right := g.add(Operation, "same"), g.add(Operation, "same")
	bottom := g.add(Value, "bottom", left, right)
	g.Edges = append(g.Edges, Edge{top, left}, Edge{top, right})
	l := newLayout(g)
	p := l.points
	if p[left].layer != 1 || p[right].layer != 1 || p[bottom].layer != 2 {
		t.Fatalf("layers %d, %d, %d", p[left].layer, p[right].layer, p[bottom].layer)
	}
	if d := p[left].x + p[right].x - 2*p[top].x; d > 0.01 || d < -0.01 || p[top].x != p[bottom].x {
		t.Errorf("places %v, %v, %v, %v", p[top].x, p[left].x, p[right].x, p[bottom].x)
	}
}

func TestSVGIsXML(t *testing.T) {
	var b bytes.Buffer
	if err := WriteSVG(&b, []Graph{{Name: "a<b & \"c\"", Vertices: []Vertex{{"<x>", Value}, {"y", Operation}}, Edges: []Edge{{0, 1}}}, {}}); err != nil {
		t.Fatal(err)
	}
	boxes := 0
	for d := xml.NewDecoder(&b); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			boxes++
		}
	}
	if boxes != 3 { // and the background
		t.Errorf("%d boxes, want 3", boxes)
	}
}

func TestSameBytes(t *testing.T) {
	for _, s := range all.Spaces() {
		a := s.Sample(rand.New(rand.NewPCG(1, 2)))
		var x, y bytes.Buffer
		if err := errors.Join(WriteSVG(&x, Of(a)), WriteSVG(&y, Of(a))); err != nil {
			t.Fatal(err)
		}
		if x.String() != y.String() {
			t.Errorf("%v is drawn in two ways", a)
		}
	}
}

func TestWriteErrors(t *testing.T) {
	g := Of(nasbench201.FromOrdinal(1))
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	w.Close()
	if WriteSVG(w, g) == nil || WriteDOT(w, g) == nil {
		t.Error("no error from a closed file")
	}
}

func ExampleWriteDOT() {
	a, err := nasbench201.Parse("|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|avg_pool_3x3~1|none~2|")
	if err != nil {
		panic(err)
	}
	var b strings.Builder
	if err := WriteDOT(&b, Of(a)); err != nil {
		panic(err)
	}
	fmt.Print(b.String())
	// Output:
	// digraph {
	// 	node [fontname="sans-serif", fontsize=11]
	// 	subgraph cluster0 {
	// 		label="NAS-Bench-201"
	// 		g0v0 [label="input", shape=ellipse]
	// 		g0v1 [label="nor_conv_3x3", shape=box]
	// 		g0v2 [label="node 1", shape=ellipse]
	// 		g0v3 [label="node 2 = 0", shape=ellipse]
	// 		g0v4 [label="skip_connect", shape=box]
	// 		g0v5 [label="avg_pool_3x3", shape=box]
	// 		g0v6 [label="output", shape=ellipse]
	// 		g0v0 -> g0v1
	// 		g0v1 -> g0v2
	// 		g0v0 -> g0v4
	// 		g0v2 -> g0v5
	// 		g0v4 -> g0v6
	// 		g0v5 -> g0v6
	// 	}
	// }
}
