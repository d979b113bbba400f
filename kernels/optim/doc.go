// Package optim holds the optimiser steps, fused: one pass over a parameter, its gradient and its state.
//
// Each step works on one flat parameter of any shape. Clipping by global norm needs no pass of its own either: vec.SumSq
// of every gradient gives the norm, [ClipFactor] the factor, and the step applies it to the gradient as it reads it:
//
//	var norm2 float64
//	for _, g := range gradients {
//		norm2 += vec.SumSq(g)
//	}
//	step := optim.SGD{LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, GradScale: optim.ClipFactor(norm2, 5)}
//	for i := range params {
//		step.Apply(params[i], velocity[i], gradients[i])
//	}
//
// # Numbers
//
// Every operation is rounded to float32 in the order of the doc comment, without fused multiply-adds: a training
// trajectory is the same bits on every instruction set and for any number of threads as far as the optimiser goes. NaN
// and Inf follow IEEE 754.
package optim
