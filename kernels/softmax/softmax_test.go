package softmax

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/internal/limits"
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// eachISA runs f with every instruction set of this machine as the active one.
func eachISA(t *testing.T, f func(t *testing.T)) {
	for _, isa := range cpu.Available() {
		t.Run(isa.String(), func(t *testing.T) {
			defer func(k kernels) { active = k }(active)
			active = kernelsFor(isa)
			f(t)
		})
	}
}

func fill(r *rand.Rand, x []float32, scale float64) []float32 {
	for i := range x {
		x[i] = float32(scale * r.NormFloat64())
	}
	return x
}

// ulp returns the distance between the float32 numbers around x.
func ulp(x float64) float64 {
	_, e := math.Frexp(x)
	return math.Ldexp(1, max(e-24, -149))
}

// TestExpULP checks the documented bound on every 997th float32 of the range, on all of its ends, and where it was found to be worst.
func TestExpULP(t *testing.T) {
	args := []float32{-5.891124, -5.8778844}
	for bits := uint32(0); bits <= math.Float32bits(110); bits += 997 {
		args = append(args, -math.Float32frombits(bits))
	}
	for d := range uint32(2000) {
		for _, at := range []float32{87.3, 88.0, 103.28, 103.97, 104, 0.34657359, 1} {
			args = append(args, -math.Float32frombits(math.Float32bits(at)-1000+d))
		}
	}
	eachISA(t, func(t *testing.T) {
		got := make([]float32, len(args))
		active.exp(got, args, 0)
		var worst float64
		for i, x := range args {
			want := math.Exp(float64(x))
			e := math.Abs(float64(got[i])-want) / ulp(want)
			worst = max(worst, e)
			if e > 1.02 || e > 1 && cpu.Selected() != cpu.NEON {
				t.Fatalf("exp(%v) = %v, want %v: %.3f ULP", x, got[i], want, e)
			}
			if x <= -104 && got[i] != 0 {
				t.Fatalf("exp(%v) = %v, want 0", x, got[i])
			}
		}
		t.Logf("%d arguments, at most %.3f ULP", len(args), worst)
	})
}

func TestExpSpecialValues(t *testing.T) {
	inf := float32(math.Inf(1))
	eachISA(t, func(t *testing.T) {
		for n := 1; n <= 40; n++ {
			x, y := make([]float32, n), make([]float32, n)
			x[n-1] = -inf
			if s := active.exp(y, x, 0); s != float64(n-1) || y[n-1] != 0 {
				t.Errorf("n = %d: exp(-Inf) = %v, sum %v", n, y[n-1], s)
			}
			x[n-1] = float32(math.NaN())
			if s := active.exp(y, x, 0); s == s || y[n-1] == y[n-1] {
				t.Errorf("n = %d: exp(NaN) = %v, sum %v", n, y[n-1], s)
			}
		}
	})
}

// TestKernels sweeps the three kernels over lengths, against the portable ones, with guards on either side.
func TestKernels(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for n := 1; n <= 300; n++ {
			alloc := guard.Sides[n%2]
			x, y := fill(r, alloc(t, n), 3), alloc(t, n)
			if n%3 == 0 {
				for i := range x {
					x[i] = -1 - x[i]*x[i] // padding with zeros would win
				}
			}
			m, sum := active.maxSum(x)
			wantM, wantSum := generic.maxSum(x)
			if m != wantM || math.Abs(sum-wantSum) > 1e-12*float64(n) {
				t.Fatalf("n = %d: maxSum %v, %v, want %v, %v", n, m, sum, wantM, wantSum)
			}
			want := make([]float32, n)
			total, wantTotal := active.exp(y, x, m), generic.exp(want, x, m)
			if math.Abs(total-wantTotal) > 0x1p-23*wantTotal {
				t.Fatalf("n = %d: sum of exponentials %v, want %v", n, total, wantTotal)
			}
			for i := range y {
				if math.Abs(float64(y[i]-want[i])) > 1.5*ulp(float64(want[i])) {
					t.Fatalf("n = %d: exp(%v) = %v, want %v", n, x[i]-m, y[i], want[i])
				}
			}
			copy(want, y)
			active.affine(y, 0.3, -0.1)
			generic.affine(want, 0.3, -0.1)
			if !slices.Equal(y, want) {
				t.Fatalf("n = %d: affine %v, want %v", n, y, want)
			}
		}
	})
}

// oracle computes the definition in float64.
func oracle(x []float32, y int, smoothing float64) (loss float64, dx []float64) {
	m := float64(slices.Max(x))
	var total float64
	for _, v := range x {
		total += math.Exp(float64(v) - m)
	}
	for j, v := range x {
		logP := float64(v) - m - math.Log(total)
		q := smoothing / float64(len(x))
		if j == y {
			q += 1 - smoothing
		}
		loss -= q * logP
		dx = append(dx, math.Exp(logP)-q)
	}
	return loss, dx
}

