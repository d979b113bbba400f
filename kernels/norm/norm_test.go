package norm

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

func forEachISA(t *testing.T, f func(t *testing.T)) {
	for _, isa := range cpu.Available() {
		t.Run(isa.String(), func(t *testing.T) {
			defer func(k kernels) { active = k }(active)
			active = kernelsFor(isa)
			f(t)
		})
	}
}

// matrix is rows × c random values, rows ld floats apart, the last of which ends at an inaccessible page.
type matrix struct {
	s           []float32
	rows, c, ld int
}

func newMatrix(t *testing.T, rng *rand.Rand, rows, c, gap int) matrix {
	m := matrix{guard.Float32(t, max(0, (rows-1)*(c+gap)+c)), rows, c, c + gap}
	if rows == 0 {
		m.s = m.s[:0]
	}
	for i := range m.s {
		m.s[i] = float32(rng.NormFloat64() + 0.5)
	}
	return m
}

func (m matrix) at(r, j int) float64 { return float64(m.s[r*m.ld+j]) }

func vector(t *testing.T, rng *rand.Rand, c int) []float32 { return newMatrix(t, rng, 1, c, 0).s }

// shapes are rows, channels and gap between rows. Some have more channels than a byte can count; the last more than package vec takes to be
// worth sharing.
var shapes = [][3]int{{0, 5, 0}, {1, 1, 0}, {2, 3, 1}, {3, 16, 0}, {7, 17, 2}, {64, 16, 0}, {5, 32, 16}, {100, 8, 0}, {33, 50, 3},
	{9000, 16, 0}, {4099, 7, 1}, {7, 64, 0}, {9, 100, 3}, {5, 200, 0}, {6, 256, 0}, {5, 300, 2}, {5, 5000, 0}, {5, 5000, 1}, {4, 20000, 0}}

func close64(t *testing.T, what string, got, want, scale float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 3e-6*scale+1e-12) {
		t.Fatalf("%s = %v, want %v", what, got, want)
	}
}

func TestStatsAndGradSums(t *testing.T) {
	forEachISA(t, func(t *testing.T) {
		for _, s := range shapes {
			rng := rand.New(rand.NewPCG(1, 2))
			rows, c := s[0], s[1]
			x, g, z := newMatrix(t, rng, rows, c, s[2]), newMatrix(t, rng, rows, c, 2*s[2]), newMatrix(t, rng, rows, c, 0)
			sum, sq, sg := make([]float64, c), make([]float64, c), make([]float64, c)
			gx := [][]float64{make([]float64, c), make([]float64, c)}
			Stats(x.s, rows, c, x.ld, sum, sq)
			GradSums(g.s, rows, c, g.ld, []Term{{X: x.s, LD: x.ld}, {X: z.s, LD: z.ld}}, sg, gx)
			for j := range c {
				var w, a [5]float64
				for r := range rows {
					for i, v := range []float64{x.at(r, j), x.at(r, j) * x.at(r, j), g.at(r, j), g.at(r, j) * x.at(r, j),
						g.at(r, j) * z.at(r, j)} {
						w[i] += v
						a[i] += math.Abs(v)
					}
				}
				for i, got := range []float64{sum[j], sq[j], sg[j], gx[0][j], gx[1][j]} {
					close64(t, "sum", got, w[i], a[i])
				}
			}
		}
	})
}

