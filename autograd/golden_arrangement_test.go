package autograd_test

import (
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/tensor"
)

// torchArrangement is a case of testdata/arrangement.safetensors, which arrangement.py beside it has PyTorch compute: inputs, the value y,
// its gradient dy, and the gradients of the inputs, d and their name. x and z are inputs, w and b parameters; all are in our layout.
type torchArrangement struct {
	tp    *autograd.Tape
	x, z  *autograd.Var
	src   *autograd.Var
	w, b  *autograd.Param
	index []int32
}

// torchArrangements are calls of the same operations.
var torchArrangements = map[string]func(c *torchArrangement) *autograd.Var{
	"transpose_unet": func(c *torchArrangement) *autograd.Var {
		return c.transposed(conv.Transposed{Cin: 6, Cout: 3, KH: 2, KW: 2, Stride: 2, Dilation: 1})
	},
	"transpose_padded": func(c *torchArrangement) *autograd.Var {
		return c.transposed(conv.Transposed{Cin: 6, Cout: 4, KH: 3, KW: 3, Stride: 2, PadH: 1, PadW: 1, OutputPad: 1, Dilation: 1})
	},
	"transpose_dilated": func(c *torchArrangement) *autograd.Var {
		return c.transposed(conv.Transposed{Cin: 3, Cout: 4, KH: 3, KW: 2, Stride: 3, PadH: 1, OutputPad: 2, Dilation: 2})
	},
	"grouped":        func(c *torchArrangement) *autograd.Var { return c.grouped(conv.Square(6, 8, 3, 1), 2) },
	"grouped_stride": func(c *torchArrangement) *autograd.Var { return c.grouped(conv.Square(12, 4, 3, 2), 4) },
	"depthwise":      func(c *torchArrangement) *autograd.Var { return c.grouped(conv.Square(7, 7, 3, 1), 7) },
	"multiplied":     func(c *torchArrangement) *autograd.Var { return c.grouped(conv.Square(3, 6, 3, 1), 3) },
	"conv1d": func(c *torchArrangement) *autograd.Var {
		return autograd.Conv1D(c.tp, c.x, c.w, c.b, conv.Kernel{Cin: 5, Cout: 4, KH: 1, KW: 3, Stride: 2, PadW: 2, Dilation: 2})
	},
	"bilinear_double":      func(c *torchArrangement) *autograd.Var { return autograd.UpsampleBilinear(c.tp, c.x, 8, 10, false) },
	"bilinear_odd":         func(c *torchArrangement) *autograd.Var { return autograd.UpsampleBilinear(c.tp, c.x, 7, 3, false) },
	"bilinear_corners":     func(c *torchArrangement) *autograd.Var { return autograd.UpsampleBilinear(c.tp, c.x, 8, 10, true) },
	"bilinear_corners_odd": func(c *torchArrangement) *autograd.Var { return autograd.UpsampleBilinear(c.tp, c.x, 1, 12, true) },
	"adaptive_half":        func(c *torchArrangement) *autograd.Var { return autograd.AdaptiveAvgPool(c.tp, c.x, 2, 3) },
	"adaptive_odd":         func(c *torchArrangement) *autograd.Var { return autograd.AdaptiveAvgPool(c.tp, c.x, 3, 4) },
	"adaptive_one":         func(c *torchArrangement) *autograd.Var { return autograd.AdaptiveAvgPool(c.tp, c.x, 1, 1) },
	"index_select":         func(c *torchArrangement) *autograd.Var { return autograd.IndexSelect(c.tp, c.x, 1, c.index) },
	"gather1":              func(c *torchArrangement) *autograd.Var { return autograd.Gather(c.tp, c.x, 1, c.index) },
	"gather3":              func(c *torchArrangement) *autograd.Var { return autograd.Gather(c.tp, c.x, -1, c.index) },
	"scatter_add1":         func(c *torchArrangement) *autograd.Var { return autograd.ScatterAdd(c.tp, c.x, 1, c.index, c.src) },
	"scatter_add3":         func(c *torchArrangement) *autograd.Var { return autograd.ScatterAdd(c.tp, c.x, -1, c.index, c.src) },
	"cat":                  func(c *torchArrangement) *autograd.Var { return autograd.Cat(c.tp, 1, c.x, c.z, c.x) },
	"stack":                func(c *torchArrangement) *autograd.Var { return autograd.Stack(c.tp, -2, c.x, c.z) },
	"split": func(c *torchArrangement) *autograd.Var {
		p := autograd.Split(c.tp, c.x, 1, 1, 2, 2)
		return autograd.Cat(c.tp, 1, p[2], p[0], p[1], p[0])
	},
	"chunk": func(c *torchArrangement) *autograd.Var {
		p := autograd.Chunk(c.tp, c.x, 1, 3)
		return autograd.Cat(c.tp, 1, p[2], p[1], p[0])
	},
	"permute": func(c *torchArrangement) *autograd.Var { return autograd.Transpose(c.tp, c.x, 3, 0, 2, 1) },
	"flip":    func(c *torchArrangement) *autograd.Var { return autograd.Flip(c.tp, c.x, 1, -1) },
	"repeat":  func(c *torchArrangement) *autograd.Var { return autograd.Repeat(c.tp, c.x, 2, 1, 3, 2) },
	"expand":  func(c *torchArrangement) *autograd.Var { return autograd.Expand(c.tp, c.x, 2, 5, 4, 3) },
	"pad": func(c *torchArrangement) *autograd.Var {
		return autograd.Pad(c.tp, c.x, -1.5, [2]int{}, [2]int{3, 0}, [2]int{1, 2})
	},
}

