package rnn

import (
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// pass is what a layer lays out for one pass, forward or backward, and nobody needs behind it: the layers of a network use the same, one
// after the other. It is as large as their weights.
type pass struct {
	packed gemm.Packed // WHH; on the way back its transpose, then gradients
	before []float32   // [T·B][H]: the outputs of the step before each, for Backward
}

var passes parallel.FreeList[pass]

// shift fills in what each of t·b rows began with, of h: h0 [B][H] in the first step, then the outputs y [T][B][H] but the last.
func (p *pass) shift(h0, y []float32, t, b, h int) {
	p.before = grow(p.before, t*b*h)
	copy(p.before[copy(p.before, h0[:b*h]):], y)
}