func TestApplySumAndAffine(t *testing.T) {
	forEachISA(t, func(t *testing.T) {
		for _, s := range shapes {
			rng := rand.New(rand.NewPCG(1, 2))
			rows, c := s[0], s[1]
			d, x, z := newMatrix(t, rng, rows, c, s[2]), newMatrix(t, rng, rows, c, 1), newMatrix(t, rng, rows, c, 0)
			old := slices.Clone(d.s)
			scale, shift, k0 := vector(t, rng, c), vector(t, rng, c), vector(t, rng, c)
			check := func(what string, want func(r, j int) float64) {
				t.Helper()
				for r := range rows {
					for j := range d.ld {
						if r*d.ld+j >= len(d.s) {
							continue
						}
						if j >= c {
							if d.s[r*d.ld+j] != old[r*d.ld+j] {
								t.Fatalf("%s wrote between rows", what)
							}
							continue
						}
						close64(t, what, d.at(r, j), want(r, j), 20)
					}
				}
			}
			ApplySum(d.s, rows, c, d.ld, []Term{{X: x.s, LD: x.ld, Scale: scale, Shift: shift}, {X: z.s, LD: z.ld}})
			check("ApplySum", func(r, j int) float64 {
				return x.at(r, j)*float64(scale[j]) + float64(shift[j]) + z.at(r, j)
			})
			ApplySum(d.s, rows, c, d.ld, nil)
			check("empty ApplySum", func(r, j int) float64 { return 0 })
			affineOf := func(r, j int) float64 {
				return float64(scale[j])*x.at(r, j) + float64(shift[j])*z.at(r, j) + float64(k0[j])
			}
			Affine(d.s, d.ld, false, x.s, x.ld, z.s, z.ld, rows, c, scale, shift, k0)
			check("Affine", affineOf)
			Affine(d.s, d.ld, true, x.s, x.ld, z.s, z.ld, rows, c, scale, shift, k0)
			check("Affine, accumulated", func(r, j int) float64 { return 2 * affineOf(r, j) })
			AffineRows(d.s, d.ld, x.s, x.ld, z.s, z.ld, rows, scale, shift, k0)
			check("AffineRows", affineOf)
		}
	})
}

// The backward coefficients against central differences of the whole normalisation.
func TestBackwardCoefficients(t *testing.T) {
	const m, eps = 23, 1e-5
	rng := rand.New(rand.NewPCG(4, 2))
	x, g := make([]float32, m), make([]float32, m)
	for i := range x {
		x[i], g[i] = float32(rng.NormFloat64()*2+1), float32(rng.NormFloat64())
	}
	gamma := []float32{1.5}
	loss := func(x []float64, gamma, beta float64) (l float64) {
		var mean, v float64
		for _, a := range x {
			mean += a / m
		}
		for _, a := range x {
			v += (a - mean) * (a - mean) / m
		}
		for i, a := range x {
			l += float64(g[i]) * (gamma*(a-mean)/math.Sqrt(v+eps) + beta)
		}
		return l
	}
	x64 := make([]float64, m)
	for i, v := range x {
		x64[i] = float64(v)
	}
	sum, sq, mean, variance := []float64{0}, []float64{0}, []float64{0}, []float64{0}
	sumG, sumGX := []float64{0}, [][]float64{{0}}
	Stats(x, m, 1, 1, sum, sq)
	Moments(sum, sq, m, mean, variance)
	GradSums(g, m, 1, 1, []Term{{X: x, LD: 1}}, sumG, sumGX)
	var a, b, c, dg, db [1]float32
	BackwardCoefficients(sumG, sumGX[0], mean, variance, eps, m, gamma, a[:], b[:], c[:], dg[:], db[:], false)
	const h = 1e-5
	for i := range x {
		v := x64[i]
		x64[i] = v + h
		up := loss(x64, 1.5, -0.25)
		x64[i] = v - h
		down := loss(x64, 1.5, -0.25)
		x64[i] = v
		if want, got := (up-down)/(2*h), float64(a[0]*g[i]+b[0]*x[i]+c[0]); math.Abs(got-want) > 1e-5 {
			t.Fatalf("dx[%d] = %v, want %v", i, got, want)
		}
	}
	if want := (loss(x64, 1.5+h, -0.25) - loss(x64, 1.5-h, -0.25)) / (2 * h); math.Abs(float64(dg[0])-want) > 1e-4 {
		t.Fatalf("dgamma = %v, want %v", dg[0], want)
	}
	if want := (loss(x64, 1.5, -0.25+h) - loss(x64, 1.5, -0.25-h)) / (2 * h); math.Abs(float64(db[0])-want) > 1e-4 {
		t.Fatalf("dbeta = %v, want %v", db[0], want)
	}
	was := dg[0]
	BackwardCoefficients(sumG, sumGX[0], mean, variance, eps, m, gamma, a[:], b[:], c[:], dg[:], db[:], true)
	if dg[0] != 2*was {
		t.Fatalf("add: dgamma = %v, want %v", dg[0], 2*was)
	}
}

