package supernet

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Metadata entries of a checkpoint.
const (
	stepKey      = "step"      // the number of steps taken
	averagingKey = "averaging" // the state of averaging, as JSON
)

// hiddenName is the carried hidden state, [B][H], in a checkpoint.
const hiddenName = "hidden"

// checkpoint is what training needs to go on.
func (t *Trainer) checkpoint() nn.Checkpoint {
	c := nn.Checkpoint{Store: t.Model.Store(), Optimizer: t.opt, Extra: t.averaging.best}
	if !t.pass.Hidden.IsZero() {
		c.Extra = append(c.Extra[:len(c.Extra):len(c.Extra)], tensor.Named{Name: hiddenName, Tensor: t.pass.Hidden})
	}
	if t.averaging.Finished { // the model is exchanged with its averages, and nothing will move it any more
		c.Optimizer = nil
	}
	return c
}

// Save writes everything that training needs to go on to a checkpoint, with the caller's own metadata. A crash at any moment
// leaves the old file or the new one.
func (t *Trainer) Save(path string, metadata map[string]string) error {
	c := t.checkpoint()
	c.Metadata = map[string]string{stepKey: strconv.Itoa(t.step)}
	if t.Config.Averaging != nil {
		js, err := json.Marshal(&t.averaging)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		c.Metadata[averagingKey] = string(js)
	}
	for k, v := range metadata {
		c.Metadata[k] = v
	}
	return nn.SaveCheckpoint(path, c)
}

// Load continues from a checkpoint of Save and returns the caller's metadata. If it does not fit the model or the
// configuration, the error says why and nothing has changed.
func (t *Trainer) Load(path string) (metadata map[string]string, err error) {
	metadata, err = CheckpointMetadata(path)
	if err != nil {
		return nil, err
	}
	step, err := strconv.Atoi(metadata[stepKey])
	if err != nil || step < 0 || step > t.Steps() {
		return nil, fmt.Errorf("%s: the checkpoint is of step %q, want one within 0..%d", path, metadata[stepKey], t.Steps())
	}
	before, opt := t.averaging, t.opt
	if t.Config.Averaging != nil {
		saved := averaging{best: before.best, evaluator: before.evaluator, archs: before.archs}
		if err := json.Unmarshal([]byte(metadata[averagingKey]), &saved); err != nil {
			return nil, fmt.Errorf("%s: the state of averaging, %.200q: %w", path, metadata[averagingKey], err)
		}
		if saved.Finished != (step == t.Steps()) {
			return nil, fmt.Errorf("%s: the checkpoint is of step %d, of a training that ends there: %v; want one of %d steps", path, step, saved.Finished, t.Steps())
		}
		t.averaging = saved
		t.averaging.begin(t) // with the optimiser that its state belongs to
	}
	if metadata, err = nn.LoadCheckpoint(path, t.checkpoint()); err != nil {
		t.averaging, t.opt = before, opt
		return nil, err
	}
	t.step, t.epoch = step, 0
	for t.epochEnd(t.epoch) <= step && t.epoch < t.Config.Epochs {
		t.epoch++
	}
	delete(metadata, stepKey)
	delete(metadata, averagingKey)
	return metadata, nil
}

// CheckpointMetadata reads what Save was told to remember, and a few entries of its own, without a model to load the rest into. A file
// that is not as Save has written it is an error.
func CheckpointMetadata(path string) (map[string]string, error) { return nn.CheckpointMetadata(path) }
