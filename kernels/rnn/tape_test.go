package rnn

import (
	"math"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/bf16"
	"github.com/oneshot-nas/oneshot/kernels/gemm"
)

// tape differentiates in float64: of every value it knows the two it came from and the slopes.
type tape struct {
	value  []float64
	from   [][2]int32
	slopes [][2]float64
	coarse map[int]bool // values whose gradients are rounded to bfloat16 on the way back
}

func (tp *tape) push(value float64, a int, slopeA float64, b int, slopeB float64) int {
	tp.value = append(tp.value, value)
	tp.from = append(tp.from, [2]int32{int32(a), int32(b)})
	tp.slopes = append(tp.slopes, [2]float64{slopeA, slopeB})
	return len(tp.value) - 1
}

func (tp *tape) leaves(x []float32) []int {
	all := make([]int, len(x))
	for j, v := range x {
		all[j] = tp.push(float64(v), 0, 0, 0, 0)
	}
	return all
}

func (tp *tape) add(a, b int) int { return tp.push(tp.value[a]+tp.value[b], a, 1, b, 1) }
func (tp *tape) sub(a, b int) int { return tp.push(tp.value[a]-tp.value[b], a, 1, b, -1) }
func (tp *tape) mul(a, b int) int {
	return tp.push(tp.value[a]*tp.value[b], a, tp.value[b], b, tp.value[a])
}
func (tp *tape) scale(a int, s float64) int { return tp.push(s*tp.value[a], a, s, a, 0) }

func (tp *tape) apply(f activation.Func, a int) int {
	x := tp.value[a]
	switch f {
	case activation.Tanh:
		y := math.Tanh(x)
		return tp.push(y, a, 1-y*y, a, 0)
	case activation.ReLU:
		if x > 0 {
			return a
		}
		return tp.scale(a, 0)
	case activation.Sigmoid:
		y := sigma(x)
		return tp.push(y, a, y*(1-y), a, 0)
	}
	return a
}

// rounded is a as an operand of a product.
func (tp *tape) rounded(p gemm.Precision, a int) int {
	if p == gemm.Float32 {
		return a
	}
	return tp.push(round(tp.value[a]), a, 1, a, 0)
}

func round(x float64) float64 { return float64(bf16.Float32(bf16.Of(float32(x)))) }

// product is a row times w, [len(row)][cols]: operands are rounded, and so is the gradient of the result, an operand on the way back.
func (tp *tape) product(p gemm.Precision, row, w []int, cols int) []int {
	z, in := make([]int, cols), make([]int, len(row))
	for k, v := range row {
		in[k] = tp.rounded(p, v)
	}
	for j := range z {
		z[j] = tp.push(0, 0, 0, 0, 0)
		for k, v := range in {
			z[j] = tp.add(z[j], tp.mul(v, tp.rounded(p, w[k*cols+j])))
		}
		if p == gemm.BF16 {
			if tp.coarse == nil {
				tp.coarse = make(map[int]bool)
			}
			tp.coarse[z[j]] = true
		}
	}
	return z
}

// differentiate returns the outputs and the gradients of all values, from those of the outputs.
func (tp *tape) differentiate(outputs []int, dy []float32) (y, d []float64) {
	d = make([]float64, len(tp.value))
	for j, at := range outputs {
		y = append(y, tp.value[at])
		d[at] += float64(dy[j])
	}
	for j := len(d) - 1; j >= 0; j-- {
		if tp.coarse[j] {
			d[j] = round(d[j])
		}
		for side, from := range tp.from[j] {
			if slope := tp.slopes[j][side]; slope != 0 {
				d[from] += slope * d[j]
			}
		}
	}
	return y, d
}
