package proxylessnas

import (
	"iter"
	"math/big"
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/spaces"
)

// Space is the search space at one scale of the network.
type Space struct {
	Width   float64 // multiplies the channels, see [Space.Channels]
	Classes int
	Image   int // height and width of the input
	// Widths are the channels of the stages before they are multiplied; zeros stand for 24, 40, 80, 96, 192 and 320. The
	// networks that ProxylessNAS found, and TuNAS, have 32 instead of 24 (and Width 1).
	Widths [Stages]int
	// Unstrided is how many of the five layers of stride 2, from the stem on, have stride 1 instead, for small images.
	Unstrided int
	// Depth is how many cells a stage has at most, 1 to 4: in a shallower space the cells beyond are left out in every
	// architecture ([Zero]).
	Depth int
}

var _ spaces.Composer = Space{}

// New returns the space at its published size for ImageNet: width 1.35, 1,000 classes, 224×224 images.
func New() Space { return Space{Width: 1.35, Classes: 1000, Image: 224, Depth: perStage} }

// Small returns the space for small images, such as 32×32 or 64×64, at half width: as many of the first layers of stride 2
// have stride 1 as it takes for the last stage to keep 4×4 pixels.
func Small(image, classes int) Space {
	s := Space{Width: 0.5, Classes: classes, Image: image, Depth: perStage}
	for last := (image + 31) / 32; last < 4 && s.Unstrided < 5; last *= 2 {
		s.Unstrided++
	}
	return s
}

// Name returns "proxylessnas".
func (Space) Name() string { return "proxylessnas" }

// cells yields the cells that there are at the depth of the space.
func (s Space) cells() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range Cells {
			if i%perStage < s.Depth && !yield(i) {
				return
			}
		}
	}
}

// Size is 6^6 · 7^15 = 221,502,229,807,900,608 at full depth.
func (s Space) Size() *big.Int {
	n := big.NewInt(1)
	for i := range s.cells() {
		n.Mul(n, big.NewInt(int64(options(i))))
	}
	return n
}

// Choices lists the 21 cells, whatever the depth of the space, with six operations for the first cell of each stage and
// seven for the others.
func (Space) Choices() []spaces.Choice {
	c := make([]spaces.Choice, Cells)
	for i := range c {
		c[i] = spaces.Choice{Name: Key(i), Values: opNames[:options(i)]}
	}
	return c
}

// Sample draws every cell uniformly.
func (s Space) Sample(rng *rand.Rand) spaces.Arch {
	var a Arch
	for i := range a {
		a[i] = Zero
	}
	for i := range s.cells() {
		a[i] = Op(rng.IntN(options(i)))
	}
	return a
}

// Compose returns the architecture of the given operation indices. Cells beyond the depth of the space are left out, whatever
// their values.
func (s Space) Compose(values []int) (spaces.Arch, bool) {
	var a Arch
	for i := range a {
		a[i] = Zero
	}
	for i := range s.cells() {
		a[i] = Op(values[i])
	}
	return a, a.Valid()
}

// All returns nil: there are too many architectures.
func (Space) All() iter.Seq[spaces.Arch] { return nil }

// Contains reports whether the architecture is valid and no deeper than the space.
func (s Space) Contains(a Arch) bool {
	for i, o := range a {
		if i%perStage >= s.Depth && o != Zero {
			return false
		}
	}
	return a.Valid()
}

// Parse is [Parse]; an architecture that is too deep for the space is an error.
func (s Space) Parse(text string) (spaces.Arch, error) {
	a, err := Parse(text)
	if err != nil {
		return nil, err
	}
	if !s.Contains(a) {
		return nil, spaces.Outside("proxylessnas: %v has more than %d cells in a stage, want the cells beyond to be %v", a, s.Depth, Zero)
	}
	return a, nil
}
