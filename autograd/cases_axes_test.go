package autograd_test

import (
	"math"
	"slices"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/tensor"
)

// alongAxes is a reduction of images along axes. far says that values lie so far apart that a difference quotient does not change which one
// is the largest.
func alongAxes(name string, op axesFunc, f func(values []float64) float64, far bool, axes ...int) opCase {
	return opCase{name, func(s size) *operation {
		x := s.images(1)
		switch {
		case far:
			x = s.far()
		case len(axes) == 0: // so few that a difference quotient of one number still sees each
			x = s.words(1, s.pick(3, 650))
		}
		return &operation{
			x:   []tensor.Tensor{x},
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return op(tp, x[0], axes...) },
			want: func(x []array) array {
				shape := slices.Clone(x[0].shape)
				for _, a := range axes {
					shape[(a+len(shape))%len(shape)] = 1
				}
				if len(axes) == 0 {
					shape = []int{1}
				}
				y := newArray(shape...)
				values := make([][]float64, len(y.data))
				x[0].each(func(index []int, v *float64) {
					at := 0
					for i, n := range shape {
						at = at*n + min(index[i], n-1)
					}
					if len(axes) == 0 {
						at = 0
					}
					values[at] = append(values[at], *v)
				})
				for i := range y.data {
					y.data[i] = f(values[i])
				}
				return y
			},
			moved: x.Len(), movedBack: x.Len(),
		}
	}}
}

func total(values []float64) (s float64) {
	for _, v := range values {
		s += v
	}
	return s
}

func mean(values []float64) float64 { return total(values) / float64(len(values)) }

func variance(values []float64) (s float64) {
	m := mean(values)
	for _, v := range values {
		s += sq(v-m) / float64(len(values)-1)
	}
	return s
}

var axesCases = []opCase{
	alongAxes("Sum/channels", autograd.Sum, total, false, -1),
	alongAxes("Sum/pixels", autograd.Sum, total, false, 1, 2),
	alongAxes("Sum/batch", autograd.Sum, total, false, 0),
	alongAxes("Sum/all but channels", autograd.Sum, total, false, 0, 1, 2),
	alongAxes("Sum/rows and channels", autograd.Sum, total, false, 3, 1),
	alongAxes("Sum/batch and columns", autograd.Sum, total, false, -4, -2),
	alongAxes("Mean/pixels", autograd.Mean, mean, false, 1, 2),
	alongAxes("Mean/columns", autograd.Mean, mean, false, 2),
	alongAxes("Max", autograd.Max, slices.Max[[]float64], true),
	alongAxes("Max/channels", autograd.Max, slices.Max[[]float64], true, 3),
	alongAxes("Max/pixels", autograd.Max, slices.Max[[]float64], true, 1, 2),
	alongAxes("Max/rows and channels", autograd.Max, slices.Max[[]float64], true, 1, 3),
	alongAxes("Min", autograd.Min, slices.Min[[]float64], true),
	alongAxes("Min/batch", autograd.Min, slices.Min[[]float64], true, 0),
	alongAxes("LogSumExp", autograd.LogSumExp, logSumExp, false),
	alongAxes("LogSumExp/channels", autograd.LogSumExp, logSumExp, false, -1),
	alongAxes("LogSumExp/pixels", autograd.LogSumExp, logSumExp, false, 1, 2),
	alongAxes("Variance", autograd.Variance, variance, false),
	alongAxes("Variance/all but channels", autograd.Variance, variance, false, 0, 1, 2),
	alongAxes("Std/channels", autograd.Std, func(v []float64) float64 { return math.Sqrt(variance(v)) }, false, -1),
	alongAxes("Std", autograd.Std, func(v []float64) float64 { return math.Sqrt(variance(v)) }, false),
}

// pairLoss is a mean over pairs of a prediction and a target, whose difference lies outside of 0.1 around every kink.
func pairLoss(name string, loss binaryFunc, target func(float64) float64, f func(x, t float64) float64, kinks ...float64) opCase {
	return opCase{name, func(s size) *operation {
		x, t := s.words(1, s.pick(3, 650)), s.words(2, s.pick(3, 650))
		for i, v := range t.Data {
			t.Data[i] = float32(target(float64(v)))
		}
		d := tensor.New(x.Shape()...)
		for i := range d.Data {
			d.Data[i] = x.Data[i] - t.Data[i]
		}
		if len(kinks) > 0 {
			keepAway(d, kinks...)
			for i := range d.Data {
				x.Data[i] = t.Data[i] + d.Data[i]
			}
		}
		return &operation{
			x:   []tensor.Tensor{x, t},
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return loss(tp, x[0], x[1]) },
			want: func(x []array) array {
				d := combined(x[0], x[1], f)
				n := len(d.data)
				if name == "KLDiv" {
					n = d.shape[0]
				}
				return scalar(sum(d, plain) / float64(n))
			},
			moved: 2 * x.Len(), movedBack: 6 * x.Len(),
		}
	}}
}

