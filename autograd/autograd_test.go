package autograd_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/pool"
	"github.com/oneshot-nas/oneshot/tensor"
)

type (
	vars   = []*autograd.Var
	tape   = autograd.Tape
	params = []*autograd.Param
)

func rng() *rand.Rand { return rand.New(rand.NewPCG(3, 4)) }

func param(r *rand.Rand, name string, shape ...int) *autograd.Param {
	p := autograd.NewParam(name, shape...)
	p.Value.CopyFrom(gradcheck.Random(r, shape...))
	return p
}

func weight(r *rand.Rand, name string, k conv.Kernel) *autograd.Param {
	return param(r, name, k.KH, k.KW, k.Cin, k.Cout)
}

func batchNorm(r *rand.Rand, name string, c int) *autograd.BatchNorm {
	return &autograd.BatchNorm{Gamma: param(r, name+".gamma", c), Beta: param(r, name+".beta", c),
		RunningMean: tensor.New(c), RunningVar: tensor.New(c), Eps: 1e-3, Momentum: 0.1}
}

// window returns a window of c channels of something wider.
func window(r *rand.Rand, n, h, w, c int) tensor.Tensor {
	return gradcheck.Away(r, n, h, w, c+5).Window(2, 2+c)
}

// Gradients of every operation, in odd shapes.
func TestGradients(t *testing.T) {
	r := rng()
	k3, k1, k5 := conv.Square(5, 7, 3, 1), conv.Square(5, 4, 1, 1), conv.Square(5, 6, 5, 2)
	w3, w1, w5 := weight(r, "w3", k3), weight(r, "w1", k1), weight(r, "w5", k5)
	wide := conv.Square(32, 32, 3, 1) // large enough for Winograd
	wWide := weight(r, "wide", wide)
	k55 := conv.Square(5, 5, 3, 1)
	w55, v55 := weight(r, "w55", k55), weight(r, "v55", k55)
	bn, bn2, bn4 := batchNorm(r, "bn", 5), batchNorm(r, "bn2", 5), batchNorm(r, "bn4", 4)
	lw, lb := param(r, "linear.weight", 6, 3), param(r, "linear.bias", 3)
	labels := []int32{2, 0, 3, 1, 1}
	x := gradcheck.Away(r, 2, 5, 7, 5)

	for _, tc := range []struct {
		name   string
		inputs []tensor.Tensor
		params params
		f      func(tp *tape, x vars) vars
	}{
		{"Conv2D", []tensor.Tensor{x}, params{w3}, func(tp *tape, x vars) vars { return vars{autograd.Conv2D(tp, x[0], w3, k3)} }},
		{"Conv2D of a window", []tensor.Tensor{window(r, 2, 5, 7, 5)}, params{w5}, func(tp *tape, x vars) vars { return vars{autograd.Conv2D(tp, x[0], w5, k5)} }},
		{"Conv2D, wide", []tensor.Tensor{gradcheck.Random(r, 1, 4, 8, 32)}, params{wWide}, func(tp *tape, x vars) vars { return vars{autograd.Conv2D(tp, x[0], wWide, wide)} }},
		{"Convs", []tensor.Tensor{x}, params{w3, w1, w5}, func(tp *tape, x vars) vars {
			return autograd.Convs(tp, x[0], true, []autograd.ConvBranch{{Kernel: k3, Weight: w3}, {Kernel: k1, Weight: w1, Sums: true}, {Kernel: k5, Weight: w5}})
		}},
		{"Convs of a window", []tensor.Tensor{window(r, 1, 6, 4, 5)}, params{w3, w1}, func(tp *tape, x vars) vars {
			return autograd.Convs(tp, x[0], true, []autograd.ConvBranch{{Kernel: k3, Weight: w3}, {Kernel: k1, Weight: w1}})
		}},
		{"one weight twice", []tensor.Tensor{x}, params{w55}, func(tp *tape, x vars) vars {
			return vars{autograd.Conv2D(tp, autograd.Conv2D(tp, x[0], w55, k55), w55, k55)}
		}},
		{"BatchNorm2D", []tensor.Tensor{x}, params{bn.Gamma, bn.Beta}, func(tp *tape, x vars) vars { return vars{autograd.BatchNorm2D(tp, x[0], bn)} }},
		{"BatchNormSum", []tensor.Tensor{x, gradcheck.Random(r, 2, 5, 7, 5), window(r, 2, 5, 7, 5)}, params{bn.Gamma, bn.Beta, bn2.Gamma, bn2.Beta}, func(tp *tape, x vars) vars {
			return vars{autograd.BatchNormSum(tp, autograd.Term{X: x[0], BN: bn}, autograd.Term{X: x[1]}, autograd.Term{X: x[2], BN: bn2}, autograd.Term{X: x[1]})}
		}},
		// The gradient of a convolution behind a batch norm is not written down …
		{"Convs, BatchNormSum", []tensor.Tensor{x}, params{w55, v55, bn.Gamma, bn2.Beta}, func(tp *tape, x vars) vars {
			y := autograd.Convs(tp, x[0], true, []autograd.ConvBranch{{Kernel: k55, Weight: w55, Sums: true}, {Kernel: k55, Weight: v55}})
			return vars{autograd.BatchNormSum(tp, autograd.Term{X: y[0], BN: bn}, autograd.Term{X: y[1], BN: bn2}, autograd.Term{X: x[0]})}
		}},
		// … unless somebody else reads it too, or its consumer is no convolution.
		{"a convolution read twice", []tensor.Tensor{x}, params{w55, bn.Gamma}, func(tp *tape, x vars) vars {
			y := autograd.Conv2D(tp, x[0], w55, k55)
			return vars{autograd.BatchNormSum(tp, autograd.Term{X: y, BN: bn}, autograd.Term{X: y}), autograd.BatchNorm2D(tp, y, bn2)}
		}},
		{"batch norm of a pool", []tensor.Tensor{x}, params{bn.Gamma}, func(tp *tape, x vars) vars {
			return vars{autograd.BatchNorm2D(tp, autograd.AvgPool(tp, x[0], pool.Avg{Kernel: 3, Stride: 1, Pad: 1}), bn)}
		}},
		{"an output nobody wants", []tensor.Tensor{x}, params{w1, bn4.Beta}, func(tp *tape, x vars) vars {
			y := autograd.Convs(tp, x[0], true, []autograd.ConvBranch{{Kernel: k3, Weight: w3}, {Kernel: k1, Weight: w1, Sums: true}})
			return vars{autograd.BatchNorm2D(tp, y[1], bn4)}
		}},
		{"ReLU", []tensor.Tensor{x}, nil, func(tp *tape, x vars) vars { return vars{autograd.ReLU(tp, x[0])} }},
		{"ReLU of a window", []tensor.Tensor{window(r, 1, 3, 3, 5)}, nil, func(tp *tape, x vars) vars { return vars{autograd.ReLU(tp, x[0])} }},
		{"Add", []tensor.Tensor{x, gradcheck.Random(r, 2, 5, 7, 5)}, nil, func(tp *tape, x vars) vars {
			return vars{autograd.Add(tp, autograd.Add(tp, x[0], x[1]), x[0])}
		}},
		{"AvgPool 3×3", []tensor.Tensor{window(r, 2, 5, 7, 5)}, nil, func(tp *tape, x vars) vars {
			return vars{autograd.AvgPool(tp, x[0], pool.Avg{Kernel: 3, Stride: 1, Pad: 1})}
		}},
		{"AvgPool 2×2", []tensor.Tensor{x}, nil, func(tp *tape, x vars) vars { return vars{autograd.AvgPool(tp, x[0], pool.Avg{Kernel: 2, Stride: 2})} }},
		{"AvgPool 5×5", []tensor.Tensor{x}, nil, func(tp *tape, x vars) vars {
			return vars{autograd.AvgPool(tp, x[0], pool.Avg{Kernel: 5, Stride: 3, Pad: 1, CountPad: true})}
		}},
		{"GlobalAvgPool", []tensor.Tensor{window(r, 2, 5, 7, 5)}, nil, func(tp *tape, x vars) vars { return vars{autograd.GlobalAvgPool(tp, x[0])} }},
		{"Linear", []tensor.Tensor{gradcheck.Random(r, 5, 6)}, params{lw, lb}, func(tp *tape, x vars) vars { return vars{autograd.Linear(tp, x[0], lw, lb)} }},
		{"Linear without bias", []tensor.Tensor{gradcheck.Random(r, 5, 6)}, params{lw}, func(tp *tape, x vars) vars { return vars{autograd.Linear(tp, x[0], lw, nil)} }},
		{"Reshape", []tensor.Tensor{gradcheck.Random(r, 2, 1, 3, 6)}, params{lw}, func(tp *tape, x vars) vars {
			return vars{autograd.Linear(tp, autograd.Reshape(tp, x[0], 6, 6), lw, nil)}
		}},
		{"CrossEntropy", []tensor.Tensor{gradcheck.Random(r, 5, 4)}, nil, func(tp *tape, x vars) vars { return vars{autograd.CrossEntropy(tp, x[0], labels, 0).Var} }},
		{"CrossEntropy, smoothed", []tensor.Tensor{gradcheck.Random(r, 5, 4)}, nil, func(tp *tape, x vars) vars {
			return vars{autograd.CrossEntropy(tp, x[0], labels, 0.1).Var}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) { gradcheck.Check(t, tc.inputs, tc.params, tc.f) })
	}
}

