package lab

import (
	"math"
	"testing"

	"github.com/oneshot-nas/oneshot/supernet"
)

// A step that was rolled back has no part in the learning curve, which a checkpoint must be able to carry.
func TestCurveOfARollBack(t *testing.T) {
	var c, again curve
	c.add(supernet.StepResult{Loss: 2, Correct: 0.5})
	c.add(supernet.StepResult{Loss: math.NaN(), RolledBack: true})
	c.add(supernet.StepResult{Loss: 4, Correct: 1})
	if err := again.parse(c.String()); err != nil || again != c {
		t.Errorf("%+v is read as %+v, %v", c, again, err)
	}
	if loss, correct := again.means(); loss != 3 || correct != 0.75 {
		t.Errorf("means %v and %v", loss, correct)
	}
	if err := again.parse(""); err == nil {
		t.Error("a checkpoint without a curve was accepted")
	}
}
