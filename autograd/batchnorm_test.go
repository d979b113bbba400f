package autograd_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/tensor"
)

// moments returns the mean and the biased variance of channel j over all rows of x.
func moments(x tensor.Tensor, j int) (mean, variance float64) {
	rows, c := x.Rows(), x.Cols()
	for i := range rows {
		mean += float64(x.Data[i*c+j]) / float64(rows)
	}
	for i := range rows {
		d := float64(x.Data[i*c+j]) - mean
		variance += d * d / float64(rows)
	}
	return mean, variance
}

// Every mode against its definition.
func TestBatchNormModes(t *testing.T) {
	const n, c = 12, 3
	bn := batchNorm("bn", c)
	bn.RunningMean.Fill(0.5)
	bn.RunningVar.Fill(2)
	x, x2 := gradcheck.Random(1, n, 1, 1, c), gradcheck.Random(2, 2*n, 1, 1, c)
	tp := autograd.NewTape()
	run := func(mode autograd.Mode, x tensor.Tensor) tensor.Tensor {
		tp.Reset(mode)
		return autograd.BatchNorm2D(tp, tp.Constant(x), bn).Value.Clone()
	}
	expect := func(what string, y tensor.Tensor, statistics func(j int) (mean, variance float64)) {
		t.Helper()
		for i := range n {
			for j := range c {
				mean, variance := statistics(j)
				want := float64(bn.Gamma.Value.Data[j])*(float64(x.Data[i*c+j])-mean)/math.Sqrt(variance+bn.Eps) + float64(bn.Beta.Value.Data[j])
				if got := float64(y.Data[i*c+j]); !(math.Abs(got-want) <= 1e-5) {
					t.Fatalf("%s: row %d, channel %d is %v, want %v", what, i, j, got, want)
				}
			}
		}
	}
	ofBatch := func(j int) (mean, variance float64) { return moments(x, j) }

	expect("Inference", run(autograd.Inference, x), func(int) (mean, variance float64) { return 0.5, 2 })
	expect("BatchStatistics", run(autograd.BatchStatistics, x), ofBatch)

	run(autograd.CollectStatistics, x2) // will be discarded
	tp.DiscardStatistics()
	expect("CollectStatistics", run(autograd.CollectStatistics, x), ofBatch)
	run(autograd.CollectStatistics, x2)
	expect("PopulationStatistics", run(autograd.PopulationStatistics, x), func(j int) (mean, variance float64) {
		m1, v1 := moments(x, j)
		m2, v2 := moments(x2, j)
		return (m1 + 2*m2) / 3, (v1 + 2*v2) / 3
	})
	if bn.RunningMean.Data[0] != 0.5 || bn.RunningVar.Data[0] != 2 {
		t.Fatal("the running statistics have changed without training")
	}

	expect("Training", run(autograd.Training, x), ofBatch)
	for j := range c {
		mean, biased := moments(x, j)
		if got, want := float64(bn.RunningMean.Data[j]), 0.9*0.5+0.1*mean; math.Abs(got-want) > 1e-6 {
			t.Errorf("running mean of channel %d is %v, want %v", j, got, want)
		}
		if got, want := float64(bn.RunningVar.Data[j]), 0.9*2+0.1*biased*n/(n-1); math.Abs(got-want) > 1e-6 {
			t.Errorf("running variance of channel %d is %v, want %v", j, got, want)
		}
	}
}

// A batch norm of which nothing was collected since the last DiscardStatistics has none to evaluate with.
func TestPopulationStatisticsTooEarly(t *testing.T) {
	bn, x := batchNorm("bn", 3), gradcheck.Random(1, 4, 1, 1, 3)
	tp := autograd.NewTape()
	tp.Reset(autograd.CollectStatistics)
	autograd.BatchNorm2D(tp, tp.Constant(x), bn)
	tp.DiscardStatistics()
	tp.Reset(autograd.PopulationStatistics)
	if err := tensor.Catch(func() { autograd.BatchNorm2D(tp, tp.Constant(x), bn) }); err == nil || !strings.Contains(err.Error(), "CollectStatistics has not reached") {
		t.Errorf("stale statistics were used: error %v", err)
	}
}

// Scale and shift add up their gradients apart: one of them may have been used elsewhere.
func TestBatchNormOfASharedShift(t *testing.T) {
	bn, w := batchNorm("bn", 3), param("w", 5, 3)
	check(t, func(tp *autograd.Tape, x vars) vars {
		return vars{autograd.BatchNorm2D(tp, x[0], bn), autograd.Linear(tp, x[1], w, bn.Beta)}
	}, []tensor.Tensor{gradcheck.Random(1, 4, 3), gradcheck.Random(2, 4, 5)}, bn.Gamma, bn.Beta, w)
}

// The fused operations compute what the plain ones do, and so do their gradients.
func TestFusedAgainstPlain(t *testing.T) {
	net := newNetwork()
	x, dy := gradcheck.Random(3, 3, 8, 8, 16), gradcheck.Random(4, 3, 8, 8, 16)
	tp := autograd.NewTape()
	run := func(f func(x *autograd.Var) *autograd.Var) (all []float32) {
		tp.Reset(autograd.Training)
		v := tp.Variable(x)
		y := f(v)
		all = slices.Clone(y.Value.Data)
		tp.BackwardFrom(autograd.OutputGradient{Var: y, Grad: dy})
		all = append(all, v.Grad().Data...)
		for _, p := range []*autograd.Param{net.w3, net.w1, net.a.Gamma, net.a.Beta, net.b.Gamma, net.b.Beta} {
			all = append(all, p.Grad.Data...)
		}
		return all
	}
	fused := run(func(x *autograd.Var) *autograd.Var {
		ys := autograd.Convs(tp, x, autograd.ActReLU, []autograd.ConvBranch{{Kernel: k3, Weight: net.w3, Sums: true}, {Kernel: k1, Weight: net.w1, Sums: true}})
		return autograd.BatchNormSum(tp, autograd.Term{X: ys[0], BN: net.a}, autograd.Term{X: ys[1], BN: net.b}, autograd.Term{X: x})
	})
	plain := run(func(x *autograd.Var) *autograd.Var {
		h := autograd.ReLU(tp, x)
		y3 := autograd.BatchNorm2D(tp, autograd.Conv2D(tp, h, net.w3, nil, k3), net.a)
		y1 := autograd.BatchNorm2D(tp, autograd.Conv2D(tp, h, net.w1, nil, k1), net.b)
		return autograd.Add(tp, autograd.Add(tp, y3, y1), x)
	})
	if e := nmse(fused, plain); !(e <= 1e-10) {
		t.Errorf("normalised squared error %.2g", e)
	}
}

// nmse is Σ(got−want)² relative to Σwant².
func nmse(got, want []float32) float64 {
	var num, den float64
	for i, w := range want {
		d := float64(got[i]) - float64(w)
		num, den = num+d*d, den+float64(w)*float64(w)
	}
	return num / den
}
