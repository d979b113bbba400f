package nn

import (
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Dropout zeroes elements with probability P and multiplies the others with 1/(1−P), while a tape is reset to Training
// (Srivastava et al. 2014). Rand draws, one number for each element; the same seed in each step gives the same training.
type Dropout struct {
	P    float64 // 0 ≤ P < 1
	Rand *rand.Rand
}

// Forward drops elements of x.
func (d Dropout) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	tp.Check("nn.Dropout", x)
	if mask := d.mask(tp, x.Value.Len()); mask != nil {
		return autograd.Dropout(tp, x, mask)
	}
	return x
}

// mask draws n factors; nil if nothing is dropped.
func (d Dropout) mask(tp *autograd.Tape, n int) []float32 {
	if d.P == 0 || tp.Mode() != autograd.Training {
		return nil
	}
	if d.Rand == nil {
		panic(tensor.ShapeError{Op: "nn.Dropout", Got: "no random numbers", Want: "Rand, such as rand.New(rand.NewPCG(seed, 0))"})
	}
	return autograd.Mask(tp, n, d.P, d.Rand)
}

// LockedDropout is [Dropout] with one mask for all steps of a sequence (Gal and Ghahramani 2016, arXiv 1512.05287).
type LockedDropout Dropout

// Forward drops the same elements in each step of x, [T][B][C].
func (d LockedDropout) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	tp.Check("nn.LockedDropout", x)
	if mask := Dropout(d).mask(tp, x.Value.Len()/max(x.Value.Dim(0), 1)); mask != nil {
		return autograd.LockedDropout(tp, x, mask)
	}
	return x
}

// DropPath is [Dropout] of whole samples: of what a branch of the network contributes to them (Larsson, Maire and
// Shakhnarovich 2017, arXiv 1605.07648).
type DropPath Dropout

// Forward drops samples of x, [N][…][C].
func (d DropPath) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	tp.Check("nn.DropPath", x)
	if mask := Dropout(d).mask(tp, x.Value.Dim(0)); mask != nil {
		return autograd.DropPath(tp, x, mask)
	}
	return x
}
