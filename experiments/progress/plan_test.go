package progress

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// run does what is left of a task, each unit in the same time, and returns its lines without their line breaks.
func run(task *Task, out *strings.Builder, pass func(time.Duration), each time.Duration) []string {
	for task.done < task.total {
		pass(each)
		task.Add(1)
	}
	task.End()
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	out.Reset()
	return lines
}

// A unit of the second phase is ten times the work of one of the first, and takes as much longer.
func TestPlan(t *testing.T) {
	report, out, pass := fake(false)
	report.Plan(Phase{"supernet", 40}, Phase{"scores", 10})
	report.Plan(Phase{"truth", 200})
	got := run(report.Start("supernet", "steps", 40, 0), out, pass, time.Second)
	want := []string{
		"phase 1 of 3: supernet 0/40 steps (0 %)",
		"phase 1 of 3: supernet 10/40 steps (25 %)  1.0/s  ETA 4m00s", // 30 s, and 210 s for the others
		"phase 1 of 3: supernet 20/40 steps (50 %)  1.0/s  ETA 3m50s",
		"phase 1 of 3: supernet 30/40 steps (75 %)  1.0/s  ETA 3m40s",
		"phase 1 of 3: supernet 40/40 steps  1.0/s  ETA 3m30s",
		"phase 1 of 3: supernet 40/40 steps in 40s  1.0/s",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// The scores are there already: they are not counted, and not waited for.
	report.Start("scores", "architectures", 100, 100).End()
	if out.Len() > 0 {
		t.Errorf("what was found again is reported: %q", out)
	}
	// Half of the truth is there, which leaves 100 s.
	got = run(report.Start("truth", "trainings", 20, 10), out, pass, 10*time.Second)
	for i, want := range map[int]string{
		0: "phase 2 of 2: truth 10/20 trainings (50 %)",
		1: "phase 2 of 2: truth 11/20 trainings (55 %)  6.0/min  ETA 1m30s",
	} {
		if got[i] != want {
			t.Errorf("%q, want %q", got[i], want)
		}
	}
	// What nobody has announced is one more.
	if got = run(report.Start("again", "trainings", 1, 0), out, pass, time.Second); !strings.HasPrefix(got[0], "phase 3 of 3: again 0/1") {
		t.Errorf("%q for what was not planned", got[0])
	}
}

// Phases of one name are worked on in their order.
func TestPlanOfEqualNames(t *testing.T) {
	report, out, pass := fake(false)
	report.Plan(Phase{"supernet", 20}, Phase{"supernet", 60})
	got := run(report.Start("supernet", "steps", 20, 0), out, pass, time.Second)
	if want := "phase 1 of 2: supernet 10/20 steps (50 %)  1.0/s  ETA 1m10s"; got[1] != want {
		t.Errorf("%q, want %q", got[1], want)
	}
	got = run(report.Start("supernet", "steps", 20, 0), out, pass, 3*time.Second)
	if want := "phase 2 of 2: supernet 4/20 steps (20 %)  20.0/min  ETA 48s"; got[1] != want {
		t.Errorf("%q, want %q", got[1], want)
	}
}

// The speed of earlier phases tells how long later ones take, also while the one at hand does not say what its work is.
func TestPlanWithoutWork(t *testing.T) {
	report, out, pass := fake(false)
	report.Plan(Phase{"supernet", 10}, Phase{"reading", 0}, Phase{"truth", 30})
	got := run(report.Start("supernet", "steps", 10, 0), out, pass, 5*time.Second)
	if want := "phase 1 of 3: supernet 2/10 steps (20 %)  12.0/min  ETA 40s for this phase"; got[1] != want {
		t.Errorf("with a phase of unknown length to come: %q, want %q", got[1], want)
	}
	got = run(report.Start("reading", "rows", 10, 0), out, pass, 10*time.Second)
	if want := "phase 2 of 3: reading 1/10 rows (10 %)  6.0/min  ETA 4m00s"; got[1] != want {
		t.Errorf("%q, want %q: 90 s of its own, and 30 units of work at 5 s each", got[1], want)
	}
}

// Two parts have phases of the same names; what the first does not need is no longer waited for when it is finished.
func TestPlanOfParts(t *testing.T) {
	report, out, pass := fake(false)
	darts, ptb := report.Within("darts"), report.Within("ptb")
	darts.Plan(Phase{"supernet", 20}, Phase{"truth", 1000})
	ptb.Plan(Phase{"supernet", 60})
	got := run(darts.Start("supernet", "steps", 20, 0), out, pass, time.Second)
	if want := "phase 1 of 3: darts: supernet 10/20 steps (50 %)  1.0/s  ETA 17m50s"; got[1] != want {
		t.Errorf("%q, want %q", got[1], want)
	}
	darts.Finish()
	got = run(ptb.Start("supernet", "steps", 30, 0), out, pass, 2*time.Second)
	if want := "phase 2 of 2: ptb: supernet 5/30 steps (16 %)  30.0/min  ETA 50s"; got[1] != want {
		t.Errorf("%q, want %q", got[1], want)
	}
}

// On a terminal a long name is cut before what is left of the work is.
func TestLongNames(t *testing.T) {
	report, out, pass := fake(true)
	report.Plan(Phase{"supernet, 12 epochs, a part of the space, going on", 20}, Phase{"truth", 20})
	task := report.Start("supernet, 12 epochs, a part of the space, going on", "steps", 20, 0)
	task.Note("loss 2.3") // for which there is no room
	pass(time.Second)
	task.Add(10)
	lines := strings.Split(out.String(), "\r")
	if want := "phase 1 of 2: supernet, 12 epochs, a part o… 10/20 steps (50 %)  10.0/s  ETA 3s"; lines[len(lines)-1] != want {
		t.Errorf("%q, want %q", lines[len(lines)-1], want)
	}
}
