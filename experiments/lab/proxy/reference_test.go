package proxy_test

import (
	"math"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/supernet"
)

// reference computes the network of one architecture of NAS-Bench-201 in double precision, a pixel after the other, and its derivatives by
// changing what they are taken with respect to.
type reference struct {
	space  nasbench201.Space
	arch   nasbench201.Arch
	names  []string // of the parameters
	param  map[string][]float64
	weight map[string]bool // convolutions and the classifier
	linear bool            // without batch norms and biases

	factor func(layer string, image, channel int) float64 // of the outputs of layers; nil: 1
	relus  func(x volume)                                 // is shown the input of each ReLU
}

// volume is [N][H][W][C].
type volume struct {
	n, h, w, c int
	v          []float64
}

func newVolume(n, h, w, c int) volume { return volume{n, h, w, c, make([]float64, n*h*w*c)} }

func (x volume) at(n, y, z, c int) *float64 { return &x.v[((n*x.h+y)*x.w+z)*x.c+c] }

func newReference(m *supernet.NASBench201, arch nasbench201.Arch) *reference {
	r := &reference{space: m.Space, arch: arch, param: make(map[string][]float64), weight: make(map[string]bool)}
	for _, p := range m.Store().Params {
		values := make([]float64, p.Value.Len())
		for i, v := range p.Value.Data {
			values[i] = float64(v)
		}
		r.names, r.param[p.Name] = append(r.names, p.Name), values
		r.weight[p.Name] = p.Value.Rank() > 1
	}
	return r
}

func (r *reference) scaled(layer string, x volume) volume {
	if r.factor != nil {
		for i := range x.v {
			x.v[i] *= r.factor(layer, i/(x.h*x.w*x.c), i%x.c)
		}
	}
	return x
}

func (r *reference) conv(layer string, x volume, k, cout, stride int) volume {
	w := r.param[layer+".weight"]
	y := newVolume(x.n, (x.h-1)/stride+1, (x.w-1)/stride+1, cout)
	for n := range y.n {
		for oy := range y.h {
			for ox := range y.w {
				for ky := range k {
					for kx := range k {
						iy, ix := oy*stride+ky-k/2, ox*stride+kx-k/2
						if iy < 0 || ix < 0 || iy >= x.h || ix >= x.w {
							continue
						}
						for ci := range x.c {
							for co := range cout {
								*y.at(n, oy, ox, co) += *x.at(n, iy, ix, ci) * w[((ky*k+kx)*x.c+ci)*cout+co]
							}
						}
					}
				}
			}
		}
	}
	return r.scaled(layer, y)
}

func (r *reference) norm(layer string, x volume) volume {
	if r.linear {
		return x
	}
	gamma, beta := r.param[layer+".weight"], r.param[layer+".bias"]
	y := newVolume(x.n, x.h, x.w, x.c)
	for c := range x.c {
		mean, square, rows := 0.0, 0.0, float64(x.n*x.h*x.w)
		for i := c; i < len(x.v); i += x.c {
			mean += x.v[i] / rows
		}
		for i := c; i < len(x.v); i += x.c {
			square += (x.v[i] - mean) * (x.v[i] - mean) / rows
		}
		for i := c; i < len(x.v); i += x.c {
			y.v[i] = gamma[c]*(x.v[i]-mean)/math.Sqrt(square+1e-5) + beta[c]
		}
	}
	return y
}

func (r *reference) relu(x volume) volume {
	if r.relus != nil {
		r.relus(x)
	}
	y := newVolume(x.n, x.h, x.w, x.c)
	for i, v := range x.v {
		y.v[i] = max(v, 0)
	}
	return y
}

// pool averages k×k windows, of which only what lies inside counts.
func pool(x volume, k, stride, pad int) volume {
	y := newVolume(x.n, (x.h+2*pad-k)/stride+1, (x.w+2*pad-k)/stride+1, x.c)
	for n := range y.n {
		for oy := range y.h {
			for ox := range y.w {
				for c := range y.c {
					sum, count := 0.0, 0.0
					for iy := max(0, oy*stride-pad); iy < min(x.h, oy*stride-pad+k); iy++ {
						for ix := max(0, ox*stride-pad); ix < min(x.w, ox*stride-pad+k); ix++ {
							sum, count = sum+*x.at(n, iy, ix, c), count+1
						}
					}
					*y.at(n, oy, ox, c) = sum / count
				}
			}
		}
	}
	return y
}

func (r *reference) reluConvNorm(prefix string, x volume, k, cout, stride int) volume {
	return r.norm(prefix+".2", r.conv(prefix+".1", r.relu(x), k, cout, stride))
}

