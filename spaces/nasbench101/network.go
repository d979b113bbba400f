package nasbench101

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/spaces"
)

// Stacks is the number of stacks of cells. Each but the first starts with half the pixels each way and twice the channels.
const Stacks = 3

// layerNames are the names of the operations in the names of layers.
var layerNames = [numOps]string{"conv3x3", "conv1x1", "maxpool3x3"}

func (s Space) network(a Arch) spaces.Network {
	b := builder{size: s.Image}
	b.conv("stem", 3, s.Channels, 3)
	in := s.Channels
	for i := range Stacks * s.Cells {
		out := s.Channels << (i / s.Cells)
		if i > 0 && i%s.Cells == 0 {
			b.pool(fmt.Sprintf("downsample.%d", i/s.Cells), in, 2, 2, 0)
		}
		b.cell(fmt.Sprintf("cells.%d", i), a, in, out)
		in = out
	}
	b.pool("global", in, b.size, b.size, 0)
	b.add(spaces.Layer{Name: "classifier", Kind: spaces.Linear, Cin: in, Cout: s.Classes, KH: 1, KW: 1, Stride: 1,
		Params: int64(in+1) * int64(s.Classes), MACs: int64(in) * int64(s.Classes)})
	return b.network
}

// builder appends layers and knows the height and width of what the last one puts out.
type builder struct {
	network spaces.Network
	size    int
}

func (b *builder) add(l spaces.Layer) {
	l.Dilation, l.Groups = 1, 1
	if l.Kind == spaces.Linear {
		l.H, l.W = 1, 1
	} else {
		l.H, l.W = b.size, b.size
	}
	b.network.Layers = append(b.network.Layers, l)
}

// conv adds a convolution of stride 1 that keeps the size, and its batch norm. A ReLU follows.
func (b *builder) conv(name string, cin, cout, k int) {
	params := int64(k*k) * int64(cin) * int64(cout)
	b.add(spaces.Layer{Name: name + ".0", Kind: spaces.Conv, Cin: cin, Cout: cout, KH: k, KW: k, Stride: 1, Pad: k / 2,
		Params: params, MACs: params * int64(b.size) * int64(b.size)})
	b.add(spaces.Layer{Name: name + ".1", Kind: spaces.BatchNorm, Cin: cout, Cout: cout, KH: 1, KW: 1, Stride: 1, Params: 2 * int64(cout)})
}

func (b *builder) pool(name string, c, k, stride, pad int) {
	b.size = (b.size+2*pad-k)/stride + 1
	b.add(spaces.Layer{Name: name, Kind: spaces.Pool, Cin: c, Cout: c, KH: k, KW: k, Stride: stride, Pad: pad})
}

// cell adds the vertices in their order, each with the projection of the cell's input if it has an edge from there.
func (b *builder) cell(name string, a Arch, cin, cout int) {
	last := a.Vertices() - 1
	channels := a.Channels(cout)
	for v := 1; v < last; v++ {
		vertex, c := fmt.Sprintf("%s.vertex%d", name, v), channels[v]
		if a.Edge(0, v) {
			b.conv(vertex+".projection", cin, c, 1)
		}
		op := a.Op(v)
		layer := vertex + "." + layerNames[op]
		switch op {
		case Conv3x3:
			b.conv(layer, c, c, 3)
		case Conv1x1:
			b.conv(layer, c, c, 1)
		case MaxPool3x3:
			b.pool(layer, c, 3, 1, 1)
		}
	}
	if a.Edge(0, last) {
		b.conv(name+".output.projection", cin, cout, 1)
	}
}
