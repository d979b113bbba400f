package supernet

import (
	"fmt"
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Model is a network that can be any architecture of its space, with the parameters of all of them.
type Model interface {
	// Store holds the parameters and buffers.
	Store() *nn.Store
	// Activate makes the model be the architecture from now on. It is an error if the model has no parameters for it: if it
	// belongs to another space, or is not the one that a stand-alone model was made for.
	Activate(a spaces.Arch) error
	// Forward runs the active architecture on a batch. Where nothing is recorded it gives back the memory of everything but
	// the logits.
	Forward(p *Pass, b *Batch) Output
}

// Recurrent is a model that carries a state from batch to batch.
type Recurrent interface {
	Model
	HiddenSize() int // H of [Pass.Hidden]
}

// Pass is what a forward pass reads besides the batch.
type Pass struct {
	Tape *autograd.Tape
	Rand *rand.Rand // for dropout and drop path in training
	// Progress of training, from 0 to 1, for what grows with it, such as the probability of drop path.
	Progress float64
	// Hidden is the state of a [Recurrent] model before the batch, [B][H]; the pass replaces it by the state after the batch.
	// No gradient flows through it.
	Hidden tensor.Tensor
	// Differentiate asks for the gradient of the images, which Backward leaves in that of Input.
	Differentiate bool
	Input         *autograd.Var // the images of the pass
}

// Images puts the images of a batch on the tape. Every model of images reads them through it.
func (p *Pass) Images(b *Batch) *autograd.Var {
	if p.Differentiate {
		p.Input = p.Tape.Variable(b.Images)
	} else {
		p.Input = p.Tape.Constant(b.Images)
	}
	return p.Input
}

// Training says whether the pass trains: dropout, drop path and auxiliary heads are for training only.
func (p *Pass) Training() bool { return p.Tape.Mode() == autograd.Training }

// Output is what a forward pass computes.
type Output struct {
	Logits *autograd.Var // […][classes]: a row for each target of the batch
	// Auxiliary is the logits of an auxiliary classifier, whose loss counts with [TrainConfig.Auxiliary]; nil outside of
	// training, and where there is none.
	Auxiliary *autograd.Var
	// Penalties are losses of one element that are added to that of the logits, in training.
	Penalties []*autograd.Var
}

// activate returns a as an architecture of the type that a model of the named space is for, if it is a valid one and, of a network that
// was made for only one, that one.
func activate[A interface {
	comparable
	spaces.Arch
}](space string, only *A, a spaces.Arch, valid func(A) bool) (arch A, err error) {
	arch, ok := a.(A)
	if !ok || !valid(arch) {
		return arch, fmt.Errorf("supernet: %v (%T) is not an architecture of %s", a, a, space)
	}
	if only != nil && arch != *only {
		return arch, fmt.Errorf("supernet: this network was made for %v alone and has no weights for %v", *only, a)
	}
	return arch, nil
}

// sum adds up the terms of a node; nil if there are none. A single plain term is the node itself.
func sum(tp *autograd.Tape, terms []autograd.Term) *autograd.Var {
	switch {
	case len(terms) == 0:
		return nil
	case len(terms) == 1 && terms[0].BN == nil:
		return terms[0].X
	}
	return autograd.BatchNormSum(tp, terms...)
}
