package elementwise

// Function is a function of one variable with its derivative.
type Function struct {
	// Name is what error messages call it.
	Name string
	// ByOutput says that the derivative is found from the result, not from the variable.
	ByOutput bool

	eval rule
	grad rule // nil where the derivative is one, or package vec has it
	// What package vec has for whole matrices; may be nil.
	rows         func(dst []float32, ldDst int, a []float32, lda, rows, cols int)
	backwardRows func(dx []float32, lddx int, v []float32, ldv int, dy []float32, lddy, rows, cols int, accumulate bool)
}

// Apply computes y = f(x), of one shape.
func (f *Function) Apply(y, x Array, p Params) {
	if f.rows != nil {
		if m, ok := matrices(y, x); ok {
			f.rows(y.Data, m.ld[0], x.Data, m.ld[1], m.rows, m.cols)
			return
		}
	}
	y.check(f.Name, "result")
	run(f.eval, y, false, [operands]Array{x.stretched(f.Name, "operand", y.Shape)}, p)
}

// Backward computes the gradient of the variable from v, which is the variable or, if f.ByOutput, the result, and the gradient dy of the
// result, and stores it in dx or, to accumulate, adds it there.
func (f *Function) Backward(dx, v, dy Array, accumulate bool, p Params) {
	if f.backwardRows != nil {
		if m, ok := matrices(dx, v, dy); ok {
			f.backwardRows(dx.Data, m.ld[0], v.Data, m.ld[1], dy.Data, m.ld[2], m.rows, m.cols, accumulate)
			return
		}
	}
	dx.check(f.Name, "gradient of the operand")
	in := [operands]Array{v.stretched(f.Name, "operand", dx.Shape), {}, dy.stretched(f.Name, "gradient", dx.Shape)}
	run(f.grad, dx, accumulate, in, p)
}

// PassesGradient reports whether the derivative is one: the gradient of the result is that of the variable, and there is no
// [Function.Backward].
func (f *Function) PassesGradient() bool { return f.grad == nil && f.backwardRows == nil }

// matrix is arrays of one shape as matrices.
type matrix struct {
	rows, cols int
	ld         [3]int
}

// matrices returns the arrays as matrices, if their rows are evenly spaced.
func matrices(arrays ...Array) (m matrix, ok bool) {
	m.cols = arrays[0].Shape[Axes-1]
	m.rows = arrays[0].Len() / max(m.cols, 1)
	for i, a := range arrays {
		if a.Shape != arrays[0].Shape || m.cols > 1 && a.Stride[Axes-1] != 1 {
			return m, false
		}
		m.ld[i] = m.cols
		next := 0 // the stride that the next axis out must have
		for axis := Axes - 2; axis >= 0; axis-- {
			switch n := a.Shape[axis]; {
			case n == 1:
				continue
			case next == 0:
				m.ld[i] = a.Stride[axis]
			case a.Stride[axis] != next:
				return m, false
			}
			next = a.Stride[axis] * a.Shape[axis]
		}
	}
	return m, true
}