// The fused operations compute what the plain ones do.
func TestFusedAgainstPlain(t *testing.T) {
	r := rng()
	k := conv.Square(16, 16, 3, 1)
	w1, w2, bn1, bn2 := weight(r, "w1", k), weight(r, "w2", k), batchNorm(r, "bn1", 16), batchNorm(r, "bn2", 16)
	x, dy := gradcheck.Away(r, 3, 8, 8, 16), gradcheck.Random(r, 3, 8, 8, 16)
	tp := autograd.NewTape()
	run := func(f func(x *autograd.Var) *autograd.Var) []float32 {
		tp.Reset(autograd.Training)
		v := tp.Variable(x)
		y := f(v)
		out := slices.Clone(y.Value.Data)
		tp.BackwardFrom(autograd.Seed{Var: y, Grad: dy})
		out = append(out, v.Grad().Data...)
		for _, p := range []*autograd.Param{w1, w2, bn1.Gamma, bn1.Beta, bn2.Gamma} {
			out = append(out, p.Grad.Data...)
		}
		return out
	}
	fused := run(func(x *autograd.Var) *autograd.Var {
		y := autograd.Convs(tp, x, true, []autograd.ConvBranch{{Kernel: k, Weight: w1, Sums: true}, {Kernel: k, Weight: w2, Sums: true}})
		return autograd.BatchNormSum(tp, autograd.Term{X: y[0], BN: bn1}, autograd.Term{X: y[1], BN: bn2}, autograd.Term{X: x})
	})
	plain := run(func(x *autograd.Var) *autograd.Var {
		h := autograd.ReLU(tp, x)
		a := autograd.BatchNorm2D(tp, autograd.Conv2D(tp, h, w1, k), bn1)
		b := autograd.BatchNorm2D(tp, autograd.Conv2D(tp, h, w2, k), bn2)
		return autograd.Add(tp, autograd.Add(tp, a, b), x)
	})
	var num, den float64
	for i, v := range plain {
		d := float64(v - fused[i])
		num, den = num+d*d, den+float64(v)*float64(v)
	}
	if e := math.Sqrt(num / den); e > 1e-5 {
		t.Fatalf("relative difference %.3g", e)
	}
}

