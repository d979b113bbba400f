package autograd_test

import (
	"math"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/tensor"
)

// recurrentCases are the recurrences beyond the LSTM and the cell of DARTS.
var recurrentCases = []opCase{
	{"GRU", func(s size) *operation {
		in, h := s.pick(4, 300), s.pick(5, 300)
		x := s.words(1, in)
		steps, b := x.Dim(0), x.Dim(1)
		w := autograd.GRUParams{WIH: param("wih", in, 3*h), WHH: param("whh", h, 3*h), Bias: param("bias", 3*h)}
		w.BiasHN = param("bias_hn", h)
		return &operation{
			x: []tensor.Tensor{x, gradcheck.Random(2, b, h)}, params: []*autograd.Param{w.WIH, w.WHH, w.Bias, w.BiasHN},
			dense: true, apart: true,
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.GRU(tp, x[0], x[1], w) },
			want: func(x []array) array {
				y, state := newArray(steps, b, h), x[1]
				for t := range steps {
					now := array{[]int{b, in}, x[0].data[t*b*in:][:b*in]}
					zx, zh := withBias(matmul(now, valueOf(w.WIH)), valueOf(w.Bias)), matmul(state, valueOf(w.WHH))
					next := array{[]int{b, h}, y.data[t*b*h:][:b*h]}
					next.each(func(i []int, v *float64) {
						gate := func(k int) float64 { return sigmoid(zx.at(i[0], k*h+i[1]) + zh.at(i[0], k*h+i[1])) }
						n := math.Tanh(zx.at(i[0], 2*h+i[1]) + gate(0)*(zh.at(i[0], 2*h+i[1])+float64(w.BiasHN.Value.Data[i[1]])))
						*v = (1-gate(1))*n + gate(1)*state.at(i...)
					})
					state = next
				}
				return y
			},
			macs: steps * b * (in + h) * 3 * h, rounds: made,
		}
	}},
	rnnCase("RNN", autograd.ActTanh, math.Tanh),
	rnnCase("RNN/relu", autograd.ActReLU, relu),
}

func rnnCase(name string, act autograd.Activation, f func(float64) float64) opCase {
	return opCase{name, func(s size) *operation {
		in, h := s.pick(4, 300), s.pick(5, 300)
		x := s.words(1, in)
		steps, b := x.Dim(0), x.Dim(1)
		w := autograd.RNNParams{WIH: param("wih", in, h), WHH: param("whh", h, h), Bias: param("bias", h)}
		for i := range w.WIH.Value.Data { // no unit is near the kink of a ReLU
			w.WIH.Value.Data[i] *= 0.1
		}
		for i := range w.WHH.Value.Data {
			w.WHH.Value.Data[i] *= 0.1
		}
		for i := range w.Bias.Value.Data {
			w.Bias.Value.Data[i] = 2 * float32(1-i%3)
			if i%3 == 1 {
				w.Bias.Value.Data[i] = 1.5
			}
		}
		return &operation{
			x: []tensor.Tensor{x, gradcheck.Random(2, b, h)}, params: []*autograd.Param{w.WIH, w.WHH, w.Bias},
			dense: true, apart: true,
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.RNN(tp, x[0], x[1], w, act) },
			want: func(x []array) array {
				y, state := newArray(steps, b, h), x[1]
				for t := range steps {
					now := array{[]int{b, in}, x[0].data[t*b*in:][:b*in]}
					zx, zh := withBias(matmul(now, valueOf(w.WIH)), valueOf(w.Bias)), matmul(state, valueOf(w.WHH))
					state = combined(zx, zh, func(v, w float64) float64 { return f(v + w) })
					copy(y.data[t*b*h:], state.data)
				}
				return y
			},
			macs: steps * b * (in + h) * h, rounds: made,
		}
	}}
}
