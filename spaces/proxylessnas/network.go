package proxylessnas

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/internal/layers"
)

// The channels before multiplication by the width, and the strides.
const (
	stemChannels  = 32
	firstChannels = 16
	headChannels  = 1280
)

var (
	stageChannels = [Stages]int{24, 40, 80, 96, 192, 320}
	stageStrides  = [Stages]int{2, 2, 2, 1, 2, 1}
)

// Channels returns c times the width, rounded to the nearest multiple of 8, but never to less than 8 or less than 90 % of
// it. (This is the rounding of MobileNet.)
func (s Space) Channels(c int) int {
	v := float64(c) * s.Width
	n := max(8, int(v+4)/8*8)
	if float64(n) < 0.9*v {
		n += 8
	}
	return n
}

// Stem returns the number of channels of the stem.
func (s Space) Stem() int { return s.Channels(stemChannels) }

// First returns the number of channels of the block behind the stem.
func (s Space) First() int { return s.Channels(firstChannels) }

// Stage returns the number of channels of a stage.
func (s Space) Stage(stage int) int {
	if c := s.Widths[stage]; c != 0 {
		return s.Channels(c)
	}
	return s.Channels(stageChannels[stage])
}

// Head returns the number of channels before the classifier: 1280 times the width, but never fewer than 1280.
func (s Space) Head() int { return max(headChannels, s.Channels(headChannels)) }

// Stride returns the stride of a stage's first cell, 1 or 2; stage -1 is the stem.
func (s Space) Stride(stage int) int {
	strided := 0 // which of the layers of stride 2 this is
	for i := -1; i < stage; i++ {
		if i < 0 || stageStrides[i] == 2 {
			strided++
		}
	}
	if stage >= 0 && stageStrides[stage] == 1 || strided < s.Unstrided {
		return 1
	}
	return 2
}

// Network lists the layers of an architecture's network in execution order. A cell that is left out has none.
func (s Space) Network(arch spaces.Arch) spaces.Network {
	a, ok := arch.(Arch)
	if !ok {
		panic(fmt.Sprintf("proxylessnas: architecture of type %T", arch))
	}
	if !s.Contains(a) {
		panic(fmt.Sprintf("proxylessnas: %v is not in the space of depth %d", a, s.Depth))
	}
	var b layers.Builder
	x := b.ConvNorm("stem", layers.Image(s.Image), s.Stem(), 3, s.Stride(-1))
	x = b.MBConv("first", x, s.First(), 3, 1, 1)
	for i, o := range a {
		stage, stride := i/perStage, 1
		if !optional(i) {
			stride = s.Stride(stage)
		}
		if o != Zero {
			x = b.MBConv(fmt.Sprintf("stage%d.cell%d.%v", stage, i%perStage, o), x, s.Stage(stage), o.Kernel(), o.Expansion(), stride)
		}
	}
	b.Classify(b.ConvNorm("head", x, s.Head(), 1, 1), s.Classes)
	return b.Network
}
