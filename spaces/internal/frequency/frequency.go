// Package frequency tests how often something was drawn.
package frequency

import (
	"math"
	"testing"
)

// Check fails the test if the counts do not fit the expected ones: if something was drawn that is not expected, or by Pearson's
// chi-square at a level of about one in a million. Every expected count should be 5 at least.
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
	if most := limit(degrees); chi > most {
		t.Errorf("%s: chi-square %.1f with %d degrees of freedom, want at most %.1f", what, chi, degrees, most)
	}
}

// limit is what chi-square exceeds with a probability of about 10^-6: by the approximation of Wilson and Hilferty ("The
// Distribution of Chi-Square", 1931), its cube root is normal; this is 4.7534 standard deviations out.
func limit(degrees int) float64 {
	v := 2 / (9 * float64(degrees))
	return float64(degrees) * math.Pow(1-v+4.7534*math.Sqrt(v), 3)
}
