package autograd_test

// sequenceCases are products of batches of matrices, attention, and norms and recurrences beyond those of the supernets.
var sequenceCases = []opCase{}
