// Package frequency tests how often something was drawn.
package frequency

import (
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// level is the probability with which a test of something that is drawn rightly fails.
const level = 1e-6

// Check fails the test if the counts do not fit the expected ones: if something was drawn that is not expected, or by Pearson's
// chi-square at the level of one in a million. Every expected count should be 5 at least.
func Check[K comparable](t testing.TB, what string, got map[K]int, want map[K]float64) {
	t.Helper()
	for k := range got {
		if want[k] == 0 {
			t.Errorf("%s: %v was drawn", what, k)
			return
		}
	}
	chi := 0.0
	for k, w := range want {
		d := float64(got[k]) - w
		chi += d * d / w
	}
	judge(t, what, chi, len(want)-1)
}

// Uniform is [Check] against n different things that are drawn equally often.
func Uniform[K comparable](t testing.TB, what string, got map[K]int, n int) {
	t.Helper()
	if len(got) > n {
		t.Errorf("%s: %d were drawn, want %d", what, len(got), n)
		return
	}
	total := 0
	for _, c := range got {
		total += c
	}
	w := float64(total) / float64(n)
	chi := float64(n-len(got)) * w // of those that were never drawn
	for _, c := range got {
		chi += (float64(c) - w) * (float64(c) - w) / w
	}
	judge(t, what, chi, n-1)
}

func judge(t testing.TB, what string, chi float64, degrees int) {
	t.Helper()
	if p := (distuv.ChiSquared{K: float64(degrees)}).Survival(chi); p < level {
		t.Errorf("%s: chi-square %.1f with %d degrees of freedom, which chance exceeds with probability %.2g", what, chi, degrees, p)
	}
}
