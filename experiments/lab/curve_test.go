package lab

import (
	"math"
	"reflect"
	"testing"

	"github.com/oneshot-nas/oneshot/supernet"
)

// A step that was rolled back has no part in the learning curve, which a checkpoint must be able to carry.
func TestCurveOfARollBack(t *testing.T) {
	var c, again curve
	c.add(supernet.StepResult{Loss: 2, Correct: 0.5})
	c.add(supernet.StepResult{Loss: math.NaN(), RolledBack: true})
	c.add(supernet.StepResult{Loss: 4, Correct: 1})
	if err := again.parse(c.String()); err != nil || !reflect.DeepEqual(again, c) {
		t.Errorf("%+v is read as %+v, %v", c, again, err)
	}
	if means := again.next(); means != [2]string{"3", "0.75"} || again.Epoch != 1 || again.Steps != 0 {
		t.Errorf("means %v, then %+v", means, again)
	}
	again.add(supernet.StepResult{Loss: math.NaN(), RolledBack: true}) // and nothing else: the mean of no step is no number
	again.next()
	if err := c.parse(again.String()); err != nil || !reflect.DeepEqual(again, c) {
		t.Errorf("%+v is read as %+v, %v", again, c, err)
	}
	if err := again.parse(""); err == nil {
		t.Error("a checkpoint without a curve was accepted")
	}
}