var pairLossCases = []opCase{
	pairLoss("L1", autograd.L1, unchanged, func(x, t float64) float64 { return math.Abs(x - t) }, 0),
	pairLoss("SmoothL1", smoothL1(0.7), unchanged, func(x, t float64) float64 {
		if d := math.Abs(x - t); d > 0.7 {
			return d - 0.35
		}
		return sq(x-t) / 1.4
	}, -0.7, 0.7),
	pairLoss("SmoothL1/absolute", smoothL1(0), unchanged, func(x, t float64) float64 { return math.Abs(x - t) }, 0),
	pairLoss("Huber", func(tp *autograd.Tape, x, t *autograd.Var) *autograd.Var {
		return autograd.Huber(tp, x, t, 1.5)
	}, unchanged, func(x, t float64) float64 {
		if d := math.Abs(x - t); d > 1.5 {
			return 1.5 * (d - 0.75)
		}
		return sq(x-t) / 2
	}, -1.5, 1.5),
	pairLoss("BCEWithLogits", autograd.BCEWithLogits, sigmoid, func(x, t float64) float64 { return softplus(x) - x*t }),
	pairLoss("WeightedBCEWithLogits", func(tp *autograd.Tape, x, t *autograd.Var) *autograd.Var {
		return autograd.WeightedBCEWithLogits(tp, x, t, 2.5)
	}, sigmoid, func(x, t float64) float64 { return (1-t)*softplus(x) + 2.5*t*softplus(-x) }),
	pairLoss("KLDiv", autograd.KLDiv, positive, func(x, t float64) float64 { return t * (math.Log(t) - x) }),
	nllCase("NLL", 0, flat, false),
	nllCase("NLL/ignored", 2, flat, false),
	nllCase("NLL/pixels", 3, pixels, false),
	nllCase("WeightedNLL", 0, flat, true),
	nllCase("WeightedNLL/ignored", 3, pixels, true),
}

func smoothL1(beta float64) binaryFunc {
	return func(tp *autograd.Tape, x, t *autograd.Var) *autograd.Var { return autograd.SmoothL1(tp, x, t, beta) }
}

// flat is n rows of k.
func flat(n, k int) []int { return []int{n, k} }

// pixels is n rows of k in two images of a row of pixels each.
func pixels(n, k int) []int { return []int{2, 1, n / 2, k} }

// nllCase ignores every so many labels. Weights of classes are 0, 0.5, 1, and so on.
func nllCase(name string, ignored int, shape func(n, k int) []int, weighted bool) opCase {
	return opCase{name, func(s size) *operation {
		n, k := s.pick(4, 256), s.pick(11, 1000)
		labels, count := someLabels(n, k, ignored)
		weight, total := make([]float32, k), float64(count)
		for i := range weight {
			weight[i] = float32(i%5) / 2
		}
		if weighted {
			total = 0
			for _, l := range labels {
				if l != autograd.Ignore {
					total += float64(weight[l])
				}
			}
		}
		return &operation{
			x: []tensor.Tensor{gradcheck.Random(5, shape(n, k)...)},
			run: func(tp *autograd.Tape, x vars) *autograd.Var {
				if weighted {
					return autograd.WeightedNLL(tp, x[0], labels, weight)
				}
				return autograd.NLL(tp, x[0], labels)
			},
			want: func(x []array) array {
				s := 0.
				for i, l := range labels {
					switch {
					case l == autograd.Ignore:
					case weighted:
						s -= float64(weight[l]) * x[0].data[i*k+int(l)] / total
					default:
						s -= x[0].data[i*k+int(l)] / total
					}
				}
				return scalar(s)
			},
			moved: n, movedBack: n * k,
		}
	}}
}

// someLabels returns n labels of k classes, every so many of which are to be ignored, and how many are not.
func someLabels(n, k, ignored int) (labels []int32, count int) {
	labels, count = make([]int32, n), n
	for i := range labels {
		if labels[i] = int32((7*i + 3) % k); ignored > 0 && i%ignored == 1 {
			labels[i] = autograd.Ignore
			count--
		}
	}
	return labels, count
}
