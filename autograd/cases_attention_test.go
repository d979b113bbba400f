package autograd_test

import (
	"math"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/tensor"
)

var attentionCases = []opCase{
	attentionCase("Attention", autograd.AttentionConfig{}, false),
	attentionCase("Attention/causal", autograd.AttentionConfig{Causal: true}, false),
	attentionCase("Attention/time_first", autograd.AttentionConfig{TimeFirst: true, Causal: true}, false),
	attentionCase("Attention/scale", autograd.AttentionConfig{Scale: 0.3}, false),
	attentionCase("Attention/mask", autograd.AttentionConfig{}, true),
	{"Attention/itself", func(s size) *operation {
		b, t, heads, d := s.pick(2, 4), s.pick(5, 128), s.pick(2, 8), s.pick(3, 64)
		c := autograd.AttentionConfig{Heads: heads}
		return &operation{
			x:    []tensor.Tensor{gradcheck.Random(1, b, t, heads*d)},
			run:  func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Attention(tp, x[0], x[0], x[0], c) },
			want: func(x []array) array { return attended(x[0], x[0], x[0], c) },
			macs: 2 * b * t * t * heads * d,
		}
	}},
}

// attentionCase is an attention of queries to other keys, with values of another width, unless it is a large one.
func attentionCase(name string, c autograd.AttentionConfig, masked bool) opCase {
	return opCase{name, func(s size) *operation {
		b, tq, tk, d, dv := 2, 4, 5, 3, 2
		c := c
		c.Heads = s.pick(3, 8)
		if s != small {
			b, tq, tk, d, dv = 4, 256, 256, 64, 64
		}
		sequence := func(seed uint64, t, width int) tensor.Tensor {
			if c.TimeFirst {
				return gradcheck.Random(seed, t, b, width)
			}
			return gradcheck.Random(seed, b, t, width)
		}
		if masked {
			c.Mask = gradcheck.Random(4, b, tq, tk)
			for i := range c.Mask.Data { // some keys are not seen, and the second query sees none
				if i%7 == 2 || i/tk == 1 {
					c.Mask.Data[i] = float32(math.Inf(-1))
				}
			}
		}
		pairs := 0
		for i := range tq {
			for j := range tk {
				if !c.Causal || j <= i {
					pairs++
				}
			}
		}
		return &operation{
			x:    []tensor.Tensor{sequence(1, tq, c.Heads*d), sequence(2, tk, c.Heads*d), sequence(3, tk, c.Heads*dv)},
			run:  func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Attention(tp, x[0], x[1], x[2], c) },
			want: func(x []array) array { return attended(x[0], x[1], x[2], c) },
			macs: b * c.Heads * pairs * (d + dv),
		}
	}}
}

// attended is an attention by its definition.
func attended(q, k, v array, c autograd.AttentionConfig) array {
	d, dv := q.cols()/c.Heads, v.cols()/c.Heads
	at := func(x array, b, t, j int) float64 {
		if c.TimeFirst {
			return x.at(t, b, j)
		}
		return x.at(b, t, j)
	}
	keys := k.shape[1]
	if c.TimeFirst {
		keys = k.shape[0]
	}
	scale := c.Scale
	if scale == 0 {
		scale = 1 / math.Sqrt(float64(d))
	}
	y := newArray(q.shape[0], q.shape[1], c.Heads*dv)
	y.each(func(i []int, out *float64) {
		b, t, h := i[0], i[1], i[2]/dv
		if c.TimeFirst {
			b, t = t, b
		}
		sum := 0.
		for s := range keys {
			score := 0.
			for j := range d {
				score += scale * at(q, b, t, h*d+j) * at(k, b, s, h*d+j)
			}
			if !c.Mask.IsZero() {
				score += float64(c.Mask.At(b, t, s))
			}
			if c.Causal && s > t {
				continue
			}
			sum += math.Exp(score)
			*out += math.Exp(score) * at(v, b, s, i[2])
		}
		if sum > 0 {
			*out /= sum
		}
	})
	return y
}
