package elementwise

import "github.com/oneshot-nas/oneshot/kernels/vec"

// Losses of a prediction a and a target b, element by element.
var (
	// AbsoluteError is |a − b|; its gradient is zero at zero.
	AbsoluteError = Binary{Name: "AbsoluteError",
		eval: func(y, a, b, _ []float32, _ Params, _ *scratch) {
			vec.LocalSub(y, a, b)
			vec.LocalAbs(y, y)
		},
		grad: [2]rule{
			func(da, a, b, dy []float32, _ Params, t *scratch) { signedDifference(da, a, b, dy, t) },
			func(db, a, b, dy []float32, _ Params, t *scratch) { signedDifference(db, b, a, dy, t) },
		},
	}
	// Huber is p1·(a − b)²/2 where |a − b| is less than p0, p1·p0·(|a − b| − p0/2) elsewhere (Huber 1964).
	Huber = Binary{Name: "Huber",
		eval: func(y, a, b, _ []float32, p Params, t *scratch) { // m·(|d| − m/2) with m = min(|d|, p0)
			d, m := t.temp(0, len(a)), t.temp(1, len(a))
			vec.LocalSub(d, a, b)
			vec.LocalAbs(d, d)
			vec.LocalAtMost(m, d, float32(p[0]))
			vec.LocalAxpy(d, -0.5, m)
			vec.LocalMul(y, d, m)
			vec.LocalScale(y, float32(p[1]), y)
		},
		grad: [2]rule{
			func(da, a, b, dy []float32, p Params, _ *scratch) { clampedDifference(da, a, b, dy, p) },
			func(db, a, b, dy []float32, p Params, _ *scratch) { clampedDifference(db, b, a, dy, p) },
		},
	}
	// BinaryCrossEntropy is that of the sigmoid of a with b, log(1 + e^a) − a·b, in a form that no a overflows.
	BinaryCrossEntropy = Binary{Name: "BinaryCrossEntropy",
		eval: func(y, a, b, _ []float32, _ Params, t *scratch) {
			softplus(y, a, t)
			product := t.temp(0, len(a))
			vec.LocalMul(product, a, b)
			vec.LocalSub(y, y, product)
		},
		grad: [2]rule{
			func(da, a, b, dy []float32, _ Params, _ *scratch) {
				vec.LocalSigmoid(da, a)
				vec.LocalSub(da, da, b)
				vec.LocalMul(da, da, dy)
			},
			minusA,
		},
	}
	// WeightedBinaryCrossEntropy is BinaryCrossEntropy with its positive part, that of b, counted p0 times: w·log(1 + e^a) − p0·a·b with
	// w = 1 + (p0 − 1)·b.
	WeightedBinaryCrossEntropy = Binary{Name: "WeightedBinaryCrossEntropy",
		eval: func(y, a, b, _ []float32, p Params, t *scratch) {
			softplus(y, a, t)
			w := t.temp(0, len(a))
			positiveWeights(w, b, p)
			vec.LocalMul(y, y, w)
			vec.LocalMul(w, a, b)
			vec.LocalAxpy(y, float32(-p[0]), w)
		},
		grad: [2]rule{
			func(da, a, b, dy []float32, p Params, t *scratch) {
				w := t.temp(0, len(a))
				positiveWeights(w, b, p)
				vec.LocalSigmoid(da, a)
				vec.LocalMul(da, da, w)
				vec.LocalAxpy(da, float32(-p[0]), b)
				vec.LocalMul(da, da, dy)
			},
			func(db, a, _, dy []float32, p Params, t *scratch) {
				softplus(db, a, t)
				vec.LocalScale(db, float32(p[0]-1), db)
				vec.LocalAxpy(db, float32(-p[0]), a)
				vec.LocalMul(db, db, dy)
			},
		},
	}
	// RelativeEntropy is b·(log b − a) for the logarithm a of a probability and a probability b, and −b·a where b is zero. The gradient
	// of a b of zero is infinite.
	RelativeEntropy = Binary{Name: "RelativeEntropy",
		eval: func(y, a, b, _ []float32, _ Params, t *scratch) {
			product := t.temp(0, len(a))
			vec.LocalMul(product, a, b)
			vec.LocalLog(y, b)
			vec.LocalMul(y, y, b)
			for i, v := range b {
				if v == 0 {
					y[i] = 0
				}
			}
			vec.LocalSub(y, y, product)
		},
		grad: [2]rule{
			func(da, _, b, dy []float32, _ Params, _ *scratch) {
				vec.LocalMul(da, b, dy)
				vec.LocalScale(da, -1, da)
			},
			func(db, a, b, dy []float32, _ Params, _ *scratch) {
				vec.LocalLog(db, b)
				vec.LocalAddScalar(db, db, 1)
				vec.LocalSub(db, db, a)
				vec.LocalMul(db, db, dy)
			},
		},
	}
)

// positiveWeights computes w = 1 + (p0 − 1)·b.
func positiveWeights(w, b []float32, p Params) {
	vec.LocalScale(w, float32(p[0]-1), b)
	vec.LocalAddScalar(w, w, 1)
}

// minusA computes dst = −a·dy.
func minusA(dst, a, _, dy []float32, _ Params, _ *scratch) {
	vec.LocalMul(dst, a, dy)
	vec.LocalScale(dst, -1, dst)
}

// signedDifference computes dst = dy·sign(v − w).
func signedDifference(dst, v, w, dy []float32, t *scratch) {
	d := t.temp(0, len(dst))
	vec.LocalSub(d, v, w)
	signed(dst, d, dy, t)
}

// clampedDifference computes dst = dy·p1·min(max(v − w, −p0), p0).
func clampedDifference(dst, v, w, dy []float32, p Params) {
	vec.LocalSub(dst, v, w)
	clamp(dst, dst, float32(-p[0]), float32(p[0]))
	vec.LocalScale(dst, float32(p[1]), dst)
	vec.LocalMul(dst, dst, dy)
}
