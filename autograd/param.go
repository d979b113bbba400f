package autograd

import "github.com/oneshot-nas/oneshot/tensor"

// Param is a trainable tensor. It lives outside of tapes and is shared by every step that uses it.
type Param struct {
	Name  string // dotted, stable: "cells.0.edge.0_1.1.weight"
	Value tensor.Tensor
	// Grad has the shape of Value. Its contents mean something only while Touched is set: the first contribution of a step
	// overwrites it, later ones are added, so that parameters which a step does not use cost nothing.
	Grad tensor.Tensor
	// NoDecay exempts the parameter from weight decay, for recipes that decay weights only.
	NoDecay bool

	touched bool
}

// NewParam returns a parameter of zeros.
func NewParam(name string, shape ...int) *Param {
	return &Param{Name: name, Value: tensor.New(shape...), Grad: tensor.New(shape...)}
}

// Touched reports whether the current step has a gradient for the parameter. An untouched parameter is what PyTorch calls
// one whose grad is None: optimisers pass it over.
func (p *Param) Touched() bool { return p.touched }

// gradSlot returns where to write a gradient contribution, and whether to add it to what is there.
func (tp *Tape) gradSlot(p *Param) (grad tensor.Tensor, add bool) {
	if p.touched {
		return p.Grad, true
	}
	p.touched = true
	tp.touched = append(tp.touched, p)
	return p.Grad, false
}
