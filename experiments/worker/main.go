// Worker does work for studies that are served by commands on this machine or another:
//
//	go run ./experiments/groundtruth -serve -listen 0.0.0.0:4222 -token TOKEN         # where the study is; writes the file TOKEN
//	go run ./experiments/worker -connect nats://HOST:4222 -token TOKEN                # on any number of machines, as often as they have cores
//
// A worker takes a piece of work after the other (a network to train alone, a supernet, architectures to score), is heard from while it does it,
// and saves checkpoints to the server. If it dies, its piece goes to another worker, which goes on from the last checkpoint. Workers may come
// before the study and after it has been stopped; they wait for it. A worker uses as many threads as GOMAXPROCS says: many workers of one
// thread do more than one worker of many.
package main

import "github.com/oneshot-nas/oneshot/experiments/analysis"

func main() { analysis.WorkerMain() }
