package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"

	"github.com/oneshot-nas/oneshot/tensor"
)

// Channels of every image: red, green, blue.
const Channels = 3

// Images is a set of labelled colour images of one size, in memory.
type Images struct {
	Name    string
	H, W    int
	Classes []string // a label is an index into it
	Pixels  []byte   // [Len()][H][W][Channels]
	Labels  []int32  // [Len()]

	// Mean and Std of each channel, of pixel values divided by 255. They belong to the images that a model is trained on;
	// subsets and test sets keep those of their training set.
	Mean, Std [Channels]float32
}

// Len is the number of images.
func (s *Images) Len() int { return len(s.Labels) }

// Image is image i, [H][W][Channels]. It shares the memory of s.
func (s *Images) Image(i int) []byte {
	if i < 0 || i >= s.Len() {
		panic(tensor.ShapeError{Op: "dataset.Images.Image", Got: fmt.Sprintf("image %d", i), Want: fmt.Sprintf("one of %d", s.Len())})
	}
	size := s.H * s.W * Channels
	return s.Pixels[i*size : (i+1)*size : (i+1)*size]
}

// Counts is the number of images of each class.
func (s *Images) Counts() []int {
	counts := make([]int, len(s.Classes))
	for i, label := range s.Labels {
		if label < 0 || int(label) >= len(counts) {
			panic(tensor.ShapeError{Op: "dataset.Images.Counts", Got: fmt.Sprintf("label %d of image %d", label, i),
				Want: fmt.Sprintf("one of %d classes", len(counts))})
		}
		counts[label]++
	}
	return counts
}

// Subset copies the images idx, in that order.
func (s *Images) Subset(idx []int32) *Images {
	sub := *s
	sub.Pixels = make([]byte, 0, len(idx)*s.H*s.W*Channels)
	sub.Labels = make([]int32, len(idx))
	for i, j := range idx {
		sub.Pixels = append(sub.Pixels, s.Image(int(j))...)
		sub.Labels[i] = s.Labels[j]
	}
	return &sub
}

// Split copies n images to first and the others to rest; each keeps the order of s. Which ones is decided by seed, class
// by class: first holds each class in its proportion, rounded down or up so that the sum is n. It panics unless
// 0 <= n <= s.Len().
func (s *Images) Split(n int, seed uint64) (first, rest *Images) {
	if n < 0 || n > s.Len() {
		panic(tensor.ShapeError{Op: "dataset.Images.Split", Got: fmt.Sprintf("%d images", n), Want: fmt.Sprintf("0 to %d", s.Len())})
	}
	quota := proportional(n, s.Counts())
	members := make([][]int32, len(s.Classes))
	for i, label := range s.Labels {
		members[label] = append(members[label], int32(i))
	}
	inFirst := make([]bool, s.Len())
	for class, idx := range members {
		r := newStream(seed, uint64(class))
		for i := range quota[class] { // the first steps of a Fisher-Yates shuffle
			j := r.between(i, len(idx)-1)
			idx[i], idx[j] = idx[j], idx[i]
			inFirst[idx[i]] = true
		}
	}
	var chosen, left []int32
	for i, in := range inFirst {
		if in {
			chosen = append(chosen, int32(i))
		} else {
			left = append(left, int32(i))
		}
	}
	return s.Subset(chosen), s.Subset(left)
}

// proportional shares n out in proportion to counts, by largest remainder and then lowest index.
func proportional(n int, counts []int) []int {
	total := 0
	for _, c := range counts {
		total += c
	}
	if total == 0 {
		return make([]int, len(counts))
	}
	quota, order, left := make([]int, len(counts)), make([]int, len(counts)), n
	for class, c := range counts {
		quota[class], order[class] = n*c/total, class
		left -= quota[class]
	}
	slices.SortStableFunc(order, func(a, b int) int { return n*counts[b]%total - n*counts[a]%total })
	for _, class := range order[:left] {
		quota[class]++
	}
	return quota
}

// TestOf makes s the test set of train: it takes over Mean and Std. The error says where the two do not belong together:
// another size of image, other classes.
func (s *Images) TestOf(train *Images) error {
	if s.H != train.H || s.W != train.W {
		return fmt.Errorf("dataset: images of %s are %d×%d, those of %s are %d×%d", s.Name, s.H, s.W, train.Name, train.H, train.W)
	}
	for _, class := range s.Classes {
		if !slices.Contains(train.Classes, class) {
			return fmt.Errorf("dataset: %s has a class %q, which %s has not; both need the same classes", s.Name, class, train.Name)
		}
	}
	if len(s.Classes) != len(train.Classes) {
		return fmt.Errorf("dataset: %s has %d classes, %s has %d; both need the same classes",
			s.Name, len(s.Classes), train.Name, len(train.Classes))
	}
	if !slices.Equal(s.Classes, train.Classes) {
		return fmt.Errorf("dataset: %s and %s number their classes differently; both need the same classes in the same order", s.Name, train.Name)
	}
	s.Mean, s.Std = train.Mean, train.Std
	return nil
}

// Fingerprint is the SHA-256 of size, classes, labels and pixels in hexadecimal: two runs that print the same one had
// the same data, in the same order.
func (s *Images) Fingerprint() string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %d %d %q\n", s.Len(), s.H, s.W, s.Classes)
	binary.Write(h, binary.LittleEndian, s.Labels)
	h.Write(s.Pixels)
	return hex.EncodeToString(h.Sum(nil))
}

// measure sets Mean and Std. A channel that never varies gets a Std of 1, so that dividing by it is harmless.
func (s *Images) measure() {
	var histogram [Channels][256]int
	for i := 0; i < len(s.Pixels); i += Channels {
		p := s.Pixels[i : i+Channels]
		histogram[0][p[0]]++
		histogram[1][p[1]]++
		histogram[2][p[2]]++
	}
	pixels := float64(max(len(s.Pixels)/Channels, 1))
	for c := range histogram {
		var sum, squares int64 // exact
		for v, count := range histogram[c] {
			sum += int64(v) * int64(count)
			squares += int64(v*v) * int64(count)
		}
		mean := float64(sum) / pixels
		variance := float64(squares)/pixels - float64(mean*mean) // converted: not to be fused, which depends on the machine
		s.Mean[c], s.Std[c] = float32(mean/255), 1
		if variance > 0 {
			s.Std[c] = float32(math.Sqrt(variance) / 255)
		}
	}
}
