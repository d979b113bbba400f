// All runs every analysis in every space with the tiny recipes, and puts what they found beside the findings of the paper: the five of its
// first version ("How Does Supernet Help in Neural Architecture Search?", arXiv 2010.08219) and the two of its second.
//
//	go run ./experiments/all                             # under an hour on two cores
//	go run ./experiments/all -study DIR                  # kept there
//	go run ./experiments/all -space darts                # in one space
//	go run ./experiments/all -only correlation,topk      # some analyses
//
// Each space is a study in a folder of its own, DIR/SPACE, in which each supernet, score and truth is computed once, whoever asks for it
// first. Beside them are, for each analysis, the results of all spaces side by side (DIR/NAME), the summary (DIR/summary.txt,
// DIR/summary.json) and one page with everything, DIR/report.html. Ctrl-C stops after the current step, and the same command goes on from
// there; what is found already is not computed again.
package main

import "github.com/oneshot-nas/oneshot/experiments/analysis"

func main() { analysis.Main("all") }
