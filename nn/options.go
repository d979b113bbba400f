package nn

import (
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/tensor"
)

// Option is a choice that the constructor of a layer offers beside its defaults, which are PyTorch's. One that a layer does not have
// panics.
type Option struct {
	name string
	set  func(c *choices)
}

// choices are all that options can say.
type choices struct {
	bias          bool
	stride        int
	padH, padW    int
	outputPad     int
	dilation      int
	groups        int
	width         int // of a kernel; 0: it is as wide as high
	h, w          int // of flattened images; 0: there are none
	layers        int
	bidirectional bool
}

// NoBias leaves out the bias, as is usual before a batch norm.
var NoBias = Option{"NoBias", func(c *choices) { c.bias = false }}

// Stride moves the window of a convolution by n pixels, down and to the right.
func Stride(n int) Option { return Option{"Stride", func(c *choices) { c.stride = n }} }

// Padding puts n zeros on all sides of an image.
func Padding(n int) Option { return PaddingHW(n, n) }

// PaddingHW puts h zeros above and below an image, and w on its left and right.
func PaddingHW(h, w int) Option {
	return Option{"Padding", func(c *choices) { c.padH, c.padW = h, w }}
}

// OutputPadding adds n rows below and columns on the right to what a transposed convolution makes: one of as many sizes as its stride has
// pixels.
func OutputPadding(n int) Option {
	return Option{"OutputPadding", func(c *choices) { c.outputPad = n }}
}

// Groups cuts the channels of a convolution into n groups, of which each sees itself alone: with as many groups as channels it is a
// depthwise convolution.
func Groups(n int) Option { return Option{"Groups", func(c *choices) { c.groups = n }} }

// Dilation puts n−1 pixels between those that adjacent taps of a kernel read.
func Dilation(n int) Option { return Option{"Dilation", func(c *choices) { c.dilation = n }} }

// Width makes a kernel that is not as wide as high.
func Width(n int) Option { return Option{"Width", func(c *choices) { c.width = n }} }

// Layers stacks n recurrent layers, each upon the outputs of the one below.
func Layers(n int) Option { return Option{"Layers", func(c *choices) { c.layers = n }} }

// Bidirectional adds to every recurrent layer one that runs from the end to the beginning, whose outputs lie behind those of the first.
var Bidirectional = Option{"Bidirectional", func(c *choices) { c.bidirectional = true }}

// Flattened says that a linear layer reads images of h×w pixels, all their channels in one vector: [N][h][w][C], or [N][h·w·C]. Where
// PyTorch has Flatten before a Linear, this option tells [LoadWeights] and [SaveWeights] that the order of the inputs is another there.
func Flattened(h, w int) Option {
	return Option{"Flattened", func(c *choices) { c.h, c.w = h, w }}
}

// choose applies options to the defaults of a layer, which has those of the given names.
func choose(op string, options []Option, names ...string) choices {
	c := choices{bias: true, stride: 1, dilation: 1, groups: 1, layers: 1}
	for _, o := range options {
		if !slices.Contains(names, o.name) {
			panic(tensor.ShapeError{Op: op, Got: "the option " + o.name, Want: strings.Join(names, ", ") + " at most"})
		}
		o.set(&c)
	}
	return c
}
