package depthwise

import (
	"cmp"
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/norm"
)

// Kernel is the geometry of a depthwise convolution: every channel is convolved with a K×K kernel of its own.
type Kernel struct {
	C        int // channels
	K        int
	Stride   int // in both directions; 0 stands for 1
	Pad      int // zeros on all sides
	Dilation int // 1 is dense, and 0 stands for it
}

// Square returns a k×k kernel with the padding that keeps the image's size at stride 1 (k odd).
func Square(c, k, stride, dilation int) Kernel {
	return Kernel{C: c, K: k, Stride: stride, Pad: k / 2 * dilation, Dilation: dilation}
}

// WithDefaults returns the kernel with a stride and a dilation of 1 where they are 0, as whoever is given one understands it.
func (k Kernel) WithDefaults() Kernel {
	k.Stride, k.Dilation = cmp.Or(k.Stride, 1), cmp.Or(k.Dilation, 1)
	return k
}

// Out returns the size of the output for an h×w input, which must hold the kernel.
func (k Kernel) Out(h, w int) (oh, ow int) {
	k = k.WithDefaults()
	k.fit("depthwise.Kernel.Out", h, w)
	reach := k.Dilation*(k.K-1) + 1
	return (h+2*k.Pad-reach)/k.Stride + 1, (w+2*k.Pad-reach)/k.Stride + 1
}

// Input is a batch of N×H×W pixels of as many channels as the kernel has; consecutive pixels are LD floats apart.
type Input struct {
	X       []float32
	LD      int
	N, H, W int
	Act     activation.Func // the convolution sees Act(x)
	// Fold, if not nil, is a normalisation of x that is evaluated as x is read: the convolution sees act(Scale⊙x + Shift), zero outside the
	// image. It has an activation of its own: Act is Identity. Only where [Folds] says so.
	Fold *norm.Fold
}

// Folds reports whether the kernels of this instruction set evaluate folded normalisations and affine gradients. Elsewhere they are to be
// written down before.
func Folds() bool { return active.tall != nil }

// Gradient is that of an output, which it lies like: G, pixels LD floats apart, or, if A is not nil, A⊙G + B⊙Y + C channel by channel, with
// the output Y, pixels LDY floats apart: how the backward pass of a batch norm that follows looks once its sums are known.
type Gradient struct {
	G       []float32
	LD      int
	A, B, C []float32
	Y       []float32
	LDY     int
}

// Weights are those of a [Kernel], [K][K][C], or a window of larger ones: the weights of tap (ky, kx) begin at
// Data[ky·Row + kx·LD]. A Row of zero stands for K·LD, an LD of zero for C.
type Weights struct {
	Data    []float32
	LD, Row int
}

// Forward computes
//
//	y[n,oy,ox,c] = Σ_{ky,kx} x'[n, oy·s − p + ky·d, ox·s − p + kx·d, c] · w[ky,kx,c]   (+ y, if add is set)
//
// with x' = Act(x) inside the image and zero outside. y has N·OH·OW pixels of C channels, ldy floats apart.
func Forward(k Kernel, in Input, w Weights, y []float32, ldy int, add bool) {
	forwardSums("depthwise.Forward", k, in, w, y, ldy, add, nil, nil)
}

// ForwardSums is [Forward] that also finds, in sum and sumsq, Σy and Σy² of every channel of the output: what a batch norm that follows
// wants.
func ForwardSums(k Kernel, in Input, w Weights, y []float32, ldy int, add bool, sum, sumsq []float64) {
	const op = "depthwise.ForwardSums"
	fault.CheckLen(op, "sums", len(sum), k.C)
	fault.CheckLen(op, "sums of squares", len(sumsq), k.C)
	forwardSums(op, k, in, w, y, ldy, add, sum[:k.C], sumsq[:k.C])
}

func forwardSums(op string, k Kernel, in Input, w Weights, y []float32, ldy int, add bool, sum, sumsq []float64) {
	k = k.WithDefaults()
	oh, ow := k.check(op, &in)
	w = w.check(op, k)
	in.checkFold(op, k, false)
	need(op, "output", y, in.N*oh*ow, k.C, ldy)
	if active.tall != nil {
		tall := tallTasks.Get()
		defer tallTasks.Put(tall)
		tall.forward(active.tall, k, in, w, y, ldy, oh, ow, add, sum, sumsq)
		return
	}
	runForward(&active, k, in, w, y, ldy, oh, ow, add, false)
	if sum != nil {
		norm.Stats(y, in.N*oh*ow, k.C, ldy, sum, sumsq)
	}
}

