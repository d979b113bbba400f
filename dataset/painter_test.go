package dataset

import (
	"math"
	"testing"
)

func TestSine(t *testing.T) {
	for angle := -turn; angle < 2*turn; angle += 7 {
		want := math.Sin(2 * math.Pi * float64(angle) / turn)
		if got := float64(sine(angle)) / 4096; math.Abs(got-want) > 0.0015 {
			t.Fatalf("sine of %d/65536 turn is %v, want %v", angle, got, want)
		}
	}
}

func TestLength(t *testing.T) {
	for _, x := range []int{0, 1, 3, -255, 8191, 1<<15 - 1} {
		for _, y := range []int{0, -1, 4, 2500, 1 << 14} {
			if got, want := length(x, y), int(math.Sqrt(float64(x*x+y*y))); got != want {
				t.Errorf("length of (%d, %d) is %d, want %d", x, y, got, want)
			}
		}
	}
}

// A shape must cover its own area, wherever it is.
func TestAreas(t *testing.T) {
	for name, c := range map[string]struct {
		shape field
		want  float64 // pixels
	}{
		"disc":        {disc(15*pixel+77, 16*pixel+13, 9*pixel), math.Pi * 81},
		"small disc":  {disc(15*pixel+77, 16*pixel+13, 2*pixel), math.Pi * 4},
		"box":         {box(15*pixel+77, 16*pixel+13, 5*pixel, 7*pixel+100), 4 * 5 * (7 + 100./256)},
		"at a corner": {box(0, 0, 5*pixel, 7*pixel), 35},
	} {
		area := 0.0
		for y := range side {
			for x := range side {
				area += float64(c.shape(x*pixel+pixel/2, y*pixel+pixel/2)) / one
			}
		}
		if math.Abs(area-c.want) > 0.03*c.want {
			t.Errorf("%s covers %.1f pixels, want %.1f", name, area, c.want)
		}
	}
}
