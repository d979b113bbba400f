package figure

import (
	"math"
	"strings"
	"testing"
)

func TestRoundTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{7.5, 96.9, "20 40 60 80"},
		{26, 48.5, "30 35 40 45"},
		{0.9612, 0.9759, "0.962 0.964 0.966 0.968 0.970 0.972 0.974"},
		{-70, -58, "-70 -68 -66 -64 -62 -60 -58"},
		{-0.05, 1, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{0, 1, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{-0.5, 0.5, "-0.4 -0.2 0.0 0.2 0.4"},
		{0, 1000, "0 200 400 600 800 1000"},
		{92, 94, "92.0 92.5 93.0 93.5 94.0"},
	} {
		var labels []string
		for _, tick := range (roundTicks{}).Ticks(c.low, c.high) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("ticks from %v to %v: %s, want %s", c.low, c.high, got, c.want)
		}
	}
}

func TestWholeTicks(t *testing.T) {
	var labels []string
	for _, tick := range (roundTicks{whole: true}).Ticks(0.9, 4.1) {
		labels = append(labels, tick.Label)
	}
	if got := strings.Join(labels, " "); got != "1 2 3 4" {
		t.Errorf("ticks of epochs: %s", got)
	}
}

func TestRoundTicksBeyondPrecision(t *testing.T) {
	const low = 94.0
	if n := len((roundTicks{}).Ticks(low, math.Nextafter(low, 100))); n > 9 {
		t.Errorf("%d ticks between neighbouring numbers", n)
	}
}
