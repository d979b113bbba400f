package autograd_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/kernels/pool"
	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// goldenOp is an operation of testdata/ops.json. Its inputs, value y, upstream gradient dy and the gradients of the inputs
// are in testdata/ops.safetensors, computed by PyTorch in float64 from float32 inputs, images as NCHW and weights as OIHW.
type goldenOp struct {
	Name, Kind, Activation            string
	Stride, Padding, Dilation, Groups int
	Kernel                            int
	CountPad                          bool `json:"count_include_pad"`
	Eps                               float64

	tensors map[string]tensor.Tensor // by what follows the name
}

// get returns a tensor in our layout.
func (o *goldenOp) get(t *testing.T, name string) tensor.Tensor {
	t.Helper()
	v, ok := o.tensors[name]
	switch {
	case !ok:
		t.Fatalf("no golden tensor %s.%s", o.Name, name)
	case v.Rank() == 4 && strings.HasSuffix(name, "w"):
		v = v.Transpose(2, 3, 1, 0)
	case v.Rank() == 4:
		v = v.Transpose(0, 2, 3, 1)
	}
	return v
}

func (o *goldenOp) param(t *testing.T, name string) *autograd.Param {
	v := o.get(t, name)
	p := autograd.NewParam(name, v.Shape()...)
	p.Value.CopyFrom(v)
	return p
}

// compare checks got against the golden tensor of that name.
func (o *goldenOp) compare(t *testing.T, name string, got tensor.Tensor) {
	t.Helper()
	want := o.get(t, name)
	if !got.SameShape(want) {
		t.Errorf("%s has shape %v, want %v", name, got.Shape(), want.Shape())
	} else if e := nmse(got.Data, want.Data); !(e <= 1e-10) {
		t.Errorf("%s: normalised squared error %.2g", name, e)
	}
}

