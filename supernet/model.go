package supernet

import (
	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
)

// Model is a network that can be any architecture of its space, with the parameters of all of them.
type Model interface {
	// Activate makes the model be the architecture from now on. It panics if the model has no parameters for it.
	Activate(a spaces.Arch)
	// Forward computes the logits [N][classes] of the images x, [N][H][W][C], with the active architecture. Where nothing is
	// recorded it gives back x and everything in between.
	Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var
	// Store holds the parameters and buffers.
	Store() *nn.Store
}
