package nn

import (
	"math"
	"testing"
)

func TestSchedules(t *testing.T) {
	for name, tc := range map[string]struct {
		schedule Schedule
		want     map[int]float64
	}{
		"constant":                 {Fixed(3), map[int]float64{0: 3, 1e6: 3}},
		"cosine":                   {Cosine{Base: 2, Steps: 12, Warmup: 2}, map[int]float64{0: 2.0 / 3, 1: 4.0 / 3, 2: 2, 7: 1, 12: 0, 99: 0}},
		"cosine, not below 1":      {Cosine{Base: 2, Min: 1, Steps: 12, Warmup: 2}, map[int]float64{0: 2.0 / 3, 2: 2, 7: 1.5, 12: 1, 99: 1}},
		"restarts":                 {CosineRestarts{Base: 2, First: 4}, map[int]float64{0: 2, 2: 1, 4: 2, 6: 1, 4000002: 1}},
		"restarts, cycles doubled": {CosineRestarts{Base: 2, Min: 1, First: 4, Factor: 2}, map[int]float64{0: 2, 2: 1.5, 4: 2, 8: 1.5, 12: 2, 20: 1.5, 28: 2}},
		"steps":                    {StepDecay{Base: 1, Milestones: []int{10, 20}, Gamma: 0.5}, map[int]float64{0: 1, 9: 1, 10: 0.5, 19: 0.5, 20: 0.25, 99: 0.25}},
		"warm-up":                  {Warmup{3, StepDecay{Base: 4, Milestones: []int{2}, Gamma: 0.5}}, map[int]float64{0: 1, 1: 2, 2: 3, 3: 4, 4: 4, 5: 2}},
		"warm-up as the cosine's":  {Warmup{2, Cosine{Base: 2, Steps: 10}}, map[int]float64{0: 2.0 / 3, 1: 4.0 / 3, 2: 2, 7: 1, 12: 0, 99: 0}},
	} {
		for step, want := range tc.want {
			if got := tc.schedule.LR(step); math.Abs(got-want) > 1e-12 {
				t.Errorf("%s: learning rate of step %d is %v, want %v", name, step, got, want)
			}
		}
	}
}