// Modes of batch norm, against their definitions.
func TestBatchNormModes(t *testing.T) {
	r := rng()
	const n, c = 12, 3
	bn := batchNorm(r, "bn", c)
	bn.RunningMean.Fill(0.5)
	bn.RunningVar.Fill(2)
	batches := []tensor.Tensor{gradcheck.Random(r, n, 1, 1, c), gradcheck.Random(r, 2*n, 1, 1, c)}
	moments := func(x tensor.Tensor, j int) (mean, biased float64) {
		m := float64(x.Rows())
		for i := range x.Rows() {
			mean += float64(x.Data[i*c+j]) / m
		}
		for i := range x.Rows() {
			d := float64(x.Data[i*c+j]) - mean
			biased += d * d / m
		}
		return mean, biased
	}
	tp := autograd.NewTape()
	run := func(mode autograd.Mode, x tensor.Tensor) tensor.Tensor {
		tp.Reset(mode)
		return autograd.BatchNorm2D(tp, tp.Constant(x), bn).Value.Clone()
	}
	expect := func(what string, y, x tensor.Tensor, stats func(j int) (mean, variance float64)) {
		t.Helper()
		for i := range x.Rows() {
			for j := range c {
				mean, variance := stats(j)
				want := float64(bn.Gamma.Value.Data[j])*(float64(x.Data[i*c+j])-mean)/math.Sqrt(variance+bn.Eps) + float64(bn.Beta.Value.Data[j])
				if got := float64(y.Data[i*c+j]); math.Abs(got-want) > 1e-5 {
					t.Fatalf("%s: row %d, channel %d is %v, want %v", what, i, j, got, want)
				}
			}
		}
	}
	running := func(j int) (float64, float64) {
		return float64(bn.RunningMean.Data[j]), float64(bn.RunningVar.Data[j])
	}
	x := batches[0]
	own := func(j int) (float64, float64) { return moments(x, j) }
	expect("inference", run(autograd.Inference, x), x, running)
	expect("batch statistics", run(autograd.BatchStatistics, x), x, own)
	tp.Recalibrate()
	run(autograd.Recalibration, batches[1]) // discarded by the next line
	tp.Recalibrate()
	for _, b := range batches {
		run(autograd.Recalibration, b)
	}
	expect("recalibrated", run(autograd.Recalibrated, x), x, func(j int) (float64, float64) {
		m0, v0 := moments(batches[0], j)
		m1, v1 := moments(batches[1], j)
		return (m0 + 2*m1) / 3, (v0 + 2*v1) / 3
	})
	if bn.RunningMean.Data[0] != 0.5 || bn.RunningVar.Data[c-1] != 2 {
		t.Fatal("the running statistics changed without training")
	}
	expect("training", run(autograd.Training, x), x, own)
	for j := range c {
		mean, biased := moments(x, j)
		if got, want := float64(bn.RunningMean.Data[j]), 0.9*0.5+0.1*mean; math.Abs(got-want) > 1e-6 {
			t.Errorf("running mean %v, want %v", got, want)
		}
		if got, want := float64(bn.RunningVar.Data[j]), 0.9*2+0.1*biased*n/(n-1); math.Abs(got-want) > 1e-6 {
			t.Errorf("running variance %v, want %v", got, want)
		}
	}
}

