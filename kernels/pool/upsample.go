package pool

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/fault"
)

// Nearest enlarges images Factor times in both directions: every pixel becomes a square of Factor×Factor equal ones
// (nn.Upsample(scale_factor, mode="nearest") of PyTorch). It is the gradient of an average pool without the division, and its
// gradient is the sum pool: both run on what the pools run on.
type Nearest struct{ Factor int }

// Forward writes dst, N·(Factor·H)·(Factor·W) rows of C floats that lie ldDst apart, from src, N·H·W rows that lie ldSrc apart.
// With accumulate it is added to dst.
func (f Nearest) Forward(dst []float32, ldDst int, src []float32, ldSrc int, s Shape, accumulate bool) {
	f.run("pool.Nearest.Forward", (*runs).repeat, operand{dst, ldDst, f.Factor * s.H, f.Factor * s.W}, operand{src, ldSrc, s.H, s.W}, s,
		accumulate)
}

// Backward computes the gradient dSrc of the input, N·H·W rows of C floats that lie ldSrc apart, from the gradient dDst of the output,
// N·(Factor·H)·(Factor·W) rows that lie ldDst apart. With accumulate it is added to dSrc.
func (f Nearest) Backward(dSrc []float32, ldSrc int, dDst []float32, ldDst int, s Shape, accumulate bool) {
	f.run("pool.Nearest.Backward", (*runs).gather, operand{dSrc, ldSrc, s.H, s.W}, operand{dDst, ldDst, f.Factor * s.H, f.Factor * s.W},
		s, accumulate)
}

func (f Nearest) run(op string, list func(rs *runs, factor, n int), dst, src operand, s Shape, accumulate bool) {
	if f.Factor < 1 {
		fault.Shape(op, fmt.Sprintf("factor %d", f.Factor), "at least 1")
	}
	fault.CheckRows(op, "result", len(dst.x), s.N*dst.h*dst.w, s.C, dst.ld)
	fault.CheckRows(op, "operand", len(src.x), s.N*src.h*src.w, s.C, src.ld)
	t := tasks.Get()
	defer tasks.Put(t)
	list(&t.vertical, f.Factor, s.H)
	list(&t.horizontal, f.Factor, s.W)
	t.run((*task).separable, s.N, s.C, dst, src, accumulate)
}

// repeat lists how each of n operand rows becomes factor result rows.
func (rs *runs) repeat(factor, n int) {
	rs.reset()
	rs.weights = append(rs.weights, 1)
	for phase := range factor {
		rs.list = append(rs.list, run{row: phase, step: factor, rows: n, advance: 1, w: rs.weights})
	}
}

// gather lists how each of n result rows is the sum of factor operand rows.
func (rs *runs) gather(factor, n int) {
	rs.reset()
	for range factor {
		rs.weights = append(rs.weights, 1)
	}
	rs.list = append(rs.list, run{step: 1, rows: n, advance: factor, w: rs.weights})
}