// Backward computes the gradients of input and weights from that of the output, as [BackwardData] and [BackwardWeights] do, which add them
// to dx and dw if addX and addW are set. Where kernels fold ([Folds]), both visit an image together, while its rows are in cache. dx may be
// nil.
//
// If the input is a folded normalisation, dx is the gradient of Scale⊙x + Shift, and cannot be added to; its sums are left in the Fold.
func Backward(k Kernel, in Input, w Weights, dx []float32, lddx int, addX bool, dw Weights, addW bool, g Gradient) {
	const op = "depthwise.Backward"
	k = k.WithDefaults()
	oh, ow := k.check(op, &in)
	w, dw = w.check(op, k), dw.check(op, k)
	in.checkFold(op, k, dx != nil)
	if dx != nil {
		need(op, "input gradient", dx, in.N*in.H*in.W, k.C, lddx)
	}
	need(op, "output gradient", g.G, in.N*oh*ow, k.C, g.LD)
	if g.A != nil {
		need(op, "output", g.Y, in.N*oh*ow, k.C, g.LDY)
		for _, v := range [][]float32{g.A, g.B, g.C} {
			fault.CheckLen(op, "coefficients", len(v), k.C)
		}
		if !Folds() {
			fault.Shape(op, "an affine gradient", "one that is written down: these kernels do not fold")
		}
	}
	if in.Fold != nil && addX {
		fault.Shape(op, "a folded normalisation whose gradient is added", "one that is read by one convolution alone")
	}
	if active.tall == nil {
		BackwardWeights(k, in, dw, g.G, g.LD, addW)
		if dx != nil {
			BackwardData(k, in, w, dx, lddx, g.G, g.LD, addX)
		}
		return
	}
	visit := visitTasks.Get()
	defer visitTasks.Put(visit)
	visit.run(active.tall, k, in, w, dx, lddx, addX, dw, addW, g, oh, ow)
}

// refuseFold panics if the input has a folded normalisation.
func (in *Input) refuseFold(op string) {
	if in.Fold != nil {
		fault.Shape(op, "a folded normalisation", "none, or depthwise.Backward")
	}
}

// checkFold panics unless a folded normalisation, if there is one, can be evaluated.
func (in *Input) checkFold(op string, k Kernel, sums bool) {
	if in.Fold == nil {
		return
	}
	in.Fold.Check(op, k.C, sums)
	if in.Act != activation.Identity || !Folds() {
		fault.Shape(op, fmt.Sprintf("a folded normalisation (activation %d behind it, kernels that fold: %v)", in.Act, Folds()),
			"no other activation, and kernels that fold")
	}
}

// BackwardData computes the gradient of the input from g, that of the output, which lies like y in [Forward]:
//
//	dx[n,y,x,c] = Σ g[n,oy,ox,c] · w[ky,kx,c]   over oy·s − p + ky·d = y, ox·s − p + kx·d = x   (+ dx, if add is set)
//
// Where the activation is flat (x ≤ 0, or x ≥ 6 for ReLU6) the sum is replaced by zero. dx lies like in.X, pixels lddx floats
// apart; in.X is not read if there is no activation.
func BackwardData(k Kernel, in Input, w Weights, dx []float32, lddx int, g []float32, ldg int, add bool) {
	const op = "depthwise.BackwardData"
	k = k.WithDefaults()
	oh, ow := k.checkGradient(op, &in)
	w = w.check(op, k)
	in.refuseFold(op)
	need(op, "input gradient", dx, in.N*in.H*in.W, k.C, lddx)
	need(op, "output gradient", g, in.N*oh*ow, k.C, ldg)
	if active.tall != nil {
		tall := tallTasks.Get()
		defer tallTasks.Put(tall)
		tall.backwardData(active.tall, k, in, w, dx, lddx, g, ldg, oh, ow, add)
		return
	}
	if reach := k.Dilation * (k.K - 1); k.Stride == 1 && in.Act == activation.Identity && k.Pad <= reach {
		// A convolution of the output gradient with the taps turned round.
		turned := k
		turned.Pad = reach - k.Pad
		runForward(&active, turned, Input{X: g, LD: ldg, N: in.N, H: oh, W: ow}, w, dx, lddx, in.H, in.W, add, true)
		return
	}
	runData(&active, k, in, w, dx, lddx, g, ldg, oh, ow, add)
}

