package autograd_test

import (
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// trainer is a program that may forget something.
type trainer struct {
	tp   *autograd.Tape
	w    *autograd.Param
	x    tensor.Tensor
	leaf *autograd.Var
}

func newTrainer() *trainer {
	x := tensor.New(2, 3)
	x.Fill(1)
	return &trainer{tp: autograd.NewTape(), w: param("w", 3, 2), x: x}
}

// pass makes a gradient.
func (r *trainer) pass() {
	r.leaf = r.tp.Variable(r.x)
	r.tp.Backward(autograd.Mean(r.tp, autograd.Linear(r.tp, r.leaf, r.w, nil)))
}

func (r *trainer) reset() { r.tp.Reset(autograd.Training) }
func (r *trainer) step()  { r.tp.ToUpdate("nn.SGD") }

// An optimiser that has nothing to do is called by mistake: before Backward, after a Reset, twice with one between.
func TestStepWithoutGradients(t *testing.T) {
	r := newTrainer()
	fails(t, "no step", r.step, "nn.SGD.Step", "without gradients", "Backward")
	r.pass()
	r.step()
	r.step() // PyTorch's too may be called twice
	r.reset()
	fails(t, "after Reset", r.step, "without gradients")
	r.pass()
	r.tp.NextPath()
	r.step()

	other := &trainer{tp: autograd.NewTape(), w: r.w, x: r.x}
	other.pass()
	fails(t, "a gradient of another tape", r.step, `"w"`, "another tape")
	other.step()
}

// Passes that are to make one step and have a Reset between them are found out, however many they are.
func TestLostGradients(t *testing.T) {
	for _, passes := range []int{2, 5} {
		r := newTrainer()
		train := func(next func()) func() {
			return func() {
				for range 30 {
					r.reset()
					for i := range passes {
						if i > 0 {
							next()
						}
						r.pass()
					}
					r.step()
				}
			}
		}
		fails(t, "Reset between passes", train(r.reset), "nn.SGD.Step", "Reset has forgotten the gradients", "NextPath")
		r = newTrainer()
		if err := tensor.Catch(train(r.tp.NextPath)); err != nil {
			t.Errorf("NextPath between passes: %v", err)
		}
	}
}

// Programs that give up gradients and know it are left alone.
func TestGradientsGivenUp(t *testing.T) {
	for name, program := range map[string]func(r *trainer, i int){
		"skips steps, by the loss": func(r *trainer, i int) {
			r.reset()
			r.pass()
			if i%3 != 0 && i%7 != 0 {
				r.step()
			}
		},
		"evaluates between steps": func(r *trainer, i int) {
			r.reset()
			r.pass()
			r.step()
			for range 2 {
				r.tp.Reset(autograd.Inference)
				autograd.Linear(r.tp, r.tp.Constant(r.x), r.w, nil)
			}
		},
		"warms up": func(r *trainer, i int) {
			r.reset()
			r.pass()
			if i > 100 {
				r.step()
			}
		},
		"perturbs its input along a gradient": func(r *trainer, i int) {
			r.reset()
			r.pass()
			_ = r.leaf.Grad()
			r.reset()
			r.pass()
			r.step()
		},
		"looks at the norm of a part": func(r *trainer, i int) {
			r.reset()
			r.pass()
			for range r.w.Spans {
			}
			r.reset()
			r.pass()
			r.step()
		},
		"says that it means it": func(r *trainer, i int) {
			r.reset()
			r.pass()
			r.tp.Touched()
			r.reset()
			r.pass()
			r.step()
		},
		"has two optimisers": func(r *trainer, i int) {
			r.reset()
			r.pass()
			r.step()
			r.step()
		},
	} {
		r := newTrainer()
		if err := tensor.Catch(func() {
			for i := range 200 {
				program(r, i)
			}
		}); err != nil {
			t.Errorf("a program that %s: %v", name, err)
		}
	}
}
