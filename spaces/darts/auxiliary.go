package darts

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/internal/layers"
)

// Auxiliary lists the layers of the auxiliary head: a second classifier, which reads the output of cell 2L/3 in training only,
// where its loss has the weight 0.4. It belongs neither to the network that is evaluated nor to the published counts. In order:
// ReLU, average pooling to 2×2, 1×1 convolution to AuxiliaryChannels, batch norm, ReLU, 2×2 convolution to AuxiliaryFeatures, batch
// norm, ReLU, linear classifier.
//
// The windows of the pool overlap and cover the image: 5×5 at distance 3 of the 8×8 that the published size has there, as DARTS
// has it, 5×5 at distance 2 of 7×7 (its network for ImageNet). Fewer than 4×4 have no such windows: Auxiliary panics.
func (s Space) Auxiliary() spaces.Network {
	if s.AuxiliaryChannels < 1 || s.AuxiliaryFeatures < 1 {
		panic(fmt.Sprintf("darts: an auxiliary head of %d and %d channels, want one at least", s.AuxiliaryChannels, s.AuxiliaryFeatures))
	}
	in := layers.Feature{Channels: Nodes * s.Channels, Size: s.Image}
	for i := range 2*s.Cells/3 + 1 {
		if s.Reduction(i) {
			in = layers.Feature{Channels: 2 * in.Channels, Size: in.Size / 2}
		}
	}
	distance := in.Size/2 - 1
	if distance < 1 {
		panic(fmt.Sprintf("darts: an auxiliary head at %d×%d pixels, want 4×4 at least: images of 16×16", in.Size, in.Size))
	}
	var b layers.Builder
	out := b.Pool("auxiliary.pool", in, in.Size-distance, distance, 0)
	for i, layer := range []struct{ channels, kernel int }{{s.AuxiliaryChannels, 1}, {s.AuxiliaryFeatures, 2}} {
		out = b.ConvNorm(fmt.Sprintf("auxiliary.%d", i), out, layer.channels, layer.kernel, 1)
	}
	b.Linear("auxiliary.classifier", out, s.Classes)
	return b.Network
}
