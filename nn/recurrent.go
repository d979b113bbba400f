package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// State is what a recurrent layer carries from one stretch of sequences to the next. The zero value stands for their beginning. The
// tensors are for looking at them, and for the Extra of a [Checkpoint]; they hold [Layers × directions][B][Hidden].
type State struct {
	H tensor.Tensor // the outputs of the last step
	C tensor.Tensor // the cells of an LSTM
}

// Stack is layers of one kind upon each other, in one direction or two.
type Stack struct {
	// Between is applied to the outputs of all layers but the last, as a [Dropout]; nil: nothing is.
	Between Layer

	op                         string
	layers, directions, hidden int
}

// newStack makes a stack of layers that add makes, which has their inputs and what PyTorch has at the end of the names of their parameters.
func newStack(op string, in, hidden int, options []Option, add func(in int, suffix string)) Stack {
	o := choose(op, options, "Layers", "Bidirectional")
	if in < 1 || hidden < 1 || o.layers < 1 {
		panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("%d layers of %d units on %d inputs", o.layers, hidden, in),
			Want: "at least one of everything"})
	}
	s := Stack{op: op, layers: o.layers, directions: 1, hidden: hidden}
	if o.bidirectional {
		s.directions = 2
	}
	for i := range o.layers {
		add(in, fmt.Sprintf("_l%d", i))
		if o.bidirectional {
			add(in, fmt.Sprintf("_l%d_reverse", i))
		}
		in = hidden * s.directions
	}
	return s
}

// run calls a layer after the other for x, [T][B][In], or for x from its end to its beginning.
func (s *Stack) run(tp *autograd.Tape, x *autograd.Var, layer func(i int, x *autograd.Var) *autograd.Var) *autograd.Var {
	tp.Check(s.op, x)
	for i := range s.layers {
		if i > 0 && s.Between != nil {
			x = s.Between.Forward(tp, x)
		}
		if s.directions == 1 {
			x = layer(i, x)
			continue
		}
		back := autograd.Flip(tp, layer(2*i+1, autograd.Flip(tp, x, 0)), 0)
		x = autograd.Cat(tp, -1, layer(2*i, x), back)
	}
	return x
}

// initial is the state of the i-th layer that it starts from, of a batch like that of x: zeros, or that of a carried state, which lies in
// memory of the tape, so that the state can be overwritten by the next.
func (s *Stack) initial(tp *autograd.Tape, state *tensor.Tensor, i int, x *autograd.Var) *autograd.Var {
	b := x.Value.Dim(1)
	if state == nil {
		return tp.Constant(zeros(b, s.hidden))
	}
	if state.IsZero() {
		*state = tensor.New(s.layers*s.directions, b, s.hidden)
	}
	if state.Rank() != 3 || state.Dim(0) != s.layers*s.directions || state.Dim(1) != b || state.Dim(2) != s.hidden {
		panic(tensor.ShapeError{Op: s.op, Got: fmt.Sprintf("a state of shape %v", state.Shape()),
			Want: fmt.Sprint([]int{s.layers * s.directions, b, s.hidden})})
	}
	return autograd.Scale(tp, tp.Constant(stateOf(*state, i)), 1)
}

// stateOf is the state of the i-th layer.
func stateOf(state tensor.Tensor, i int) tensor.Tensor {
	b, h := state.Dim(1), state.Dim(2)
	return tensor.Wrap(state.Data[i*b*h:][:b*h], b, h)
}

// carry keeps the last step of y, [T][B][Hidden], as the state of the i-th layer.
func carry(state *tensor.Tensor, i int, y *autograd.Var) {
	if state == nil || y.Value.Dim(0) == 0 {
		return
	}
	to := stateOf(*state, i)
	copy(to.Data, y.Value.Data[y.Value.Len()-to.Len():])
}

// zeroes is memory that stays zero.
var zeroes atomic.Pointer[[]float32]

// zeros is a tensor of zeros that nobody may change.
func zeros(shape ...int) tensor.Tensor {
	n := tensor.Size(shape...)
	z := zeroes.Load()
	if z == nil || len(*z) < n {
		fresh := make([]float32, n)
		z = &fresh
		zeroes.Store(z)
	}
	return tensor.Wrap((*z)[:n], shape...)
}

// LSTM is layers of long short-term memory (Hochreiter and Schmidhuber 1997) with one bias, the sum of PyTorch's two.
type LSTM struct {
	Stack
	Weights []autograd.LSTMParams // of each layer, and behind it of its reverse
}

// NewLSTM makes layers of so many units, with [Layers] and [Bidirectional] as options, initialised and called as in PyTorch: uniform within
// ±1/√hidden.
func NewLSTM(sc Scope, in, hidden int, options ...Option) *LSTM {
	init := Uniform(1 / math.Sqrt(float64(hidden)))
	l := new(LSTM)
	l.Stack = newStack("nn.LSTM", in, hidden, options, func(in int, suffix string) {
		w := autograd.LSTMParams{
			WIH:  sc.Weight("weight_ih"+suffix, OI, init, in, 4*hidden),
			WHH:  sc.Weight("weight_hh"+suffix, OI, init, hidden, 4*hidden),
			Bias: sc.Bias("bias"+suffix, sumOfTwo(init), 4*hidden),
		}
		sc.arrange(w.Bias).biases = biasSum
		l.Weights = append(l.Weights, w)
	})
	return l
}

