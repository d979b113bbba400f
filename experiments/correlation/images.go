package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/oneshot-nas/oneshot/experiments/dataset"
	"github.com/oneshot-nas/oneshot/supernet"
)

// loadImages reads or draws the images: those to train on, those to score on, and those to find the truth on.
func (e *experiment) loadImages(c *config) error {
	var train, test *dataset.Images
	if e.data == "" {
		c.Data = "generated"
		all := dataset.Generate(c.Seed, c.TrainCount+c.ScoreCount+c.TruthCount)
		train, test = all.Split(c.TrainCount, c.Seed)
	} else {
		var err error
		if train, test, c.Data, err = readImages(e.data); err != nil {
			return err
		}
		c.TrainCount = min(c.TrainCount, train.Len())
		if c.TrainCount < train.Len() {
			train, _ = train.Split(c.TrainCount, c.Seed)
		}
	}
	if c.ScoreCount >= test.Len() && e.table == nil {
		return fmt.Errorf("%d images to score on leave none of %d test images to find the truth on; use -score-images or -truth", c.ScoreCount, test.Len())
	}
	c.ScoreCount = min(c.ScoreCount, test.Len())
	e.trainSet = train
	e.scoreSet, e.truthSet = test.Split(c.ScoreCount, c.Seed)
	c.TrainSet, c.ScoreSet = e.trainSet.Fingerprint(), e.scoreSet.Fingerprint()
	c.TruthCount, c.TruthSet, c.Truth = e.truthSet.Len(), e.truthSet.Fingerprint(), "trained"
	if e.table != nil {
		c.TruthCount, c.TruthSet, c.Alone = 0, "", supernet.TrainConfig{}
		c.Truth = fmt.Sprintf("%s, column %s", filepath.Base(e.table.path), e.table.column)
	}
	return nil
}

// readImages reads the data set in a folder: the binary files of CIFAR-10 or CIFAR-100, or pictures in train/CLASS and test/CLASS
// (or val/CLASS), which are cut and scaled to 32×32 pixels. It returns what to call the data set, too.
func readImages(dir string) (train, test *dataset.Images, name string, err error) {
	has := func(path ...string) bool {
		_, err := os.Stat(filepath.Join(append([]string{dir}, path...)...))
		return err == nil
	}
	switch {
	case has("train.bin") || has("cifar-100-binary"):
		train, test, err = dataset.ReadCIFAR100(dir)
		return train, test, "cifar100", err
	case has("train"):
		train, test, err = readFolders(dir, has)
		return train, test, "pictures of " + filepath.Base(dir), err
	}
	if train, test, err = dataset.ReadCIFAR10(dir); err != nil {
		err = fmt.Errorf("%w (nor are there pictures, in %s and %s)", err, filepath.Join(dir, "train", "CLASS"), filepath.Join(dir, "test", "CLASS"))
	}
	return train, test, "cifar10", err
}

func readFolders(dir string, has func(...string) bool) (train, test *dataset.Images, err error) {
	const size = 32
	held := "test"
	if !has(held) && has("val") {
		held = "val"
	}
	if !has(held) {
		return nil, nil, fmt.Errorf("%s: there are pictures to train on, but no folder test (or val) with others: %w", dir, fs.ErrNotExist)
	}
	read := func(part string) (*dataset.Images, error) {
		images, err := dataset.ReadImageFolder(os.DirFS(filepath.Join(dir, part)), size)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(dir, part), err)
		}
		return images, nil
	}
	if train, err = read("train"); err != nil {
		return nil, nil, err
	}
	if test, err = read(held); err != nil {
		return nil, nil, err
	}
	return train, test, test.TestOf(train)
}
