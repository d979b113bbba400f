package dartsptb

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/spaces"
)

// Network lists the layers of an architecture's network, with multiply-adds for one word. The decoder has a bias of its own, its
// weights are those of the embedding.
func (s Space) Network(arch spaces.Arch) spaces.Network {
	a, ok := arch.(Arch)
	if !ok {
		panic(fmt.Sprintf("dartsptb: architecture of type %T", arch))
	}
	if !a.Valid() {
		panic(fmt.Sprintf("dartsptb: %v is not valid", a))
	}
	var n spaces.Network
	add := func(name string, kind spaces.Kind, cin, cout int, params, macs int64) {
		n.Layers = append(n.Layers, spaces.Layer{Name: name, Kind: kind, Cin: cin, Cout: cout, KH: 1, KW: 1, Stride: 1, Dilation: 1,
			Groups: 1,
			H:      1, W: 1, Params: params, MACs: macs})
	}
	h, words := s.Hidden, s.Words
	table := int64(words) * int64(h)
	add("embedding", spaces.Embedding, words, h, table, 0)
	matrix := func(name string, cin, cout int) {
		weights := int64(cin) * int64(cout)
		add(name, spaces.Recurrent, cin, cout, weights, weights)
	}
	matrix("cell.input", 2*h, 2*h)
	for i, step := range a {
		matrix(fmt.Sprintf("cell.%d.%v", i, step.Act), h, 2*h)
	}
	add("decoder", spaces.Linear, h, words, int64(words), table)
	return n
}
