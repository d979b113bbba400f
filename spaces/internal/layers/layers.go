// Package layers lists the layers of networks, for the Network methods of the spaces: each with its parameters and multiply-adds, and
// with the height and width of its output.
package layers

import "github.com/oneshot-nas/oneshot/spaces"

// Feature is the shape of what a layer puts out.
type Feature struct {
	Channels int
	Size     int // height and width
}

// Image is the shape of a colour image.
func Image(size int) Feature { return Feature{Channels: 3, Size: size} }

// Builder appends layers to a network. A name is that of the layer or, where a method adds several, the beginning of theirs.
type Builder struct {
	Network spaces.Network
	Idle    bool // of the layers that are added from now on
}

// Add completes a layer: lengths that are not given are 1.
func (b *Builder) Add(l spaces.Layer) {
	for _, length := range []*int{&l.KH, &l.KW, &l.Stride, &l.Dilation, &l.Groups, &l.H, &l.W} {
		*length = max(*length, 1)
	}
	l.Idle = b.Idle
	b.Network.Layers = append(b.Network.Layers, l)
}

// window adds a layer that moves a window of KH×KH over the image.
func (b *Builder) window(l spaces.Layer, in Feature, cout int) Feature {
	out := Feature{Channels: cout, Size: (in.Size+2*l.Pad-l.Dilation*(l.KH-1)-1)/l.Stride + 1}
	l.Cin, l.Cout, l.KW, l.H, l.W = in.Channels, cout, l.KH, out.Size, out.Size
	if l.Kind == spaces.Conv {
		l.Params = int64(l.KH*l.KW) * int64(l.Cin/l.Groups) * int64(l.Cout)
		l.MACs = l.Params * int64(l.H) * int64(l.W)
	}
	b.Add(l)
	return out
}

// Pool adds a pool with a window of k×k.
func (b *Builder) Pool(name string, in Feature, k, stride, pad int) Feature {
	return b.window(spaces.Layer{Name: name, Kind: spaces.Pool, KH: k, Stride: stride, Pad: pad, Dilation: 1}, in, in.Channels)
}

// conv adds a k×k convolution whose padding, for odd k, keeps the size of the image but for the stride.
func (b *Builder) conv(name string, in Feature, cout, k, stride, dilation, groups int) Feature {
	return b.window(spaces.Layer{Name: name, Kind: spaces.Conv, KH: k, Stride: stride, Pad: dilation * (k - 1) / 2, Dilation: dilation,
		Groups: groups}, in, cout)
}

// Conv adds a dense k×k convolution with (k-1)/2 pixels of padding.
func (b *Builder) Conv(name string, in Feature, cout, k, stride int) Feature {
	return b.conv(name, in, cout, k, stride, 1, 1)
}

// Depthwise adds a depthwise k×k convolution with dilation·(k-1)/2 pixels of padding.
func (b *Builder) Depthwise(name string, in Feature, k, stride, dilation int) Feature {
	return b.conv(name, in, in.Channels, k, stride, dilation, in.Channels)
}

// Norm adds a batch norm.
func (b *Builder) Norm(name string, in Feature) Feature {
	b.Add(spaces.Layer{Name: name, Kind: spaces.BatchNorm, Cin: in.Channels, Cout: in.Channels, H: in.Size, W: in.Size,
		Params: 2 * int64(in.Channels)})
	return in
}

// ConvNorm adds a dense convolution, as Conv does, and its batch norm.
func (b *Builder) ConvNorm(name string, in Feature, cout, k, stride int) Feature {
	return b.Norm(name+".norm", b.Conv(name+".conv", in, cout, k, stride))
}

// MBConv adds an inverted residual block. With expansion 1 there is no expanding convolution.
func (b *Builder) MBConv(name string, in Feature, cout, k, expansion, stride int) Feature {
	if expansion > 1 {
		in = b.ConvNorm(name+".expand", in, expansion*in.Channels, 1, 1)
	}
	out := b.Norm(name+".depthwise.norm", b.Depthwise(name+".depthwise.conv", in, k, stride, 1))
	return b.ConvNorm(name+".project", out, cout, 1, 1)
}

// Linear adds a linear layer with bias.
func (b *Builder) Linear(name string, in Feature, cout int) {
	weights := int64(in.Channels) * int64(cout)
	b.Add(spaces.Layer{Name: name, Kind: spaces.Linear, Cin: in.Channels, Cout: cout, Params: weights + int64(cout), MACs: weights})
}

// Classify adds the global average and the linear classifier.
func (b *Builder) Classify(in Feature, classes int) {
	b.Linear("classifier", b.Pool("global", in, in.Size, in.Size, 0), classes)
}
