package autograd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/kernels/pool"
	"github.com/oneshot-nas/oneshot/kernels/rnn"
	"github.com/oneshot-nas/oneshot/tensor"
)

// The table of operations. What the tests and the benchmarks of operations_test.go do, they do to every case of it, and every
// exported operation has one: a new operation needs a line here, and no more.

// opCase is one operation at work.
type opCase struct {
	name string // of the function, and after a slash what is special about the case
	make func(size) *operation
}

// operation is a case at one size.
type operation struct {
	x      []tensor.Tensor // the inputs, dense; tests also make windows of them
	params []*autograd.Param
	run    func(tp *autograd.Tape, x vars) *autograd.Var
	want   func(x []array) array // in float64

	dense bool // the inputs must have no gaps between rows
	apart bool // nor has the result: a concatenation copies it
	batch bool // depends on the mode of the tape

	rounds rounding

	macs             int // multiply-adds, if these are what takes the time; backward there are twice as many
	moved, movedBack int // else floats that must be read or written, forward and backward
}

// rounding says what an operation rounds to the precision of the tape.
type rounding int

const (
	nothing rounding = iota // it is float32 in any precision
	given                   // inputs, weights and the gradient of the result, as they come
	made                    // also what it has made of them itself
)

// size is small for tests of values, with channels that no vector is as long as; large as in a network, for benchmarks; or wide, which is
// large but for the batch, for what has to do with chunks of work.
type size int

const (
	small size = iota
	wide
	large
)

func (s size) pick(few, many int) int {
	if s == small {
		return few
	}
	return many
}

// images is a batch of images.
func (s size) images(seed uint64) tensor.Tensor {
	if s == small {
		return gradcheck.Random(seed, 2, 4, 6, 5)
	}
	return gradcheck.Random(seed, []int{wide: 9, large: 64}[s], 16, 16, 64)
}

// far is a batch whose values are so far apart that a difference quotient does not change which one is the largest.
func (s size) far() tensor.Tensor {
	t := s.images(1)
	for i, p := range rand.New(rand.NewPCG(1, 2)).Perm(t.Len()) {
		t.Data[i] = 0.1 * float32(p-t.Len()/2)
	}
	return t
}

// words is a sequence [T][B][C] like those of a language model.
func (s size) words(seed uint64, c int) tensor.Tensor {
	return gradcheck.Random(seed, []int{3, 5, 35}[s], s.pick(2, 32), c)
}

func dropMask(n int) []float32 {
	m := make([]float32, n)
	rnn.Mask(m, 0.4, rand.New(rand.NewPCG(3, 4)))
	return m
}

// elementwise is an operation on one input, element by element.
func elementwise(name string, op func(tp *autograd.Tape, x *autograd.Var) *autograd.Var, f func(float64) float64) opCase {
	return opCase{name, func(s size) *operation {
		x := s.images(1)
		for i := range x.Data {
			if x.Data[i] *= 3; math.Abs(float64(x.Data[i])-6) < 0.1 { // so that ReLU6 has something to cut off, and no kink is near
				x.Data[i] = 7
			}
		}
		return &operation{
			x:     []tensor.Tensor{x},
			run:   func(tp *autograd.Tape, x vars) *autograd.Var { return op(tp, x[0]) },
			want:  func(x []array) array { return mapped(x[0], f) },
			moved: 2 * x.Len(), movedBack: 3 * x.Len(),
		}
	}}
}

// pairwise is an operation on two inputs, element by element.
func pairwise(name string, op func(tp *autograd.Tape, a, b *autograd.Var) *autograd.Var, f func(v, w float64) float64, back int) opCase {
	return opCase{name, func(s size) *operation {
		x := []tensor.Tensor{s.images(1), s.images(2)}
		return &operation{
			x:     x,
			run:   func(tp *autograd.Tape, x vars) *autograd.Var { return op(tp, x[0], x[1]) },
			want:  func(x []array) array { return combined(x[0], x[1], f) },
			moved: 3 * x[0].Len(), movedBack: back * x[0].Len(),
		}
	}}
}

// reduction makes a number of x.
func reduction(name string, op func(tp *autograd.Tape, x *autograd.Var) *autograd.Var, f func(x array) float64) opCase {
	return opCase{name, func(s size) *operation {
		x := s.words(1, s.pick(7, 650))
		return &operation{
			x:     []tensor.Tensor{x},
			run:   func(tp *autograd.Tape, x vars) *autograd.Var { return op(tp, x[0]) },
			want:  func(x []array) array { return scalar(f(x[0])) },
			moved: x.Len(), movedBack: x.Len(),
		}
	}}
}

