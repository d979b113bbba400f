// Correlation asks how well a supernet ranks architectures: it trains one, scores architectures with the shared weights, and compares
// the ranking with that of architectures trained alone (findings i and, over several spaces, iii of "How Does Supernet Help in Neural
// Architecture Search?", arXiv 2010.08219).
//
//	go run ./experiments/correlation                                                # NAS-Bench-201, tiny recipe, generated images
//	go run ./experiments/correlation -seeds 3                                       # three supernets
//	go run ./experiments/correlation -space all                                     # all spaces, side by side
//	go run ./experiments/correlation -recipe small -data DIR -truth FILE            # real data against a published table
//	go run ./experiments/correlation -space darts -scores FILE -truth FILE          # two tables
//	go run ./experiments/correlation -scores STUDY,STUDY                            # two finished studies with one another
//
// Beside the supernet's τ-b, ρ, r and P@10 % stand counts of parameters, multiply-adds and weighted layers, what the supernet adds to
// each (partial rank correlation), and the noise ceiling: how well another training of the same architectures ranks them. In a study
// also: batch-norm statistics found anew for each architecture against those that training leaves, and the ranking after some epochs.
//
// Studies that differ in one setting, such as -precision, say whether it changes the ranking: τ-b and ρ between their supernets of the same
// seed stand beside those between seeds, which is what chance changes.
//
// The study is kept in a folder, and what is in it already is not computed again; Ctrl-C stops, and the same command goes on.
package main

import "github.com/oneshot-nas/oneshot/experiments/analysis"

func main() { analysis.Main("correlation") }