// BackwardWeights computes the gradient of the weights from g, that of the output, which lies like y in [Forward]:
//
//	dw[ky,kx,c] = Σ_{n,oy,ox} x'[n, oy·s − p + ky·d, ox·s − p + kx·d, c] · g[n,oy,ox,c]   (+ dw, if add is set)
func BackwardWeights(k Kernel, in Input, dw Weights, g []float32, ldg int, add bool) {
	const op = "depthwise.BackwardWeights"
	k = k.WithDefaults()
	oh, ow := k.check(op, &in)
	dw = dw.check(op, k)
	in.refuseFold(op)
	need(op, "output gradient", g, in.N*oh*ow, k.C, ldg)
	if active.tall != nil {
		tall := tallTasks.Get()
		defer tallTasks.Put(tall)
		tall.backwardWeights(active.tall, k, in, dw, g, ldg, oh, ow, add)
		return
	}
	runWeights(&active, k, in, dw, g, ldg, oh, ow, add)
}

// work is about how many nanoseconds a thread takes for a pass over n images of h×w outputs.
func (k Kernel) work(n, h, w int) int { return n * h * w * k.C * k.K * k.K / 16 }

func (k Kernel) check(op string, in *Input) (oh, ow int) {
	oh, ow = k.checkGradient(op, in)
	need(op, "input", in.X, in.N*in.H*in.W, k.C, in.LD)
	return oh, ow
}

// checkGradient is check where the input is not read, unless the activation needs it.
func (k Kernel) checkGradient(op string, in *Input) (oh, ow int) {
	if in.N < 0 {
		fault.Shape(op, fmt.Sprintf("%d images", in.N), "none or more")
	}
	k.fit(op, in.H, in.W)
	if !in.Act.Clamps() {
		fault.Shape(op, fmt.Sprintf("activation %d", in.Act), "Identity, ReLU or ReLU6")
	}
	if in.Act != activation.Identity {
		need(op, "input", in.X, in.N*in.H*in.W, k.C, in.LD)
	}
	return k.Out(in.H, in.W)
}

// fit panics when the geometry makes no sense on an h×w image.
func (k Kernel) fit(op string, h, w int) {
	if k.C < 1 || k.K < 1 || k.Stride < 1 || k.Dilation < 1 || k.Pad < 0 {
		fault.Shape(op, fmt.Sprintf("kernel %+v", k), "channels, size, stride and dilation of at least 1 and no negative padding")
	}
	if reach := k.Dilation*(k.K-1) + 1; h < 1 || w < 1 || reach > h+2*k.Pad || reach > w+2*k.Pad {
		fault.Shape(op, fmt.Sprintf("an image of %d×%d", h, w), fmt.Sprintf("one that holds kernel %+v", k))
	}
}

// at returns the weights of a tap.
func (w Weights) at(k Kernel, tap int) []float32 { return w.Data[tap/k.K*w.Row+tap%k.K*w.LD:][:k.C] }

// check returns the weights with their distances filled in.
func (w Weights) check(op string, k Kernel) Weights {
	if w.LD == 0 {
		w.LD = k.C
	}
	if w.Row == 0 {
		w.Row = k.K * w.LD
	}
	if w.LD < k.C || w.Row < (k.K-1)*w.LD+k.C && k.K > 1 {
		fault.Shape(op, fmt.Sprintf("weights %d apart in rows %d apart", w.LD, w.Row),
			fmt.Sprintf("%d×%d taps of %d channels without overlap", k.K, k.K, k.C))
	}
	fault.CheckLen(op, "weights", len(w.Data), (k.K-1)*(w.Row+w.LD)+k.C)
	return w
}

func need(op, operand string, s []float32, rows, cols, ld int) {
	fault.CheckRows(op, operand, len(s), rows, cols, ld)
}