func TestCrossEntropy(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for i, c := range []struct {
			rows, k          int
			smoothing, scale float64
		}{
			{0, 10, 0, 1}, {1, 1, 0, 1}, {7, 2, 0.1, 1}, {64, 10, 0, 2}, {100, 10, 0.1, 30}, {33, 100, 0.2, 1}, {5, 1000, 0.1, 4},
			{3, 10_000, 0, 8}, {2, 10_000, 0.1, 200},
		} {
			alloc := guard.Sides[i%2]
			x, dx := fill(r, alloc(t, c.rows*c.k), c.scale), alloc(t, c.rows*c.k)
			labels := make([]int32, c.rows)
			var want, wantAbs float64
			wantCorrect := 0
			const gradScale = 0.125
			wantDx := make([]float64, 0, len(x))
			for row := range labels {
				labels[row] = int32(r.IntN(c.k))
				xr := x[row*c.k:][:c.k]
				if slices.Max(xr) == xr[labels[row]] {
					wantCorrect++
				}
				loss, d := oracle(xr, int(labels[row]), c.smoothing)
				want += loss
				wantAbs += loss + float64(slices.Max(xr))
				wantDx = append(wantDx, d...)
			}
			check := func(loss float64, correct int) {
				if math.Abs(loss-want) > 0x1p-23*math.Abs(wantAbs) || correct != wantCorrect {
					t.Errorf("%+v: loss %v, want %v; %d correct, want %d", c, loss, want, correct, wantCorrect)
				}
			}
			check(CrossEntropy(nil, x, labels, c.k, c.smoothing, gradScale))
			check(CrossEntropy(dx, x, labels, c.k, c.smoothing, gradScale))
			for j, w := range wantDx {
				if math.Abs(float64(dx[j])-gradScale*w) > gradScale*4*0x1p-24 {
					t.Fatalf("%+v: gradient %d is %v, want %v", c, j, dx[j], gradScale*w)
				}
			}
			check(CrossEntropy(x, x, labels, c.k, c.smoothing, gradScale))
			if !slices.Equal(x, dx) {
				t.Errorf("%+v: the gradient in place of the logits differs", c)
			}
		}
	})
}

// rowOracle computes the four row operations in float64: the softmax of x, its logarithm, and the gradients for dy.
func rowOracle(x, dy []float32) (y, logY, dSoft, dLog []float64) {
	m := float64(slices.Max(x))
	var total, dot, sum float64
	for _, v := range x {
		total += math.Exp(float64(v) - m)
	}
	for j, v := range x {
		logP := float64(v) - m - math.Log(total)
		y, logY = append(y, math.Exp(logP)), append(logY, logP)
		dot += y[j] * float64(dy[j])
		sum += float64(dy[j])
	}
	for j, p := range y {
		dSoft, dLog = append(dSoft, p*(float64(dy[j])-dot)), append(dLog, float64(dy[j])-p*sum)
	}
	return
}

func checkRows(t *testing.T, r *rand.Rand, rows, k int, scale float64, alloc func(testing.TB, int) []float32) {
	n := rows * k
	x, dy := fill(r, alloc(t, n), scale), fill(r, alloc(t, n), 1)
	y, logY, dx, dLog := alloc(t, n), alloc(t, n), alloc(t, n), alloc(t, n)
	Softmax(y, x, k)
	LogSoftmax(logY, x, k)
	SoftmaxBackward(dx, y, dy, k, false)
	copy(dLog, dy)
	LogSoftmaxBackward(dLog, logY, dLog, k, false)
	near := func(what string, at int, got float32, want, bound float64) {
		if !(math.Abs(float64(got)-want) <= bound) {
			t.Fatalf("%d rows of %d: %s %d is %v, want %v within %.3g", rows, k, what, at, got, want, bound)
		}
	}
	for row := range rows {
		at := row * k
		wantY, wantLog, wantSoft, wantDLog := rowOracle(x[at:][:k], dy[at:][:k])
		m := slices.Max(x[at:][:k])
		largest := 1.0 // of the gradients that are summed
		for j := range k {
			largest = max(largest, math.Abs(wantDLog[j]))
		}
		for j := range k {
			below := float64(m - x[at+j])
			near("softmax", at+j, y[at+j], wantY[j], 0x1p-24*(7+below)*wantY[j]+0x1p-149)
			near("log-softmax", at+j, logY[at+j], wantLog[j], 0x1p-22*max(1, math.Abs(wantLog[j])))
			near("gradient of softmax", at+j, dx[at+j], wantSoft[j], 0x1p-20*(6+below)*wantY[j]+0x1p-140)
			near("gradient of log-softmax", at+j, dLog[at+j], wantDLog[j], 0x1p-20*largest)
		}
	}
	for j := range dx {
		dx[j], dLog[j] = dx[j]+1, dLog[j]+2
	}
	twice, twiceLog := fill(r, make([]float32, n), 0), fill(r, make([]float32, n), 0)
	for j := range twice {
		twice[j], twiceLog[j] = 1, 2
	}
	SoftmaxBackward(twice, y, dy, k, true)
	LogSoftmaxBackward(twiceLog, logY, dy, k, true)
	if !slices.Equal(twice, dx) || !slices.Equal(twiceLog, dLog) {
		t.Fatalf("%d rows of %d: accumulated gradients differ", rows, k)
	}
	Softmax(x, x, k)
	if !slices.Equal(x, y) {
		t.Fatalf("%d rows of %d: softmax in place differs", rows, k)
	}
}

