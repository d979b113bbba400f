package frequency

import (
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// recorder is a test that only remembers whether it failed.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }

// What is drawn as expected passes, what is drawn a tenth too often or not expected at all fails.
func TestCheck(t *testing.T) {
	const draws, n = 100_000, 10
	rng := rand.New(rand.NewPCG(1, 2))
	fair, unfair, want := map[int]int{}, map[int]int{}, map[int]float64{}
	for range draws {
		fair[rng.IntN(n)]++
		unfair[max(0, rng.IntN(n*10+1)-1)/10]++ // 0 as often as 11 of 101
	}
	for k := range n {
		want[k] = draws / n
	}
	for _, tc := range []struct {
		name string
		test func(t testing.TB)
		fail bool
	}{
		{"fair", func(t testing.TB) { Check(t, "", fair, want) }, false},
		{"unfair", func(t testing.TB) { Check(t, "", unfair, want) }, true},
		{"foreign", func(t testing.TB) { Check(t, "", map[int]int{n: 1}, want) }, true},
		{"uniform", func(t testing.TB) { Uniform(t, "", fair, n) }, false},
		{"not uniform", func(t testing.TB) { Uniform(t, "", unfair, n) }, true},
		{"one is never drawn", func(t testing.TB) { Uniform(t, "", fair, n+1) }, true},
		{"one too many", func(t testing.TB) { Uniform(t, "", fair, n-1) }, true},
	} {
		r := &recorder{TB: t}
		if tc.test(r); r.failed != tc.fail {
			t.Errorf("%s: failed %v, want %v", tc.name, r.failed, tc.fail)
		}
	}
}

func TestLimit(t *testing.T) {
	for _, degrees := range []int{2, 4, 10, 50, 400} {
		if p := (distuv.ChiSquared{K: float64(degrees)}).Survival(limit(degrees)); p < 0.2e-6 || p > 2e-6 {
			t.Errorf("chi-square with %d degrees of freedom exceeds %.1f with probability %.2g, want about 1e-6", degrees,
				limit(degrees), p)
		}
	}
}
