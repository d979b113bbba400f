package dataset_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/tensor"
)

func TestSubset(t *testing.T) {
	all := dataset.Generate(1, 30)
	sub := all.Subset([]int32{7, 29, 7})
	if want := []int32{7, 9, 7}; !slices.Equal(sub.Labels, want) {
		t.Errorf("labels %v, want %v", sub.Labels, want)
	}
	for i, j := range []int{7, 29, 7} {
		if !slices.Equal(sub.Image(i), all.Image(j)) {
			t.Errorf("image %d is not image %d of the whole", i, j)
		}
	}
	if sub.Mean != all.Mean || sub.Std != all.Std {
		t.Error("the subset has a normalisation of its own")
	}
	sub.Pixels[0]++
	if sub.Pixels[0] == all.Image(7)[0] {
		t.Error("the subset shares memory with the whole")
	}
}

func TestSplitIsStratifiedAndComplete(t *testing.T) {
	all := dataset.Generate(1, 108) // eleven images of classes 0 to 7, ten of 8 and 9
	for n, want := range map[int][]int{
		0:   {0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		54:  {6, 6, 6, 6, 5, 5, 5, 5, 5, 5}, // 5.5 of the first eight: half of them are rounded up
		108: {11, 11, 11, 11, 11, 11, 11, 11, 10, 10},
	} {
		first, rest := all.Split(n, 5)
		if got := first.Counts(); !slices.Equal(got, want) {
			t.Errorf("Split(%d): classes %v, want %v", n, got, want)
		}
		seen := map[string]int{}
		for _, part := range []*dataset.Images{first, rest} {
			for i := range part.Len() {
				seen[string(part.Image(i))]++
			}
		}
		if first.Len()+rest.Len() != all.Len() || len(seen) != all.Len() {
			t.Errorf("Split(%d): parts of %d and %d images, %d different ones of %d", n, first.Len(), rest.Len(), len(seen), all.Len())
		}
	}
	a, _ := all.Split(54, 5)
	b, _ := all.Split(54, 5)
	c, _ := all.Split(54, 6)
	if a.Fingerprint() != b.Fingerprint() {
		t.Error("the same seed gives another split")
	}
	if a.Fingerprint() == c.Fingerprint() {
		t.Error("another seed gives the same split")
	}
}

func TestSplitOfNothing(t *testing.T) {
	first, rest := dataset.Generate(1, 0).Split(0, 1)
	if first.Len() != 0 || rest.Len() != 0 {
		t.Errorf("%d and %d images out of none", first.Len(), rest.Len())
	}
}

// What data can be wrong in, tensor.Catch returns as an error.
func TestImagesPanic(t *testing.T) {
	set := dataset.Generate(1, 10)
	mislabelled := *set
	mislabelled.Labels = slices.Clone(set.Labels)
	mislabelled.Labels[3] = 10
	negative := *set
	negative.Labels = slices.Clone(set.Labels)
	negative.Labels[2] = -1
	for want, do := range map[string]func(){
		"dataset.Images.Split: got 11 images, want 0 to 10":                      func() { set.Split(11, 1) },
		"dataset.Images.Split: got -1 images, want 0 to 10":                      func() { set.Split(-1, 1) },
		"dataset.Images.Counts: got label 10 of image 3, want one of 10 classes": func() { mislabelled.Split(5, 1) },
		"dataset.Images.Counts: got label -1 of image 2, want one of 10 classes": func() { negative.Counts() },
		"dataset.Images.Image: got image 10, want one of 10":                     func() { set.Subset([]int32{0, 10}) },
		"dataset.Images.Image: got image -1, want one of 10":                     func() { set.Image(-1) },
	} {
		if err := tensor.Catch(do); err == nil || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestTestOf(t *testing.T) {
	train := &dataset.Images{Name: "a", H: 8, W: 8, Classes: []string{"cat", "dog"}, Mean: [3]float32{1, 2, 3}, Std: [3]float32{4, 5, 6}}
	test := &dataset.Images{Name: "b", H: 8, W: 8, Classes: []string{"cat", "dog"}}
	if err := test.TestOf(train); err != nil || test.Mean != train.Mean || test.Std != train.Std {
		t.Errorf("%v; mean %v, std %v", err, test.Mean, test.Std)
	}
	for want, test := range map[string]*dataset.Images{
		"images of b are 8×9, those of a are 8×8":    {Name: "b", H: 8, W: 9, Classes: []string{"cat", "dog"}},
		`b has a class "cow", which a has not`:       {Name: "b", H: 8, W: 8, Classes: []string{"cat", "cow"}},
		"b has 1 classes, a has 2; both need":        {Name: "b", H: 8, W: 8, Classes: []string{"cat"}},
		"both need the same classes in the same ord": {Name: "b", H: 8, W: 8, Classes: []string{"dog", "cat"}},
	} {
		if err := test.TestOf(train); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestFingerprintSeesEverything(t *testing.T) {
	base := dataset.Generate(1, 20)
	seen := map[string]bool{base.Fingerprint(): true}
	for _, change := range []func(s *dataset.Images){
		func(s *dataset.Images) { s.Pixels[5]++ },
		func(s *dataset.Images) { s.Labels[3] = 9 },
		func(s *dataset.Images) { s.Classes[0] = "others" },
		func(s *dataset.Images) { s.H, s.W = 16, 64 },
	} {
		s := dataset.Generate(1, 20)
		change(s)
		seen[s.Fingerprint()] = true
	}
	if len(seen) != 5 {
		t.Errorf("%d fingerprints of 5 data sets", len(seen))
	}
}

func TestMeanAndStd(t *testing.T) {
	s := dataset.Generate(3, 50)
	for c := range dataset.Channels {
		var mean, variance float64
		for i := c; i < len(s.Pixels); i += dataset.Channels {
			mean += float64(s.Pixels[i]) / 255
		}
		mean /= 50 * 32 * 32
		for i := c; i < len(s.Pixels); i += dataset.Channels {
			d := float64(s.Pixels[i])/255 - mean
			variance += d * d / (50 * 32 * 32)
		}
		if math.Abs(float64(s.Mean[c])-mean) > 1e-6 || math.Abs(float64(s.Std[c])-math.Sqrt(variance)) > 1e-6 {
			t.Errorf("channel %d: %v ± %v, want %v ± %v", c, s.Mean[c], s.Std[c], mean, math.Sqrt(variance))
		}
	}
}
