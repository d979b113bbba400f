package nasbench101

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/internal/layers"
)

// Stacks is the number of stacks of cells. Each but the first starts with half the pixels each way and twice the channels.
const Stacks = 3

// layerNames are the names of the operations in the names of layers.
var layerNames = [numOps]string{"conv3x3", "conv1x1", "maxpool3x3"}

func (s Space) network(a Arch) spaces.Network {
	var b layers.Builder
	x := conv(&b, "stem", layers.Image(s.Image), s.Channels, 3)
	for i := range Stacks * s.Cells {
		if i > 0 && i%s.Cells == 0 {
			x = b.Pool(fmt.Sprintf("downsample.%d", i/s.Cells), x, 2, 2, 0)
		}
		x = addCell(&b, fmt.Sprintf("cells.%d", i), a, x, s.Channels<<(i/s.Cells))
	}
	b.Classify(x, s.Classes)
	return b.Network
}

// conv adds a convolution of stride 1 that keeps the size, and its batch norm. A ReLU follows.
func conv(b *layers.Builder, name string, in layers.Feature, cout, k int) layers.Feature {
	return b.Norm(name+".1", b.Conv(name+".0", in, cout, k, 1))
}

// addCell adds the vertices in their order, each with the projection of the cell's input if it has an edge from there.
func addCell(b *layers.Builder, name string, a Arch, in layers.Feature, cout int) layers.Feature {
	last := a.Vertices() - 1
	channels := a.Channels(cout)
	for v := 1; v < last; v++ {
		vertex, x := fmt.Sprintf("%s.vertex%d", name, v), layers.Feature{Channels: channels[v], Size: in.Size}
		if a.Edge(0, v) {
			conv(b, vertex+".projection", in, x.Channels, 1)
		}
		op := a.Op(v)
		layer := vertex + "." + layerNames[op]
		switch op {
		case Conv3x3:
			conv(b, layer, x, x.Channels, 3)
		case Conv1x1:
			conv(b, layer, x, x.Channels, 1)
		case MaxPool3x3:
			b.Pool(layer, x, 3, 1, 1)
		}
	}
	if a.Edge(0, last) {
		conv(b, name+".output.projection", in, cout, 1)
	}
	return layers.Feature{Channels: cout, Size: in.Size}
}