func convCase(name string, act autograd.Activation, kernels func(s size) conv.Kernel, bias bool) opCase {
	return opCase{name, func(s size) *operation {
		x, k := s.images(1), kernels(s)
		w := weight("w", k)
		branch := []autograd.ConvBranch{{Kernel: k, Weight: w, Sums: true}}
		params := []*autograd.Param{w}
		if bias {
			branch[0].Bias = param("bias", k.Cout)
			params = append(params, branch[0].Bias)
		}
		n, h, width := x.Dim(0), x.Dim(1), x.Dim(2)
		oh, ow := k.Out(h, width)
		return &operation{
			x: []tensor.Tensor{x}, params: params,
			run: func(tp *autograd.Tape, x vars) *autograd.Var {
				if name == "Conv2D" {
					return autograd.Conv2D(tp, x[0], w, branch[0].Bias, k)
				}
				return autograd.Convs(tp, x[0], act, branch)[0]
			},
			want: func(x []array) array {
				y := convolved(x[0], valueOf(w), k, act)
				if bias {
					y = withBias(y, valueOf(branch[0].Bias))
				}
				return y
			},
			macs: n * oh * ow * k.Weights(), rounds: given,
		}
	}}
}

func convolved(x, w array, k conv.Kernel, act autograd.Activation) array {
	n := x.shape[0]
	oh, ow := k.Out(x.shape[1], x.shape[2])
	y := newArray(n, oh, ow, k.Cout)
	x = mapped(x, []func(float64) float64{plain, relu, relu6}[act])
	slid(n, oh, ow, k.KH, k.KW, k.Stride, k.PadH-k.Shift, k.PadW-k.Shift, k.Dilation, func(n, oy, ox, iy, ix, ky, kx int) {
		for ci := range k.Cin {
			v := x.at(n, iy, ix, ci)
			for co := range k.Cout {
				*y.p(n, oy, ox, co) += v * w.at(ky, kx, ci, co)
			}
		}
	})
	return y
}

func depthwiseCase(name string, act autograd.Activation, k, stride, dilation int) opCase {
	return opCase{name, func(s size) *operation {
		x := s.images(1)
		kn := depthwise.Square(x.Dim(3), k, stride, dilation)
		w := param("w", k, k, 1, kn.C)
		oh, ow := kn.Out(x.Dim(1), x.Dim(2))
		return &operation{
			x: []tensor.Tensor{x}, params: []*autograd.Param{w},
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.DepthwiseConv2D(tp, x[0], act, w, kn) },
			want: func(x []array) array {
				in := mapped(x[0], []func(float64) float64{plain, relu, relu6}[act])
				y, w := newArray(in.shape[0], oh, ow, kn.C), valueOf(w)
				slid(in.shape[0], oh, ow, k, k, stride, kn.Pad, kn.Pad, dilation, func(n, oy, ox, iy, ix, ky, kx int) {
					for c := range kn.C {
						*y.p(n, oy, ox, c) += in.at(n, iy, ix, c) * w.at(ky, kx, 0, c)
					}
				})
				return y
			},
			macs: x.Dim(0) * oh * ow * k * k * kn.C,
		}
	}}
}

func avgPoolCase(name string, a pool.Avg) opCase {
	return opCase{name, func(s size) *operation {
		x := s.images(1)
		oh, ow := a.Out(x.Dim(1), x.Dim(2))
		moved := x.Len() + x.Dim(0)*oh*ow*x.Dim(3)
		return &operation{
			x:   []tensor.Tensor{x},
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.AvgPool(tp, x[0], a) },
			want: func(x []array) array {
				in := x[0]
				y, count := newArray(in.shape[0], oh, ow, in.cols()), newArray(in.shape[0], oh, ow, in.cols())
				slid(in.shape[0], oh, ow, a.Kernel, a.Kernel, a.Stride, a.Pad, a.Pad, 1, func(n, oy, ox, iy, ix, _, _ int) {
					for c := range in.cols() {
						if iy >= 0 && iy < in.shape[1] && ix >= 0 && ix < in.shape[2] || a.CountPad {
							*y.p(n, oy, ox, c) += in.at(n, iy, ix, c)
							*count.p(n, oy, ox, c)++
						}
					}
				})
				return combined(y, count, func(v, n float64) float64 { return v / n })
			},
			moved: moved, movedBack: moved,
		}
	}}
}

func maxPoolCase(name string, m pool.Max) opCase {
	return opCase{name, func(s size) *operation {
		x := s.far()
		oh, ow := m.Out(x.Dim(1), x.Dim(2))
		moved := x.Len() + x.Dim(0)*oh*ow*x.Dim(3)
		return &operation{
			x:   []tensor.Tensor{x},
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.MaxPool(tp, x[0], m) },
			want: func(x []array) array {
				in := x[0]
				y := mapped(newArray(in.shape[0], oh, ow, in.cols()), func(float64) float64 { return math.Inf(-1) })
				slid(in.shape[0], oh, ow, m.Kernel, m.Kernel, m.Stride, m.Pad, m.Pad, 1, func(n, oy, ox, iy, ix, _, _ int) {
					if iy >= 0 && iy < in.shape[1] && ix >= 0 && ix < in.shape[2] {
						for c := range in.cols() {
							p := y.p(n, oy, ox, c)
							*p = max(*p, in.at(n, iy, ix, c))
						}
					}
				})
				return y
			},
			moved: moved, movedBack: moved,
		}
	}}
}

