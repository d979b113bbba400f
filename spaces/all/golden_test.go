package all

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/darts"
	"github.com/oneshot-nas/oneshot/spaces/dartsptb"
	"github.com/oneshot-nas/oneshot/spaces/nasbench101"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/spaces/proxylessnas"
	"github.com/oneshot-nas/oneshot/tensor"
)

// golden is what the JSON file of a fixture says of a network; each space has some of the keys.
type golden struct {
	Architecture    string
	Channels, Cells int
	CellsPerStack   int `json:"cells_per_stack"`
	CellsPerStage   int `json:"cells_per_stage"`
	Image, Classes  int
	Width           float64
	Unstrided       int
	Hidden, Words   int
	Reductions      []int
	Auxiliary       struct{ Channels, Features int }
}

// The fixtures hold networks that another implementation has trained, under the layer names of the space. The space can say each of
// their architectures and sizes, and the network of the layers that it lists has their parameters: the same names, the same shapes.
func TestGoldenParameters(t *testing.T) {
	for fixture, layers := range map[string]func(t *testing.T, g golden) []spaces.Layer{
		"nb201": func(t *testing.T, g golden) []spaces.Layer {
			return network(t, nasbench201.Space{Channels: g.Channels, Cells: g.CellsPerStage, Classes: 10, Image: 32}, g)
		},
		"nasbench101": func(t *testing.T, g golden) []spaces.Layer {
			s := nasbench101.Space{Channels: g.Channels, Cells: g.CellsPerStack, Classes: g.Classes, Image: g.Image}
			return network(t, nasbench101.OneShot{Space: s}, g)
		},
		"nasbench101_full": func(t *testing.T, g golden) []spaces.Layer {
			return network(t, nasbench101.Space{Channels: g.Channels, Cells: g.CellsPerStack, Classes: g.Classes, Image: g.Image}, g)
		},
		"darts": func(t *testing.T, g golden) []spaces.Layer {
			s := darts.Space{Channels: g.Channels, Cells: g.Cells, Classes: g.Classes, Image: g.Image, Pool: 7,
				AuxiliaryChannels: g.Auxiliary.Channels, AuxiliaryFeatures: g.Auxiliary.Features}
			for i := range s.Cells {
				if s.Reduction(i) != slices.Contains(g.Reductions, i) {
					t.Errorf("cell %d is a reduction: %v, want the cells %v to be", i, s.Reduction(i), g.Reductions)
				}
			}
			return append(network(t, s, g), s.Auxiliary().Layers...)
		},
		"dartsptb": func(t *testing.T, g golden) []spaces.Layer {
			return network(t, dartsptb.Space{Hidden: g.Hidden, Words: g.Words}, g)
		},
		"proxylessnas": func(t *testing.T, g golden) []spaces.Layer {
			return network(t, proxylessnas.Space{Width: g.Width, Classes: g.Classes, Image: g.Image, Unstrided: g.Unstrided, Depth: 4}, g)
		},
	} {
		t.Run(fixture, func(t *testing.T) {
			g, want := load(t, fixture)
			for _, l := range layers(t, g) {
				for name, shape := range parameters(l) {
					if want[name] != shape {
						t.Errorf("parameter %s has the shape %s, in the fixture %q", name, shape, want[name])
					}
					delete(want, name)
				}
			}
			for name := range want {
				t.Errorf("no layer has the fixture's parameter %s", name)
			}
		})
	}
}

func network(t *testing.T, s spaces.Space, g golden) []spaces.Layer {
	a, err := s.Parse(g.Architecture)
	if err != nil {
		t.Fatal(err)
	}
	return s.Network(a).Layers
}

// load reads a fixture, and the shapes of its parameters by name: they are what it has the gradients of.
func load(t *testing.T, fixture string) (g golden, shapes map[string]string) {
	dir := os.Getenv("ONESHOT_GOLDEN")
	if dir == "" {
		dir = filepath.Join("..", "..", "supernet", "testdata")
	}
	text, err := os.ReadFile(filepath.Join(dir, fixture+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no %s.json in %s: set ONESHOT_GOLDEN to the folder with the fixtures", fixture, dir)
	} else if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	f, err := tensor.LoadSafetensors(filepath.Join(dir, fixture+".safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	shapes = make(map[string]string)
	for _, n := range f.Tensors {
		if name, ok := strings.CutPrefix(n.Name, "step0.grad."); ok {
			shapes[name] = fmt.Sprint(n.Tensor.Shape())
		}
	}
	if len(shapes) == 0 {
		t.Fatalf("%s.safetensors has no gradients step0.grad.*", fixture)
	}
	return g, shapes
}

// parameters returns the shapes of a layer's parameters in the fixtures' layout.
func parameters(l spaces.Layer) map[string]string {
	weight, bias := l.Name+".weight", l.Name+".bias"
	switch l.Kind {
	case spaces.Conv:
		return map[string]string{weight: fmt.Sprint([]int{l.Cout, l.Cin / l.Groups, l.KH, l.KW})}
	case spaces.BatchNorm:
		return map[string]string{weight: fmt.Sprint([]int{l.Cout}), bias: fmt.Sprint([]int{l.Cout})}
	case spaces.Embedding, spaces.Recurrent:
		return map[string]string{weight: fmt.Sprint([]int{l.Cin, l.Cout})}
	case spaces.Linear:
		p := map[string]string{bias: fmt.Sprint([]int{l.Cout})}
		if l.Params > int64(l.Cout) { // else the weights are tied to others
			p[weight] = fmt.Sprint([]int{l.Cout, l.Cin})
		}
		return p
	}
	return nil
}
