// Package convnet is the network of the example programs that look at pictures.
package convnet

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/tensor"
)

// New makes a classifier of three stages with two convolutions each. Each stage but the first halves the image and doubles the channels,
// of which the first has width. Its parameters are called as in PyTorch by a Sequential with names: stage1.0.conv.weight, …, head.bias.
func New(store *nn.Store, width, classes int) nn.Sequential {
	var net nn.Sequential
	cin := 3
	for stage := range 3 {
		cout := width << stage
		for i := range 2 {
			sc := store.Scope(fmt.Sprintf("stage%d.%d", stage+1, i))
			net = append(net,
				nn.NewConv2D(sc.Sub("conv"), cin, cout, 3, nn.Padding(1), nn.NoBias),
				nn.Func(nn.NewBatchNorm2D(sc.Sub("norm"), cout).ReLU))
			cin = cout
		}
		if stage < 2 {
			net = append(net, nn.MaxPool2D{Kernel: 2, Stride: 2})
		}
	}
	return append(net, nn.GlobalAvgPool, nn.NewLinear(store.Scope("head"), cin, classes))
}

// Input makes two buffers for the mean and the standard deviation that images are normalised by: they belong to the weights, and go with
// them into a file.
func Input(store *nn.Store) (mean, std tensor.Tensor) {
	sc := store.Scope("input")
	return sc.Buffer("mean", 0, dataset.Channels), sc.Buffer("std", 1, dataset.Channels)
}