// step runs a network with every kind of gradient; wide chooses another architecture.
func step(tp *tape, x tensor.Tensor, labels []int32, p []*autograd.Param, bns []*autograd.BatchNorm, wide bool) autograd.Loss {
	k, k1 := conv.Square(16, 16, 3, 1), conv.Square(16, 16, 1, 1)
	tp.Reset(autograd.Training)
	v := tp.Constant(x)
	y := autograd.Conv2D(tp, v, p[0], k)
	h := autograd.BatchNorm2D(tp, y, bns[0])
	if wide {
		h = autograd.BatchNormSum(tp, autograd.Term{X: autograd.Conv2D(tp, h, p[1], k1), BN: bns[1]}, autograd.Term{X: h},
			autograd.Term{X: autograd.AvgPool(tp, h, pool.Avg{Kernel: 3, Stride: 1, Pad: 1})})
	}
	g := autograd.GlobalAvgPool(tp, autograd.ReLU(tp, h))
	l := autograd.CrossEntropy(tp, autograd.Linear(tp, g, p[2], p[3]), labels, 0)
	tp.Backward(l.Var)
	return l
}

func network(r *rand.Rand) (x tensor.Tensor, labels []int32, p []*autograd.Param, bns []*autograd.BatchNorm) {
	p = []*autograd.Param{weight(r, "a", conv.Square(16, 16, 3, 1)), weight(r, "b", conv.Square(16, 16, 1, 1)), param(r, "w", 16, 10), param(r, "bias", 10)}
	return gradcheck.Random(r, 6, 8, 8, 16), []int32{1, 2, 3, 4, 5, 6}, p, []*autograd.BatchNorm{batchNorm(r, "x", 16), batchNorm(r, "y", 16)}
}