func loadGoldenOps(t *testing.T) (ops []goldenOp) {
	js, err := os.ReadFile("testdata/ops.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Ops []goldenOp }
	if err := json.Unmarshal(js, &file); err != nil {
		t.Fatal(err)
	}
	f, err := tensor.LoadSafetensors("testdata/ops.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range file.Ops {
		o.tensors = make(map[string]tensor.Tensor)
		for _, n := range f.Tensors {
			if name, ok := strings.CutPrefix(n.Name, o.Name+"."); ok {
				o.tensors[name] = n.Tensor
			}
		}
		ops = append(ops, o)
	}
	return ops
}

// Values and gradients of single operations as PyTorch computes them.
func TestGoldenOperations(t *testing.T) {
	checked := 0
	for _, o := range loadGoldenOps(t) {
		var f func(t *testing.T, tp *autograd.Tape, o *goldenOp)
		switch {
		case o.Kind == "conv" && o.Groups == 1:
			f = goldenConv
		case o.Kind == "conv":
			f = goldenDepthwise
		case o.Kind == "avgpool":
			f = goldenAvgPool
		case o.Kind == "maxpool":
			f = goldenMaxPool
		case o.Kind == "batchnorm":
			f = goldenBatchNorm
		case o.Kind == "cross_entropy":
			f = goldenCrossEntropy
		case o.Kind == "lstm":
			f = goldenLSTM
		case o.Kind == "darts_highway":
			f = goldenHighway
		default:
			t.Errorf("%s is of an unknown kind %q", o.Name, o.Kind)
			continue
		}
		checked++
		t.Run(o.Name, func(t *testing.T) { f(t, autograd.NewTape(), &o) })
	}
	if checked < 30 {
		t.Errorf("only %d golden operations were found", checked)
	}
}

func goldenConv(t *testing.T, tp *autograd.Tape, o *goldenOp) {
	w := o.param(t, "w")
	v := w.Value
	k := conv.Kernel{KH: v.Dim(0), KW: v.Dim(1), Cin: v.Dim(2), Cout: v.Dim(3), Stride: o.Stride, PadH: o.Padding, PadW: o.Padding, Dilation: o.Dilation}
	x := tp.Variable(o.get(t, "x"))
	y := autograd.Conv2D(tp, x, w, nil, k)
	o.compare(t, "y", y.Value)
	tp.BackwardFrom(autograd.OutputGradient{Var: y, Grad: o.get(t, "dy")})
	o.compare(t, "dx", x.Grad())
	o.compare(t, "dw", w.Grad)
}

func goldenDepthwise(t *testing.T, tp *autograd.Tape, o *goldenOp) {
	w := o.param(t, "w")
	k := depthwise.Kernel{C: o.Groups, K: w.Value.Dim(0), Stride: o.Stride, Pad: o.Padding, Dilation: o.Dilation}
	x := tp.Variable(o.get(t, "x"))
	y := autograd.DepthwiseConv2D(tp, x, autograd.ActIdentity, w, k)
	o.compare(t, "y", y.Value)
	tp.BackwardFrom(autograd.OutputGradient{Var: y, Grad: o.get(t, "dy")})
	o.compare(t, "dx", x.Grad())
	o.compare(t, "dw", w.Grad)
}

func goldenAvgPool(t *testing.T, tp *autograd.Tape, o *goldenOp) {
	x := tp.Variable(o.get(t, "x"))
	y := autograd.AvgPool(tp, x, pool.Avg{Kernel: o.Kernel, Stride: o.Stride, Pad: o.Padding, CountPad: o.CountPad})
	o.compare(t, "y", y.Value)
	tp.BackwardFrom(autograd.OutputGradient{Var: y, Grad: o.get(t, "dy")})
	o.compare(t, "dx", x.Grad())
}

func goldenMaxPool(t *testing.T, tp *autograd.Tape, o *goldenOp) {
	x := tp.Variable(o.get(t, "x"))
	y := autograd.MaxPool(tp, x, pool.Max{Kernel: o.Kernel, Stride: o.Stride, Pad: o.Padding})
	o.compare(t, "y", y.Value)
	tp.BackwardFrom(autograd.OutputGradient{Var: y, Grad: o.get(t, "dy")})
	o.compare(t, "dx", x.Grad())
}

func goldenBatchNorm(t *testing.T, tp *autograd.Tape, o *goldenOp) {
	bn := &autograd.BatchNorm{Gamma: o.param(t, "g"), Beta: o.param(t, "b"), Eps: o.Eps, Momentum: 0.1}
	c := bn.Gamma.Value.Len()
	bn.RunningMean, bn.RunningVar = tensor.New(c), tensor.New(c)
	x := tp.Variable(o.get(t, "x"))
	y := autograd.BatchNorm2D(tp, x, bn)
	o.compare(t, "y", y.Value)
	tp.BackwardFrom(autograd.OutputGradient{Var: y, Grad: o.get(t, "dy")})
	o.compare(t, "dx", x.Grad())
	o.compare(t, "dg", bn.Gamma.Grad)
	o.compare(t, "db", bn.Beta.Grad)
}

// The golden losses are one per row, with an upstream gradient each.
func goldenCrossEntropy(t *testing.T, tp *autograd.Tape, o *goldenOp) {
	x, labels, dy := o.get(t, "x"), o.get(t, "t"), o.get(t, "dy")
	rows, classes := x.Rows(), x.Cols()
	y, dx := tensor.New(rows), tensor.New(rows, classes)
	for i := range rows {
		tp.Reset(autograd.Training)
		row := tp.Variable(x.WindowAxis(0, i, i+1))
		l := autograd.CrossEntropy(tp, row, []int32{int32(labels.Data[i])}, 0)
		y.Data[i] = float32(l.Sum)
		tp.BackwardFrom(autograd.OutputGradient{Var: l.Var, Grad: dy.WindowAxis(0, i, i+1)})
		dx.WindowAxis(0, i, i+1).CopyFrom(row.Grad())
	}
	o.compare(t, "y", y)
	o.compare(t, "dx", dx)
}

func goldenLSTM(t *testing.T, tp *autograd.Tape, o *goldenOp) {
	transposed := func(name string) *autograd.Param {
		v := o.get(t, name).Transpose(1, 0)
		p := autograd.NewParam(name, v.Shape()...)
		p.Value.CopyFrom(v)
		return p
	}
	w := autograd.LSTMParams{WIH: transposed("w_ih"), WHH: transposed("w_hh"), Bias: o.param(t, "b_ih")}
	vec.AddTo(w.Bias.Value.Data, o.get(t, "b_hh").Data)
	x, h0, c0 := tp.Variable(o.get(t, "x")), tp.Variable(o.get(t, "h0")), tp.Variable(o.get(t, "c0"))
	y, _ := autograd.LSTM(tp, x, h0, c0, w)
	o.compare(t, "y", y.Value)
	tp.BackwardFrom(autograd.OutputGradient{Var: y, Grad: o.get(t, "dy")})
	o.compare(t, "dx", x.Grad())
	o.compare(t, "dh0", h0.Grad())
	o.compare(t, "dc0", c0.Grad())
	o.compare(t, "dw_ih", w.WIH.Grad.Transpose(1, 0))
	o.compare(t, "dw_hh", w.WHH.Grad.Transpose(1, 0))
	o.compare(t, "db_ih", w.Bias.Grad)
	o.compare(t, "db_hh", w.Bias.Grad)
}

func goldenHighway(t *testing.T, tp *autograd.Tape, o *goldenOp) {
	c, h := o.get(t, "c"), o.get(t, "g")
	rows, cols := c.Dim(0), c.Dim(1)
	both := tensor.New(rows, 2*cols)
	both.Window(0, cols).CopyFrom(c)
	both.Window(cols, 2*cols).CopyFrom(h)
	f := autograd.ActIdentity
	for f.String() != o.Activation {
		f++
	}
	ch, s := tp.Variable(both), tp.Variable(o.get(t, "p"))
	y := autograd.Highway(tp, ch, s, f)
	o.compare(t, "y", y.Value)
	tp.BackwardFrom(autograd.OutputGradient{Var: y, Grad: o.get(t, "dy")})
	dc, dh := tensor.New(rows, cols), tensor.New(rows, cols)
	dc.CopyFrom(ch.Grad().Window(0, cols))
	dh.CopyFrom(ch.Grad().Window(cols, 2*cols))
	o.compare(t, "dp", s.Grad())
	o.compare(t, "dc", dc)
	o.compare(t, "dg", dh)
}
