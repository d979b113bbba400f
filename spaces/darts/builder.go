package darts

import "github.com/oneshot-nas/oneshot/spaces"

// feature is the shape of what a layer puts out.
type feature struct {
	channels int
	size     int // height and width
}

// builder appends layers to a network.
type builder struct {
	network spaces.Network
}

// add completes a layer that reads in and puts out cout channels of the given size.
func (b *builder) add(l spaces.Layer, in feature, cout, size int) feature {
	l.Cin, l.Cout, l.H, l.W = in.channels, cout, size, size
	l.KH, l.Stride, l.Dilation, l.Groups = max(l.KH, 1), max(l.Stride, 1), max(l.Dilation, 1), max(l.Groups, 1)
	l.KW = l.KH
	b.network.Layers = append(b.network.Layers, l)
	return feature{cout, size}
}

// window adds a layer that moves a window over the image.
func (b *builder) window(l spaces.Layer, in feature, cout int) feature {
	size := (in.size+2*l.Pad-max(l.Dilation, 1)*(l.KH-1)-1)/l.Stride + 1
	if l.Kind == spaces.Conv {
		l.Params = int64(l.KH*l.KH) * int64(in.channels/max(l.Groups, 1)) * int64(cout)
		l.MACs = l.Params * int64(size) * int64(size)
	}
	return b.add(l, in, cout, size)
}

// pool adds a pool with a window of k×k.
func (b *builder) pool(name string, in feature, k, stride, pad int) feature {
	return b.window(spaces.Layer{Name: name, Kind: spaces.Pool, KH: k, Stride: stride, Pad: pad}, in, in.channels)
}

// conv adds a dense k×k convolution with (k-1)/2 pixels of padding.
func (b *builder) conv(name string, in feature, cout, k, stride int) feature {
	return b.window(spaces.Layer{Name: name, Kind: spaces.Conv, KH: k, Stride: stride, Pad: (k - 1) / 2}, in, cout)
}

func (b *builder) norm(name string, in feature) {
	b.add(spaces.Layer{Name: name, Kind: spaces.BatchNorm, Params: 2 * int64(in.channels)}, in, in.channels, in.size)
}

// convNorm adds a k×k convolution of stride 1 and its batch norm.
func (b *builder) convNorm(name string, in feature, cout, k int) feature {
	out := b.conv(name+".conv", in, cout, k, 1)
	b.norm(name+".norm", out)
	return out
}

// separable adds a depthwise convolution that keeps the size of the image but for the stride, a 1×1 convolution and batch norm.
func (b *builder) separable(name string, in feature, k, stride, dilation int) feature {
	out := b.window(spaces.Layer{Name: name + depthwise, Kind: spaces.Conv, KH: k, Stride: stride, Pad: dilation * (k - 1) / 2,
		Dilation: dilation, Groups: in.channels}, in, in.channels)
	b.conv(name+".pointwise", out, out.channels, 1, 1)
	b.norm(name+".norm", out)
	return out
}

// halve adds a factorised reduction: two 1×1 convolutions of stride 2, the second of which reads the image from its second row
// and column on, make half of the channels each.
func (b *builder) halve(name string, in feature, cout int) feature {
	out := b.conv(name+".even", in, cout/2, 1, 2)
	b.conv(name+".odd", in, cout/2, 1, 2)
	out.channels = cout
	b.norm(name+".norm", out)
	return out
}

func (b *builder) linear(name string, in feature, classes int) {
	weights := int64(in.channels) * int64(classes)
	b.add(spaces.Layer{Name: name, Kind: spaces.Linear, Params: weights + int64(classes), MACs: weights}, in, classes, 1)
}
