// Pruning asks what is lost by dropping what the supernet likes least.
//
//	go run ./experiments/pruning                                  # the tiny recipe, on embedded data
//	go run ./experiments/pruning -space darts -recipe small       # see -help
//	go run ./experiments/pruning -scores FILE -truth FILE         # two tables
//
// First architectures: which share of the true top 1, 5 and 10 % is lost when the predicted bottom is dropped, and whether the supernet
// knows the worst better than the best; beside it stand counts of parameters, multiply-adds and layers, chance, and another training of
// the same architectures. This needs no more than tables.
//
// Then, in a study, values of decisions. In each round those are dropped that are worth least by one of three branch scores, until half of
// the architectures is left, and the supernet goes on training in what is left: what are the architectures there worth, does the supernet
// rank them better than one that has gone on in the whole space for as long, and does what it likes best there beat what that one likes best?
// Pruning at random is the control.
//
// The study is kept in a folder, and what is in it already is not computed again; Ctrl-C stops, and the same command goes on.
package main

import "github.com/oneshot-nas/oneshot/experiments/analysis"

func main() { analysis.Main("pruning") }
