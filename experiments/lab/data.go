package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/experiments/console"
	"github.com/oneshot-nas/oneshot/supernet"
)

// sets is what a study trains and scores on.
type sets struct {
	outputs int // classes, or words
	images  struct{ train, score, truth *dataset.Images }
	text    *dataset.Text
}

// dataSeed draws and divides data sets: other seeds of a study are other supernets on the same data, so that the truth is the same.
const dataSeed = 1

// load reads or generates the data, and completes the configuration with what they are.
func (l *Lab) load(ctx context.Context, o *Options) error {
	c, folder := &l.Config, o.Data
	if l.family.text {
		return l.loadText(folder)
	}
	size := c.Scale.Image
	var train, test *dataset.Images
	if folder == "" {
		c.Data = "generated images"
		all := dataset.GenerateSize(dataSeed, c.TrainCount+c.ScoreCount+c.TruthCount, size)
		train, test = all.Split(c.TrainCount, dataSeed)
	} else {
		err := l.picturesFit(folder)
		if err != nil {
			return err
		}
		bad := &dataset.Unreadable{Most: o.SkipBadImages}
		if train, test, c.Data, err = readImages(ctx, folder, size, bad); err != nil {
			return err
		}
		l.unreadable = bad.Files
		c.TrainCount = min(c.TrainCount, train.Len())
		if c.TrainCount < train.Len() {
			train, _ = train.Split(c.TrainCount, dataSeed)
		}
	}
	if train.H != size || train.W != size {
		return fmt.Errorf("%s has images of %d×%d, -image asks for %d×%d", c.Data, train.H, train.W, size, size)
	}
	if c.ScoreCount >= test.Len() && l.table == nil && l.attempt == nil {
		return fmt.Errorf("%s to score on, of %s, leave none to find the truth on; use -score-count or -truth", Plural(c.ScoreCount, "image"), Plural(test.Len(), "test image"))
	}
	c.ScoreCount = min(c.ScoreCount, test.Len())
	s := &l.sets
	s.outputs = len(train.Classes)
	s.images.train = train
	s.images.score, s.images.truth = test.Split(c.ScoreCount, dataSeed)
	c.TruthCount = s.images.truth.Len()
	if err := l.rareClasses(); err != nil {
		return err
	}
	c.TrainSet, c.ScoreSet, c.TruthSet = train.Fingerprint(), s.images.score.Fingerprint(), s.images.truth.Fingerprint()
	return nil
}

// rareClasses says which classes networks are asked for that they have never seen, or that they cannot go wrong in as there is no other.
func (l *Lab) rareClasses() error {
	s := &l.sets.images
	trained := s.train.Counts()
	for _, set := range []struct {
		flag, purpose string
		images        *dataset.Images
	}{{"-train-count", "to train on", s.train}, {"-score-count", "to score on", s.score}, {"-truth-count", "to find the truth on", s.truth}} {
		if set.images == s.truth && l.table != nil {
			continue // it has been found
		}
		present := 0
		for class, n := range set.images.Counts() {
			if n > 0 && trained[class] == 0 {
				return fmt.Errorf("of class %q there is no image to train on, and %s %s: use more with -train-count", s.train.Classes[class], Plural(n, "image"), set.purpose)
			}
			present += min(n, 1)
		}
		if present < 2 {
			return fmt.Errorf("%s %s: of one class, in which no network can be wrong; use more with %s", Plural(set.images.Len(), "image"), set.purpose, set.flag)
		}
	}
	return nil
}

// loadText reads or generates a text: training, validation to score on, test to find the truth on.
func (l *Lab) loadText(folder string) error {
	c := &l.Config
	if folder == "" {
		c.Data = "generated text"
		l.sets.text = dataset.GenerateText(dataSeed, c.TrainCount, c.ScoreCount, c.TruthCount)
	} else {
		t, err := dataset.ReadPTB(folder)
		if err != nil {
			return err
		}
		c.Data = t.Name
		t.Train, t.Valid, t.Test = first(t.Train, &c.TrainCount), first(t.Valid, &c.ScoreCount), first(t.Test, &c.TruthCount)
		l.sets.text = t
	}
	l.sets.outputs = len(l.sets.text.Words)
	c.TrainSet = l.sets.text.Fingerprint()
	return nil
}

// first returns the first n words, or all if there are fewer, which n then says.
func first(words []int32, n *int) []int32 {
	*n = min(*n, len(words))
	return words[:*n]
}

// data returns what a supernet is trained and scored on, or a network alone with the truth about it.
func (l *Lab) data(alone bool) supernet.Data {
	c := &l.Config
	if l.family.text {
		t := &supernet.Text{TrainStream: l.sets.text.Train, EvalStream: l.sets.text.Valid, BPTT: c.BPTT, Vary: c.Vary}
		if alone {
			t.EvalStream = l.sets.text.Test
		}
		return t
	}
	eval := l.sets.images.score
	if alone {
		eval = l.sets.images.truth
	}
	return supernet.NewImages(dataset.NewLoader(l.sets.images.train, c.Augment), dataset.NewLoader(eval, dataset.Augment{}))
}

// readImages reads the data set in a folder: the binary files of CIFAR-10 or CIFAR-100, or pictures, which are cut and scaled to size×size
// pixels. It returns what to call the data set, too.
func readImages(ctx context.Context, dir string, size int, bad *dataset.Unreadable) (train, test *dataset.Images, name string, err error) {
	has := func(path ...string) bool {
		_, err := os.Stat(filepath.Join(append([]string{dir}, path...)...))
		return err == nil
	}
	switch {
	case has("train.bin") || has("cifar-100-binary"):
		train, test, err = dataset.ReadCIFAR100(dir)
		return train, test, "cifar100", err
	case !has("train") && (has("data_batch_1.bin") || has("cifar-10-batches-bin")):
		train, test, err = dataset.ReadCIFAR10(dir)
		return train, test, "cifar10", err
	}
	train, test, err = dataset.ReadPictures(ctx, dir, size, bad)
	var picture *dataset.PictureError
	switch {
	case errors.As(err, &picture):
		return nil, nil, "", fmt.Errorf("%w\n-skip-bad-images %d or more would leave out what cannot be read, and list it", err, bad.Most+1)
	case errors.Is(err, fs.ErrNotExist) && !has("train"):
		_, _, cifar := dataset.ReadCIFAR10(dir)
		return nil, nil, "", fmt.Errorf("%w (nor are there pictures, in %s and %s)", cifar, filepath.Join(dir, "train", "CLASS"), filepath.Join(dir, "test", "CLASS"))
	case err != nil:
		return nil, nil, "", err
	}
	name = "pictures of " + console.Line(filepath.Base(dir))
	if train.Name == test.Name {
		name += fmt.Sprintf(", a fifth of %s to test on", console.Line(train.Name))
	}
	if n := len(bad.Files); n > 0 {
		name += fmt.Sprintf(", %d unreadable left out", n)
	}
	return train, test, name, nil
}
