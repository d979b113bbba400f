// Search asks whether the supernet helps to find good architectures: a search asks it about some of them, and trains alone only those that
// it likes best.
//
//	go run ./experiments/search                                   # the tiny recipe, on embedded data
//	go run ./experiments/search -scores FILE -truth FILE          # two tables
//
// Random choice, local search, regularised evolution and, where learning curves are known, successive halving of the finalists, each with
// the supernet as the judge, with what can be counted, with the truth itself as the ceiling, and random search without a judge. The
// architectures whose truth is known are all that there are, so that a search takes no time and is run 200 times. The result is how far below
// the best of all it ends, by the number of trainings alone; with how many of them random search comes as far; and, where the study
// knows what its supernet cost, whether that was worth it.
package main

import "github.com/oneshot-nas/oneshot/experiments/analysis"

func main() { analysis.Main("search") }
