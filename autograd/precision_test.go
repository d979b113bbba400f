package autograd_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/kernels/bf16"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/tensor"
)

// precisions are those in which an operation computes different things.
func (o *operation) precisions() []autograd.Precision {
	if o.rounds == nothing {
		return []autograd.Precision{autograd.Float32}
	}
	return []autograd.Precision{autograd.Float32, autograd.BF16}
}

// named is a result of a step.
type named struct {
	name string
	data tensor.Tensor
}

// results are the value of an operation, and the gradients that it leads to from that of the result, of inputs and parameters.
func (o *operation) results(p autograd.Precision, dy tensor.Tensor) []named {
	tp, x := autograd.NewTape(), make(vars, len(o.x))
	tp.Precision = p
	tp.Reset(autograd.Training)
	for i, t := range o.x {
		x[i] = tp.Variable(t)
	}
	y := o.run(tp, x)
	all := []named{{"value", y.Value.Clone()}}
	tp.BackwardFrom(autograd.OutputGradient{Var: y, Grad: dy})
	for i, v := range x {
		all = append(all, named{fmt.Sprint("gradient of input ", i), v.Grad().Clone()})
	}
	for _, p := range o.params {
		all = append(all, named{"gradient of " + p.Name, p.Grad.Clone()})
	}
	return all
}

// roundedTensor is t in bfloat16.
func roundedTensor(t tensor.Tensor) tensor.Tensor {
	t = t.Clone()
	bf16.Round(t.Data, t.Data)
	return t
}

// In bfloat16 an operation that rounds the operands of its products computes what it does in float32 with operands that are rounded
// already, where it gets them all from outside; what it makes of them itself differs from float32 by a few roundings. All others have the
// bits that they have in float32, and whoever multiplies matrices is one of the former, unless it is said to be one of the latter.
func TestOperationPrecision(t *testing.T) {
	const least, most = 1e-4, 2e-2 // relative: a rounding is up to 2⁻⁹, of which an activation that is nearly flat leaves a part
	for _, c := range opCases {
		t.Run(c.name, func(t *testing.T) {
			o := c.make(small)
			dy := gradcheck.Random(8, o.shape()...)
			float, coarse := o.results(autograd.Float32, dy), o.results(autograd.BF16, dy)
			if o.rounds == nothing {
				for i, want := range float {
					if got := coarse[i]; !slices.Equal(got.data.Data, want.data.Data) {
						t.Errorf("%s depends on the precision", want.name)
					}
				}
				exempt := func(name string) bool { return strings.HasPrefix(c.name, name) }
				if o.macs > 0 && !exempt("Depthwise") && !exempt("FoldedDepthwise") && !exempt("GroupedConv2D/depthwise") &&
					!exempt("Attention") && !exempt("MatMul/") {
					t.Error("multiplies matrices, and the precision has no say in it")
				}
				return
			}
			for i, want := range float {
				e := differs(coarse[i].data, arrayOf(want.data))
				if wide := strings.Contains(want.name, "bias") || strings.Contains(want.name, "bn"); !(e < most) || !wide && !(e > least) {
					t.Errorf("%s differs from that in float32 by %.2g", want.name, e)
				}
			}
			if o.rounds == made {
				return
			}
			for i := range o.x {
				o.x[i] = roundedTensor(o.x[i])
			}
			for _, p := range o.params {
				if p.Name != "bias" {
					p.Value.CopyFrom(roundedTensor(p.Value))
				}
			}
			for i, want := range o.results(autograd.Float32, roundedTensor(dy)) {
				if want.name == "gradient of bias" { // which is a sum in float32
					want = float[i]
				}
				if e := differs(coarse[i].data, arrayOf(want.data)); !(e < 3e-6) {
					t.Errorf("%s differs from that in float32 of rounded operands by %.2g", want.name, e)
				}
			}
		})
	}
}

// What a convolution completes as it reads it, a normalised input and the gradient behind a batch norm, is rounded as if it were written
// down.
func TestPrecisionOfWhatIsNotWritten(t *testing.T) {
	const c = 16
	k1, k3 := conv.Square(c, c, 1, 1), conv.Square(c, c, 3, 1)
	x, dy := gradcheck.Random(1, 8, 6, 6, c), gradcheck.Random(2, 8, 6, 6, c)
	run := func(p autograd.Precision, k conv.Kernel, written bool) []named {
		tp := autograd.NewTape()
		tp.Precision = p
		tp.Reset(autograd.Training)
		w, before, behind := weight("w", k), batchNorm("bn", c), batchNorm("bbn", c)
		v := tp.Variable(x)
		var y *autograd.Var
		if written {
			h := autograd.BatchNormSumAct(tp, autograd.ActReLU, autograd.Term{X: v, BN: before})
			y = autograd.Conv2D(tp, h, w, nil, k)
		} else {
			folded := autograd.Folded{X: v, BN: before, Act: autograd.ActReLU}
			y = autograd.FoldedConv2D(tp, folded, autograd.ConvBranch{Kernel: k, Weight: w})
		}
		all := []named{{"value", y.Value.Clone()}}
		z := autograd.BatchNorm2D(tp, y, behind)
		if written {
			z = autograd.Add(tp, z, autograd.Scale(tp, y, 0)) // a second reader of y, whose gradient is then written
		}
		tp.BackwardFrom(autograd.OutputGradient{Var: z, Grad: dy})
		return append(all, named{"gradient of x", v.Grad().Clone()}, named{"gradient of w", w.Grad.Clone()},
			named{"gradient of gamma", before.Gamma.Grad.Clone()})
	}
	for _, k := range []conv.Kernel{k1, k3} {
		float := run(autograd.Float32, k, true)
		want := run(autograd.BF16, k, true)
		for i, got := range run(autograd.BF16, k, false) {
			// A last bit may decide which bfloat16 number a value becomes: so it does for a few of thousands.
			e, rounding := differs(got.data, arrayOf(want[i].data)), differs(want[i].data, arrayOf(float[i].data))
			if !(e < 2e-4 && rounding > 1e-3) {
				t.Errorf("%d×%d: %s differs by %.2g, where roundings make %.2g", k.KH, k.KW, got.name, e, rounding)
			}
		}
	}
}

// The precision of an operation is that of the tape when it was recorded, and stays from step to step.
func TestPrecisionStays(t *testing.T) {
	w := param("w", 9, 5)
	x := gradcheck.Random(1, 7, 9)
	tp := autograd.NewTape()
	run := func(change bool) (value, grad []float32) {
		tp.Reset(autograd.Training)
		y := autograd.Linear(tp, tp.Constant(x), w, nil)
		value = slices.Clone(y.Value.Data)
		loss := autograd.Sum(tp, autograd.Mul(tp, y, y))
		if change {
			tp.Precision = autograd.Float32
		}
		tp.Backward(loss)
		return value, slices.Clone(w.Grad.Data)
	}
	float, floatGrad := run(false)
	tp.Precision = autograd.BF16
	first, firstGrad := run(false)
	second, secondGrad := run(true)
	third, thirdGrad := run(false)
	if slices.Equal(float, first) || slices.Equal(floatGrad, firstGrad) {
		t.Error("a step in bfloat16 is that in float32")
	}
	if !slices.Equal(first, second) || !slices.Equal(firstGrad, secondGrad) {
		t.Error("a step in bfloat16 is not the next one")
	}
	if !slices.Equal(third, float) || !slices.Equal(thirdGrad, floatGrad) {
		t.Error("float32 after bfloat16 is not that before it")
	}
}
