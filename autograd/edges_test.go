package autograd_test

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// edgeCases are how the functions of testdata/edges.json, which testdata/edges.py has written with PyTorch, are called.
var edgeCases = map[string]func(tp *autograd.Tape, x vars) *autograd.Var{
	"LeakyReLU":     func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.LeakyReLU(tp, x[0], 0.1) },
	"ELU":           func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.ELU(tp, x[0], 1) },
	"GELU":          func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.GELU(tp, x[0]) },
	"GELUTanh":      func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.GELUTanh(tp, x[0]) },
	"SiLU":          func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.SiLU(tp, x[0]) },
	"Hardswish":     func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Hardswish(tp, x[0]) },
	"Hardsigmoid":   func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Hardsigmoid(tp, x[0]) },
	"Softplus":      func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Softplus(tp, x[0]) },
	"Mish":          func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Mish(tp, x[0]) },
	"Exp":           func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Exp(tp, x[0]) },
	"Log":           func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Log(tp, x[0]) },
	"Sqrt":          func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Sqrt(tp, x[0]) },
	"Abs":           func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Abs(tp, x[0]) },
	"Square":        func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Square(tp, x[0]) },
	"Reciprocal":    func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Reciprocal(tp, x[0]) },
	"Clamp":         func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Clamp(tp, x[0], -1, 2) },
	"Clamp/crossed": func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Clamp(tp, x[0], 2, -1) },
	"Pow/0":         func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Pow(tp, x[0], 0) },
	"Pow/3":         func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Pow(tp, x[0], 3) },
	"Pow/0.5":       func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Pow(tp, x[0], 0.5) },
	"Pow/1.7":       func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Pow(tp, x[0], 1.7) },
	"Pow/-1":        func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Pow(tp, x[0], -1) },
	"Maximum":       func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Maximum(tp, x[0], x[1]) },
	"Minimum":       func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Minimum(tp, x[0], x[1]) },
	"Div":           func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Div(tp, x[0], x[1]) },
	"Mul":           func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Mul(tp, x[0], x[1]) },
	"Sub":           func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Sub(tp, x[0], x[1]) },
	"Max":           func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Max(tp, x[0], -1) },
	"Min":           func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Min(tp, x[0], -1) },
	"LogSumExp":     func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.LogSumExp(tp, x[0], -1) },
	"Sum":           func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Sum(tp, x[0], -1) },
	"Variance":      func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Variance(tp, x[0], -1) },
	"L1":            func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.L1(tp, x[0], x[1]) },
	"SmoothL1":      func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.SmoothL1(tp, x[0], x[1], 1) },
	"Huber":         func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Huber(tp, x[0], x[1], 2) },
	"BCEWithLogits": func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.BCEWithLogits(tp, x[0], x[1]) },
	"WeightedBCEWithLogits": func(tp *autograd.Tape, x vars) *autograd.Var {
		return autograd.WeightedBCEWithLogits(tp, x[0], x[1], 3)
	},
	"WeightedNLL": func(tp *autograd.Tape, x vars) *autograd.Var {
		labels := []int32{2, 0, autograd.Ignore, 1, 0}
		return autograd.WeightedNLL(tp, autograd.LogSoftmax(tp, x[0]), labels, []float32{0.5, 0, 2})
	},
	"KLDiv": func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.KLDiv(tp, x[0], x[1]) },
}

// edgeShapes are those of inputs that are no vectors.
var edgeShapes = map[string][]int{"Max": {5, 3}, "Min": {5, 3}, "LogSumExp": {5, 3}, "Sum": {5, 3}, "Variance": {5, 3}, "KLDiv": {4},
	"WeightedNLL": {5, 3}}

// Infinities, NaNs, zeros of either sign, ties and the ends of intervals are treated as PyTorch treats them. The gradient of a NaN may be
// any.
func TestEdgesOfPyTorch(t *testing.T) {
	var want map[string]struct {
		In   [][]string
		Y    []string
		Grad [][]string
	}
	raw, err := os.ReadFile("testdata/edges.json")
	if err == nil {
		err = json.Unmarshal(raw, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	numbers := func(s []string) []float32 {
		x := make([]float32, len(s))
		for i, v := range s {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				t.Fatal(err)
			}
			x[i] = float32(f)
		}
		return x
	}
	for name, f := range edgeCases {
		t.Run(name, func(t *testing.T) {
			w, ok := want[name]
			if !ok {
				t.Fatal("PyTorch has not been asked")
			}
			tp := autograd.NewTape()
			var x vars
			for _, in := range w.In {
				shape := edgeShapes[name]
				if shape == nil {
					shape = []int{len(in)}
				}
				x = append(x, tp.Variable(tensor.Wrap(numbers(in), shape...)))
			}
			y := f(tp, x)
			rounding := 1e-38
			if strings.HasPrefix(name, "GELU") { // PyTorch subtracts from one what is close to it
				rounding = 2e-7
			}
			compare := func(what string, got, want []float32, in []float32) {
				for i, w := range want {
					switch g := got[i]; {
					case in != nil && (in[i] != in[i] || in[i] > math.MaxFloat32 && name == "Mish"): // the slope of mish at ∞ is 1, not NaN
					case w != w && g != g, g == w, math.Abs(float64(g-w)) <= 2e-6*math.Abs(float64(w))+rounding:
					default:
						t.Errorf("%s %d is %v, want %v", what, i, g, w)
					}
				}
			}
			compare("value", y.Value.Data, numbers(w.Y), nil)
			one := tensor.New(y.Value.Shape()...)
			one.Fill(1)
			tp.BackwardFrom(autograd.OutputGradient{Var: y, Grad: one})
			for i, v := range x {
				compare("gradient "+strconv.Itoa(i), v.Grad().Data, numbers(w.Grad[i]), v.Value.Data)
			}
		})
	}
	if len(want) != len(edgeCases) {
		t.Errorf("PyTorch has been asked for %d functions, and %d are compared", len(want), len(edgeCases))
	}
}
