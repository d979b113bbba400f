package supernet

import (
	"strconv"

	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/tensor"

	"fmt"
)

// Save writes everything that training needs to go on to a checkpoint, with the caller's own metadata.
func (t *Trainer) Save(path string, metadata map[string]string) error {
	m := map[string]string{stepKey: strconv.Itoa(t.step)}
	for k, v := range metadata {
		m[k] = v
	}
	return nn.SaveCheckpoint(path, t.Model.Store(), t.opt.(*nn.SGD), m)
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
	if metadata, err = nn.LoadCheckpoint(path, t.Model.Store(), t.opt.(*nn.SGD)); err != nil {
		return nil, err
	}
	t.step = step
	delete(metadata, stepKey)
	return metadata, nil
}

// CheckpointMetadata reads what Save was told to remember, without a model to load the rest into.
func CheckpointMetadata(path string) (map[string]string, error) {
	_, metadata, err := tensor.LoadSafetensors(path)
	return metadata, err
}

// Entries of a checkpoint beyond parameters, buffers and optimiser.
const stepKey = "step" // metadata: the number of steps taken
