package autograd_test

import (
	"runtime"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/pool"
	"github.com/oneshot-nas/oneshot/tensor"
)

// image returns the middle channels of a wider batch of images: neighbouring pixels are not adjacent in memory.
func image(n, h, w, c int) tensor.Tensor {
	return gradcheck.Random(uint64(n*h*w*c), n, h, w, c+5).Window(2, 2+c)
}

func param(name string, shape ...int) *autograd.Param {
	p := autograd.NewParam(name, shape...)
	p.Value.CopyFrom(gradcheck.Random(uint64(len(name)), shape...))
	return p
}

// batchNorm has scale and shift different from channel to channel, and an eps large enough to be seen.
func batchNorm(name string, c int) *autograd.BatchNorm {
	bn := &autograd.BatchNorm{
		Gamma: param(name+".gamma", c), Beta: param(name+".beta", c),
		RunningMean: tensor.New(c), RunningVar: tensor.New(c),
		Eps: 0.1, Momentum: 0.1,
	}
	bn.RunningVar.Fill(1)
	return bn
}

func weight(name string, k conv.Kernel) *autograd.Param {
	return param(name, k.KH, k.KW, k.Cin, k.Cout)
}

type vars = []*autograd.Var

func check(t *testing.T, f gradcheck.Func, inputs []tensor.Tensor, params ...*autograd.Param) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // thousands of small steps, which a second thread would only slow down
	if err := gradcheck.Check(f, inputs, params...); err != nil {
		t.Error(err)
	}
}

// Several convolutions of max(x, 0): all outputs used, and one left alone.
func TestConvsGradients(t *testing.T) {
	k3, k1, k2 := conv.Square(5, 7, 3, 1), conv.Square(5, 7, 1, 1), conv.Square(5, 3, 3, 2)
	branches := []autograd.ConvBranch{
		{Kernel: k3, Weight: weight("w3", k3)}, {Kernel: k1, Weight: weight("w1", k1), Sums: true}, {Kernel: k2, Weight: weight("w2", k2)},
	}
	x := []tensor.Tensor{image(2, 5, 6, 5)}
	w := []*autograd.Param{branches[0].Weight, branches[1].Weight, branches[2].Weight}
	for _, act := range []autograd.Activation{autograd.ActIdentity, autograd.ActReLU} {
		check(t, func(tp *autograd.Tape, x vars) vars { return autograd.Convs(tp, x[0], act, branches) }, x, w...)
		check(t, func(tp *autograd.Tape, x vars) vars {
			ys := autograd.Convs(tp, x[0], act, branches)
			return vars{ys[0], ys[2]}
		}, x, w...)
	}
}

// One weight used in two places: its gradients add up.
func TestSharedWeight(t *testing.T) {
	k := conv.Square(3, 3, 3, 1)
	w := weight("w", k)
	check(t, func(tp *autograd.Tape, x vars) vars {
		return vars{autograd.Conv2D(tp, x[0], w, nil, k), autograd.Conv2D(tp, x[1], w, nil, k)}
	}, []tensor.Tensor{image(1, 4, 4, 3), image(2, 3, 5, 3)}, w)
}

func TestBatchNormSumGradients(t *testing.T) {
	const c = 7
	a, b := batchNorm("a", c), batchNorm("bb", c)
	x := []tensor.Tensor{image(2, 3, 5, c), image(2, 5, 3, c).Clone().Reshape(2, 3, 5, c), gradcheck.Random(9, 2, 3, 5, c)}
	for name, f := range map[string]gradcheck.Func{
		"plain": func(tp *autograd.Tape, x vars) vars {
			return vars{autograd.BatchNormSum(tp, autograd.Term{X: x[0]}, autograd.Term{X: x[1]}, autograd.Term{X: x[2]})}
		},
		"mixed": func(tp *autograd.Tape, x vars) vars {
			return vars{autograd.BatchNormSum(tp, autograd.Term{X: x[0], BN: a}, autograd.Term{X: x[1]}, autograd.Term{X: x[2], BN: b})}
		},
		"one value three times": func(tp *autograd.Tape, x vars) vars {
			return vars{autograd.BatchNormSum(tp, autograd.Term{X: x[0]}, autograd.Term{X: x[0], BN: a}, autograd.Term{X: x[0], BN: b}),
				autograd.Add(tp, x[1], x[1]), x[2]}
		},
		"one norm twice": func(tp *autograd.Tape, x vars) vars {
			return vars{autograd.BatchNormSum(tp, autograd.Term{X: x[0], BN: a}, autograd.Term{X: x[1], BN: a}), autograd.BatchNorm2D(tp, x[2], b)}
		},
		"chain": func(tp *autograd.Tape, x vars) vars {
			y := autograd.BatchNormSum(tp, autograd.Term{X: x[0], BN: a}, autograd.Term{X: x[1]})
			return vars{autograd.BatchNormSum(tp, autograd.Term{X: y, BN: b}, autograd.Term{X: y}, autograd.Term{X: x[0]}), x[2]}
		},
	} {
		t.Run(name, func(t *testing.T) { check(t, f, x, a.Gamma, a.Beta, b.Gamma, b.Beta) })
	}
}

