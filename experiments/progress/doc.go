// Package progress tells a waiting person how far long work has got, how fast it goes and when it will be done.
//
//	report := progress.New(os.Stderr, quiet)
//	task := report.Start("supernet", "steps", total, done) // done > 0 where an earlier run was taken up again
//	for step := done; step < total; step++ {
//		...
//		task.Note("loss %.3f", loss)
//		task.Add(1)
//	}
//	task.End()
//
// On a terminal one line is rewritten in place, ten times a second at most:
//
//	supernet 1,250/7,800 steps (16 %)  12.3/s  ETA 8m52s  loss 1.833
//
// Elsewhere (a log file, a pipe) the same line is added every ten seconds. Standard output stays free for results.
//
// # The estimate
//
// The rate is that of the recent past, with a memory of half a minute or a quarter of the time worked, whichever is
// longer: a slow first step is soon forgotten, and a single slow one late in the work hardly moves the ETA. Work done in
// an earlier run counts as done but not for the rate.
//
// # Phases
//
// Who waits wants to know when everything is done, not only the task at hand. A program that knows what will come says so before:
//
//	report.Plan(progress.Phase{Name: "supernet", Work: steps * multiplyAddsOfAStep}, progress.Phase{Name: "scores", Work: ...})
//
// Then lines begin with "phase 1 of 2: ", and the ETA is that of the last phase: to what is left of the task it adds the work of the
// phases to come, at the speed of the work so far, whatever it was. What turns out to be done already, because an earlier run has
// left it in a table, is not counted as a phase and not reported. Work in several parts has a reporter for each ([Reporter.Within]),
// with one plan.
package progress
