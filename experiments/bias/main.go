// Bias asks what a supernet ranks higher or lower than it deserves, and how much of its ranking is chance.
//
//	go run ./experiments/bias                                     # the tiny recipe, on generated data
//	go run ./experiments/bias -space darts -recipe small          # see -help
//	go run ./experiments/bias -scores FILE -truth FILE            # two tables
//
// By decision and value: the mean rank that the score gives to the architectures that take it, less their mean true rank, with intervals,
// and p-values that are corrected for the number of values; and what of that goes beyond noise, since a score that knows nothing draws all
// that is good towards the middle. By size and depth: the partial correlation with counts of parameters, multiply-adds and layers, given the
// truth. By learning curve: whether the score follows what networks alone achieve early or in the end. This needs no more than tables.
//
// In a study also: how much of the ranking changes with the seed and from one epoch to the next, and a control in which every choice has
// copies that differ in nothing but their weights.
//
// The study is kept in a folder, and what is in it already is not computed again; Ctrl-C stops, and the same command goes on.
package main

import "github.com/oneshot-nas/oneshot/experiments/analysis"

func main() { analysis.Main("bias") }