// nodeCase is a node of a cell: two normed terms and one that is plain.
func nodeCase(name string, act autograd.Activation, f func(float64) float64) opCase {
	return opCase{name, func(s size) *operation {
		x := []tensor.Tensor{s.images(1), s.images(2), s.images(3)}
		c := x[0].Cols()
		a, b := batchNorm("a", c), batchNorm("bb", c)
		for _, beta := range []*autograd.Param{a.Beta, b.Beta} { // so that the activation does not cut off half
			for i := range beta.Value.Data {
				beta.Value.Data[i] = 2 + 0.1*float32(i%7)
			}
		}
		terms := make([]autograd.Term, 3)
		sum := func(x []array) array {
			y := combined(normalised(x[0], a), normalised(x[2], b), func(v, w float64) float64 { return v + w })
			return combined(y, x[1], func(v, w float64) float64 { return v + w })
		}
		if act != autograd.ActIdentity { // a difference quotient must not step over a kink
			p := sum([]array{arrayOf(x[0]), arrayOf(x[1]), arrayOf(x[2])})
			for i, v := range p.data {
				for _, kink := range []float64{0, 6} {
					if math.Abs(v-kink) < 0.5 {
						x[1].Data[i] += float32(kink + math.Copysign(0.5, v-kink) - v)
					}
				}
			}
		}
		return &operation{
			x: x, params: []*autograd.Param{a.Gamma, a.Beta, b.Gamma, b.Beta}, batch: true,
			run: func(tp *autograd.Tape, x vars) *autograd.Var {
				terms[0], terms[1], terms[2] = autograd.Term{X: x[0], BN: a}, autograd.Term{X: x[1]}, autograd.Term{X: x[2], BN: b}
				if name == "BatchNormSum" {
					return autograd.BatchNormSum(tp, terms...)
				}
				return autograd.BatchNormSumAct(tp, act, terms...)
			},
			want:  func(x []array) array { return mapped(sum(x), f) },
			moved: 6 * x[0].Len(), movedBack: 8 * x[0].Len(),
		}
	}}
}

// foldedCase is base, a convolution of one input, of act(norm(x)), which it evaluates itself.
func foldedCase(base opCase, act autograd.Activation, convolve func(tp *autograd.Tape, x autograd.Folded, params []*autograd.Param) *autograd.Var) opCase {
	return opCase{base.name, func(s size) *operation {
		o := base.make(s)
		bn := batchNorm("bn", o.x[0].Cols())
		for i := range bn.Beta.Value.Data { // so that the activation does not cut off half
			bn.Beta.Value.Data[i] = 2 + 0.1*float32(i%7)
		}
		if act != autograd.ActIdentity && s == small { // a difference quotient must not step over a kink
			for near := true; near; {
				near = false
				for i, v := range normalised(arrayOf(o.x[0]), bn).data {
					for _, kink := range []float64{0, 6} {
						if math.Abs(v-kink) < 0.1 {
							o.x[0].Data[i] += float32(math.Copysign(0.05, (v-kink)*float64(bn.Gamma.Value.Data[i%o.x[0].Cols()])))
							near = true
						}
					}
				}
			}
		}
		if o.rounds == given {
			o.rounds = made
		}
		params, want := o.params, o.want
		o.params, o.batch = slices.Concat(params, []*autograd.Param{bn.Gamma, bn.Beta}), true
		o.run = func(tp *autograd.Tape, x vars) *autograd.Var {
			return convolve(tp, autograd.Folded{X: x[0], BN: bn, Act: act}, params)
		}
		o.want = func(x []array) array {
			return want([]array{mapped(normalised(x[0], bn), []func(float64) float64{plain, relu, relu6}[act])})
		}
		return o
	}}
}

func foldedConvCase(name string, act autograd.Activation, k, stride int, bias bool) opCase {
	kernels := func(s size) conv.Kernel { return conv.Square(s.pick(5, 64), s.pick(17, 64), k, stride) }
	return foldedCase(convCase(name, autograd.ActIdentity, kernels, bias), act, func(tp *autograd.Tape, x autograd.Folded, params []*autograd.Param) *autograd.Var {
		w := params[0]
		b := autograd.ConvBranch{Kernel: conv.Square(w.Value.Dim(2), w.Value.Dim(3), k, stride), Weight: w, Sums: true}
		if bias {
			b.Bias = params[1]
		}
		if strings.HasPrefix(name, "FoldedConvs") {
			return autograd.FoldedConvs(tp, x, []autograd.ConvBranch{b})[0]
		}
		return autograd.FoldedConv2D(tp, x, b)
	})
}

func foldedDepthwiseCase(name string, act autograd.Activation, k, stride, dilation int) opCase {
	return foldedCase(depthwiseCase(name, autograd.ActIdentity, k, stride, dilation), act, func(tp *autograd.Tape, x autograd.Folded, params []*autograd.Param) *autograd.Var {
		w := params[0]
		return autograd.FoldedDepthwiseConv2D(tp, x, w, depthwise.Square(w.Value.Dim(3), k, stride, dilation), dilation == 1)
	})
}

