package gradcheck_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/tensor"
)

// A function that hides a part of its dependence on the input must be found out.
func TestFindsWrongGradient(t *testing.T) {
	hiding := func(tp *autograd.Tape, x []*autograd.Var) []*autograd.Var {
		return []*autograd.Var{autograd.Add(tp, x[0], tp.Constant(x[0].Value))} // d(x+x)/dx is not 1
	}
	err := gradcheck.Check(hiding, []tensor.Tensor{gradcheck.Random(1, 2, 3)})
	if err == nil || !strings.Contains(err.Error(), "input 0") {
		t.Errorf("error %v, want one about input 0", err)
	}
	p := autograd.NewParam("p", 3, 2)
	missing := func(tp *autograd.Tape, x []*autograd.Var) []*autograd.Var {
		q := autograd.NewParam("q", 3, 2)
		q.Value = p.Value // the gradient goes elsewhere
		return []*autograd.Var{autograd.Linear(tp, x[0], q, nil)}
	}
	err = gradcheck.Check(missing, []tensor.Tensor{gradcheck.Random(1, 2, 3)}, p)
	if err == nil || !strings.Contains(err.Error(), "gradient of p") {
		t.Errorf("error %v, want one about p", err)
	}
}

func ExampleCheck() {
	x := gradcheck.Random(1, 2, 3)
	fmt.Println(gradcheck.Check(func(tp *autograd.Tape, x []*autograd.Var) []*autograd.Var {
		return []*autograd.Var{autograd.ReLU(tp, x[0])}
	}, []tensor.Tensor{x}))
	// Output: <nil>
}
