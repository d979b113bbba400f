package dartsptb

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/internal/layers"
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
	var b layers.Builder
	h, words := s.Hidden, s.Words
	table := int64(words) * int64(h)
	b.Add(spaces.Layer{Name: "embedding", Kind: spaces.Embedding, Cin: words, Cout: h, Params: table})
	matrix := func(name string, cin, cout int) {
		weights := int64(cin) * int64(cout)
		b.Add(spaces.Layer{Name: name, Kind: spaces.Recurrent, Cin: cin, Cout: cout, Params: weights, MACs: weights})
	}
	matrix("cell.input", 2*h, 2*h)
	for i, step := range a {
		matrix(fmt.Sprintf("cell.%d.%v", i, step.Act), h, 2*h)
	}
	b.Add(spaces.Layer{Name: "decoder", Kind: spaces.Linear, Cin: h, Cout: words, Params: int64(words), MACs: table})
	return b.Network
}
