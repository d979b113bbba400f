// Package chain lists the layers of networks that are a chain of convolutions and inverted residual blocks.
package chain

import "github.com/oneshot-nas/oneshot/spaces"

// Builder appends layers to a network, each of which reads what the last one puts out.
type Builder struct {
	network  spaces.Network
	size     int // height and width of what the last layer puts out
	channels int
}

// New returns a builder of a network for square images of three channels.
func New(image int) *Builder { return &Builder{size: image, channels: 3} }

func (b *Builder) add(l spaces.Layer) {
	l.Dilation = 1
	l.Groups = max(l.Groups, 1)
	b.network.Layers = append(b.network.Layers, l)
}

// Conv adds a convolution with k/2 pixels of padding, and its batch norm.
func (b *Builder) Conv(name string, cout, k, stride, groups int) {
	cin := b.channels
	b.channels, b.size = cout, (b.size-1)/stride+1
	params := int64(k*k) * int64(cin/groups) * int64(cout)
	b.add(spaces.Layer{Name: name + ".conv", Kind: spaces.Conv, Cin: cin, Cout: cout, KH: k, KW: k, Stride: stride, Pad: k / 2,
		Groups: groups, H: b.size, W: b.size, Params: params, MACs: params * int64(b.size) * int64(b.size)})
	b.add(spaces.Layer{Name: name + ".norm", Kind: spaces.BatchNorm, Cin: cout, Cout: cout, KH: 1, KW: 1, Stride: 1,
		H: b.size, W: b.size, Params: 2 * int64(cout)})
}

// MBConv adds an inverted residual block. With expansion 1 there is no expanding convolution.
func (b *Builder) MBConv(name string, cout, kernel, expansion, stride int) {
	if expansion > 1 {
		b.Conv(name+".expand", b.channels*expansion, 1, 1, 1)
	}
	b.Conv(name+".depthwise", b.channels, kernel, stride, b.channels)
	b.Conv(name+".project", cout, 1, 1, 1)
}

// Classify adds the global average and the linear classifier with bias, and returns the network.
func (b *Builder) Classify(classes int) spaces.Network {
	b.add(spaces.Layer{Name: "global", Kind: spaces.Pool, Cin: b.channels, Cout: b.channels, KH: b.size, KW: b.size, Stride: b.size,
		H: 1, W: 1})
	b.add(spaces.Layer{Name: "classifier", Kind: spaces.Linear, Cin: b.channels, Cout: classes, KH: 1, KW: 1, Stride: 1, H: 1, W: 1,
		Params: int64(b.channels+1) * int64(classes), MACs: int64(b.channels) * int64(classes)})
	return b.network
}