// The ways in which the gradient of a convolution's output can arrive: as an affine function that the convolution
// completes itself, and, where there is another consumer, written down.
func TestLazyGradients(t *testing.T) {
	k3, k1 := conv.Square(5, 7, 3, 1), conv.Square(5, 7, 1, 1)
	w3, w1 := weight("w3", k3), weight("w1", k1)
	a, b := batchNorm("a", 7), batchNorm("bb", 7)
	skip := gradcheck.Random(4, 2, 4, 5, 7)
	branches := []autograd.ConvBranch{{Kernel: k3, Weight: w3, Sums: true}, {Kernel: k1, Weight: w1}}
	convs := func(tp *autograd.Tape, x *autograd.Var) (y3, y1 *autograd.Var) {
		ys := autograd.Convs(tp, x, autograd.ActReLU, branches)
		return ys[0], ys[1]
	}
	for name, f := range map[string]gradcheck.Func{
		"node": func(tp *autograd.Tape, x vars) vars {
			y3, y1 := convs(tp, x[0])
			return vars{autograd.BatchNormSum(tp, autograd.Term{X: y3, BN: a}, autograd.Term{X: y1, BN: b}, autograd.Term{X: x[1]})}
		},
		"two norms": func(tp *autograd.Tape, x vars) vars {
			y3, y1 := convs(tp, x[0])
			return vars{autograd.BatchNorm2D(tp, y3, a), autograd.BatchNorm2D(tp, y3, b), y1, x[1]}
		},
		"norm before a plain use": func(tp *autograd.Tape, x vars) vars {
			y3, y1 := convs(tp, x[0])
			n := autograd.BatchNorm2D(tp, y3, a)
			return vars{autograd.Add(tp, y3, x[1]), autograd.AvgPool(tp, y3, pool.Avg{Kernel: 2, Stride: 2}), n, autograd.BatchNorm2D(tp, y1, b)}
		},
		"norm after a plain use": func(tp *autograd.Tape, x vars) vars {
			y3, y1 := convs(tp, x[0])
			s := autograd.Add(tp, y3, x[1])
			return vars{autograd.BatchNorm2D(tp, y3, a), s, autograd.BatchNorm2D(tp, y1, b)}
		},
		"through a pool": func(tp *autograd.Tape, x vars) vars { // a consumer that knows nothing of lazy gradients
			y3, y1 := convs(tp, x[0])
			p := autograd.AvgPool(tp, y3, pool.Avg{Kernel: 3, Stride: 1, Pad: 1})
			return vars{autograd.BatchNormSum(tp, autograd.Term{X: p, BN: a}, autograd.Term{X: y1, BN: b}), x[1]}
		},
		"through a reshape": func(tp *autograd.Tape, x vars) vars {
			y3, y1 := convs(tp, x[0])
			r := autograd.Reshape(tp, y3, 2, 20, 1, 7)
			return vars{autograd.BatchNorm2D(tp, r, a), autograd.BatchNorm2D(tp, y1, b), x[1]}
		},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, f, []tensor.Tensor{image(2, 4, 5, 5), skip}, w3, w1, a.Gamma, a.Beta, b.Gamma, b.Beta)
		})
	}
}

// One input of many consumers: the first gradient is shared, later ones are added to a copy.
func TestManyConsumers(t *testing.T) {
	check(t, func(tp *autograd.Tape, x vars) vars {
		s := autograd.Add(tp, x[0], x[1])
		return vars{s, autograd.Add(tp, s, x[0]), autograd.ReLU(tp, x[1]), autograd.Reshape(tp, x[1], 30, 7)}
	}, []tensor.Tensor{image(2, 3, 5, 7), gradcheck.Random(2, 2, 3, 5, 7)})
}
