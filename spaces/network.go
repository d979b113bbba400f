package spaces

// Kind is what a layer computes.
type Kind string

// The kinds of layer that the spaces use.
const (
	Conv      Kind = "conv"      // dense or (Groups > 1) grouped convolution
	BatchNorm Kind = "batchnorm" // affine batch normalisation: 2·Cout parameters
	Linear    Kind = "linear"    // fully connected
	Pool      Kind = "pool"      // any pooling
	Embedding Kind = "embedding" // table look-up
	Recurrent Kind = "recurrent" // a matrix of a recurrent step
)

// Layer is one layer of a network as built for one architecture, in execution order.
type Layer struct {
	Name      string // dotted name, unique in the network, the prefix of its parameters' names
	Kind      Kind
	Cin, Cout int
	KH, KW    int // kernel; 1 where it does not apply
	Stride    int
	Pad       int
	Dilation  int
	Groups    int
	H, W      int // height and width of the output; 1 for vectors
	Params    int64
	MACs      int64 // multiply-adds for one image (or token): convolutions and linear layers only
}

// Network is the layer-by-layer description of one architecture at one scale.
type Network struct {
	Layers []Layer
}

// Params counts the trainable scalars.
func (n Network) Params() int64 {
	var sum int64
	for _, l := range n.Layers {
		sum += l.Params
	}
	return sum
}

// MACs counts the multiply-adds of convolutions and linear layers for one image (or token).
func (n Network) MACs() int64 {
	var sum int64
	for _, l := range n.Layers {
		sum += l.MACs
	}
	return sum
}