func (x volume) add(y volume) {
	for i, v := range y.v {
		x.v[i] += v
	}
}

// logits of images, [N][classes].
func (r *reference) logits(x volume) [][]float64 {
	c := r.space.Channels
	x = r.norm("stem.1", r.conv("stem.0", x, 3, c, 1))
	for i := range r.space.Blocks() {
		cell := "cells." + string(rune('0'+i))
		if r.space.Reduction(i) {
			c *= 2
			y := r.reluConvNorm(cell+".conv_b", r.reluConvNorm(cell+".conv_a", x, 3, c, 2), 3, c, 1)
			y.add(r.conv(cell+".downsample.1", pool(x, 2, 2, 0), 1, c, 1))
			x = y
			continue
		}
		nodes := []volume{x}
		for to := 1; to < nasbench201.Nodes; to++ {
			sum := newVolume(x.n, x.h, x.w, x.c)
			for from := range to {
				edge := nasbench201.Edge(from, to)
				prefix := cell + ".edge." + nasbench201.Keys[edge]
				switch r.arch[edge] {
				case nasbench201.SkipConnect:
					sum.add(nodes[from])
				case nasbench201.Conv1x1:
					sum.add(r.reluConvNorm(prefix, nodes[from], 1, c, 1))
				case nasbench201.Conv3x3:
					sum.add(r.reluConvNorm(prefix, nodes[from], 3, c, 1))
				case nasbench201.AvgPool3x3:
					sum.add(pool(nodes[from], 3, 1, 1))
				}
			}
			nodes = append(nodes, sum)
		}
		x = nodes[nasbench201.Nodes-1]
	}
	x = r.relu(r.norm("lastact.0", x))
	w, bias, classes := r.param["classifier.weight"], r.param["classifier.bias"], r.space.Classes
	out := make([][]float64, x.n)
	for n := range out {
		out[n] = make([]float64, classes)
		for k := range classes {
			for c := range x.c {
				mean := 0.0
				for p := range x.h * x.w {
					mean += x.v[(n*x.h*x.w+p)*x.c+c] / float64(x.h*x.w)
				}
				out[n][k] += mean * w[c*classes+k]
			}
			if !r.linear {
				out[n][k] += bias[k]
			}
			if r.factor != nil {
				out[n][k] *= r.factor("classifier", n, k)
			}
		}
	}
	return out
}

// loss is the mean cross-entropy.
func (r *reference) loss(x volume, labels []int32) float64 {
	sum := 0.0
	for n, row := range r.logits(x) {
		exps := 0.0
		for _, v := range row {
			exps += math.Exp(v)
		}
		sum += math.Log(exps) - row[labels[n]]
	}
	return sum / float64(x.n)
}

// total is the sum of all logits.
func (r *reference) total(x volume) float64 {
	sum := 0.0
	for _, row := range r.logits(x) {
		for _, v := range row {
			sum += v
		}
	}
	return sum
}

// derivative of f with respect to v.
func derivative(v *float64, f func() float64) float64 {
	const h = 1e-6
	at := *v
	*v = at + h
	above := f()
	*v = at - h
	below := f()
	*v = at
	return (above - below) / (2 * h)
}

// gradients of the loss with respect to the weights, by name.
func (r *reference) gradients(x volume, labels []int32) map[string][]float64 {
	all := make(map[string][]float64)
	for _, name := range r.names {
		if r.weight[name] {
			for i := range r.param[name] {
				all[name] = append(all[name], derivative(&r.param[name][i], func() float64 { return r.loss(x, labels) }))
			}
		}
	}
	return all
}

