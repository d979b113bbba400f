// Correlation asks how well a weight-sharing supernet ranks architectures: it trains one, scores architectures with the
// shared weights, and compares the ranking with the truth (findings i and iii of "How Does Supernet Help in Neural
// Architecture Search?", arXiv 2010.08219).
//
//	go run ./experiments/correlation                                                # NAS-Bench-201, tiny recipe, generated images, a few minutes
//	go run ./experiments/correlation -space darts                                   # another space
//	go run ./experiments/correlation -space all                                     # all of them, side by side
//	go run ./experiments/correlation -recipe small -data DIR -truth FILE            # real data against a published table
//	go run ./experiments/correlation -space darts -scores FILE -truth FILE          # only the statistics of two tables
//
// Data come from -data: the binary files of CIFAR-10 or CIFAR-100, pictures in folders, or the texts of Penn Treebank. Without it
// they are generated. Without -truth the truth is made: the architectures are trained alone, from scratch, on the same data.
// Everything goes to one study directory: config.json, the checkpoint of the supernet, scores.csv, truth.csv and the learning
// curves, results.json and the scatter plot. Ctrl-C stops after the current step, and the same command goes on from there, to
// the same bits; so it does after kill -9, from the last checkpoint.
//
// Beside every figure stands what costs nothing: ranking by parameters, multiply-adds or weighted layers, what the supernet
// adds to each (partial rank correlation), and, where the truth was found twice, the noise ceiling.
package main