func (c *torchArrangement) transposed(k conv.Transposed) *autograd.Var {
	return autograd.ConvTranspose2D(c.tp, c.x, c.w, c.b, k)
}

func (c *torchArrangement) grouped(k conv.Kernel, groups int) *autograd.Var {
	return autograd.GroupedConv2D(c.tp, c.x, c.w, c.b, k, groups)
}

// Values and gradients of the operations that move values about, or convolve in groups or upwards, as PyTorch computes them.
func TestArrangementsAgainstPyTorch(t *testing.T) {
	f, err := tensor.LoadSafetensors("testdata/arrangement.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	cases := make(map[string]map[string]tensor.Tensor)
	for _, n := range f.Tensors {
		name, operand, _ := strings.Cut(n.Name, ".")
		if cases[name] == nil {
			cases[name] = make(map[string]tensor.Tensor)
		}
		cases[name][operand] = n.Tensor
	}
	if len(cases) != len(torchArrangements) {
		t.Errorf("%d cases in the file, %d in the test", len(cases), len(torchArrangements))
	}
	for name, run := range torchArrangements {
		t.Run(name, func(t *testing.T) {
			of := cases[name]
			if of == nil {
				t.Fatal("not in the file")
			}
			c := &torchArrangement{tp: autograd.NewTape()}
			var checks []func()
			compare := func(what string, got tensor.Tensor) {
				if want := of[what]; !got.SameShape(want) {
					t.Errorf("%s has shape %v, want %v", what, got.Shape(), want.Shape())
				} else if e := nmse(got.Clone().Data, want.Data); !(e <= 1e-12) {
					t.Errorf("%s: normalised squared error %.2g", what, e)
				}
			}
			for operand, v := range map[string]**autograd.Var{"x": &c.x, "z": &c.z, "src": &c.src} {
				if of[operand].IsZero() {
					continue
				}
				*v = c.tp.Variable(of[operand])
				checks = append(checks, func() { compare("d"+operand, (*v).Grad()) })
			}
			for operand, p := range map[string]**autograd.Param{"w": &c.w, "b": &c.b} {
				if of[operand].IsZero() {
					continue
				}
				*p = autograd.NewParam(operand, of[operand].Shape()...)
				(*p).Value.CopyFrom(of[operand])
				checks = append(checks, func() { compare("d"+operand, (*p).Grad) })
			}
			for _, i := range of["index"].Data {
				c.index = append(c.index, int32(i))
			}
			y := run(c)
			compare("y", y.Value)
			c.tp.BackwardFrom(autograd.OutputGradient{Var: y, Grad: of["dy"]})
			for _, check := range checks {
				check()
			}
		})
	}
}