// proxies computes all of them, on as many batches as there are.
func (r *reference) proxies(images []volume, labels [][]int32) map[string]float64 {
	p := make(map[string]float64)
	x := images[0]
	var grads []map[string][]float64
	for i := range images {
		grads = append(grads, r.gradients(images[i], labels[i]))
	}
	for name, g := range grads[0] {
		squares := 0.0
		for i, v := range g {
			p["snip"] += math.Abs(v * r.param[name][i])
			p["plain"] += v * r.param[name][i]
			squares += v * v
		}
		p["grad_norm"] += math.Sqrt(squares)
		ratios := 0.0
		for i := range g {
			mean, meanSquare := 0.0, 0.0
			for _, all := range grads {
				v := math.Abs(all[name][i])
				mean, meanSquare = mean+v/float64(len(grads)), meanSquare+v*v/float64(len(grads))
			}
			if variance := meanSquare - mean*mean; variance > 0 {
				ratios += mean / math.Sqrt(variance)
			}
		}
		if ratios > 0 { // some gradient varies
			p["zico"] += math.Log(ratios)
		}
	}

	// The sum over pixels of a·∂L/∂a is the derivative with respect to a factor of a.
	for _, name := range r.names {
		layer, isWeight := strings.CutSuffix(name, ".weight")
		if !isWeight || !r.weight[name] {
			continue
		}
		channels := len(r.param[name]) // at most: channels that there are not have no effect
		for c := range min(channels, 4*r.space.Channels+r.space.Classes) {
			for n := range x.n {
				s := 1.0
				r.factor = func(l string, image, channel int) float64 {
					if l == layer && image == n && channel == c {
						return s
					}
					return 1
				}
				d := derivative(&s, func() float64 { return r.loss(x, labels[0]) })
				p["fisher"] += d * d / float64(2*x.n)
				r.factor = nil
			}
		}
	}

	// Codes by image, in characters.
	code := make([]strings.Builder, x.n)
	patterns := make(map[string]bool)
	r.relus = func(y volume) {
		size := y.h * y.w * y.c
		for u := range size {
			pattern := ""
			for n := range y.n {
				bit := "0"
				if y.v[n*size+u] > 0 {
					bit = "1"
				}
				code[n].WriteString(bit)
				pattern += bit
			}
			patterns[pattern] = true
		}
	}
	r.logits(x)
	r.relus = nil
	p["swap"] = float64(len(patterns))
	kernel := make([][]float64, x.n)
	for i := range kernel {
		kernel[i] = make([]float64, x.n)
		for j := range kernel[i] {
			for u := range code[i].String() {
				if code[i].String()[u] == code[j].String()[u] {
					kernel[i][j]++
				}
			}
		}
	}
	det, _ := invert(kernel)
	p["naswot"] = math.Log(det)

	// With Σ log(λ+k) = log |R + kI| and Σ 1/(λ+k) = tr (R + kI)⁻¹ no eigenvalues are needed.
	size := x.h * x.w * x.c
	jacobian := make([]float64, len(x.v))
	for i := range x.v {
		jacobian[i] = derivative(&x.v[i], func() float64 { return r.total(x) })
	}
	corr := make([][]float64, x.n)
	for i := range corr {
		corr[i] = make([]float64, x.n)
		for j := range corr[i] {
			corr[i][j] = pearson(jacobian[i*size:(i+1)*size], jacobian[j*size:(j+1)*size])
		}
		corr[i][i] += 1e-5
	}
	det, inverse := invert(corr)
	p["jacob_cov"] = -math.Log(det)
	for i := range inverse {
		p["jacob_cov"] -= inverse[i][i]
	}

	// The outputs are linear in each weight: w·∂R/∂w is what they gain if it is doubled.
	ones := newVolume(1, x.h, x.w, x.c)
	for i := range ones.v {
		ones.v[i] = 1
	}
	r.linear = true
	for _, values := range r.param {
		for i, v := range values {
			values[i] = math.Abs(v)
		}
	}
	before := r.total(ones)
	for name, values := range r.param {
		for i, v := range values {
			if r.weight[name] {
				values[i] = 2 * v
				p["synflow"] += r.total(ones) - before
				values[i] = v
			}
		}
	}
	return p
}

func pearson(x, y []float64) float64 {
	mx, my := 0.0, 0.0
	for i := range x {
		mx, my = mx+x[i]/float64(len(x)), my+y[i]/float64(len(y))
	}
	xy, xx, yy := 0.0, 0.0, 0.0
	for i := range x {
		xy, xx, yy = xy+(x[i]-mx)*(y[i]-my), xx+(x[i]-mx)*(x[i]-mx), yy+(y[i]-my)*(y[i]-my)
	}
	return xy / math.Sqrt(xx*yy)
}

// invert returns the determinant and the inverse of a matrix, which it destroys (Gauß and Jordan, with the largest pivot of the column).
func invert(a [][]float64) (det float64, inverse [][]float64) {
	n := len(a)
	det = 1
	for i := range a {
		row := make([]float64, n)
		row[i] = 1
		a[i] = append(a[i], row...)
	}
	for i := range a {
		for j := i + 1; j < n; j++ {
			if math.Abs(a[j][i]) > math.Abs(a[i][i]) {
				a[i], a[j], det = a[j], a[i], -det
			}
		}
		pivot := a[i][i]
		det *= pivot
		for k := range a[i] {
			a[i][k] /= pivot
		}
		for j := range a {
			if f := a[j][i]; j != i {
				for k := range a[j] {
					a[j][k] -= f * a[i][k]
				}
			}
		}
	}
	for i := range a {
		inverse = append(inverse, a[i][n:])
	}
	return det, inverse
}
