package autograd_test

// arrangementCases move values about (slices, transpositions, gathering) and convolve in groups or upwards.
var arrangementCases = []opCase{}
