// Topk asks whether a supernet finds the best architectures.
//
//	go run ./experiments/topk                                  # the tiny recipe, on embedded data
//	go run ./experiments/topk -space darts -recipe small       # see -help
//	go run ./experiments/topk -scores FILE -truth FILE         # two tables
//
// Of the 0.1, 1, 5, 10, 25 and 50 % of the architectures that it likes best: the share that is truly among the best (P@k), the best and the
// worst true rank (BR@k, WR@k), nDCG@k and Kendall's tau inside; what a search finds that trains those alone, and what random search finds
// with as many trainings. Beside the supernet stand counts of parameters, multiply-adds and layers, proxies with -proxies, chance, and another
// training of the same architectures. Equal scores count with their expected value over all orders, with the bounds that any order could give.
//
// The study is kept in a folder, and what is in it already is not computed again; Ctrl-C stops, and the same command goes on.
package main

import "github.com/oneshot-nas/oneshot/experiments/analysis"

func main() { analysis.Main("topk") }