func linearCase(name string, bias, tied bool, rank int) opCase {
	return opCase{name, func(s size) *operation {
		in, out := s.pick(9, 650), s.pick(5, 1000)
		x := s.words(1, in)
		if rank == 2 {
			x = x.Reshape(x.Rows(), in)
		}
		w, f := param("w", in, out), autograd.Linear
		if tied {
			w, f = param("table", out, in), autograd.TiedLinear
		}
		params := []*autograd.Param{w}
		var b *autograd.Param
		if bias {
			b = param("bias", out)
			params = append(params, b)
		}
		return &operation{
			x: []tensor.Tensor{x}, params: params,
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return f(tp, x[0], w, b) },
			want: func(x []array) array {
				m := valueOf(w)
				if tied {
					m = transposed(m)
				}
				y := matmul(x[0], m)
				if bias {
					y = withBias(y, valueOf(b))
				}
				return y
			},
			macs: x.Rows() * in * out, rounds: given,
		}
	}}
}

func crossEntropyCase(name string, f func(*autograd.Tape, *autograd.Var, []int32, float64) autograd.Loss, smoothing float64, ignored int,
	shape func(n, k int) []int) opCase {
	return opCase{name, func(s size) *operation {
		n, k := s.pick(4, 256), s.pick(11, 1000)
		labels, count := someLabels(n, k, ignored)
		return &operation{
			x: []tensor.Tensor{gradcheck.Random(5, shape(n, k)...)}, dense: true, apart: true,
			run: func(tp *autograd.Tape, x vars) *autograd.Var {
				return f(tp, x[0], labels, smoothing).Var
			},
			want: func(x []array) array {
				loss := 0.
				for i, l := range labels {
					if l == autograd.Ignore {
						continue
					}
					row := x[0].data[i*k:][:k]
					for j, v := range row {
						q := smoothing / float64(k)
						if j == int(l) {
							q += 1 - smoothing
						}
						loss -= q * (v - logSumExp(row)) / float64(count)
					}
				}
				return scalar(loss)
			},
			moved: 2 * n * k, movedBack: n * k,
		}
	}}
}

func factorizedCase(name string, act autograd.Activation) opCase {
	return opCase{name, func(s size) *operation {
		x := s.images(1)
		c := x.Cols()
		c0, c1 := s.pick(3, 32), s.pick(4, 32)
		w0, w1 := param("w0", 1, 1, c, c0), param("w-1", 1, 1, c, c1)
		k0, k1 := conv.Square(c, c0, 1, 2), conv.Square(c, c1, 1, 2)
		k1.Shift = 1
		return &operation{
			x: []tensor.Tensor{x}, params: []*autograd.Param{w0, w1},
			run: func(tp *autograd.Tape, x vars) *autograd.Var {
				return autograd.FactorizedReduction(tp, x[0], act, w0, w1)
			},
			want: func(x []array) array {
				return concatenated(convolved(x[0], valueOf(w0), k0, act), convolved(x[0], valueOf(w1), k1, act))
			},
			macs: x.Rows() / 4 * c * (c0 + c1), rounds: given,
		}
	}}
}

// concatenated puts arrays side by side in the last axis.
func concatenated(parts ...array) array {
	shape := slices.Clone(parts[0].shape)
	cols := 0
	for _, p := range parts {
		cols += p.cols()
	}
	shape[len(shape)-1] = cols
	y, lo := newArray(shape...), 0
	for _, p := range parts {
		for i, v := range p.data {
			y.data[i/p.cols()*cols+lo+i%p.cols()] = v
		}
		lo += p.cols()
	}
	return y
}

func dropPathCase(name string, masks func(n int) [][]float32) opCase {
	return opCase{name, func(s size) *operation {
		x := []tensor.Tensor{s.images(1), s.images(2), s.images(3)}
		m := masks(x[0].Dim(0))
		x = x[:len(m)]
		return &operation{
			x: x,
			run: func(tp *autograd.Tape, x vars) *autograd.Var {
				if name == "DropPath" {
					return autograd.DropPath(tp, x[0], m[0])
				}
				return autograd.DropPathSum(tp, x, m)
			},
			want: func(x []array) array {
				y := newArray(x[0].shape...)
				y.each(func(index []int, v *float64) {
					for k := range x {
						f := 1.
						if m[k] != nil {
							f = float64(m[k][index[0]])
						}
						*v += f * x[k].at(index...)
					}
				})
				return y
			},
			moved: (1 + len(m)) * x[0].Len(), movedBack: (1 + len(m)) * x[0].Len(),
		}
	}}
}

func highwayCase(name string, f autograd.Activation) opCase {
	return opCase{name, func(s size) *operation {
		b, h := s.pick(3, 64), s.pick(5, 850)
		return &operation{
			x: []tensor.Tensor{gradcheck.Random(1, b, 2*h), gradcheck.Random(2, b, h)}, dense: true, apart: true,
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Highway(tp, x[0], x[1], f) },
			want: func(x []array) array {
				y := newArray(b, h)
				y.each(func(i []int, v *float64) { *v = highway(x[0].at(i[0], i[1]), x[0].at(i[0], h+i[1]), x[1].at(i...), f) })
				return y
			},
			moved: 6 * b * h, movedBack: 7 * b * h,
		}
	}}
}

