package optim

import "math"

// generic is the specification of all other kernels. The conversions to float32 keep the compiler from fusing.
var generic = kernels{momentum: momentumGeneric, nesterov: nesterovGeneric, adam: adamGeneric, rmsprop: rmspropGeneric, asgd: asgdGeneric}

func momentumGeneric(p, v, g []float32, s SGD) {
	for i := range p {
		v[i] = float32(s.Momentum*v[i]) + s.decayed(g[i], p[i])
		p[i] -= float32(s.LR * v[i])
	}
}

func nesterovGeneric(p, v, g []float32, s SGD) {
	for i := range p {
		d := s.decayed(g[i], p[i])
		v[i] = float32(s.Momentum*v[i]) + d
		p[i] -= float32(s.LR * (d + float32(s.Momentum*v[i])))
	}
}

// decayed returns g'.
func (s *SGD) decayed(g, p float32) float32 {
	return float32(s.GradScale*g) + float32(s.WeightDecay*p)
}

func adamGeneric(p, m, v, g []float32, c *coefficients) {
	for i := range p {
		d := decayed(c, g[i], p[i])
		m[i] = float32(c[2]*m[i]) + float32(c[3]*d)
		v[i] = float32(c[4]*v[i]) + float32(c[5]*float32(d*d))
		p[i] -= float32(c[6]*m[i]) / (float32(root(v[i])*c[7]) + c[8])
	}
}

func rmspropGeneric(p, ms, mom, g []float32, c *coefficients) {
	for i := range p {
		d := decayed(c, g[i], p[i])
		ms[i] = float32(c[2]*ms[i]) + float32(c[3]*float32(d*d))
		mom[i] = float32(c[4]*mom[i]) + float32(c[5]*d)/root(ms[i]+c[6])
		p[i] -= mom[i]
	}
}

func asgdGeneric(p, ax, _, g []float32, c *coefficients) {
	for i := range p {
		d := decayed(c, g[i], p[i])
		p[i] = float32(c[2]*p[i]) - float32(c[3]*d)
		ax[i] += float32(float32(p[i]-ax[i]) * c[4])
	}
}

// decayed returns g'.
func decayed(c *coefficients, g, p float32) float32 { return float32(c[0]*g) + float32(c[1]*p) }

func root(x float32) float32 { return float32(math.Sqrt(float64(x))) }
