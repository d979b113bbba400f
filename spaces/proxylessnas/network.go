package proxylessnas

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/spaces"
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
	b := builder{size: s.Image, channels: 3}
	b.conv("stem", s.Channels(stemChannels), 3, s.Stride(-1), 1)
	b.block("first", s.Channels(firstChannels), 3, 1, 1)
	for i, o := range a {
		stage, stride := i/perStage, 1
		if !optional(i) {
			stride = s.Stride(stage)
		}
		if o != Zero {
			b.block(fmt.Sprintf("stage%d.cell%d.%v", stage, i%perStage, o), s.Channels(stageChannels[stage]), o.Kernel(), o.Expansion(), stride)
		}
	}
	b.conv("head", s.Head(), 1, 1, 1)
	b.add(spaces.Layer{Name: "global", Kind: spaces.Pool, Cin: b.channels, Cout: b.channels, KH: b.size, KW: b.size, Stride: b.size, H: 1, W: 1})
	b.add(spaces.Layer{Name: "classifier", Kind: spaces.Linear, Cin: b.channels, Cout: s.Classes, KH: 1, KW: 1, Stride: 1, H: 1, W: 1,
		Params: int64(b.channels+1) * int64(s.Classes), MACs: int64(b.channels) * int64(s.Classes)})
	return b.network
}

// builder appends layers to a network and knows the size of what the last one put out.
type builder struct {
	network  spaces.Network
	size     int // height and width
	channels int
}

func (b *builder) add(l spaces.Layer) {
	l.Dilation = 1
	l.Groups = max(l.Groups, 1)
	b.network.Layers = append(b.network.Layers, l)
}

// conv adds a convolution with k/2 pixels of padding, and its batch norm.
func (b *builder) conv(name string, cout, k, stride, groups int) {
	cin := b.channels
	b.channels, b.size = cout, (b.size-1)/stride+1
	params := int64(k*k) * int64(cin/groups) * int64(cout)
	b.add(spaces.Layer{Name: name + ".conv", Kind: spaces.Conv, Cin: cin, Cout: cout, KH: k, KW: k, Stride: stride, Pad: k / 2,
		Groups: groups, H: b.size, W: b.size, Params: params, MACs: params * int64(b.size) * int64(b.size)})
	b.add(spaces.Layer{Name: name + ".norm", Kind: spaces.BatchNorm, Cin: cout, Cout: cout, KH: 1, KW: 1, Stride: 1,
		H: b.size, W: b.size, Params: 2 * int64(cout)})
}

// block adds an MBConv. With expansion 1 there is no expanding convolution.
func (b *builder) block(name string, cout, kernel, expansion, stride int) {
	if expansion > 1 {
		b.conv(name+".expand", b.channels*expansion, 1, 1, 1)
	}
	b.conv(name+".depthwise", b.channels, kernel, stride, b.channels)
	b.conv(name+".project", cout, 1, 1, 1)
}
