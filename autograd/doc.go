// Package autograd differentiates what a network computes.
//
// # The tape
//
// Operations are plain functions that compute at once and write themselves down on a [Tape]; [Tape.Backward] walks the
// tape from its end to its beginning and applies the chain rule:
//
//	tp := autograd.NewTape()
//	for … {
//		tp.Reset(autograd.Training)
//		h := autograd.Conv2D(tp, tp.Constant(images), weight, nil, kernel)
//		…
//		loss := autograd.CrossEntropy(tp, logits, labels, 0)
//		tp.Backward(loss.Var)
//		// every parameter in tp.Touched() now has a gradient in its Grad
//	}
//
// A [Var] is a value of one step. A [Param] lives longer than steps. A parameter that a step does not use costs nothing: no
// gradient is cleared for it, and optimisers pass it over ([Param.Touched]). In a supernet, where a step trains one
// architecture out of thousands, that is most of them. Several architectures, or several small batches, make one step
// between them if [Tape.NextPath] stands where one ends and the next begins.
//
// A tape is reset to a [Mode], which decides two things: where batch norms take their statistics from, and whether operations
// are recorded. Only Training records. [Tape.Record] decides otherwise: a network with running statistics can be differentiated,
// and training can be run for its effect on them alone.
//
// A loss of several terms is a sum of values of shape [1]: Add(tp, loss.Var, Scale(tp, auxiliary.Var, 0.4)).
//
// # Who owns the memory
//
// The tape does. Values and gradients live in its arena and are counted. In training, an operation's output goes back once
// its backward pass is done, since nothing before it can want it. Where nothing is recorded a network says which parts of it
// are blocks: [Tape.Block] gives back what was made inside of one but its result, so that a network runs in the memory of its
// widest block. A gradient that flows unchanged into several values (the terms of a sum) is one buffer with several owners,
// copied only when one of them wants to add to it. What operations note, Vars and buffers are structs that are used again after
// Reset, so that after a few steps a step allocates nothing, whichever architectures it builds. Nothing of a step may be kept
// beyond Reset, except copies.
//
// Memory that a tape has once taken it keeps for the steps to come, as much as its largest step took. A program that goes on with
// smaller ones gives it back with the tape: by taking another one, after which the garbage collector has it.
//
// Whoever uses a value too late is told so: what Backward, the end of a block or Reset has given back has no data, and operations, Grad
// and Backward panic if they meet it. [Tape.Keep] keeps a value and its gradient until Reset. Losses, and whatever else is of a single
// element, can be read until then without it.
//
// # Goroutines
//
// A tape, and what is on it, belongs to one goroutine at a time. Any number of goroutines may work at the same time, each on a tape of its
// own: they share the threads of the kernels, and each computes the bits that it would compute alone.
//
// Parameters and batch norms may be shared by as many as do not change them. Operations read them, and no more, on tapes that were
// reset to [Inference] or [BatchStatistics] and that do not record: so one model serves many requests, a tape each. What changes
// them, or their gradients, is for one goroutine while no other uses the model: the other modes, Backward, optimisers, and the
// first [Param.Window] or [BatchNorm.Window] of a kind, which the whole remembers; make those before. Goroutines that train at the
// same time train models of their own.
//
// # Windows
//
// The last axis of a value is contiguous, and its rows may lie further apart than they are long: some channels of a wider tensor
// are a value ([Window]), and nearly every operation reads and writes such values as they lie. That makes three things free of
// copies.
//
// A [Concat] is one tensor whose parts are written by the operations that make them; backwards, the gradient of each part is a
// window of the gradient of the whole.
//
// [Param.Window] is a part of a parameter along any axes, a parameter itself: the first channels of a shared weight, the middle
// taps of a kernel. Whatever windows a step uses, however they overlap, their gradients add up where they meet, and what none of
// them holds is neither cleared nor moved: [Param.Spans] tells an optimiser what there is. [BatchNorm.Window] goes with it.
//
// And operations that make the two halves of one output ([FactorizedReduction]) write both where they belong.
//
// [Slice], [Split] and [Reshape] use this where they can: some channels, some images or one step of each sequence share memory with the
// value that they are of, and [Cat] along the first axis has windows for gradients. What cannot be a window is copied, by kernels/strided.
//
// A few operations want their operands or their result without gaps, mostly those that see a tensor as one long vector or a
// sequence of steps: [CrossEntropy], [LSTM], [GRU], [DARTSCell]. They say so with a shape error, or are copied by [Concat.Join].
//
// # Arithmetic
//
// Operations on two values broadcast as in NumPy and PyTorch: axes are aligned from the right, and one of length 1, or one that is missing,
// is stretched. A channel vector [C] goes with images [N][H][W][C], and so do the gates [N][1][1][C] of a squeeze-and-excitation. Backward,
// the gradient of what was stretched is summed. Reductions ([Sum], [Mean], [Max], [LogSumExp], [Variance], …) take axes, and leave them with
// a length of 1, so that the result goes with what it was made of; without axes they come to one element, of shape [1].
//
// Functions of one and of two variables are rules of package [github.com/oneshot-nas/oneshot/kernels/elementwise], of which one operation
// each records whichever it is given: a new one is a line in a table there, and a function and a case here. They treat NaN, infinities and
// ties as PyTorch does (testdata/edges.py).
//
// # Why a gradient may stay an affine function
//
// Outside of its convolutions a network with few channels is limited by memory, so passes over activations count. Three
// operations exist to save them. [Convs] applies several convolutions to one input, and sums up their outputs per channel
// for the batch norms that follow. [BatchNormSum] normalises and adds the terms of a node in one pass: forward it reads
// every term once and writes the node once. [DropPathSum] is its counterpart where whole terms are dropped for a sample: it
// does not even read them.
//
// Backward, with g the gradient of the node, the gradient of a normalised term x over m rows is (Ioffe and Szegedy 2015)
//
//	dx = γ/σ · (g − Σg/m − x̂·Σ(g·x̂)/m)  with x̂ = (x − mean)/σ
//
// which is a⊙g + b⊙x + c with three numbers per channel. They are known after one pass that reads g and all terms. Instead
// of writing dx down for every term, the tape notes a, b, c beside a share of g; the convolution that made x then evaluates
// the expression on the pixels that it is about to multiply, while they are in cache. Whoever else asks for such a gradient
// (a pool, or a value with a second consumer) has it written down first. Statistics that the batch does not move have no
// gradient of their own: then b and c are zero.
//
// # Why a normalised value may stay one too
//
// A [Folded] value is the mirror of that: act(a⊙x + b), known from x and two numbers per channel, which the convolutions that read it,
// and nothing else does, evaluate on the rows that they are about to multiply ([FoldedConvs], [FoldedDepthwiseConv2D]). Backward they
// evaluate it once more, store the gradient behind the batch norm, and find its sums: a convolution 1×1 and a depthwise one on the
// way, others in a pass behind. So of a convolution with its batch norm and activation the tape keeps one tensor: in the inverted
// residuals of ProxylessNAS the two wide ones, in a sep_conv of DARTS the one between its halves, in a cell of NAS-Bench-201 a node
// that one convolution makes.
//
// # Precision
//
// Everything is float32, unless [Tape.Precision] says that products are to round their operands to bfloat16:
//
//	tp.Precision = autograd.BF16
//
// Then convolutions, linear and recurrent layers read values, weights and gradients with eight binary digits, and add up what they
// multiply in float32: a matrix unit does so many times as fast as float32, vectors about twice (see package
// [github.com/oneshot-nas/oneshot/kernels/bf16]), and where there is neither, the same numbers are multiplied at the speed of float32 at
// best. Normalised inputs and affine gradients are rounded where they are evaluated, as if they were written down. Parameters and their
// gradients stay float32, and so does all that no product reads ([Precision]). An operation goes back in the precision that it was
// recorded in.
//
// # Errors
//
// Shapes that do not fit, labels and indices out of range are programming errors: operations panic with a
// [github.com/oneshot-nas/oneshot/tensor.ShapeError] that names them, which tensor.Catch turns into an error. So are values that
// are nil, of another tape, or no longer there, a Backward that leads nowhere, and an optimiser that has no gradients to go by
// ([Tape.ToUpdate]). After such an error a tape can be reset, and used as before.
//
// # Operations of one's own
//
// [Apply] makes an operation of two functions, one for the value and one for the gradient, in any package. Package gradcheck
// compares such a gradient with difference quotients.
//
// # How to add an operation
//
// An operation is a function and a type with the inputs, the outputs and what backward needs. The structs of a type are
// handed out by a slab, which registers itself, so that no other file changes:
//
//	var scales = newSlab[scaleOp]()
//
// The function begins with tp.check, which refuses operands that are not there, and checkParams for its parameters. It makes
// its result with tp.output, which lies where [Concat.Next] has said (denseOutput, if it cannot have gaps), and notes a struct
// with tp.record if tp.recording(x) says that the gradient of an input is wanted, or tp.records if there are parameters. The
// method backward reads the gradient of the output with gradOf, whose rows are ld apart, and passes gradients on with
// contribute (which says whether to add), contributeShared (which copies nothing) or, for a Param, gradSlot. The method release
// gives back what the struct holds beyond its outputs; buffers of its own it keeps for the next step.
//
// An operation that multiplies matrices takes tp.Precision along for both ways, and its case says what it rounds.
//
// An operation with a ReLU in it says so with tp.activated, and a layer with weights is listed in [Observer]'s file, for those who
// watch a tape ([Tape.Observe]).
//
// Then it needs a case in the table of the tests (cases_test.go): how to run it, what it computes in float64, and what it costs.
// The table's tests check value, gradients, windows on all sides, memory, allocations and threads; BenchmarkOps its speed. An
// exported operation without a case fails them.
package autograd
