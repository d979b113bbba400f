package conv

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

var foldedCases = []testCase{
	{2, 8, 8, 64, activation.Identity, 0, []Kernel{Square(64, 64, 1, 1)}},
	{3, 7, 5, 24, activation.Identity, 0, []Kernel{Square(24, 96, 1, 1)}},
	{9, 9, 8, 19, activation.Identity, 1, []Kernel{Square(19, 33, 1, 1)}},
	{1, 1, 1, 3, activation.Identity, 2, []Kernel{Square(3, 2, 1, 1)}},
	{9, 21, 9, 72, activation.Identity, 8, []Kernel{Square(72, 24, 1, 1)}}, // several bands of pixels
	{3, 9, 7, 16, activation.Identity, 0, []Kernel{Square(16, 16, 3, 1)}},
	{2, 12, 12, 32, activation.Identity, 0, []Kernel{Square(32, 32, 3, 1), Square(32, 32, 1, 1), Square(32, 16, 3, 1)}},
	{9, 8, 7, 19, activation.Identity, 3, []Kernel{Square(19, 33, 3, 2), dilated(Square(19, 8, 3, 1), 2)}},
	{17, 5, 6, 24, activation.Identity, 1, []Kernel{Square(24, 24, 1, 1), Square(24, 40, 1, 1)}},
	{2, 7, 9, 12, activation.Identity, 0, []Kernel{Square(12, 20, 1, 2)}},
}

// fold makes the problem's input one of a folded normalisation, and returns that input as it is when it is written down.
func (p *problem) fold(rng *rand.Rand, act activation.Func) (written Input) {
	c, rows := p.c, p.n*p.h*p.w
	f := &norm.Fold{Scale: random(rng, make([]float32, c)), Shift: random(rng, make([]float32, c)), Act: act, SumG: make([]float64, c),
		SumGX: make([]float64, c)}
	written = p.in
	written.X, written.LD = make([]float32, rows*c), c
	f.Rows(written.X, c, p.in.X, p.in.LD, rows)
	p.in.Fold = f
	return written
}

// TestFolded: a folded normalisation gives the bits that its written result gives, the sums that there are, and is left as it was.
func TestFolded(t *testing.T) {
	forEachISA(t, func(t *testing.T) {
		for i, tc := range foldedCases {
			if slices.ContainsFunc(tc.branches, func(k Kernel) bool { return !k.Folds() }) {
				continue // with Winograd's algorithm for whole batches, however small
			}
			for act := activation.Identity; act <= activation.ReLU6; act++ {
				rng := rand.New(rand.NewPCG(uint64(i), uint64(act)))
				p := newProblem(t, tc, uint64(i))
				written := p.fold(rng, act)
				if written.fitsTiles(p.branches) != p.in.fitsTiles(p.branches) {
					continue // which are for a single 1×1 alone
				}
				p.forward()
				branches := slices.Clone(p.branches)
				for i := range branches {
					b, b2 := &p.branches[i], &branches[i]
					b2.Y, b2.Sum, b2.SumSq = slices.Clone(p.start[i]), slices.Clone(b.Sum), slices.Clone(b.SumSq)
					b2.DWeight = slices.Clone(b.DWeight)
				}
				Forward(&written, branches)
				for i, b := range p.branches {
					if !slices.Equal(b.Y, branches[i].Y) || !slices.Equal(b.Sum, branches[i].Sum) {
						t.Errorf("%v: other outputs of branch %d", tc, i)
					}
				}

				dx := make([]float32, len(written.X))
				Backward(&p.in, p.dx, p.lddx, false, p.branches)
				Backward(&written, dx, p.c, false, branches)
				for i, b := range p.branches {
					if !slices.Equal(b.DWeight, branches[i].DWeight) {
						t.Errorf("%v: other weight gradients of branch %d", tc, i)
					}
				}
				fold := p.in.Fold
				got := slices.Concat(fold.SumG, fold.SumGX)
				for i := range branches { // for the input's gradient alone, the activation wants to know the input all the same
					branches[i] = p.branches[i]
					branches[i].DWeight = nil
				}
				want := slices.Clone(p.dx)
				Backward(&p.in, p.dx, p.lddx, false, branches)
				if !slices.Equal(p.dx, want) || !slices.Equal(slices.Concat(fold.SumG, fold.SumGX), got) {
					t.Errorf("%v: another gradient without those of the weights", tc)
				}
				for c := range p.c {
					sumG, sumGX, scale := 0., 0., 1.
					for pix := range p.n * p.h * p.w {
						v, x := dx[pix*p.c+c], written.X[pix*p.c+c]
						if act != activation.Identity && !(x > 0) || act == activation.ReLU6 && x >= 6 {
							v = 0
						}
						if d := p.dx[pix*p.lddx+c]; d != v {
							t.Fatalf("%v: gradient of pixel %d, channel %d is %v, want %v", tc, pix, c, d, v)
						}
						raw := float64(p.in.X[pix*p.in.LD+c])
						sumG += float64(v)
						sumGX += float64(v) * raw
						scale += max(float64(v), -float64(v)) * (1 + max(raw, -raw))
					}
					nearZero(t, "Σg", (fold.SumG[c]-sumG)/scale)
					nearZero(t, "Σg·x", (fold.SumGX[c]-sumGX)/scale)
				}
			}
		}
	})
}

func nearZero(t *testing.T, what string, e float64) {
	t.Helper()
	if !(max(e, -e) < 3e-6) {
		t.Errorf("%s: relative error %.2g", what, e)
	}
}

func TestFoldedBitsDoNotDependOnThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	for _, tc := range foldedCases[4:7] {
		foldedOnThreads(t, tc)
	}
}

func foldedOnThreads(t *testing.T, tc testCase) {
	var want []float32
	for _, threads := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(threads)
		p := newProblem(t, tc, 1)
		p.fold(rand.New(rand.NewPCG(1, 2)), activation.ReLU6)
		p.forward()
		Backward(&p.in, p.dx, p.lddx, false, p.branches)
		got := slices.Clone(p.dx)
		sums := slices.Concat(p.in.Fold.SumG, p.in.Fold.SumGX)
		for _, b := range p.branches {
			got, sums = append(append(got, b.Y...), b.DWeight...), append(sums, b.Sum...)
		}
		for _, v := range sums {
			got = append(got, float32(v))
		}
		if want == nil {
			want = got
		} else if !slices.Equal(want, got) {
			t.Errorf("%v: %d threads give other bits than one", tc, threads)
		}
		if n := testing.AllocsPerRun(5, func() {
			Forward(&p.in, p.branches)
			Backward(&p.in, p.dx, p.lddx, false, p.branches)
		}); threads == 1 && n != 0 {
			t.Errorf("%v: %v allocations", tc, n)
		}
	}
}

func TestFoldMisuse(t *testing.T) {
	for _, tc := range []struct {
		c    testCase
		want string
	}{
		{testCase{1, 4, 4, 256, activation.Identity, 0, []Kernel{Square(256, 256, 3, 1)}}, "kernels that fold"},
		{testCase{1, 4, 4, 256, activation.Identity, 0, []Kernel{Square(256, 16, 1, 1), Square(256, 256, 1, 1)}}, "kernels that fold"},
		{testCase{1, 4, 4, 16, activation.ReLU, 0, []Kernel{Square(16, 16, 1, 1)}}, "one of them"},
	} {
		p := newProblem(t, tc.c, 1)
		p.fold(rand.New(rand.NewPCG(1, 2)), activation.ReLU)
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, tc.want) {
					t.Errorf("panicked with %q, want %q", got, tc.want)
				}
			}()
			p.forward()
		}()
	}
}
