package activation

import (
	"math"
	"testing"
)

// TestLocal: values and slopes of every function, stored and added.
func TestLocal(t *testing.T) {
	x := []float32{-2, -0.5, 0.25, 3, 7}
	for f, slope := range map[Func]func(x, y float64) float64{
		Identity: func(x, y float64) float64 { return 1 },
		ReLU:     func(x, y float64) float64 { return map[bool]float64{true: 1}[x > 0] },
		ReLU6:    func(x, y float64) float64 { return map[bool]float64{true: 1}[x > 0 && x < 6] },
		Tanh:     func(x, y float64) float64 { return 1 - y*y },
		Sigmoid:  func(x, y float64) float64 { return y * (1 - y) },
	} {
		value := map[Func]func(x float64) float64{
			Identity: func(x float64) float64 { return x },
			ReLU:     func(x float64) float64 { return max(x, 0) },
			ReLU6:    func(x float64) float64 { return min(max(x, 0), 6) },
			Tanh:     math.Tanh,
			Sigmoid:  func(x float64) float64 { return 1 / (1 + math.Exp(-x)) },
		}[f]
		y, dy, dx := make([]float32, len(x)), []float32{1, 2, 3, 4, 5}, []float32{1, 1, 1, 1, 1}
		f.Local(y, x)
		for i, v := range x {
			if want := value(float64(v)); math.Abs(float64(y[i])-want) > 1e-6 {
				t.Errorf("%v(%v) = %v, want %v", f, v, y[i], want)
			}
		}
		lo, hi := f.Bounds()
		for i, v := range x {
			if clamped := min(max(v, lo), hi); f.Clamps() && clamped != y[i] {
				t.Errorf("%v clamps %v to %v, its bounds to %v", f, v, y[i], clamped)
			}
		}
		for _, accumulate := range []bool{true, false} {
			f.LocalBackward(dx, y, dy, accumulate)
			for i, v := range x {
				want := float64(dy[i]) * slope(float64(v), value(float64(v)))
				if accumulate {
					want++
				}
				if math.Abs(float64(dx[i])-want) > 1e-5 {
					t.Errorf("%v at %v, accumulate %v: gradient %v, want %v", f, v, accumulate, dx[i], want)
				}
			}
		}
	}
}