// highway is one unit of a step.
func highway(c, h, s float64, f autograd.Activation) float64 {
	return s + sigmoid(c)*(map[autograd.Activation]func(float64) float64{autograd.ActTanh: math.Tanh, autograd.ActReLU: relu, autograd.ActSigmoid: sigmoid, autograd.ActIdentity: plain}[f](h)-s)
}

func lstmCase() opCase {
	return opCase{"LSTM", func(s size) *operation {
		in, h := s.pick(4, 300), s.pick(5, 300)
		x := s.words(1, in)
		steps, b := x.Dim(0), x.Dim(1)
		w := autograd.LSTMParams{WIH: param("wih", in, 4*h), WHH: param("whh", h, 4*h), Bias: param("bias", 4*h)}
		return &operation{
			x: []tensor.Tensor{x, gradcheck.Random(2, b, h), gradcheck.Random(3, b, h)}, params: []*autograd.Param{w.WIH, w.WHH, w.Bias},
			dense: true, apart: true,
			run: func(tp *autograd.Tape, x vars) *autograd.Var {
				y, _ := autograd.LSTM(tp, x[0], x[1], x[2], w)
				return y
			},
			want: func(x []array) array {
				y := newArray(steps, b, h)
				state, cell := x[1], mapped(x[2], plain)
				for t := range steps {
					now := array{[]int{b, in}, x[0].data[t*b*in:][:b*in]}
					z := withBias(combined(matmul(now, valueOf(w.WIH)), matmul(state, valueOf(w.WHH)), func(v, w float64) float64 { return v + w }), valueOf(w.Bias))
					state = array{[]int{b, h}, y.data[t*b*h:][:b*h]}
					state.each(func(i []int, v *float64) {
						gate := func(k int) float64 { return z.at(i[0], k*h+i[1]) }
						c := cell.p(i...)
						*c = sigmoid(gate(1))**c + sigmoid(gate(0))*math.Tanh(gate(2))
						*v = sigmoid(gate(3)) * math.Tanh(*c)
					})
				}
				return y
			},
			macs: steps * b * (in + h) * 4 * h, rounds: made,
		}
	}}
}

func dartsCellCase(name string, masked bool) opCase {
	return opCase{name, func(s size) *operation {
		in, h := s.pick(4, 300), s.pick(5, 300)
		x := s.words(1, in)
		steps, b := x.Dim(0), x.Dim(1)
		cell := rnn.DARTSCell{Switch: []int{0, 1, 0, 1}, Act: []autograd.Activation{autograd.ActSigmoid, autograd.ActReLU, autograd.ActIdentity, autograd.ActTanh}}
		if s == small {
			cell.Act[1] = autograd.ActTanh // no kinks, which one of so many values is always near
		}
		w := autograd.DARTSCellParams{W0: param("w0", in+h, 2*h)}
		params := []*autograd.Param{w.W0}
		for i := range cell.Switch {
			w.W = append(w.W, param(fmt.Sprint("w", 10*i*i), h, 2*h))
			params = append(params, w.W[i])
		}
		for _, p := range params { // as small as in a network that is not saturated
			for i := range p.Value.Data {
				p.Value.Data[i] *= 2 / float32(math.Sqrt(float64(h)+10))
			}
		}
		var maskX, maskH []float32
		if masked {
			maskX, maskH = dropMask(b*in), dropMask(b*h)
		}
		times := func(a array, mask []float32) array {
			a = mapped(a, plain)
			for i := range mask {
				a.data[i] *= float64(mask[i])
			}
			return a
		}
		return &operation{
			x: []tensor.Tensor{x, gradcheck.Random(2, b, h)}, params: params, dense: true, apart: true,
			run: func(tp *autograd.Tape, x vars) *autograd.Var {
				return autograd.DARTSCell(tp, x[0], x[1], w, cell, maskX, maskH)
			},
			want: func(x []array) array {
				y, state := newArray(steps, b, h), x[1]
				inner := func(carried, z array, f autograd.Activation) array {
					out := newArray(b, h)
					out.each(func(i []int, v *float64) { *v = highway(z.at(i...), z.at(i[0], h+i[1]), carried.at(i...), f) })
					return out
				}
				for t := range steps {
					now := times(array{[]int{b, in}, x[0].data[t*b*in:][:b*in]}, maskX)
					states := []array{inner(state, matmul(concatenated(now, times(state, maskH)), valueOf(w.W0)), autograd.ActTanh)}
					state = array{[]int{b, h}, y.data[t*b*h:][:b*h]}
					for i, q := range cell.Switch {
						states = append(states, inner(states[q], matmul(times(states[q], maskH), valueOf(w.W[i])), cell.Act[i]))
						for j, v := range states[i+1].data {
							state.data[j] += v / float64(len(cell.Switch))
						}
					}
				}
				return y
			},
			macs: steps * b * (in + (1+len(cell.Switch))*h) * 2 * h, rounds: made,
		}
	}}
}

