package nn

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Linear is a fully connected layer.
type Linear struct {
	Weight *autograd.Param // [In][Out]
	Bias   *autograd.Param // [Out], or nil

	h, w int // of the images that it reads; 0: none
}

// NewLinear makes a linear layer, initialised as in PyTorch, with [NoBias] and [Flattened] as options.
func NewLinear(sc Scope, in, out int, options ...Option) *Linear {
	o := choose("nn.NewLinear", options, "NoBias", "Flattened")
	l := &Linear{Weight: sc.Weight("weight", OI, Default, in, out)}
	if o.bias {
		l.Bias = sc.Bias("bias", Uniform(1/math.Sqrt(float64(in))), out)
	}
	if o.h != 0 || o.w != 0 {
		if o.h < 1 || o.w < 1 || in%(o.h*o.w) != 0 {
			panic(tensor.ShapeError{Op: "nn.NewLinear", Got: fmt.Sprintf("%d inputs", in),
				Want: fmt.Sprintf("the channels of %d×%d pixels", o.h, o.w)})
		}
		l.h, l.w = o.h, o.w
		a := sc.arrange(l.Weight)
		a.h, a.w = l.h, l.w
	}
	return l
}

// Forward maps […][In] to […][Out], or, if it reads flattened images, [N][H][W][C] to [N][Out].
func (l *Linear) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	tp.Check("nn.Linear", x)
	if l.h > 0 && x.Value.Rank() == 4 {
		if in := l.Weight.Value.Dim(0); x.Value.Dim(1) != l.h || x.Value.Dim(2) != l.w || l.h*l.w*x.Value.Dim(3) != in {
			panic(tensor.ShapeError{Op: "nn.Linear", Got: fmt.Sprintf("images %v", x.Value.Shape()),
				Want: fmt.Sprintf("[N %d %d %d]", l.h, l.w, in/(l.h*l.w))})
		}
		x = autograd.Reshape(tp, x, x.Value.Dim(0), l.Weight.Value.Dim(0))
	}
	return autograd.Linear(tp, x, l.Weight, l.Bias)
}

// Embedding is a table of vectors, one for each word.
type Embedding struct {
	Weight *autograd.Param // [Words][C]
}

// NewEmbedding makes a table, initialised as in PyTorch: standard normal.
func NewEmbedding(sc Scope, words, c int) *Embedding {
	return &Embedding{sc.Weight("weight", SameLayout, Normal(1), words, c)}
}

// Forward looks up words [T·B], time first, as [T][B][C]. A mask, unless it is nil, has a factor for each row of the table: to
// drop whole words wherever they occur (Gal and Ghahramani 2016, arXiv 1512.05287). It must stay as it is until Backward has
// run.
func (e *Embedding) Forward(tp *autograd.Tape, words []int32, steps, batch int, mask []float32) *autograd.Var {
	return autograd.Embedding(tp, e.Weight, words, mask, steps, batch, e.Weight.Value.Dim(1))
}

// TiedLinear is the decoder of a language model that shares its weight with the embedding (Press and Wolf 2017, arXiv
// 1608.05859).
type TiedLinear struct {
	Table *autograd.Param // [Words][C], which belongs to the embedding
	Bias  *autograd.Param // [Words]
}

// NewTiedLinear makes a decoder for an embedding. Its bias starts at zero. In a state dict of PyTorch the shared weight is also found
// under the decoder's name.
func NewTiedLinear(sc Scope, e *Embedding) *TiedLinear {
	a := sc.arrange(e.Weight)
	a.tied = append(a.tied, sc.claim("weight"))
	return &TiedLinear{e.Weight, sc.Bias("bias", Constant(0), e.Weight.Value.Dim(0))}
}

// Forward maps […][C] to logits […][Words].
func (l *TiedLinear) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.TiedLinear(tp, x, l.Table, l.Bias)
}
