package autograd_test

import (
	"math"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// normCases are the norms that do not look across the batch.
var normCases = []opCase{
	layerNormCase("LayerNorm", true, true, false),
	layerNormCase("LayerNorm/scaled", true, false, false),
	layerNormCase("LayerNorm/plain", false, false, false),
	layerNormCase("RMSNorm", true, false, true),
	layerNormCase("RMSNorm/plain", false, false, true),
	groupNormCase("GroupNorm", 2, true),
	groupNormCase("GroupNorm/instance", 0, true),
	groupNormCase("GroupNorm/one", 1, true),
	groupNormCase("GroupNorm/plain", 2, false),
}

// normEps is large enough to be seen.
const normEps = 0.1

func layerNormCase(name string, scaled, shifted, rms bool) opCase {
	return opCase{name, func(s size) *operation {
		x := s.words(1, s.pick(7, 512))
		gamma, beta, params := affineParams(x.Cols(), scaled, shifted)
		return &operation{
			x: []tensor.Tensor{x}, params: params,
			run: func(tp *autograd.Tape, x vars) *autograd.Var {
				if rms {
					return autograd.RMSNorm(tp, x[0], gamma, normEps)
				}
				return autograd.LayerNorm(tp, x[0], gamma, beta, normEps)
			},
			want: func(x []array) array {
				return alongRows(x[0], func(row []float64) {
					standardise(row, rms)
					for j := range row {
						row[j] = row[j]*elementOf(gamma, j, 1) + elementOf(beta, j, 0)
					}
				})
			},
			moved: 2 * x.Len(), movedBack: 3 * x.Len(),
		}
	}}
}

// groupNormCase has as many groups as channels if groups is zero.
func groupNormCase(name string, groups int, affine bool) opCase {
	return opCase{name, func(s size) *operation {
		x := s.images(1)
		if s == small {
			x = tensor.Wrap(x.Data[:2*3*6*6], 2, 3, 6, 6)
		}
		c, g := x.Cols(), groups
		if g == 0 {
			g = c
		} else if g > 1 {
			g = s.pick(g, 16)
		}
		gamma, beta, params := affineParams(c, affine, affine)
		return &operation{
			x: []tensor.Tensor{x}, params: params,
			run: func(tp *autograd.Tape, x vars) *autograd.Var {
				return autograd.GroupNorm(tp, x[0], g, gamma, beta, normEps)
			},
			want: func(x []array) array {
				y, of := newArray(x[0].shape...), make(map[[2]int][]float64)
				key := func(i []int) [2]int { return [2]int{i[0], i[3] / (c / g)} }
				x[0].each(func(i []int, v *float64) { of[key(i)] = append(of[key(i)], *v) })
				for _, values := range of {
					standardise(values, false)
				}
				y.each(func(i []int, v *float64) {
					*v = of[key(i)][0]*elementOf(gamma, i[3], 1) + elementOf(beta, i[3], 0)
					of[key(i)] = of[key(i)][1:]
				})
				return y
			},
			moved: 3 * x.Len(), movedBack: 5 * x.Len(),
		}
	}}
}

// affineParams are γ and β, or nil.
func affineParams(c int, scaled, shifted bool) (gamma, beta *autograd.Param, params []*autograd.Param) {
	if scaled {
		gamma = param("gamma", c)
		params = append(params, gamma)
	}
	if shifted {
		beta = param("beta", c)
		params = append(params, beta)
	}
	return gamma, beta, params
}

// elementOf is an element of a parameter, or what stands for it if there is none.
func elementOf(p *autograd.Param, j int, otherwise float64) float64 {
	if p == nil {
		return otherwise
	}
	return float64(p.Value.Data[j])
}

// standardise gives values a mean of zero, unless rms is set, and a mean square of one.
func standardise(values []float64, rms bool) {
	m, mean, square := float64(len(values)), 0., 0.
	if !rms {
		for _, v := range values {
			mean += v / m
		}
	}
	for _, v := range values {
		square += sq(v-mean) / m
	}
	for i := range values {
		values[i] = (values[i] - mean) / math.Sqrt(square+normEps)
	}
}
