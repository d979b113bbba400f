package darts

import (
	"fmt"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces"
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
	var b builder
	stem := b.convNorm("stem", feature{3, s.Image}, 3*s.Channels, 3)
	older, last := stem, stem
	c := s.Channels
	for i := range s.Cells {
		cell := a.Normal
		if s.Reduction(i) {
			cell = a.Reduce
			c *= 2
		}
		older, last = last, b.cell(fmt.Sprintf("cells.%d", i), cell, s.Reduction(i), older, last, c)
	}
	window := last.size
	if s.Pool > 0 {
		window = min(window, s.Pool)
	}
	b.linear("classifier", b.pool("pool", last, window, last.size, 0), s.Classes) // the stride leaves room for one window only
	return b.network
}

// cell adds a cell of c channels that reads the outputs of the last two.
func (b *builder) cell(name string, cell Cell, reduction bool, older, last feature, c int) feature {
	var nodes [Inputs + Nodes]feature
	if older.size > last.size {
		nodes[0] = b.halve(name+".input0", older, c)
	} else {
		nodes[0] = b.convNorm(name+".input0", older, c, 1)
	}
	nodes[1] = b.convNorm(name+".input1", last, c, 1)
	for i, edges := range cell {
		for k, e := range edges {
			stride := 1
			if reduction && e.Input < Inputs {
				stride = 2
			}
			edge := fmt.Sprintf("%s.node%d.%d.%v", name, Inputs+i, k, e.Op)
			nodes[Inputs+i] = b.op(edge, e.Op, nodes[e.Input], stride)
		}
	}
	return feature{Nodes * c, nodes[Inputs].size}
}

// op adds an operation. None changes the number of channels.
func (b *builder) op(name string, op Op, in feature, stride int) feature {
	switch op {
	case MaxPool3x3, AvgPool3x3:
		return b.pool(name, in, 3, stride, 1)
	case SepConv3x3:
		return b.sepConv(name, in, 3, stride)
	case SepConv5x5:
		return b.sepConv(name, in, 5, stride)
	case DilConv3x3:
		return b.separable(name, in, 3, stride, 2)
	case DilConv5x5:
		return b.separable(name, in, 5, stride, 2)
	}
	if stride == 1 { // SkipConnect
		return in
	}
	return b.halve(name, in, in.channels)
}

func (b *builder) sepConv(name string, in feature, k, stride int) feature {
	return b.separable(name+second, b.separable(name+first, in, k, stride, 1), k, 1, 1)
}