// TestNonFinite: a NaN or an infinity reaches the sums, the results and the gradients of its channel, and no other's; what a
// destination held before, if it is not added to, reaches nothing.
func TestNonFinite(t *testing.T) {
	forEachISA(t, func(t *testing.T) {
		for _, c := range []int{1, 7, 16, 40} {
			for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(-1))} {
				const rows = 9
				at := 4*c + c/2
				rng := rand.New(rand.NewPCG(5, 6))
				x, g := newMatrix(t, rng, rows, c, 0).s, newMatrix(t, rng, rows, c, 0).s
				y, dx := make([]float32, len(x)), make([]float32, len(x))
				for i := range y {
					y[i], dx[i] = float32(math.NaN()), float32(math.NaN())
				}
				x[at] = bad
				n := BatchNorm{Eps: 1e-5}
				n.Forward(y, c, x, c, rows, c)
				n.Backward(dx, c, g, c, y, c, x, c, rows, c, nil, nil, false)
				for i := range y {
					if spoilt := i%c == at%c; (y[i]-y[i] != 0) != spoilt || (dx[i]-dx[i] != 0) != spoilt {
						t.Fatalf("%v in channel %d of %d: channel %d has y %v and gradient %v", bad, at%c, c, i%c, y[i], dx[i])
					}
				}
			}
		}
	})
}

func TestSameBitsForAnyNumberOfThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	forEachISA(t, func(t *testing.T) {
		const rows, c = 70000, 5
		rng := rand.New(rand.NewPCG(1, 2))
		x := newMatrix(t, rng, rows, c, 0)
		var want []float64
		for _, procs := range []int{1, 2, 5} {
			runtime.GOMAXPROCS(procs)
			got := make([]float64, 2*c)
			Stats(x.s, rows, c, c, got[:c], got[c:])
			if want == nil {
				want = got
			}
			if !slices.Equal(want, got) {
				t.Fatalf("GOMAXPROCS %d changes the result", procs)
			}
		}
	})
}

func TestNoAllocations(t *testing.T) {
	const rows, c = 4096, 16
	x, g := make([]float32, rows*c), make([]float32, rows*c)
	v := make([]float32, c)
	sum, sq := make([]float64, c), make([]float64, c)
	terms, gx := []Term{{X: x, LD: c, Scale: v, Shift: v}}, [][]float64{sum}
	step := func() {
		Stats(x, rows, c, c, sum, sq)
		ApplySum(g, rows, c, c, terms)
		GradSums(g, rows, c, c, terms, sq, gx)
		Affine(g, c, true, g, c, x, c, rows, c, v, v, v)
	}
	step()
	if n := testing.AllocsPerRun(10, step); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

// TestFoldAndGradSumsAct: a fold has the bits of ApplySumAct; GradSumsAct those of the activation's gradient and of its sums.
func TestFoldAndGradSumsAct(t *testing.T) {
	forEachISA(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(21, 22))
		for i, c := range []int{1, 7, 16, 40, 64, 300} {
			for act := activation.Identity; act <= activation.ReLU6; act++ {
				rows := 50 + 211*i
				x, y, g := newMatrix(t, rng, rows, c, i%2*3), newMatrix(t, rng, rows, c, i%3), newMatrix(t, rng, rows, c, i%2*2)
				f := Fold{Scale: vector(t, rng, c), Shift: vector(t, rng, c), Act: act}
				f.Rows(y.s, y.ld, x.s, x.ld, rows)
				want := make([]float32, rows*c)
				ApplySumAct(want, rows, c, c, []Term{{x.s, x.ld, f.Scale, f.Shift}}, act)
				masked := make([]float32, rows*c)
				for r := range rows {
					for j := range c {
						v := want[r*c+j]
						if y.s[r*y.ld+j] != v {
							t.Fatalf("row %d, channel %d of %d: %v, want %v", r, j, c, y.s[r*y.ld+j], v)
						}
						if act == activation.Identity || v > 0 && (act == activation.ReLU || v < 6) {
							masked[r*c+j] = g.s[r*g.ld+j]
						}
					}
				}
				if act == activation.Identity {
					continue
				}
				terms := []Term{{X: x.s, LD: x.ld}, {X: want, LD: c}}
				sum, wantSum := make([]float64, c), make([]float64, c)
				dots, wantDots := [][]float64{make([]float64, c), make([]float64, c)}, [][]float64{make([]float64, c), make([]float64, c)}
				GradSums(masked, rows, c, c, terms, wantSum, wantDots)
				for _, dst := range []matrix{newMatrix(t, rng, rows, c, 5), g} { // elsewhere, then in place
					GradSumsAct(dst.s, dst.ld, g.s, rows, c, g.ld, y.s, y.ld, act, terms, sum, dots)
					for k, v := range masked {
						if got := dst.s[k/c*dst.ld+k%c]; got != v {
							t.Fatalf("gradient %d of %d channels: %v, want %v", k, c, got, v)
						}
					}
					if !slices.Equal(sum, wantSum) || !slices.Equal(dots[0], wantDots[0]) || !slices.Equal(dots[1], wantDots[1]) {
						t.Errorf("%d channels: other sums", c)
					}
				}
			}
		}
	})
}

