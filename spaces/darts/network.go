package darts

import (
	"fmt"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/internal/layers"
)

// Reduction reports whether cell i, from 0, halves the image and doubles the channels: cells L/3 and 2L/3.
func (s Space) Reduction(i int) bool { return i == s.Cells/3 || i == 2*s.Cells/3 }

// PublishedMACs counts as the authors' tables do under "flops": without the depthwise convolutions whose stride depends on the
// input that is chosen, which are the first of a sep_conv and that of a dil_conv. (Their profiler did not know the class that
// takes its stride at run time.) The network really has [Space.Network].MACs() multiply-adds.
func (s Space) PublishedMACs(arch spaces.Arch) int64 {
	var sum int64
	for _, l := range s.Network(arch).Layers {
		if !strings.HasSuffix(l.Name, depthwise) || strings.HasSuffix(l.Name, second+depthwise) {
			sum += l.MACs
		}
	}
	return sum
}

// Parts of the names of layers.
const (
	first     = ".first" // half of a sep_conv
	second    = ".second"
	depthwise = ".depthwise"
)

// Network lists the layers of an architecture's network in execution order, without the auxiliary head.
func (s Space) Network(arch spaces.Arch) spaces.Network {
	a, ok := arch.(Arch)
	if !ok {
		panic(fmt.Sprintf("darts: architecture of type %T", arch))
	}
	if !a.Valid() {
		panic(fmt.Sprintf("darts: %v is not valid", a))
	}
	if s.Image%4 != 0 {
		panic(fmt.Sprintf("darts: images of %d×%d, want a multiple of 4, which two cells can halve", s.Image, s.Image))
	}
	var b layers.Builder
	stem := b.ConvNorm("stem", layers.Image(s.Image), 3*s.Channels, 3, 1)
	older, last := stem, stem
	c := s.Channels
	for i := range s.Cells {
		cell := a.Normal
		if s.Reduction(i) {
			cell = a.Reduce
			c *= 2
		}
		older, last = last, addCell(&b, fmt.Sprintf("cells.%d", i), cell, s.Reduction(i), older, last, c)
	}
	window := last.Size
	if s.Pool > 0 {
		window = min(window, s.Pool)
	}
	b.Linear("classifier", b.Pool("pool", last, window, last.Size, 0), s.Classes) // the stride leaves room for one window only
	return b.Network
}

// addCell adds a cell of c channels that reads the outputs of the last two.
func addCell(b *layers.Builder, name string, cell Cell, reduction bool, older, last layers.Feature, c int) layers.Feature {
	var nodes [Inputs + Nodes]layers.Feature
	if older.Size > last.Size {
		nodes[0] = halve(b, name+".input0", older, c)
	} else {
		nodes[0] = b.ConvNorm(name+".input0", older, c, 1, 1)
	}
	nodes[1] = b.ConvNorm(name+".input1", last, c, 1, 1)
	for i, edges := range cell {
		for k, e := range edges {
			stride := 1
			if reduction && e.Input < Inputs {
				stride = 2
			}
			edge := fmt.Sprintf("%s.node%d.%d.%v", name, Inputs+i, k, e.Op)
			nodes[Inputs+i] = addOp(b, edge, e.Op, nodes[e.Input], stride)
		}
	}
	return layers.Feature{Channels: Nodes * c, Size: nodes[Inputs].Size}
}

// addOp adds an operation. None changes the number of channels.
func addOp(b *layers.Builder, name string, op Op, in layers.Feature, stride int) layers.Feature {
	switch op {
	case MaxPool3x3, AvgPool3x3:
		return b.Pool(name, in, 3, stride, 1)
	case SepConv3x3:
		return sepConv(b, name, in, 3, stride)
	case SepConv5x5:
		return sepConv(b, name, in, 5, stride)
	case DilConv3x3:
		return separable(b, name, in, 3, stride, 2)
	case DilConv5x5:
		return separable(b, name, in, 5, stride, 2)
	}
	if stride == 1 { // SkipConnect
		return in
	}
	return halve(b, name, in, in.Channels)
}

func sepConv(b *layers.Builder, name string, in layers.Feature, k, stride int) layers.Feature {
	return separable(b, name+second, separable(b, name+first, in, k, stride, 1), k, 1, 1)
}

// separable adds a depthwise convolution that keeps the size of the image but for the stride, a 1×1 convolution and batch norm.
func separable(b *layers.Builder, name string, in layers.Feature, k, stride, dilation int) layers.Feature {
	out := b.Depthwise(name+depthwise, in, k, stride, dilation)
	return b.Norm(name+".norm", b.Conv(name+".pointwise", out, out.Channels, 1, 1))
}

// halve adds a factorised reduction: two 1×1 convolutions of stride 2, the second of which reads the image from its second row
// and column on, make half of the channels each.
func halve(b *layers.Builder, name string, in layers.Feature, cout int) layers.Feature {
	out := b.Conv(name+".even", in, cout/2, 1, 2)
	b.Conv(name+".odd", in, cout/2, 1, 2)
	out.Channels = cout
	return b.Norm(name+".norm", out)
}
