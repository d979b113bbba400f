package vec

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// unary, gradient and scaled give functions the operands of all others.
func unary(f func(dst, a []float32)) func(dst, a, b []float32) {
	return func(dst, a, _ []float32) { f(dst, a) }
}

func gradient(f func(dx, x, dy []float32, accumulate bool), accumulate bool) func(dst, a, b []float32) {
	return func(dst, a, b []float32) { f(dst, a, b, accumulate) }
}

func scaled(f func(dst []float32, s float32, a []float32)) func(dst, a, b []float32) {
	return func(dst, a, _ []float32) { f(dst, 0.37, a) }
}

// reduction leaves all bits of the result in dst.
func reduction(f func(a, b []float32) float64) func(dst, a, b []float32) {
	return func(dst, a, b []float32) {
		bits := math.Float64bits(f(a, b))
		for i := range min(len(dst), 4) {
			dst[i] = float32(bits >> (16 * i) & 0xffff)
		}
	}
}

// locals are the functions for chunks, each with its namesake.
var locals = map[string][2]func(dst, a, b []float32){
	"Add":                        {LocalAdd, Add},
	"AddTo":                      {unary(LocalAddTo), unary(AddTo)},
	"Mul":                        {LocalMul, Mul},
	"Axpy":                       {scaled(LocalAxpy), scaled(Axpy)},
	"Scale":                      {scaled(LocalScale), scaled(Scale)},
	"Exp":                        {unary(LocalExp), unary(Exp)},
	"Sigmoid":                    {unary(LocalSigmoid), unary(Sigmoid)},
	"SigmoidBackward":            {gradient(LocalSigmoidBackward, false), gradient(SigmoidBackward, false)},
	"SigmoidBackward/accumulate": {gradient(LocalSigmoidBackward, true), gradient(SigmoidBackward, true)},
	"Tanh":                       {unary(LocalTanh), unary(Tanh)},
	"TanhBackward":               {gradient(LocalTanhBackward, false), gradient(TanhBackward, false)},
	"TanhBackward/accumulate":    {gradient(LocalTanhBackward, true), gradient(TanhBackward, true)},
	"ReLU":                       {unary(LocalReLU), unary(ReLU)},
	"ReLUBackward":               {gradient(LocalReLUBackward, false), gradient(ReLUBackward, false)},
	"ReLUBackward/accumulate":    {gradient(LocalReLUBackward, true), gradient(ReLUBackward, true)},
	"ReLU6":                      {unary(LocalReLU6), unary(ReLU6)},
	"ReLU6Backward":              {gradient(LocalReLU6Backward, false), gradient(ReLU6Backward, false)},
	"ReLU6Backward/accumulate":   {gradient(LocalReLU6Backward, true), gradient(ReLU6Backward, true)},
	"Sum": {reduction(func(a, _ []float32) float64 { return LocalSum(a) }),
		reduction(func(a, _ []float32) float64 { return Sum(a) })},
	"Dot": {reduction(LocalDot), reduction(Dot)},
}

// chunk is a task of one chunk.
type chunk func()

func (f chunk) Chunk(*parallel.Worker, int) { f() }

// TestLocal: within a chunk, vectors of any length give the same bits as outside.
func TestLocal(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(13, 14))
		for _, n := range []int{0, 1, 77, block, block + 1, 3*block + 77} {
			for name, f := range locals {
				a, b, got := fill(r, make([]float32, n), false), fill(r, make([]float32, n), false), fill(r, make([]float32, n), false)
				want := slices.Clone(got)
				parallel.Run(1, 0, chunk(func() { f[0](got, a, b) }))
				f[1](want, a, b)
				for i := range want {
					if !same(got[i], want[i]) {
						t.Fatalf("Local%s of %d: element %d is %v, want %v", name, n, i, got[i], want[i])
					}
				}
			}
		}
	})
}
