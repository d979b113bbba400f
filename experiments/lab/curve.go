package lab

import (
	"encoding/json"
	"fmt"

	"github.com/oneshot-nas/oneshot/supernet"
)

// curve sums up the steps of an epoch, but for those that were rolled back; checkpoints carry it, so that a run which is killed within
// an epoch finds the same means.
type curve struct {
	Epoch         int
	Loss, Correct float64 // sums
	Steps         int
	Before        [][2]string // means of loss and correct in the epochs before, as the table has them, which may lose them
}

func (c *curve) add(r supernet.StepResult) {
	if r.RolledBack { // the loss of such a step may be NaN, and JSON has none
		return
	}
	c.Loss, c.Correct, c.Steps = c.Loss+r.Loss, c.Correct+r.Correct, c.Steps+1
}

// next begins another epoch and returns the means of the one that has ended, as tables have them.
func (c *curve) next() (means [2]string) {
	n := float64(c.Steps)
	means = [2]string{decimal(c.Loss / n), decimal(c.Correct / n)}
	*c = curve{Epoch: c.Epoch + 1, Before: append(c.Before, means)}
	return means
}

func (c *curve) String() string {
	js, _ := json.Marshal(c) // of finite numbers: a loss that is not ends training or is rolled back
	return string(js)
}

func (c *curve) parse(s string) error {
	if err := json.Unmarshal([]byte(s), c); err != nil {
		return fmt.Errorf("the epoch at hand, %.100q: %w", s, err)
	}
	return nil
}
