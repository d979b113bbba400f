package autograd

import (
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/kernels/pool"
)

// The geometry of operations, so that who builds a network needs no package of kernels. What a literal leaves out is PyTorch's default.
type (
	// ConvKernel is the geometry of a [Conv2D].
	ConvKernel = conv.Kernel
	// TransposedKernel is the geometry of a [ConvTranspose2D].
	TransposedKernel = conv.Transposed
	// DepthwiseKernel is the geometry of a [DepthwiseConv2D].
	DepthwiseKernel = depthwise.Kernel
	// MaxWindow is the geometry of a [MaxPool].
	MaxWindow = pool.Max
	// AvgWindow is the geometry of an [AvgPool].
	AvgWindow = pool.Avg
)
