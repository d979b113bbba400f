// Correlation asks how well a weight-sharing supernet ranks architectures: it trains one, scores architectures with the
// shared weights, and compares the ranking with the truth (findings i and iii of "How Does Supernet Help in Neural
// Architecture Search?", arXiv 2010.08219).
//
//	go run ./experiments/correlation                                     # tiny recipe, generated images, a few minutes
//	go run ./experiments/correlation -recipe small -data DIR -truth FILE # CIFAR-10 against a published table
//	go run ./experiments/correlation -scores FILE -truth FILE            # only the statistics of two tables
//
// Images come from -data: the binary files of CIFAR-10 or CIFAR-100, or pictures in folders. Without it they are generated.
// Without -truth the truth is made: the architectures are trained alone, from scratch, on the same images. Everything goes
// to one study directory: config.json, the checkpoint of the supernet, scores.csv, truth.csv, results.json and the scatter
// plot. Ctrl-C stops after the current step, and the same command goes on from there, to the same bits; so it does after
// kill -9, from the last checkpoint.
package main
