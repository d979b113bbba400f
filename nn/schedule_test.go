package nn

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

func TestSchedules(t *testing.T) {
	for name, tc := range map[string]struct {
		schedule Schedule
		want     map[int]float64
	}{
		"constant":            {Fixed(3), map[int]float64{0: 3, 1e6: 3}},
		"cosine":              {Cosine{Base: 2, Steps: 12, Warmup: 2}, map[int]float64{0: 2.0 / 3, 1: 4.0 / 3, 2: 2, 7: 1, 12: 0, 99: 0}},
		"cosine, not below 1": {Cosine{Base: 2, Min: 1, Steps: 12, Warmup: 2}, map[int]float64{0: 2.0 / 3, 2: 2, 7: 1.5, 12: 1, 99: 1}},
		"restarts":            {CosineRestarts{Base: 2, First: 4}, map[int]float64{0: 2, 2: 1, 4: 2, 6: 1, 4000002: 1}},
		"restarts, cycles doubled": {CosineRestarts{Base: 2, Min: 1, First: 4, Factor: 2},
			map[int]float64{0: 2, 2: 1.5, 4: 2, 8: 1.5, 12: 2, 20: 1.5, 28: 2}},
		"steps": {StepDecay{Base: 1, Milestones: []int{10, 20}, Gamma: 0.5},
			map[int]float64{0: 1, 9: 1, 10: 0.5, 19: 0.5, 20: 0.25, 99: 0.25}},
		"warm-up": {Warmup{3, StepDecay{Base: 4, Milestones: []int{2}, Gamma: 0.5}},
			map[int]float64{0: 1, 1: 2, 2: 3, 3: 4, 4: 4, 5: 2}},
		"warm-up as the cosine's": {Warmup{2, Cosine{Base: 2, Steps: 10}}, map[int]float64{0: 2.0 / 3, 1: 4.0 / 3, 2: 2, 7: 1, 12: 0, 99: 0}},
	} {
		for step, want := range tc.want {
			if got := tc.schedule.LR(step); math.Abs(got-want) > 1e-12 {
				t.Errorf("%s: learning rate of step %d is %v, want %v", name, step, got, want)
			}
		}
	}
}

// Schedules are PyTorch's, step by step.
func TestSchedulesOfPyTorch(t *testing.T) {
	js, err := os.ReadFile("testdata/schedules.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string][]float64
	if err := json.Unmarshal(js, &want); err != nil {
		t.Fatal(err)
	}
	losses := want["losses"]
	delete(want, "losses")
	plateau := &Plateau{Base: 0.1, Min: 2e-3, Patience: 2}
	schedules := map[string]Schedule{
		"Exponential":    Exponential{Base: 0.1, Gamma: 0.9},
		"Linear":         Polynomial{Base: 0.1, Steps: 15},
		"Polynomial":     Polynomial{Base: 0.1, Steps: 15, Power: 2.5},
		"OneCycle":       OneCycle{Max: 0.1, Steps: 20},
		"OneCycle early": OneCycle{Max: 0.1, Steps: 20, Rise: 0.2, Start: 4, End: 50},
		"Plateau":        plateau,
		"Cosine":         Cosine{Base: 0.1, Min: 1e-3, Steps: 20},
		"CosineRestarts": CosineRestarts{Base: 0.1, Min: 1e-3, First: 4, Factor: 2},
		"StepDecay":      StepDecay{Base: 0.1, Milestones: []int{5, 12}, Gamma: 0.2},
	}
	for name, rates := range want {
		s := schedules[name]
		if s == nil {
			t.Errorf("nothing like %s", name)
			continue
		}
		for step, lr := range rates {
			if got := s.LR(step); math.Abs(got-lr) > 1e-12 {
				t.Errorf("%s: learning rate of step %d is %v, want %v", name, step, got, lr)
			}
			if s == Schedule(plateau) {
				plateau.Observe(losses[step])
			}
		}
	}
}

// What a Plateau remembers are its fields, and an accuracy is observed as its negative.
func TestPlateau(t *testing.T) {
	p := &Plateau{Base: 1, Factor: 0.5, Patience: 1}
	for i, accuracy := range []float64{0.5, 0.6, 0.6, 0.6, 0.7, 0.65, 0.65, 0.65, 0.65} {
		if want := []float64{1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25}[i]; p.LR(i) != want {
			t.Errorf("after %d observations: %v, want %v", i, p.LR(i), want)
		}
		p.Observe(-accuracy)
		js, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		p = new(Plateau)
		if err := json.Unmarshal(js, p); err != nil {
			t.Fatal(err)
		}
	}
	none := &Plateau{Base: 1, Patience: -1}
	none.Observe(1)
	none.Observe(1)
	if none.LR(0) != 0.1 {
		t.Errorf("without patience: %v", none.LR(0))
	}
}
