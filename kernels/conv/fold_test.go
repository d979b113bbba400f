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
			for act := activation.Identity; act <= activation.ReLU6; act++ {
				rng := rand.New(rand.NewPCG(uint64(i), uint64(act)))
				p := newProblem(t, tc, uint64(i))
				written := p.fold(rng, act)
				b := &p.branches[0]
				p.forward()
				y, sum := slices.Clone(b.Y), slices.Clone(b.Sum)
				b2 := *b
				copy(b.Y, p.start[0])
				Forward(&written, []Branch{b2})
				if !slices.Equal(y, b.Y) || !slices.Equal(sum, b.Sum) {
					t.Errorf("%v: other outputs", tc)
				}

				dx := make([]float32, len(written.X))
				b.DWeight, b2.DWeight = slices.Clone(b.DWeight), slices.Clone(b.DWeight)
				Backward(&p.in, p.dx, p.lddx, false, p.branches)
				Backward(&written, dx, p.c, false, []Branch{b2})
				if !slices.Equal(b.DWeight, b2.DWeight) {
					t.Errorf("%v: other weight gradients", tc)
				}
				fold := p.in.Fold
				both := slices.Concat(fold.SumG, fold.SumGX)
				alone := []Branch{*b}
				alone[0].DWeight = nil
				Backward(&p.in, p.dx, p.lddx, false, alone)
				if !slices.Equal(both, slices.Concat(fold.SumG, fold.SumGX)) {
					t.Errorf("%v: other sums without the weights' gradient", tc)
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
	var want []float32
	for _, threads := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(threads)
		p := newProblem(t, foldedCases[4], 1)
		p.fold(rand.New(rand.NewPCG(1, 2)), activation.ReLU6)
		p.forward()
		Backward(&p.in, p.dx, p.lddx, false, p.branches)
		got := slices.Concat(p.branches[0].Y, p.dx, p.branches[0].DWeight)
		for _, sums := range [][]float64{p.in.Fold.SumG, p.in.Fold.SumGX, p.branches[0].Sum} {
			for _, v := range sums {
				got = append(got, float32(v))
			}
		}
		if want == nil {
			want = got
		} else if !slices.Equal(want, got) {
			t.Errorf("%d threads give other bits than one", threads)
		}
		if n := testing.AllocsPerRun(5, func() {
			Forward(&p.in, p.branches)
			Backward(&p.in, p.dx, p.lddx, false, p.branches)
		}); threads == 1 && n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

func TestFoldMisuse(t *testing.T) {
	for _, tc := range []struct {
		c    testCase
		want string
	}{
		{testCase{1, 4, 4, 16, activation.Identity, 0, []Kernel{Square(16, 16, 3, 1)}}, "one branch, whose kernel folds"},
		{testCase{1, 4, 4, 16, activation.Identity, 0, []Kernel{Square(16, 16, 1, 1), Square(16, 16, 1, 1)}},
			"one branch, whose kernel folds"},
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
