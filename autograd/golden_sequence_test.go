package autograd_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// torchSequence is a case of testdata/sequence.safetensors, which sequence.py beside it has PyTorch compute: inputs, the value y, its
// gradient dy, and the gradients of the inputs, d and their name.
type torchSequence struct {
	t       *testing.T
	tp      *autograd.Tape
	tensors map[string]tensor.Tensor
	checks  []func() // of gradients, after the backward pass
}

// input is a value on the tape.
func (s *torchSequence) input(name string) *autograd.Var {
	v := s.tp.Variable(s.get(name))
	s.checks = append(s.checks, func() { s.compare("d"+name, v.Grad()) })
	return v
}

// param is a parameter in PyTorch's layout.
func (s *torchSequence) param(name string) *autograd.Param {
	p := autograd.NewParam(name, s.get(name).Shape()...)
	p.Value.CopyFrom(s.get(name))
	s.checks = append(s.checks, func() { s.compare("d"+name, p.Grad) })
	return p
}

// transposed is a parameter that is the transpose of PyTorch's.
func (s *torchSequence) transposed(name string) *autograd.Param {
	v := s.get(name).Transpose(1, 0)
	p := autograd.NewParam(name, v.Shape()...)
	p.Value.CopyFrom(v)
	s.checks = append(s.checks, func() { s.compare("d"+name, p.Grad.Transpose(1, 0)) })
	return p
}

// biases are the two of a layer of so many gates as our one, and what bhh has beyond the first of them apart.
func (s *torchSequence) biases(summed int) (bias, rest *autograd.Param) {
	ih, hh := s.get("bih"), s.get("bhh")
	bias, rest = autograd.NewParam("bias", ih.Len()), autograd.NewParam("rest", hh.Len()-summed)
	for i, v := range ih.Data {
		bias.Value.Data[i] = v
		if i < summed {
			bias.Value.Data[i] += hh.Data[i]
		} else {
			rest.Value.Data[i-summed] = hh.Data[i]
		}
	}
	s.checks = append(s.checks, func() {
		s.compare("dbih", bias.Grad)
		if rest.Value.Len() > 0 {
			whole := bias.Grad.Clone()
			copy(whole.Data[summed:], rest.Grad.Data)
			s.compare("dbhh", whole)
		}
	})
	return bias, rest
}

func (s *torchSequence) get(name string) tensor.Tensor {
	s.t.Helper()
	v, ok := s.tensors[name]
	if !ok {
		s.t.Fatalf("no tensor %s", name)
	}
	return v
}

func (s *torchSequence) compare(name string, got tensor.Tensor) {
	s.t.Helper()
	want := s.get(name)
	if !got.SameShape(want) {
		s.t.Errorf("%s has shape %v, want %v", name, got.Shape(), want.Shape())
	} else if e := nmse(got.Clone().Data, want.Data); !(e <= 1e-12) {
		s.t.Errorf("%s: normalised squared error %.2g", name, e)
	}
}

// state is h0 without PyTorch's axis of layers.
func (s *torchSequence) state() *autograd.Var {
	h0 := s.get("h0")
	v := s.tp.Variable(h0.Reshape(h0.Dim(1), h0.Dim(2)))
	s.checks = append(s.checks, func() { s.compare("dh0", v.Grad().Reshape(h0.Shape()...)) })
	return v
}

func (s *torchSequence) run(name string) *autograd.Var {
	tp := s.tp
	kind, what, _ := strings.Cut(name, "_")
	switch {
	case kind == "layernorm":
		return autograd.LayerNorm(tp, s.input("x"), s.param("gamma"), s.param("beta"), 1e-5)
	case kind == "rmsnorm":
		return autograd.RMSNorm(tp, s.input("x"), s.param("gamma"), 1e-5)
	case strings.HasPrefix(kind, "groupnorm"):
		groups, err := strconv.Atoi(kind[len("groupnorm"):])
		if err != nil {
			s.t.Fatal(err)
		}
		return autograd.GroupNorm(tp, s.input("x"), groups, s.param("gamma"), s.param("beta"), 1e-5)
	case kind == "attention":
		c := autograd.AttentionConfig{Heads: 3, Causal: what == "causal"}
		if what == "masked" {
			c.Mask = s.get("mask")
		}
		return autograd.Attention(tp, s.input("q"), s.input("k"), s.input("v"), c)
	case kind == "gru":
		wih, whh := s.transposed("wih"), s.transposed("whh")
		bias, hn := s.biases(2 * whh.Value.Dim(0))
		return autograd.GRU(tp, s.input("x"), s.state(), autograd.GRUParams{WIH: wih, WHH: whh, Bias: bias, BiasHN: hn})
	case kind == "rnn":
		wih, whh := s.transposed("wih"), s.transposed("whh")
		bias, _ := s.biases(whh.Value.Dim(0))
		act := map[string]autograd.Activation{"tanh": autograd.ActTanh, "relu": autograd.ActReLU}[what]
		return autograd.RNN(tp, s.input("x"), s.state(), autograd.RNNParams{WIH: wih, WHH: whh, Bias: bias}, act)
	}
	s.t.Fatal("no such operation")
	return nil
}

// Values and gradients of attention, norms and recurrent layers as PyTorch computes them.
func TestSequencesAgainstPyTorch(t *testing.T) {
	f, err := tensor.LoadSafetensors("testdata/sequence.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]map[string]tensor.Tensor{}
	for _, n := range f.Tensors {
		name, what, _ := strings.Cut(n.Name, ".")
		if cases[name] == nil {
			cases[name] = map[string]tensor.Tensor{}
		}
		cases[name][what] = n.Tensor
	}
	if len(cases) != 11 {
		t.Errorf("%d cases, want 11", len(cases))
	}
	for name, tensors := range cases {
		t.Run(name, func(t *testing.T) {
			s := &torchSequence{t: t, tp: autograd.NewTape(), tensors: tensors}
			y := s.run(name)
			s.compare("y", y.Value)
			s.tp.BackwardFrom(autograd.OutputGradient{Var: y, Grad: s.get("dy")})
			for _, check := range s.checks {
				check()
			}
		})
	}
}