func embeddingCase(name string, scaled bool) opCase {
	return opCase{name, func(s size) *operation {
		rows, c, t, b := s.pick(6, 10000), s.pick(4, 650), s.pick(3, 35), s.pick(2, 32)
		table := param("table", rows, c)
		index := make([]int32, t*b)
		for i := range index {
			index[i] = int32(i * i % rows)
		}
		var scale []float32
		if scaled {
			scale = dropMask(rows)
		}
		return &operation{
			params: []*autograd.Param{table}, apart: true,
			run: func(tp *autograd.Tape, x vars) *autograd.Var {
				return autograd.Embedding(tp, table, index, scale, t, b, c)
			},
			want: func(x []array) array {
				y := newArray(t, b, c)
				y.each(func(i []int, v *float64) {
					row := int(index[i[0]*b+i[1]])
					if *v = float64(table.Value.At(row, i[2])); scaled {
						*v *= float64(scale[row])
					}
				})
				return y
			},
			moved: 2 * t * b * c, movedBack: 3*t*b*c + rows*c,
		}
	}}
}

var opCases = slices.Concat(coreCases, arithmeticCases, arrangementCases, sequenceCases, customCases)

// coreCases are the operations that the five supernets are made of.
var coreCases = []opCase{
	elementwise("ReLU", autograd.ReLU, relu),
	elementwise("ReLU6", autograd.ReLU6, relu6),
	elementwise("Sigmoid", autograd.Sigmoid, sigmoid),
	elementwise("Tanh", autograd.Tanh, math.Tanh),
	elementwise("Scale", func(tp *autograd.Tape, x *autograd.Var) *autograd.Var { return autograd.Scale(tp, x, -1.5) }, func(v float64) float64 { return -1.5 * v }),
	pairwise("Add", autograd.Add, func(v, w float64) float64 { return v + w }, 0),
	pairwise("Mul", autograd.Mul, func(v, w float64) float64 { return v * w }, 5),
	{"Mul/square", func(s size) *operation {
		x := s.images(1)
		return &operation{
			x:     []tensor.Tensor{x},
			run:   func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Mul(tp, x[0], x[0]) },
			want:  func(x []array) array { return mapped(x[0], sq) },
			moved: 2 * x.Len(), movedBack: 5 * x.Len(),
		}
	}},
	{"Reshape", func(s size) *operation {
		x := s.images(1)
		n, rest := x.Dim(0), x.Len()/x.Dim(0)
		return &operation{
			x: []tensor.Tensor{x}, apart: true,
			run: func(tp *autograd.Tape, x vars) *autograd.Var {
				return autograd.Reshape(tp, x[0], n, rest)
			},
			want: func(x []array) array { return array{[]int{x[0].shape[0], len(x[0].data) / x[0].shape[0]}, x[0].data} },
		}
	}},
	{"Window", func(s size) *operation {
		x := s.images(1)
		lo, hi := 1, x.Cols()-2
		n := x.Rows() * (hi - lo)
		return &operation{
			x: []tensor.Tensor{x}, apart: true,
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Window(tp, x[0], lo, hi) },
			want: func(x []array) array {
				y := newArray(x[0].shape[0], x[0].shape[1], x[0].shape[2], hi-lo)
				y.each(func(i []int, v *float64) { *v = x[0].at(i[0], i[1], i[2], lo+i[3]) })
				return y
			},
			movedBack: n + 2*x.Len(),
		}
	}},
	{"NewConcat", func(s size) *operation {
		x := []tensor.Tensor{s.images(1), s.images(2)}
		n, c := x[0].Len(), x[0].Cols()
		shape := x[0].Shape()
		shape[3] = 2 * c
		return &operation{
			x: x, // the first part is made in place, the second is copied
			run: func(tp *autograd.Tape, x vars) *autograd.Var {
				cat := autograd.NewConcat(tp, shape...)
				cat.Next(c)
				return cat.Join(autograd.Tanh(tp, x[0]), x[1])
			},
			want:  func(x []array) array { return concatenated(mapped(x[0], math.Tanh), x[1]) },
			moved: 4 * n, movedBack: 3 * n,
		}
	}},

	reduction("Sum", func(tp *autograd.Tape, x *autograd.Var) *autograd.Var { return autograd.Sum(tp, x) }, func(x array) float64 { return sum(x, plain) }),
	reduction("Mean", func(tp *autograd.Tape, x *autograd.Var) *autograd.Var { return autograd.Mean(tp, x) }, func(x array) float64 { return sum(x, plain) / float64(len(x.data)) }),
	reduction("ActivationRegularization", func(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
		return autograd.ActivationRegularization(tp, x, 2)
	}, func(x array) float64 { return 2 * sum(x, sq) / float64(len(x.data)) }),
	reduction("TemporalActivationRegularization", func(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
		return autograd.TemporalActivationRegularization(tp, x, 3)
	}, func(x array) float64 {
		step, s := len(x.data)/x.shape[0], 0.
		for i := step; i < len(x.data); i++ {
			s += sq(x.data[i] - x.data[i-step])
		}
		return 3 * s / float64(len(x.data)-step)
	}),
	{"MSE", func(s size) *operation {
		x := []tensor.Tensor{s.images(1), s.images(2)}
		return &operation{
			x:   x,
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.MSE(tp, x[0], x[1]) },
			want: func(x []array) array {
				d := combined(x[0], x[1], func(v, w float64) float64 { return v - w })
				return scalar(sum(d, sq) / float64(len(d.data)))
			},
			moved: 3 * x[0].Len(), movedBack: 4 * x[0].Len(),
		}
	}},
	crossEntropyCase("CrossEntropy", autograd.CrossEntropy, 0, 0, flat),
	crossEntropyCase("CrossEntropy/smoothed", autograd.CrossEntropy, 0.1, 0, flat),
	crossEntropyCase("CrossEntropy/ignored", autograd.CrossEntropy, 0.1, 2, flat),
	crossEntropyCase("CrossEntropy/pixels", autograd.CrossEntropy, 0.1, 3, pixels),
	crossEntropyCase("CrossEntropyInPlace", autograd.CrossEntropyInPlace, 0, 0, flat), // of logits that it leaves alone: see its own test
	{"Softmax", func(s size) *operation {
		x := s.words(1, s.pick(7, 512))
		return &operation{
			x: []tensor.Tensor{x}, apart: true,
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Softmax(tp, x[0]) },
			want: func(x []array) array {
				return alongRows(x[0], func(row []float64) {
					l := logSumExp(row)
					for i, v := range row {
						row[i] = math.Exp(v - l)
					}
				})
			},
			moved: 2 * x.Len(), movedBack: 3 * x.Len(),
		}
	}},
	{"LogSoftmax", func(s size) *operation {
		x := s.words(1, s.pick(7, 512))
		return &operation{
			x: []tensor.Tensor{x}, apart: true,
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.LogSoftmax(tp, x[0]) },
			want: func(x []array) array {
				return alongRows(x[0], func(row []float64) {
					l := logSumExp(row)
					for i := range row {
						row[i] -= l
					}
				})
			},
			moved: 2 * x.Len(), movedBack: 3 * x.Len(),
		}
	}},

	linearCase("Linear", false, false, 2),
	linearCase("Linear/sequence", true, false, 3),
	linearCase("TiedLinear", true, true, 2),
	linearCase("TiedLinear/sequence", false, true, 3),

	convCase("Conv2D", autograd.ActIdentity, func(s size) conv.Kernel { return conv.Square(s.pick(5, 64), s.pick(7, 64), 3, 1) }, true),
	convCase("Convs", autograd.ActReLU, func(s size) conv.Kernel { return conv.Square(s.pick(5, 64), s.pick(7, 64), 3, 1) }, false),
	convCase("Convs/relu6", autograd.ActReLU6, func(s size) conv.Kernel { return conv.Square(s.pick(5, 64), s.pick(17, 64), 3, 2) }, false),
	convCase("Convs/1x1", autograd.ActReLU, func(s size) conv.Kernel { return conv.Square(s.pick(5, 64), s.pick(17, 64), 1, 1) }, true),
	convCase("Convs/stride", autograd.ActIdentity, func(s size) conv.Kernel { return conv.Square(s.pick(5, 64), s.pick(3, 128), 3, 2) }, false),
	convCase("Convs/even", autograd.ActIdentity, func(s size) conv.Kernel {
		return conv.Kernel{Cin: s.pick(5, 64), Cout: s.pick(4, 64), KH: 2, KW: 2, Stride: 1, Dilation: 1}
	}, false),
	convCase("Convs/dilated", autograd.ActReLU, func(s size) conv.Kernel {
		return conv.Kernel{Cin: s.pick(5, 64), Cout: s.pick(3, 64), KH: 3, KW: 3, Stride: 1, PadH: 2, PadW: 2, Dilation: 2}
	}, false),
	convCase("Convs/row", autograd.ActIdentity, func(s size) conv.Kernel {
		return conv.Kernel{Cin: s.pick(5, 64), Cout: s.pick(3, 64), KH: 1, KW: 5, Stride: 1, PadW: 2, Dilation: 1}
	}, false),
	factorizedCase("FactorizedReduction", autograd.ActReLU),
	factorizedCase("FactorizedReduction/linear", autograd.ActIdentity),
	depthwiseCase("DepthwiseConv2D", autograd.ActReLU, 3, 1, 1),
	depthwiseCase("DepthwiseConv2D/5x5", autograd.ActReLU6, 5, 2, 1),
	depthwiseCase("DepthwiseConv2D/dilated", autograd.ActIdentity, 3, 1, 2),
	depthwiseCase("DepthwiseConv2D/7x7", autograd.ActReLU, 7, 2, 2),
	foldedConvCase("FoldedConv2D", autograd.ActReLU6, 1, 1, false),
	foldedConvCase("FoldedConv2D/linear", autograd.ActIdentity, 1, 1, false),
	foldedConvCase("FoldedConv2D/3x3", autograd.ActReLU, 3, 2, false),
	foldedConvCase("FoldedConvs", autograd.ActReLU6, 3, 1, false),
	foldedConvCase("FoldedConvs/linear", autograd.ActIdentity, 3, 1, false),
	foldedConvCase("FoldedConvs/written", autograd.ActReLU, 3, 2, true),
	foldedDepthwiseCase("FoldedDepthwiseConv2D", autograd.ActReLU6, 3, 1, 1),
	foldedDepthwiseCase("FoldedDepthwiseConv2D/5x5", autograd.ActReLU, 5, 2, 1),
	foldedDepthwiseCase("FoldedDepthwiseConv2D/dilated", autograd.ActIdentity, 3, 1, 2),

	avgPoolCase("AvgPool", pool.Avg{Kernel: 3, Stride: 1, Pad: 1}),
	avgPoolCase("AvgPool/stride", pool.Avg{Kernel: 2, Stride: 2}),
	avgPoolCase("AvgPool/counted", pool.Avg{Kernel: 3, Stride: 2, Pad: 1, CountPad: true}),
	maxPoolCase("MaxPool", pool.Max{Kernel: 3, Stride: 1, Pad: 1}),
	maxPoolCase("MaxPool/stride", pool.Max{Kernel: 3, Stride: 2, Pad: 1}),
	maxPoolCase("MaxPool/apart", pool.Max{Kernel: 2, Stride: 2}),
	{"GlobalAvgPool", func(s size) *operation {
		x := s.images(1)
		return &operation{
			x:   []tensor.Tensor{x},
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.GlobalAvgPool(tp, x[0]) },
			want: func(x []array) array {
				in := x[0]
				y := newArray(in.shape[0], in.cols())
				in.each(func(i []int, v *float64) { *y.p(i[0], i[3]) += *v / float64(in.shape[1]*in.shape[2]) })
				return y
			},
			moved: x.Len(), movedBack: x.Len(),
		}
	}},
	{"UpsampleNearest", func(s size) *operation {
		x, f := s.images(1), s.pick(3, 2)
		return &operation{
			x:   []tensor.Tensor{x},
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.UpsampleNearest(tp, x[0], f) },
			want: func(x []array) array {
				in := x[0]
				y := newArray(in.shape[0], f*in.shape[1], f*in.shape[2], in.cols())
				y.each(func(i []int, v *float64) { *v = in.at(i[0], i[1]/f, i[2]/f, i[3]) })
				return y
			},
			moved: (1 + f*f) * x.Len(), movedBack: (1 + f*f) * x.Len(),
		}
	}},

	{"BatchNorm2D", func(s size) *operation {
		x := s.images(1)
		bn := batchNorm("bn", x.Cols())
		return &operation{
			x: []tensor.Tensor{x}, params: []*autograd.Param{bn.Gamma, bn.Beta}, batch: true,
			run:   func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.BatchNorm2D(tp, x[0], bn) },
			want:  func(x []array) array { return normalised(x[0], bn) },
			moved: 3 * x.Len(), movedBack: 5 * x.Len(),
		}
	}},
	nodeCase("BatchNormSum", autograd.ActIdentity, plain),
	nodeCase("BatchNormSumAct/ReLU", autograd.ActReLU, relu),
	nodeCase("BatchNormSumAct/ReLU6", autograd.ActReLU6, relu6),

	dropPathCase("DropPath", func(n int) [][]float32 { return [][]float32{dropMask(n)} }),
	dropPathCase("DropPathSum", func(n int) [][]float32 { m := dropMask(2 * n); return [][]float32{m[:n], nil, m[n:]} }),
	{"Dropout", func(s size) *operation {
		x := s.images(1)
		mask := dropMask(x.Len())
		return &operation{
			x:   []tensor.Tensor{x},
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Dropout(tp, x[0], mask) },
			want: func(x []array) array {
				y := mapped(x[0], plain)
				for i := range y.data {
					y.data[i] *= float64(mask[i])
				}
				return y
			},
			moved: 3 * x.Len(), movedBack: 3 * x.Len(),
		}
	}},
	{"LockedDropout", func(s size) *operation {
		x := s.words(1, s.pick(7, 650))
		mask := dropMask(x.Len() / x.Dim(0))
		return &operation{
			x:   []tensor.Tensor{x},
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.LockedDropout(tp, x[0], mask) },
			want: func(x []array) array {
				y := mapped(x[0], plain)
				for i := range y.data {
					y.data[i] *= float64(mask[i%len(mask)])
				}
				return y
			},
			moved: 2 * x.Len(), movedBack: 2 * x.Len(),
		}
	}},

	lstmCase(),
	highwayCase("Highway", autograd.ActTanh),
	highwayCase("Highway/relu", autograd.ActReLU),
	highwayCase("Highway/sigmoid", autograd.ActSigmoid),
	highwayCase("Highway/identity", autograd.ActIdentity),
	dartsCellCase("DARTSCell", true),
	dartsCellCase("DARTSCell/unmasked", false),
	embeddingCase("Embedding", false),
	embeddingCase("Embedding/dropout", true),
}