// TestFoldGradient: what a fold passes back is what its activation passes back, of NaN and infinities, too, with the sums of that.
func TestFoldGradient(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	special := []float32{nan, inf, -inf, 0, 6, 7, -1, 3}
	forEachISA(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(23, 24))
		for i, c := range []int{1, 7, 8, 16, 40, 64, 304} {
			for act := activation.Identity; act <= activation.ReLU6; act++ {
				rows := 49 + 53*i
				x, y, g := newMatrix(t, rng, rows, c, i%2*3), newMatrix(t, rng, rows, c, i%3), newMatrix(t, rng, rows, c, i%2*2)
				f := Fold{Scale: vector(t, rng, c), Shift: vector(t, rng, c), Act: act}
				if i%2 == 1 { // after which the sums say nothing
					for j := range c {
						f.Scale[j], f.Shift[j] = 1, 0
						for r, v := range special {
							x.s[(r+j%8)%rows*x.ld+j] = v
						}
					}
				}
				want := slices.Clone(g.s)
				f.Rows(y.s, y.ld, x.s, x.ld, rows)
				sum, dot := make([]float32, c), make([]float32, c)
				f.Gradient(g.s, g.ld, y.s, y.ld, x.s, x.ld, rows, sum, dot)
				for r := range rows {
					for j := range c {
						v, d := y.s[r*y.ld+j], want[r*g.ld+j:]
						lin := f.Scale[j]*x.s[r*x.ld+j] + f.Shift[j]
						if wants := activated(act, float64(lin)); !(math.Abs(float64(v)-wants) <= 1e-5*(1+math.Abs(wants))) &&
							!(v != v && lin != lin) && float64(v) != wants {
							t.Fatalf("%v, row %d, channel %d of %d: %v, want %v", act, r, j, c, v, wants)
						}
						if act != activation.Identity && !(v > 0) || act == activation.ReLU6 && v >= 6 {
							d[0] = 0
						}
					}
				}
				if !slices.Equal(g.s, want) {
					t.Fatalf("%v, %d channels: other gradients", act, c)
				}
				if i%2 == 1 {
					continue
				}
				wantSum, wantDot := make([]float64, c), [][]float64{make([]float64, c)}
				GradSums(want, rows, c, g.ld, []Term{{X: x.s, LD: x.ld}}, wantSum, wantDot)
				for j := range c {
					if e := math.Abs(float64(sum[j]) - wantSum[j]); !(e < 1e-5*float64(rows)) {
						t.Errorf("%v, %d channels: Σg is %v, want %v", act, c, sum[j], wantSum[j])
					}
					if e := math.Abs(float64(dot[j]) - wantDot[0][j]); !(e < 3e-5*float64(rows)) {
						t.Errorf("%v, %d channels: Σg·x is %v, want %v", act, c, dot[j], wantDot[0][j])
					}
				}
			}
		}
	})
}