func TestStepsDoNotAllocate(t *testing.T) {
	x, labels, p, bns := network(rng())
	tp := autograd.NewTape()
	i := 0
	run := func() { step(tp, x, labels, p, bns, i%2 == 0); i++ }
	for range 4 {
		run()
	}
	if n := testing.AllocsPerRun(20, run); n != 0 {
		t.Fatalf("%v allocations in a step", n)
	}
}

func TestSameBitsForAnyNumberOfThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want []float32
	for _, procs := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(procs)
		x, labels, p, bns := network(rng())
		l := step(autograd.NewTape(), x, labels, p, bns, true)
		got := []float32{float32(l.Sum)}
		for _, q := range p {
			got = append(got, q.Grad.Data...)
		}
		if want == nil {
			want = got
		} else if !slices.Equal(want, got) {
			t.Fatalf("GOMAXPROCS %d changes the result", procs)
		}
	}
}

// Parameters that a step does not use have no gradient.
func TestTouched(t *testing.T) {
	x, labels, p, bns := network(rng())
	tp := autograd.NewTape()
	step(tp, x, labels, p, bns, false)
	if p[1].Touched() || bns[1].Gamma.Touched() || !p[0].Touched() || len(tp.Touched()) != 5 {
		t.Fatalf("%d parameters are touched", len(tp.Touched()))
	}
	tp.Reset(autograd.Training)
	if p[0].Touched() || len(tp.Touched()) != 0 {
		t.Fatal("parameters stay touched after Reset")
	}
}

func TestShapeErrors(t *testing.T) {
	r := rng()
	k := conv.Square(5, 7, 3, 1)
	w := weight(r, "w", k)
	for what, f := range map[string]func(tp *tape){
		"channels":        func(tp *tape) { autograd.Conv2D(tp, tp.Constant(tensor.New(1, 4, 4, 6)), w, k) },
		"rank":            func(tp *tape) { autograd.Conv2D(tp, tp.Constant(tensor.New(4, 5)), w, k) },
		"terms":           func(tp *tape) { autograd.Add(tp, tp.Constant(tensor.New(2, 3)), tp.Constant(tensor.New(3, 2))) },
		"batch norm":      func(tp *tape) { autograd.BatchNorm2D(tp, tp.Constant(tensor.New(2, 3)), batchNorm(r, "b", 4)) },
		"linear":          func(tp *tape) { autograd.Linear(tp, tp.Constant(tensor.New(2, 3)), param(r, "l", 4, 2), nil) },
		"labels":          func(tp *tape) { autograd.CrossEntropy(tp, tp.Constant(tensor.New(2, 3)), []int32{1}, 0) },
		"loss of several": func(tp *tape) { tp.Backward(tp.Constant(tensor.New(2))) },
		"seed":            func(tp *tape) { tp.BackwardFrom(autograd.Seed{Var: tp.Constant(tensor.New(2)), Grad: tensor.New(3)}) },
	} {
		tp := autograd.NewTape()
		if err := tensor.Catch(func() { f(tp) }); err == nil {
			t.Errorf("%s: no ShapeError", what)
		}
	}
}
