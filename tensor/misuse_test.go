package tensor_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/kernels/optim"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/pool"
	"github.com/oneshot-nas/oneshot/kernels/rnn"
	"github.com/oneshot-nas/oneshot/kernels/softmax"
	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// product is a task whose chunks multiply matrices that are too short.
type product struct{}

func (product) Chunk(w *parallel.Worker, _ int) {
	var l gemm.Local
	l.Mul(w, 2, 2, 2, 1, gemm.Matrix{LD: 2}, gemm.Matrix{LD: 2}, 0, gemm.Matrix{LD: 2})
}

// TestKernelsMisused: whatever kernel is misused, and wherever it notices, the error says which, and Catch gets hold of it.
func TestKernelsMisused(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	x, d, n := make([]float32, 12), make([]float64, 12), 12
	short, ds := x[:n-1], d[:1]
	m := func(x []float32, ld int) gemm.Matrix { return gemm.Matrix{Data: x, LD: ld} }
	image := conv.Input{X: x, LD: 3, N: 1, H: 2, W: 2, C: 3}
	point := conv.Square(3, 3, 1, 1)
	branch := func(change func(*conv.Branch)) []conv.Branch {
		b := conv.Branch{Kernel: point, Weight: x, Y: x, LDY: 3, G: x, LDG: 3}
		change(&b)
		return []conv.Branch{b}
	}
	dw, pixels := depthwise.Square(3, 1, 1, 1), depthwise.Input{X: x, LD: 3, N: 1, H: 2, W: 2}
	shape := pool.Shape{N: 1, H: 2, W: 2, C: 3}
	lstm := rnn.LSTM{Steps: 1, Batch: 1, Input: 1, Hidden: 1}
	weights := rnn.LSTMWeights{WIH: x, WHH: x, Bias: x}
	for _, c := range []struct {
		op   string
		call func()
	}{
		{"gemm.Mul", func() { gemm.Mul(3, 4, 1, 1, m(x, 1), m(x, 4), 0, m(short, 4)) }},
		{"gemm.Mul", func() { gemm.Mul(3, 4, -1, 1, m(x, 1), m(x, 4), 0, m(x, 4)) }},
		{"gemm.Mul", func() { gemm.Mul(3, 4, 1, 1, m(x, 1), m(x, 4), 0, gemm.Matrix{Data: x, LD: 4, Trans: true}) }},
		{"gemm.Packed.Set", func() { gemm.Pack(4, 3, 1, m(short, 4)) }},
		{"gemm.Packed.Mul", func() { gemm.Pack(4, 3, 1, m(x, 4)).Mul(1, m(x[:2], 3), 0, m(x, 4)) }},
		{"gemm.Local.Mul", func() { parallel.Run(20, 1<<20, product{}) }},
		{"gemm.LocalPanels", func() { gemm.LocalPanels(x, 0, 2, 2, gemm.Matrix{Data: x, LD: 2}) }},
		{"gemm.LocalPanels", func() { gemm.LocalPanels(short, 4, 3, 2, gemm.Matrix{Data: x, LD: 2}) }},
		{"gemm.LocalPanels", func() { gemm.LocalPanels(x, 2, 3, 4, gemm.Matrix{Data: x, LD: 3}) }},
		{"conv.Forward", func() {
			conv.Forward(&image, branch(func(b *conv.Branch) { b.Kernel = conv.Square(3, 3, 5, 1); b.Kernel.PadH = 0 }))
		}},
		{"conv.Forward", func() { conv.Forward(&image, branch(func(b *conv.Branch) { b.Kernel.Cin = 2 })) }},
		{"conv.Forward", func() { conv.Forward(&image, branch(func(b *conv.Branch) { b.Kernel.Stride = -1 })) }},
		{"conv.Forward", func() { conv.Forward(&image, branch(func(b *conv.Branch) { b.Weight = x[:8] })) }},
		{"conv.Forward", func() { conv.Forward(&image, branch(func(b *conv.Branch) { b.WChannel = 2 })) }},
		{"conv.Forward", func() { conv.Forward(&image, branch(func(b *conv.Branch) { b.Bias = x[:2] })) }},
		{"conv.Forward", func() { conv.Forward(&image, branch(func(b *conv.Branch) { b.Sum = ds })) }},
		{"conv.Forward", func() { conv.Forward(&image, branch(func(b *conv.Branch) { b.LDY = 2 })) }},
		{"conv.Kernel.Out", func() { conv.Kernel{}.Out(2, 2) }},
		{"conv.Kernel.Out", func() { noPadding := conv.Square(3, 3, 5, 1); noPadding.PadH = 0; noPadding.Out(2, 8) }},
		{"conv.Backward", func() { conv.Backward(&image, short, 3, false, branch(func(*conv.Branch) {})) }},
		{"conv.Backward", func() { conv.Backward(&image, nil, 0, false, branch(func(b *conv.Branch) { b.A = x })) }},
		{"conv.Backward", func() { conv.Backward(&image, nil, 0, false, branch(func(b *conv.Branch) { b.DWeight = x[:8] })) }},
		{"depthwise.Forward", func() { depthwise.Forward(depthwise.Kernel{C: 3}, pixels, depthwise.Weights{Data: x}, x, 3, false) }},
		{"depthwise.Kernel.Out", func() { depthwise.Kernel{C: 1, K: 5, Stride: 1, Dilation: 1}.Out(2, 8) }},
		{"depthwise.Forward", func() { depthwise.Forward(dw, pixels, depthwise.Weights{Data: x[:2]}, x, 3, false) }},
		{"depthwise.BackwardData", func() { depthwise.BackwardData(dw, pixels, depthwise.Weights{Data: x}, short, 3, x, 3, false) }},
		{"depthwise.BackwardWeights", func() { depthwise.BackwardWeights(dw, pixels, depthwise.Weights{Data: x}, short, 3, false) }},
		{"norm.Stats", func() { norm.Stats(short, 4, 3, 3, d, d) }},
		{"norm.Stats", func() { norm.Stats(x, 4, 3, 3, d, ds) }},
		{"norm.AddStats", func() { norm.AddStats(x, 4, 0, 3, x, x) }},
		{"norm.AffineRows", func() { norm.AffineRows(x, 3, x, 3, x, 2, 4, x[:3], x, x) }},
		{"norm.ApplySum", func() { norm.ApplySum(x, 4, 3, 3, []norm.Term{{X: x, LD: 3, Scale: x, Shift: x[:2]}}) }},
		{"norm.ApplySumAct", func() { norm.ApplySumAct(x, 4, 3, 3, []norm.Term{{X: x, LD: 3}}, 9) }},
		{"norm.GradSums", func() { norm.GradSums(x, 4, 3, 3, []norm.Term{{X: x, LD: 3}}, d, nil) }},
		{"norm.GradSums", func() { norm.GradSums(x, 4, 3, 3, []norm.Term{{X: x, LD: 3}}, d, [][]float64{ds}) }},
		{"norm.Affine", func() { norm.Affine(x, 3, false, x, 3, x, 3, 4, 3, x, x, x[:2]) }},
		{"norm.Moments", func() { norm.Moments(d, ds, 1, d, d) }},
		{"norm.Coefficients", func() { norm.Coefficients(d, d, 0, x[:1], nil, x, x) }},
		{"norm.BackwardCoefficients", func() { norm.BackwardCoefficients(d, d, d, d, 0, 1, nil, x, x, short, nil, nil, false) }},
		{"norm.BatchNorm.Forward", func() { (&norm.BatchNorm{}).Forward(short, 3, x, 3, 4, 3) }},
		{"norm.BatchNorm.Forward", func() { (&norm.BatchNorm{Gamma: x[:2], Beta: x[:2]}).Forward(x, 3, x, 3, 4, 3) }},
		{"norm.BatchNorm.Forward", func() { (&norm.BatchNorm{Act: -1}).Forward(x, 3, x, 3, 4, 3) }},
		{"norm.BatchNorm.Backward", func() {
			(&norm.BatchNorm{Act: activation.ReLU}).Backward(x, 3, x, 3, short, 3, x, 3, 4, 3, nil, nil, false)
		}},
		{"optim.SGD.Apply", func() { optim.SGD{}.Apply(x, x, short) }},
		{"optim.Adam.Apply", func() { optim.Adam{}.Apply(x, x, x, x) }},
		{"optim.RMSProp.Apply", func() { optim.RMSProp{}.Apply(x, x, short, x) }},
		{"optim.ASGD.Apply", func() { optim.ASGD{T: 1}.Apply(x, short, x) }},
		{"pool.Avg.Out", func() { pool.Avg{Kernel: 5, Stride: 1}.Out(2, 2) }},
		{"pool.Avg.Forward", func() { pool.Avg{Kernel: 5, Stride: 1}.Forward(x, 3, x, 3, shape, false) }},
		{"pool.Avg.Backward", func() { pool.Avg{Kernel: 1, Stride: -1}.Backward(x, 3, x, 3, shape, false) }},
		{"pool.Max.Out", func() { pool.Max{Kernel: 17, Stride: 1}.Out(20, 20) }},
		{"pool.Max.Forward", func() { pool.Max{Kernel: 5, Stride: 1}.Forward(x, 3, make([]uint8, n), x, 3, shape) }},
		{"pool.Max.Backward", func() { pool.Max{Kernel: 1, Stride: 1}.Backward(x, 3, make([]uint8, 11), x, 3, shape, false) }},
		{"pool.GlobalForward", func() { pool.GlobalForward(x, 2, x, 3, pool.Shape{N: 2, H: 2, W: 1, C: 3}) }},
		{"pool.GlobalBackward", func() { pool.GlobalBackward(short, 3, x, 3, shape, false) }},
		{"rnn.LSTM.Forward", func() { rnn.LSTM{}.Forward(weights, x, x, x, x, new(rnn.LSTMMemory)) }},
		{"rnn.LSTM.Backward", func() {
			lstm.Backward(weights, x, x, x, x, x, new(rnn.LSTMMemory), rnn.LSTMGradients{LSTMWeights: weights})
		}},
		{"rnn.DARTSCell.Backward", func() {
			cell, w := rnn.DARTSCell{Steps: 1, Batch: 1, Input: 1, Hidden: 1, Switch: []int{0}, Act: []activation.Func{0}},
				rnn.DARTSCellWeights{W0: x, W: [][]float32{x}}
			cell.Backward(w, x, x, nil, nil, x, x, new(rnn.DARTSCellMemory), rnn.DARTSCellGradients{DARTSCellWeights: w})
		}},
		{"rnn.Highway", func() { rnn.Highway(x, short, x, 2, 3, activation.Tanh) }},
		{"rnn.HighwayBackward", func() { rnn.HighwayBackward(x, x, x, x, 2, 3, 9, false) }},
		{"rnn.Embedding", func() { rnn.Embedding(x, x, []int32{0, 4}, 3, nil) }},
		{"rnn.EmbeddingBackward", func() { rnn.EmbeddingBackward(x, x, []int32{-1}, 3, nil) }},
		{"rnn.Mask", func() { rnn.Mask(x, -1, nil) }},
		{"rnn.Dropout", func() { rnn.Dropout(x, x, x[:5]) }},
		{"softmax.CrossEntropy", func() { softmax.CrossEntropy(nil, x, []int32{0, 1, 2, 3}, 3, 0, 1) }},
		{"softmax.CrossEntropy", func() { softmax.CrossEntropy(x, short, []int32{0, 1, 2, 0}, 3, 0, 1) }},
		{"softmax.Softmax", func() { softmax.Softmax(x, x, 0) }},
		{"softmax.LogSoftmax", func() { softmax.LogSoftmax(x, short, 3) }},
		{"softmax.SoftmaxBackward", func() { softmax.SoftmaxBackward(x, x, nil, 3, false) }},
		{"softmax.LogSoftmaxBackward", func() { softmax.LogSoftmaxBackward(x, x, short, 3, false) }},
		{"vec.Add", func() { vec.Add(x, x, short) }},
		{"vec.LocalReLUBackward", func() { vec.LocalReLUBackward(x, x, short, false) }},
		{"vec.Dot", func() { vec.Dot(x, short) }},
		{"vec.ReLURows", func() { vec.ReLURows(x, 2, x, 3, 4, 3) }},
		{"tensor.Wrap", func() { tensor.Wrap(x, 5) }},
		{"tensor.New", func() { tensor.New(3, -1) }},
		{"tensor.New", func() { tensor.New(1, 1, 1, 1, 1) }},
		{"tensor.Stride", func() { tensor.New(3).Stride(1) }},
		{"tensor.Arena.Get", func() { new(tensor.Arena).Get(-1) }},
	} {
		for _, threads := range []int{1, 5} {
			runtime.GOMAXPROCS(threads)
			err := func() (err error) {
				defer func() {
					if p := recover(); p != nil {
						t.Errorf("%s panics with %T: %v", c.op, p, p)
						err = tensor.ShapeError{Op: c.op}
					}
				}()
				return tensor.Catch(c.call)
			}()
			var shape tensor.ShapeError
			if !errors.As(err, &shape) || shape.Op != c.op {
				t.Errorf("%s on %d threads: %v", c.op, threads, err)
			}
		}
	}
	// Whatever was going on when it was noticed, the kernels still work.
	gemm.Mul(1, 1, 1, 1, m(x, 1), m(x, 1), 0, m(x, 1))
	norm.Stats(x, 4, 3, 3, d, d)
}