// Forward maps x, [T][B][In], to [T][B][Hidden × directions], from states of zeros.
func (l *LSTM) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return l.ForwardFrom(tp, x, nil)
}

// ForwardFrom is Forward from a state, which it replaces by that after the last step. Gradients do not flow into it, as in truncated
// backpropagation through time; to let them, use [autograd.LSTM].
func (l *LSTM) ForwardFrom(tp *autograd.Tape, x *autograd.Var, s *State) *autograd.Var {
	var h, c *tensor.Tensor
	if s != nil {
		h, c = &s.H, &s.C
	}
	return l.run(tp, x, func(i int, x *autograd.Var) *autograd.Var {
		y, last := autograd.LSTM(tp, x, l.initial(tp, h, i, x), l.initial(tp, c, i, x), l.Weights[i])
		carry(h, i, y)
		if c != nil {
			copy(stateOf(*c, i).Data, last.Data)
		}
		return y
	})
}

// GRU is layers of gated recurrent units (Cho et al. 2014, arXiv 1406.1078), with PyTorch's gates.
type GRU struct {
	Stack
	Weights []autograd.GRUParams // of each layer, and behind it of its reverse
}

// NewGRU makes layers of so many units, with [Layers] and [Bidirectional] as options, initialised and called as in PyTorch: uniform within
// ±1/√hidden.
func NewGRU(sc Scope, in, hidden int, options ...Option) *GRU {
	init := Uniform(1 / math.Sqrt(float64(hidden)))
	g := new(GRU)
	g.Stack = newStack("nn.GRU", in, hidden, options, func(in int, suffix string) {
		w := autograd.GRUParams{
			WIH:    sc.Weight("weight_ih"+suffix, OI, init, in, 3*hidden),
			WHH:    sc.Weight("weight_hh"+suffix, OI, init, hidden, 3*hidden),
			Bias:   sc.Bias("bias"+suffix, gruInit(init), 3*hidden),
			BiasHN: sc.Bias("bias_hn"+suffix, init, hidden),
		}
		sc.arrange(w.Bias).biases, sc.arrange(w.BiasHN).biases = gruBias, gruStateBias
		g.Weights = append(g.Weights, w)
	})
	return g
}

// gruInit adds up two draws for the gates, and takes one for the candidate.
func gruInit(init Init) Init {
	return func(rng *rand.Rand, t tensor.Tensor) {
		gates := 2 * t.Len() / 3
		sumOfTwo(init)(rng, tensor.Wrap(t.Data[:gates], gates))
		init(rng, tensor.Wrap(t.Data[gates:], t.Len()-gates))
	}
}

// Forward maps x, [T][B][In], to [T][B][Hidden × directions], from states of zeros.
func (g *GRU) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return g.ForwardFrom(tp, x, nil)
}

// ForwardFrom is Forward from a state: see [LSTM.ForwardFrom].
func (g *GRU) ForwardFrom(tp *autograd.Tape, x *autograd.Var, s *State) *autograd.Var {
	h := hidden(s)
	return g.run(tp, x, func(i int, x *autograd.Var) *autograd.Var {
		y := autograd.GRU(tp, x, g.initial(tp, h, i, x), g.Weights[i])
		carry(h, i, y)
		return y
	})
}

// hidden is the state of layers that have no cells.
func hidden(s *State) *tensor.Tensor {
	if s == nil {
		return nil
	}
	return &s.H
}

// RNN is plain recurrent layers (Elman 1990) with tanh, or ReLU, behind the sum of input and state, and one bias, the sum of PyTorch's two.
type RNN struct {
	Stack
	ReLU    bool                 // rather than tanh
	Weights []autograd.RNNParams // of each layer, and behind it of its reverse
}

// NewRNN makes layers of so many units, with [Layers] and [Bidirectional] as options, initialised and called as in PyTorch: uniform within
// ±1/√hidden.
func NewRNN(sc Scope, in, hidden int, options ...Option) *RNN {
	init := Uniform(1 / math.Sqrt(float64(hidden)))
	r := new(RNN)
	r.Stack = newStack("nn.RNN", in, hidden, options, func(in int, suffix string) {
		w := autograd.RNNParams{
			WIH:  sc.Weight("weight_ih"+suffix, OI, init, in, hidden),
			WHH:  sc.Weight("weight_hh"+suffix, OI, init, hidden, hidden),
			Bias: sc.Bias("bias"+suffix, sumOfTwo(init), hidden),
		}
		sc.arrange(w.Bias).biases = biasSum
		r.Weights = append(r.Weights, w)
	})
	return r
}

// Forward maps x, [T][B][In], to [T][B][Hidden × directions], from states of zeros.
func (r *RNN) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return r.ForwardFrom(tp, x, nil)
}

// ForwardFrom is Forward from a state: see [LSTM.ForwardFrom].
func (r *RNN) ForwardFrom(tp *autograd.Tape, x *autograd.Var, s *State) *autograd.Var {
	h, f := hidden(s), autograd.ActTanh
	if r.ReLU {
		f = autograd.ActReLU
	}
	return r.run(tp, x, func(i int, x *autograd.Var) *autograd.Var {
		y := autograd.RNN(tp, x, r.initial(tp, h, i, x), r.Weights[i], f)
		carry(h, i, y)
		return y
	})
}
