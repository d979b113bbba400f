// Groundtruth trains architectures alone, several times each, and asks how far the results can be relied on: how much of the differences
// between architectures is noise, what ranks them as well without training, and after how many epochs it shows which are good.
//
//	go run ./experiments/groundtruth                                                   # 24 architectures twice, tiny recipe, generated data
//	go run ./experiments/groundtruth -space darts -archs 300 -truth-seeds 3 -repeat 64 # 300, the first 64 of them three times
//	go run ./experiments/groundtruth -truth ""                                         # what is embedded in the program
//	go run ./experiments/groundtruth -recipe small -data DIR                           # real data
//
// Many machines share the work. With a server, which this command is, workers on any number of machines take one training after the other, come and
// go, and go on from the checkpoints of those that have died (see the command worker):
//
//	groundtruth -study S -serve -listen 0.0.0.0:4222 -token S.token
//	worker -connect nats://HOST:4222 -token S.token
//
// Without one, each machine has the same command and its own shard; a folder that all of them see, or folders that are copied to shards/ in one of
// them, are put together at the end:
//
//	groundtruth -study S -shard 3/8      # or -shard 8 in an array job of SLURM or Kubernetes
//	groundtruth -study S -merge
//
// The folder examples has scripts of both kinds for SLURM, and an indexed job for Kubernetes.
//
// The study keeps truth.csv (architecture, seed, result) and curves.csv (the same after each epoch). The other analyses of the study find
// them there. Ctrl-C stops after the step at hand, and the same command goes on from there, to the same bits.
package main

import "github.com/oneshot-nas/oneshot/experiments/analysis"

func main() { analysis.Main("groundtruth") }
