package autograd

import (
	"runtime"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/tensor"
)

// chain runs depth convolutions, each with batch norm and shortcut, on an image of 4·8·8·8 floats = 8 KiB.
func chain(tp *Tape, depth int) *Var {
	k := conv.Square(8, 8, 3, 1)
	bn := &BatchNorm{Gamma: NewParam("g", 8), Beta: NewParam("b", 8), RunningMean: tensor.New(8), RunningVar: tensor.New(8), Eps: 1e-5, Momentum: 0.1}
	w := NewParam("w", 3, 3, 8, 8)
	x := tp.Constant(tensor.New(4, 8, 8, 8))
	for range depth {
		x = tp.Block(func() *Var {
			y := Convs(tp, x, ActReLU, []ConvBranch{{Kernel: k, Weight: w, Sums: true}})[0]
			return BatchNormSum(tp, Term{X: y, BN: bn}, Term{X: x})
		}, x)
	}
	return tp.Block(func() *Var {
		return CrossEntropy(tp, GlobalAvgPool(tp, x), make([]int32, 4), 0).Var
	}, x)
}

// All memory comes back: when Backward has gone through, when a step is abandoned, and block by block.
func TestMemoryComesBack(t *testing.T) {
	tp := NewTape()
	tp.Backward(chain(tp, 5))
	if n := tp.arena.Used(); n != 0 {
		t.Errorf("%d bytes are in use after Backward", n)
	}
	tp.Reset(Training)
	chain(tp, 5)
	tp.Reset(Inference)
	if n := tp.arena.Used(); n != 0 {
		t.Errorf("%d bytes are in use after Reset", n)
	}
	chain(tp, 5)
	if n := tp.arena.Used(); n != 64 {
		t.Errorf("%d bytes are in use behind the blocks, want those of the loss", n)
	}
	tp.Reset(Training)
	held := tp.arena.Held()
	tp.Reset(Training)
	tp.Backward(chain(tp, 5))
	if tp.arena.Held() != held {
		t.Errorf("the arena has grown from %d to %d bytes in a step like the first", held, tp.arena.Held())
	}
}

// Inference needs three images at a time however deep the network is; training keeps two per layer and returns them on
// the way back, so that gradients add no more than three.
func TestPeakMemory(t *testing.T) {
	const image, small = 4 * 4 * 8 * 8 * 8, 2048
	for _, depth := range []int{2, 20} {
		tp := NewTape()
		tp.Reset(Inference)
		chain(tp, depth)
		if peak := int(tp.PeakBytes()); peak > 3*image+small {
			t.Errorf("inference of depth %d takes %d bytes", depth, peak)
		}
		tp.Reset(Training)
		tp.Backward(chain(tp, depth))
		if peak := int(tp.PeakBytes()); peak > (2*depth+3)*image+small {
			t.Errorf("training of depth %d takes %d bytes", depth, peak)
		}
	}
}

// A tape keeps the memory of its largest step, and nobody else does: it goes with the tape.
func TestMemoryGoesWithTheTape(t *testing.T) {
	const large = 32 << 20
	heap := func() int64 {
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		return int64(s.HeapAlloc)
	}
	before := heap()
	tp := NewTape()
	tp.Backward(chain(tp, 1))
	tp.Reset(Inference)
	ReLU(tp, tp.output(false, large/4))
	tp.Reset(Inference)
	if kept := heap() - before; kept < large {
		t.Errorf("an idle tape keeps %d bytes, after a step of %d", kept, large)
	}
	runtime.KeepAlive(tp)
	if kept := heap() - before; kept > large/8 {
		t.Errorf("%d bytes are kept of a tape that is no longer there", kept)
	}
}

// A block with two results keeps both, and gives back the rest and what was consumed.
func TestBlockOfTwoResults(t *testing.T) {
	const image = 4 * 4 * 8 * 8 * 8
	tp := NewTape()
	tp.Reset(Inference)
	x := tp.Block(func() *Var { return ReLU(tp, tp.Constant(tensor.New(4, 8, 8, 8))) })
	y, z := tp.Block2(func() (_, _ *Var) {
		a := Sigmoid(tp, x)
		return Scale(tp, a, 2), Scale(tp, a, 4)
	}, x)
	if n := tp.arena.Used(); n != 2*image {
		t.Errorf("%d bytes are in use, want the %d of two images", n, 2*image)
	}
	if y.Value.Data[7] != 1 || z.Value.Data[7] != 2 {
		t.Errorf("the results are %v and %v, want 1 and 2", y.Value.Data[7], z.Value.Data[7])
	}
}
