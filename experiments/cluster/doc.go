// Package cluster has pieces of work done on any number of machines, by processes that come and go. It is built on NATS JetStream, with a server in
// the coordinator's process or one that there is, and knows nothing of what the pieces are about.
//
//	c, err := cluster.Serve(ctx, cluster.Options{Name: "study", Policy: cluster.Same, Lease: 30 * time.Second})
//	err = c.Study(ctx, "a", config)                    // what workers prepare for
//	err = c.Do(ctx, cluster.Order{Pieces: pieces, Take: func(ctx context.Context, p *cluster.Piece, s *cluster.State) error {
//		… // write the result down: it comes once
//	}})
//	err = c.Close(true)
//
// and on other machines
//
//	err := cluster.Work(ctx, cluster.WorkOptions{Connection: cluster.Connection{URL: "nats://host:4222"}}, doer)
//
// # What holds
//
// What comes of a piece depends on the piece and its study alone. So it does not matter who does it, in which order, or how often it is begun; the
// rest is to take in each result once, and to lose little work.
//
//   - A piece is a message in a work queue. It goes to one worker, which says that it is alive each third of a lease. When it is not heard from for a
//     lease, the queue hands the piece to another.
//   - A checkpoint is files in the object store and an entry that names them, which is written when they are there. The next worker goes on from it. An
//     entry is only replaced by who has read it or written it before: of two workers that do the same piece, because one was cut off for a
//     while, the one that saves first goes on, and the other finds that out and leaves it.
//   - A result is a message too, one for each piece. It stays until the coordinator has taken it in. Only the coordinator writes to the study.
//   - The coordinator may be killed at any moment. The same command opens the same session, finds the results that came meanwhile, and hands out
//     what is neither done nor in the queue. Workers go on meanwhile, and hand in when the server is back.
//   - A worker that is told to stop saves a checkpoint and gives its piece back at once.
//   - A piece that has been handed out ten times in a row without a new checkpoint fails, as does one with an error that is not the
//     machine's own: a network that diverges does so everywhere.
//
// Pieces with most work behind them are handed out first: those that others come after, then the longest, so that in the end no worker waits
// long for the last.
//
// # Who is let in
//
// Results have the same bits only if programs have: the version and revision of the source, the Go release, the instruction set and the precision.
// Under the policy [Same] a worker that differs in any of them ends with the reason, which the coordinator shows too, and a result that such a
// program has worked on is not taken. Under [Any] it is, with the names of the programs. (A program that "go run" has built knows no
// revision, and so cannot tell that of another from its own: what is to run on many machines is built once, and copied.)
//
// # Who can connect
//
// The embedded server listens on the loopback address. It listens on another only with a token, a file that it writes with random contents if
// there is none and that workers must have, or with a configuration of NATS that says who may connect. A token is sent as it is: over networks
// that are not trusted, use TLS, by that configuration. Credentials and certificates are NATS' own files.
//
// # What it costs
//
// A piece takes some 60 messages, and each worker one heartbeat of about three each third of a lease. Handing out and taking in takes some
// milliseconds of a worker's time. TestTenThousand runs this code and the server under a clock that jumps when everybody waits. What has
// been run to its end so: 1,000 trainings of 10 to 30 minutes on 100 workers with a lease of 30 seconds, in 424 messages a training,
// some 360 of them heartbeats, and 42 seconds of two cores (Zen 3). 1,000 workers at once have not been seen to finish: two fifths of the
// time go into the state that the server writes whenever a delivery or a heartbeat changes it, which a longer lease makes rarer.
package cluster
