package vec

import (
	"math"

	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// ScaleRows is [Scale] of a matrix of rows × cols elements whose rows lie ldA apart in a, to dst, where they lie ldDst apart.
func ScaleRows(dst []float32, ldDst int, s float32, a []float32, ldA, rows, cols int) {
	overRows("vec.ScaleRows", active.scale, nil, matrix{dst, ldDst}, matrix{a, ldA}, matrix{}, s, rows, cols)
}

// AxpyRows is [Axpy] of a matrix, as ScaleRows is [Scale].
func AxpyRows(dst []float32, ldDst int, s float32, a []float32, ldA, rows, cols int) {
	overRows("vec.AxpyRows", active.axpy, nil, matrix{dst, ldDst}, matrix{a, ldA}, matrix{}, s, rows, cols)
}

// SigmoidRows is [Sigmoid] of a matrix, as ScaleRows is [Scale].
func SigmoidRows(dst []float32, ldDst int, a []float32, ldA, rows, cols int) {
	overRows("vec.SigmoidRows", active.sigmoid, nil, matrix{dst, ldDst}, matrix{a, ldA}, matrix{}, 1, rows, cols)
}

// TanhRows is [Tanh] of a matrix, as ScaleRows is [Scale].
func TanhRows(dst []float32, ldDst int, a []float32, ldA, rows, cols int) {
	overRows("vec.TanhRows", active.tanh, nil, matrix{dst, ldDst}, matrix{a, ldA}, matrix{}, 1, rows, cols)
}

// SigmoidBackwardRows is [SigmoidBackward] of matrices, as [ReLUBackwardRows] is [ReLUBackward].
func SigmoidBackwardRows(dx []float32, lddx int, y []float32, ldy int, dy []float32, lddy, rows, cols int, accumulate bool) {
	backwardRows("vec.SigmoidBackwardRows", active.sigmoidBackward, active.sigmoidBackwardAdd, nil,
		matrix{dx, lddx}, matrix{y, ldy}, matrix{dy, lddy}, rows, cols, accumulate)
}

// TanhBackwardRows is [TanhBackward] of matrices, as [ReLUBackwardRows] is [ReLUBackward].
func TanhBackwardRows(dx []float32, lddx int, y []float32, ldy int, dy []float32, lddy, rows, cols int, accumulate bool) {
	backwardRows("vec.TanhBackwardRows", active.tanhBackward, active.tanhBackwardAdd, nil,
		matrix{dx, lddx}, matrix{y, ldy}, matrix{dy, lddy}, rows, cols, accumulate)
}

// MulRows computes d[i] = a[i] * b[i] for matrices of rows × cols elements, the rows of a ldA apart and those of b ldB, and stores it in
// dst[i] or, to accumulate, adds it there: what it takes for a product and for the gradients of one.
func MulRows(dst []float32, ldDst int, a []float32, ldA int, b []float32, ldB, rows, cols int, accumulate bool) {
	backwardRows("vec.MulRows", active.mul, mulAdd, nil, matrix{dst, ldDst}, matrix{a, ldA}, matrix{b, ldB}, rows, cols, accumulate)
}

// FillRows stores s in every element of a matrix of rows × cols elements whose rows lie ldDst apart or, to accumulate, adds it to them.
func FillRows(dst []float32, ldDst int, s float32, rows, cols int, accumulate bool) {
	kernel := fillKernel
	if accumulate {
		kernel = active.shift
	}
	overRows("vec.FillRows", kernel, nil, matrix{dst, ldDst}, matrix{dst, ldDst}, matrix{}, s, rows, cols)
}

func fillKernel(dst, _, _ []float32, s float32) {
	if s == 0 && !math.Signbit(float64(s)) {
		clear(dst) // several times as fast
		return
	}
	for i := range dst {
		dst[i] = s
	}
}

// mulAddPiece is how many products mulAdd has at hand at a time: they stay in the level-1 cache.
const mulAddPiece = 1 << 11

// products is scratch of mulAdd, in a list because arguments of a function value escape.
var products parallel.FreeList[[mulAddPiece]float32]

// mulAdd computes dst[i] += a[i]*b[i] by two kernels that every instruction set has, piece by piece.
func mulAdd(dst, a, b []float32, _ float32) {
	p := products.Get()
	defer products.Put(p)
	for i := 0; i < len(dst); i += mulAddPiece {
		n := min(len(dst)-i, mulAddPiece)
		active.mul(p[:n], a[i:i+n], b[i:i+n], 0)
		active.add(dst[i:i+n], dst[i:i+n], p[:n], 0)
	}
}
