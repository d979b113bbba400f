package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/oneshot-nas/oneshot/supernet"
)

// checkpoints are the last two of a training, of which the study keeps the one before in case that the last is damaged: NAME.safetensors and
// NAME.previous.safetensors.
type checkpoints struct {
	lab  *Lab
	name string // of the last
	of   string // what is trained
	// passing says that the file goes from one training to the next, and may be of another.
	passing bool
}

// Metadata entries of what a study saves.
const (
	studyKey    = "study"    // the beginning of the SHA-256 of its configuration
	trainingKey = "training" // what is trained
	curveKey    = "curve"    // the epoch at hand
)

// metadata says whose a checkpoint is, so that one that was put in the place of another is found out.
func (c *checkpoints) metadata(curve string) map[string]string {
	return map[string]string{studyKey: c.lab.hash, trainingKey: c.of, curveKey: curve}
}

// isOf says whether a checkpoint is one of the training, and why it can be none at all that belongs here.
func (c *checkpoints) isOf(metadata map[string]string) (bool, error) {
	study, training := metadata[studyKey], metadata[trainingKey]
	switch {
	case study != c.lab.hash:
		return false, fmt.Errorf("it is of another study (%q, this one is %q)", study, c.lab.hash)
	case training != c.of && !c.passing:
		return false, fmt.Errorf("it is of another training (%q, want %q)", training, c.of)
	}
	return training == c.of, nil
}

func (c *checkpoints) previous() string {
	return strings.TrimSuffix(c.name, checkpointSuffix) + previousSuffix
}

const (
	checkpointSuffix = ".safetensors"
	previousSuffix   = ".previous" + checkpointSuffix
)

// save makes the last checkpoint the one before, and writes another. Should that fail, the one before is still there, under both names
// where the file system knows links: who is killed meanwhile leaves no training without the file that its name says.
func (c *checkpoints) save(t *supernet.Trainer, curve string) error {
	return c.lab.dir.Replace(c.name, func(path string) error {
		if _, err := os.Lstat(path); err == nil { // where the last is missing, the one before stays until there is another
			previous := c.lab.dir.Path(c.previous())
			if err := os.Remove(previous); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			if os.Link(path, previous) != nil {
				if err := os.Rename(path, previous); err != nil {
					return err
				}
			}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return t.Save(path, c.metadata(curve))
	})
}

// load continues from the last checkpoint or, where that is missing, the one before, and returns the epoch at hand; found is false if there
// is none of the training. One that is damaged is an error that says what happens if it is deleted: nothing starts anew by itself.
func (c *checkpoints) load(t *supernet.Trainer) (epoch curve, found bool, err error) {
	names := []string{c.name, c.previous()}
	for i, name := range names {
		path := c.lab.dir.Path(name)
		metadata, err := supernet.CheckpointMetadata(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		own := false
		if err == nil {
			if own, err = c.isOf(metadata); err != nil {
				err = fmt.Errorf("%s does not belong here: %w", path, err)
			}
		}
		if err == nil && own {
			if _, err = t.Load(path); err == nil {
				if err = epoch.parse(metadata[curveKey]); err != nil {
					err = fmt.Errorf("%s: %w", path, err)
				}
			}
		}
		switch {
		case err != nil:
			remedy := "the training starts anew"
			if i+1 < len(names) {
				if _, err := os.Stat(c.lab.dir.Path(names[i+1])); err == nil {
					remedy = "the training goes on from the checkpoint before, " + filepath.Base(names[i+1])
				}
			}
			return curve{}, false, fmt.Errorf("%w; delete the file, and %s", err, remedy)
		case own:
			return epoch, true, nil
		}
	}
	return curve{}, false, nil
}
