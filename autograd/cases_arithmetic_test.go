package autograd_test

// arithmeticCases are arithmetic with broadcasting, reductions over axes, activations and losses.
var arithmeticCases = []opCase{}
