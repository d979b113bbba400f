// Package proxylessnas is the search space of ProxylessNAS (Cai, Zhu and Han, "ProxylessNAS: Direct Neural Architecture
// Search on Target Task and Hardware", ICLR 2019, arXiv 1812.00332) with the dimensions that the supernets of "How Does
// Supernet Help in Neural Architecture Search?" (arXiv 2010.08219) use.
//
// # The network
//
// A chain of inverted residual blocks ("MBConv", Sandler et al., CVPR 2018). MBConv k e is: a 1×1 convolution to e times
// the channels, batch norm, ReLU6; a depthwise k×k convolution, batch norm, ReLU6; a 1×1 convolution, batch norm. Where the
// stride is 1 and the channels do not change, the input is added to the output.
//
//	stem     3×3 convolution, stride 2, to 32 channels, batch norm, ReLU6
//	first    MBConv 3 1 to 16 channels, without the expanding convolution
//	stage0   4 cells   24 channels   stride 2
//	stage1   4 cells   40 channels   stride 2
//	stage2   4 cells   80 channels   stride 2
//	stage3   4 cells   96 channels   stride 1
//	stage4   4 cells  192 channels   stride 2
//	stage5   1 cell   320 channels   stride 1
//	head     1×1 convolution to 1280 channels, batch norm, ReLU6, global average, linear classifier with bias
//
// The stride is that of a stage's first cell. All channels are multiplied by a width, 1.35 as published, and rounded to a
// multiple of 8 ([Space.Channels]). Batch norm has eps 1e-3 and momentum 0.1. [Space.Network] lists the layers.
//
// # The decisions
//
// Each of the 21 cells is one of six blocks, kernel 3, 5 or 7 and expansion 3 or 6 ([Op]). The 15 cells that keep size and
// channels can also be left out ([Zero]), so that a stage is one to four blocks deep. That makes 6^6 · 7^15 ≈ 2.2·10^17
// architectures, and [Space.Sample] draws every cell uniformly.
//
// # Formats
//
// [Arch.String] writes the blocks one after the other, with a slash between stages:
//
//	k7e3,k3e3,skip,k5e6/k5e6,skip,k7e3,k5e3/k7e3,skip,k3e6,k7e3/k7e6,skip,k7e6,skip/k3e6,k7e6,k7e6,k3e3/k5e6
//
// [Arch.MarshalJSON] writes the objects of the authors' tables, {"stage0_cell0": 4, …}, [Arch.TuNAS] the numbers of Bender et
// al., "Can Weight Sharing Outperform Random Architecture Search? An Investigation With TuNAS" (CVPR 2020). [Parse] reads
// all of them, and what once-for-all, NNI and ProxylessNAS itself write.
//
// # Which architectures are the same
//
// A cell that is left out computes nothing, so it does not matter which of the cells of a stage are left out, only what the
// others are and in which order. [Arch.Canonical] has the cells that are left out at the end of each stage; there are
// 6 · 1554^5 canonical architectures.
package proxylessnas