func TestRows(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for i, c := range []struct {
			rows, k int
			scale   float64
		}{{0, 3, 1}, {1, 1, 1}, {9, 2, 4}, {700, 10, 2}, {31, 33, 20}, {3, 2047, 3}, {2, 2048, 3}, {2, 10_000, 8}} {
			checkRows(t, r, c.rows, c.k, c.scale, guard.Sides[i%2])
		}
	})
}

func FuzzRows(f *testing.F) {
	f.Add(uint64(1), uint16(7), uint16(12), 3.0)
	f.Fuzz(func(t *testing.T, seed uint64, rows, k uint16, scale float64) {
		if !(scale > 0 && scale < 80) || k == 0 {
			return
		}
		rows, k = rows%40, k%3000+1
		eachISA(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			checkRows(t, r, int(rows), int(k), scale, guard.Sides[seed%2])
			x, labels := fill(r, make([]float32, int(rows)*int(k)), scale), make([]int32, rows)
			var want, size float64
			for i := range labels {
				labels[i] = int32(r.IntN(int(k)))
				row := x[i*int(k):][:k]
				loss, _ := oracle(row, int(labels[i]), 0.1)
				want += loss
				size += math.Abs(loss) + math.Abs(float64(slices.Max(row))) + 1
			}
			if loss, _ := CrossEntropy(nil, x, labels, int(k), 0.1, 1); math.Abs(loss-want) > 0x1p-22*size {
				t.Fatalf("%d rows of %d: loss %v, want %v", rows, k, loss, want)
			}
		})
	})
}

func TestTiesGoToTheFirst(t *testing.T) {
	x := []float32{1, 2, 2, 0}
	for y, want := range []int{0, 1, 0, 0} {
		if _, correct := CrossEntropy(nil, x, []int32{int32(y)}, 4, 0, 1); correct != want {
			t.Errorf("label %d: %d correct, want %d", y, correct, want)
		}
	}
}

func TestNonFinite(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	eachISA(t, func(t *testing.T) {
		for _, bad := range [][]float32{{1, nan, 2}, {nan, 1, 2}, {1, 2, nan}, {inf, 1, 2}, {-inf, -inf, -inf}} {
			x, dx := append([]float32{1, 2, 3}, bad...), make([]float32, 6)
			loss, correct := CrossEntropy(dx, x, []int32{2, 0}, 3, 0, 1)
			if loss == loss || correct != 1 {
				t.Errorf("%v: loss %v, %d correct", bad, loss, correct)
			}
			for i, d := range dx {
				if (d != d) != (i >= 3) {
					t.Errorf("%v: gradient %d is %v", bad, i, d)
				}
			}
		}
		for _, f := range []func(dst, x []float32, k int){Softmax, LogSoftmax} {
			y := make([]float32, 6)
			f(y, []float32{1, 2, 3, 1, nan, 2}, 3)
			for i, v := range y {
				if (v != v) != (i >= 3) {
					t.Errorf("with a NaN in the second row, element %d is %v", i, v)
				}
			}
			if f(y[:3], []float32{0, -inf, 0}, 3); y[0] != y[2] || y[0] != y[0] || y[1] != 0 && y[1] != -inf {
				t.Errorf("an element of probability 0: %v", y[:3])
			}
		}
		dx := make([]float32, 3)
		loss, _ := CrossEntropy(dx, []float32{0, -inf, 0}, []int32{0}, 3, 0, 1)
		if math.Abs(loss-math.Ln2) > 1e-7 || dx[1] != 0 {
			t.Errorf("a class of probability 0: loss %v, gradient %v", loss, dx)
		}
	})
}

func TestSameBitsForAnyNumberOfThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		x := fill(r, make([]float32, 2000*10), 2)
		labels := make([]int32, 2000)
		runtime.GOMAXPROCS(1)
		first := make([]float32, len(x))
		want, _ := CrossEntropy(first, x, labels, 10, 0.1, 1)
		softmaxAndBack := func(x []float32) []float32 {
			y := make([]float32, 2*len(x))
			Softmax(y[:len(x)], x, 100)
			SoftmaxBackward(y[len(x):], y[:len(x)], x, 100, false)
			return y
		}
		both := softmaxAndBack(x)
		for _, procs := range []int{2, 5} {
			runtime.GOMAXPROCS(procs)
			dx := make([]float32, len(x))
			if loss, _ := CrossEntropy(dx, x, labels, 10, 0.1, 1); loss != want || !slices.Equal(dx, first) {
				t.Errorf("GOMAXPROCS %d: the results differ", procs)
			}
			if got := softmaxAndBack(x); !slices.Equal(got, both) {
				t.Errorf("GOMAXPROCS %d: softmax or its gradient differs", procs)
			}
		}
	})
}

func TestPanics(t *testing.T) {
	x := make([]float32, 20)
	for want, f := range map[string]func(){
		"softmax.CrossEntropy: got 20 logits and 0 gradients, want 3 rows of 10 classes": func() {
			CrossEntropy(nil, x,
				make([]int32, 3), 10, 0, 1)
		},
		"softmax.CrossEntropy: got 20 logits and 10 gradients, want 2 rows of 10 classes": func() {
			CrossEntropy(x[:10], x,
				make([]int32, 2), 10, 0, 1)
		},
		"softmax.CrossEntropy: got label 10 in row 1, want one of 10 classes": func() {
			CrossEntropy(nil, x,
				[]int32{9, 10}, 10, 0, 1)
		},
		"softmax.Softmax: got slices of 20, 20 and 0 elements, want rows of 3 and as many in each": func() { Softmax(x, x, 3) },
		"softmax.SoftmaxBackward: got dy of 10 elements, want 20": func() {
			SoftmaxBackward(x, x,
				x[:10], 10, false)
		},
		"softmax.CrossEntropy: got label -1 in row 0, want one of 10 classes": func() {
			CrossEntropy(nil, x,
				[]int32{-1, 0}, 10, 0, 1)
		},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); got != want {
					t.Errorf("panicked with %q, want %q", got, want)
				}
			}()
			f()
		}()
	}
}

func TestNoAllocation(t *testing.T) {
	x, dx, labels := make([]float32, 2000*10), make([]float32, 2000*10), make([]int32, 2000)
	if n := testing.AllocsPerRun(20, func() {
		CrossEntropy(dx, x, labels, 10, 0, 1)
		CrossEntropy(nil, x, labels, 10, 0, 1)
		Softmax(dx, x, 10)
		LogSoftmaxBackward(dx, x, dx, 10, false)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkSoftmax counts what is read and written, once each.
func BenchmarkSoftmax(b *testing.B) {
	for _, c := range []struct{ rows, k int }{{4096, 10}, {700, 10_000}} {
		x := fill(rand.New(rand.NewPCG(1, 1)), make([]float32, c.rows*c.k), 2)
		y, dx := make([]float32, len(x)), make([]float32, len(x))
		for _, op := range []struct {
			name   string
			passes int
			run    func()
		}{
			{"softmax", 2, func() { Softmax(y, x, c.k) }},
			{"softmax_bwd", 3, func() { SoftmaxBackward(dx, y, x, c.k, false) }},
			{"log_softmax", 2, func() { LogSoftmax(y, x, c.k) }},
			{"log_softmax_bwd", 3, func() { LogSoftmaxBackward(dx, y, x, c.k, false) }},
		} {
			b.Run(fmt.Sprintf("%dx%d/%s", c.rows, c.k, op.name), func(b *testing.B) {
				op.run()
				b.ResetTimer()
				for range b.N {
					op.run()
				}
				limits.ReportBytes(b, float64(4*op.passes*len(x)), runtime.GOMAXPROCS(0))
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// BenchmarkCrossEntropy counts the logits read and the gradient written.
func BenchmarkCrossEntropy(b *testing.B) {
	for _, c := range []struct{ rows, k int }{{64, 10}, {256, 1000}, {700, 10_000}} {
		b.Run(fmt.Sprintf("%dx%d", c.rows, c.k), func(b *testing.B) {
			b.ReportAllocs()
			x := fill(rand.New(rand.NewPCG(1, 1)), make([]float32, c.rows*c.k), 2)
			dx, labels := make([]float32, len(x)), make([]int32, c.rows)
			for b.Loop() {
				CrossEntropy(dx, x, labels, c.k, 0, 1)
			}
			limits.ReportBytes(b, float64(8*len(x)), runtime.GOMAXPROCS(0))
		})
	}
}
