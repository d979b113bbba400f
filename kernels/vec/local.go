package vec

// Within a chunk of a parallel.Task, vectors of any length are worked on by the chunk's own goroutine: a function whose name begins with
// Local yields the bits of its namesake and never calls parallel.Run.

// LocalAdd is [Add] in the calling goroutine.
func LocalAdd(dst, a, b []float32) {
	checkLengths("vec.LocalAdd", len(dst), len(a), len(b))
	local(active.add, dst, a, b, 0)
}

// LocalAddTo is [AddTo] in the calling goroutine.
func LocalAddTo(dst, a []float32) {
	checkLengths("vec.LocalAddTo", len(dst), len(a))
	local(active.add, dst, dst, a, 0)
}

// LocalMul is [Mul] in the calling goroutine.
func LocalMul(dst, a, b []float32) {
	checkLengths("vec.LocalMul", len(dst), len(a), len(b))
	local(active.mul, dst, a, b, 0)
}

// LocalAxpy is [Axpy] in the calling goroutine.
func LocalAxpy(dst []float32, s float32, a []float32) {
	checkLengths("vec.LocalAxpy", len(dst), len(a))
	local(active.axpy, dst, a, nil, s)
}

// LocalScale is [Scale] in the calling goroutine.
func LocalScale(dst []float32, s float32, a []float32) {
	checkLengths("vec.LocalScale", len(dst), len(a))
	local(active.scale, dst, a, nil, s)
}

// LocalSum is [Sum] in the calling goroutine.
func LocalSum(a []float32) float64 { return localReduce(active.sum, a, nil) }

// LocalDot is [Dot] in the calling goroutine.
func LocalDot(a, b []float32) float64 {
	checkLengths("vec.LocalDot", len(a), len(b))
	return localReduce(active.dot, a, b)
}

// LocalExp is [Exp] in the calling goroutine.
func LocalExp(dst, a []float32) {
	checkLengths("vec.LocalExp", len(dst), len(a))
	local(active.exp, dst, a, nil, 0)
}

// LocalSigmoid is [Sigmoid] in the calling goroutine.
func LocalSigmoid(dst, a []float32) {
	checkLengths("vec.LocalSigmoid", len(dst), len(a))
	local(active.sigmoid, dst, a, nil, 0)
}

// LocalSigmoidBackward is [SigmoidBackward] in the calling goroutine.
func LocalSigmoidBackward(dx, y, dy []float32, accumulate bool) {
	checkLengths("vec.LocalSigmoidBackward", len(dx), len(y), len(dy))
	local(storeOrAdd(active.sigmoidBackward, active.sigmoidBackwardAdd, accumulate), dx, y, dy, 0)
}

// LocalTanh is [Tanh] in the calling goroutine.
func LocalTanh(dst, a []float32) {
	checkLengths("vec.LocalTanh", len(dst), len(a))
	local(active.tanh, dst, a, nil, 0)
}

// LocalTanhBackward is [TanhBackward] in the calling goroutine.
func LocalTanhBackward(dx, y, dy []float32, accumulate bool) {
	checkLengths("vec.LocalTanhBackward", len(dx), len(y), len(dy))
	local(storeOrAdd(active.tanhBackward, active.tanhBackwardAdd, accumulate), dx, y, dy, 0)
}

// LocalReLU is [ReLU] in the calling goroutine.
func LocalReLU(dst, a []float32) {
	checkLengths("vec.LocalReLU", len(dst), len(a))
	local(active.relu, dst, a, nil, 0)
}

// LocalReLUBackward is [ReLUBackward] in the calling goroutine.
func LocalReLUBackward(dx, x, dy []float32, accumulate bool) {
	checkLengths("vec.LocalReLUBackward", len(dx), len(x), len(dy))
	local(storeOrAdd(active.reluBackward, active.reluBackwardAdd, accumulate), dx, x, dy, 0)
}

// LocalReLU6 is [ReLU6] in the calling goroutine.
func LocalReLU6(dst, a []float32) {
	checkLengths("vec.LocalReLU6", len(dst), len(a))
	local(active.relu6, dst, a, nil, 0)
}

// LocalReLU6Backward is [ReLU6Backward] in the calling goroutine.
func LocalReLU6Backward(dx, x, dy []float32, accumulate bool) {
	checkLengths("vec.LocalReLU6Backward", len(dx), len(x), len(dy))
	local(storeOrAdd(active.relu6Backward, active.relu6BackwardAdd, accumulate), dx, x, dy, 0)
}

// local is elementwise in the calling goroutine. It goes block by block because assembly cannot be preempted.
func local(kernel elementwiseKernel, dst, a, b []float32, s float32) {
	if len(dst) <= block {
		kernel(dst, a, b, s)
		return
	}
	for i := range (len(dst) + block - 1) / block {
		kernel(blockOf(dst, i), blockOf(a, i), blockOf(b, i), s)
	}
}

// localReduce is reduce in the calling goroutine.
func localReduce(kernel reductionKernel, a, b []float32) float64 {
	if len(a) <= block {
		return reduceBlock(kernel, a, b)
	}
	var sum float64
	for i := range (len(a) + block - 1) / block {
		sum += reduceBlock(kernel, blockOf(a, i), blockOf(b, i))
	}
	return sum
}
