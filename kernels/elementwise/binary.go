package elementwise

import "github.com/oneshot-nas/oneshot/kernels/vec"

// Binary is a function of two variables with its derivatives.
type Binary struct {
	// Name is what error messages call it.
	Name string

	eval rule
	grad [2]rule // with respect to a and b; nil where the derivative is one
}

// Apply computes y = f(a, b), with a and b stretched to the shape of y.
func (f *Binary) Apply(y, a, b Array, p Params) {
	y.check(f.Name, "result")
	run(f.eval, y, false, [operands]Array{a.stretched(f.Name, "first operand", y.Shape), b.stretched(f.Name, "second operand", y.Shape)}, p)
}

// PassesGradient reports whether the derivative with respect to a (which is 0) or b (1) is one.
func (f *Binary) PassesGradient(which int) bool { return f.grad[which] == nil }

// Backward computes the gradient of a (which is 0) or b (1) from both and the gradient dy of the result, summed over the axes along which
// the operand has been stretched, and stores it in dst or, to accumulate, adds it there. dy may be stretched, too, to the given shape.
func (f *Binary) Backward(which int, dst, a, b, dy Array, shape [Axes]int, accumulate bool, p Params) {
	in := [operands]Array{
		a.stretched(f.Name, "first operand", shape), b.stretched(f.Name, "second operand", shape), dy.stretched(f.Name, "gradient", shape),
	}
	if dst.Shape == shape && f.grad[which] != nil {
		dst.check(f.Name, "gradient of an operand")
		run(f.grad[which], dst, accumulate, in, p)
		return
	}
	if f.grad[which] == nil {
		in = [operands]Array{in[2]}
	}
	reduce(&Sum, f.Name, dst, shape, f.grad[which], in, accumulate, 1, p)
}

// Total returns the sum of f(a, b) over all elements of arrays of one shape, in float64.
func (f *Binary) Total(a, b Array, p Params) float64 {
	in := [operands]Array{a.stretched(f.Name, "first operand", a.Shape), b.stretched(f.Name, "second operand", a.Shape)}
	return total(f.eval, a.Shape, in, p)
}

func negated(dst, _, _, dy []float32, _ Params, _ *scratch) { vec.LocalScale(dst, -1, dy) }

// Functions of two variables.
var (
	// Add is a + b.
	Add = Binary{Name: "Add", eval: func(y, a, b, _ []float32, _ Params, _ *scratch) { vec.LocalAdd(y, a, b) }}
	// Sub is a − b.
	Sub = Binary{Name: "Sub",
		eval: func(y, a, b, _ []float32, _ Params, _ *scratch) { vec.LocalSub(y, a, b) },
		grad: [2]rule{nil, negated},
	}
	// Mul is a·b.
	Mul = Binary{Name: "Mul",
		eval: func(y, a, b, _ []float32, _ Params, _ *scratch) { vec.LocalMul(y, a, b) },
		grad: [2]rule{
			func(da, _, b, dy []float32, _ Params, _ *scratch) { vec.LocalMul(da, dy, b) },
			func(db, a, _, dy []float32, _ Params, _ *scratch) { vec.LocalMul(db, dy, a) },
		},
	}
	// Div is a/b: ±∞ where b is zero, NaN where both are.
	Div = Binary{Name: "Div",
		eval: func(y, a, b, _ []float32, _ Params, _ *scratch) { vec.LocalDiv(y, a, b) },
		grad: [2]rule{
			func(da, _, b, dy []float32, _ Params, _ *scratch) { vec.LocalDiv(da, dy, b) },
			func(db, a, b, dy []float32, _ Params, t *scratch) { // −dy·((a/b)/b)
				vec.LocalDiv(db, a, b)
				vec.LocalDiv(db, db, b)
				vec.LocalMul(db, db, dy)
				vec.LocalScale(db, -1, db)
			},
		},
	}
	// Maximum is the larger of both, NaN where either is. Where they are equal each gets half of the gradient, where either is NaN all
	// of it.
	Maximum = Binary{Name: "Maximum",
		eval: func(y, a, b, _ []float32, _ Params, _ *scratch) { vec.LocalMax(y, a, b) },
		grad: [2]rule{
			func(da, a, b, dy []float32, _ Params, t *scratch) { towardsLarger(da, a, b, dy, t) },
			func(db, a, b, dy []float32, _ Params, t *scratch) { towardsLarger(db, b, a, dy, t) },
		},
	}
	// Minimum is the smaller of both, as Maximum is the larger.
	Minimum = Binary{Name: "Minimum",
		eval: func(y, a, b, _ []float32, _ Params, _ *scratch) { vec.LocalMin(y, a, b) },
		grad: [2]rule{
			func(da, a, b, dy []float32, _ Params, t *scratch) { towardsLarger(da, b, a, dy, t) },
			func(db, a, b, dy []float32, _ Params, t *scratch) { towardsLarger(db, a, b, dy, t) },
		},
	}
)

// towardsLarger computes dst = dy where v is larger than w or either is NaN, half of it where they are equal, and zero elsewhere.
func towardsLarger(dst, v, w, dy []float32, t *scratch) {
	d, equal := t.temp(0, len(dst)), t.temp(1, len(dst))
	vec.LocalSub(d, v, w)
	vec.LocalAbove(dst, d, dy, 0)
	vec.LocalEqual(equal, v, w, 1)
	if s := vec.LocalSum(d); s-s == 0 && vec.LocalSum(equal) == 0 {
		return // seldom otherwise: the sum is NaN or infinite if a difference is
	}
	for i, x := range d {
		if x == 0 || x != x { // equal, which ∞ may be, too, or NaN
			if dst[i] = dy[i]; v[i] == w[i] {
				dst[i] /= 2
			}
		}
	}
}
