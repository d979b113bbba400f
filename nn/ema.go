package nn

import (
	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// EMA keeps exponential moving averages of a model's parameters and buffers, which often do better than the values of any
// one step:
//
//	average = average − (1−Decay)·(average − value)
//
// An average starts as the first value. Parameters that a step does not touch stay out of it, and so do their averages.
type EMA struct {
	Decay float64 // per step, for example 0.999

	store    *Store
	averages map[string]tensor.Tensor // by the name of the parameter or buffer
	swapped  bool
}

// NewEMA prepares averages of the parameters and buffers of a store.
func NewEMA(s *Store, decay float64) *EMA {
	return &EMA{Decay: decay, store: s, averages: make(map[string]tensor.Tensor)}
}

// Update takes the parameters that the tape's step has touched, and all buffers, into the averages. Call it after each step
// of the optimiser.
func (e *EMA) Update(tp *autograd.Tape) {
	if e.swapped {
		panic(tensor.ShapeError{Op: "nn.EMA.Update", Got: "a model that is exchanged with its averages",
			Want: "Swap called again before training goes on"})
	}
	for _, p := range tp.Touched() {
		if average, ok := e.averages[p.Name]; ok {
			for lo, hi := range p.Spans {
				e.update(average.Data[lo:hi], p.Value.Data[lo:hi])
			}
		} else {
			e.averages[p.Name] = p.Value.Clone()
		}
	}
	for _, b := range e.store.Buffers {
		if average, ok := e.averages[b.Name]; ok {
			e.update(average.Data, b.Value.Data)
		} else {
			e.averages[b.Name] = b.Value.Clone()
		}
	}
}

// update moves an average towards a value. The same rounded factor in both terms keeps an average that has arrived where
// it is.
func (e *EMA) update(average, value []float32) {
	rate := float32(1 - e.Decay)
	vec.Axpy(average, -rate, average)
	vec.Axpy(average, rate, value)
}

// Swap exchanges values and averages, for an evaluation with the averages; called again, it exchanges them back.
func (e *EMA) Swap() {
	for _, n := range e.store.named() {
		if average, ok := e.averages[n.Name]; ok {
			exchange(n.Tensor.Data, average.Data)
		}
	}
	e.swapped = !e.swapped
}
