package progress

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake returns a reporter to out whose clock the test moves.
func fake(inPlace bool) (report *Reporter, out *strings.Builder, pass func(time.Duration)) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	out = &strings.Builder{}
	report = &Reporter{out: out, inPlace: inPlace, now: func() time.Time { return now }, plan: &plan{}}
	return report, out, func(d time.Duration) { now = now.Add(d) }
}

func TestLog(t *testing.T) {
	report, out, pass := fake(false)
	task := report.Start("supernet", "steps", 2000, 0)
	for step := range 2000 {
		pass(20 * time.Millisecond)
		task.Note("loss %.1f", 4-float64(step)/1000)
		task.Add(1)
	}
	task.End()
	want := `supernet 0/2,000 steps (0 %)
supernet 500/2,000 steps (25 %)  50.0/s  ETA 30s  loss 3.5
supernet 1,000/2,000 steps (50 %)  50.0/s  ETA 20s  loss 3.0
supernet 1,500/2,000 steps (75 %)  50.0/s  ETA 10s  loss 2.5
supernet 2,000/2,000 steps  50.0/s  ETA 0s  loss 2.0
supernet 2,000/2,000 steps in 40s  50.0/s  loss 2.0
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
}

func TestInPlace(t *testing.T) {
	report, out, pass := fake(true)
	task := report.Start("truth", "architectures", 30, 0)
	for i := range 30 {
		pass(10 * time.Millisecond) // too soon nine times out of ten
		if i == 9 {
			task.Note("%s", strings.Repeat("long ", 20))
		} else if i == 19 {
			task.Note("short")
		}
		task.Add(1)
	}
	task.End()
	if strings.Count(out.String(), "\n") != 1 || !strings.HasSuffix(out.String(), "\n") {
		t.Errorf("%q, want one line break, at the end", out)
	}
	reports := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\r")[1:]
	if len(reports) != 5 { // the start, three, the end
		t.Fatalf("%d reports, want 5: %q", len(reports), reports)
	}
	if len(reports[1]) != columns {
		t.Errorf("%q is %d wide, want it cut at %d", reports[1], len(reports[1]), columns)
	}
	// The short line wipes out the long one.
	if !strings.HasPrefix(reports[2], "truth 20/30 architectures (66 %)  100/s  ETA 0s  short   ") || len(reports[2]) != columns {
		t.Errorf("%q is not the short line padded to %d", reports[2], columns)
	}
}

func TestStoppedAndResumed(t *testing.T) {
	report, out, pass := fake(false)
	task := report.Start("truth", "architectures", 100, 60)
	for range 10 {
		pass(time.Minute)
		task.Add(1)
	}
	task.End()
	lines := strings.Split(out.String(), "\n")
	if lines[0] != "truth 60/100 architectures (60 %)" {
		t.Errorf("first line %q", lines[0])
	}
	// What the earlier run did is not this run's speed.
	if want := "truth 70/100 architectures (70 %)  1.0/min  ETA 30m00s"; lines[10] != want {
		t.Errorf("%q, want %q", lines[10], want)
	}
	if want := "truth 70/100 architectures (70 %), stopped after 10m00s  1.0/min"; lines[11] != want {
		t.Errorf("%q, want %q", lines[11], want)
	}
}

func TestNothingToDo(t *testing.T) {
	report, out, _ := fake(false)
	report.Start("truth", "architectures", 0, 0).End()
	report.Start("scores", "architectures", 50, 50).End()
	if out.Len() > 0 {
		t.Errorf("%q, want nothing", out)
	}
}

// The estimate follows a lasting change and forgives a single slow step.
func TestRateIsSmooth(t *testing.T) {
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	now := start
	r := rate{start: start, last: start}
	steps := func(n int, each time.Duration) {
		for range n {
			now = now.Add(each)
			r.add(1, now)
		}
	}
	near := func(what string, want, share float64) {
		t.Helper()
		if got := r.perSecond(); math.Abs(got-want) > share*want {
			t.Errorf("%s: %.2f/s, want %.2f within %.0f %%", what, got, want, 100*share)
		}
	}
	steps(1, 5*time.Second)
	near("a slow first step", 0.2, 1e-9)
	steps(1200, 100*time.Millisecond)
	near("two minutes later", 10, 0.01)
	steps(36000, 100*time.Millisecond)
	steps(1, 10*time.Second)
	near("one slow step after an hour", 10, 0.02)
	steps(36000, 200*time.Millisecond)
	near("two hours at half the speed", 5, 0.1)
}

func TestConcurrentAdd(t *testing.T) {
	report := &Reporter{out: &strings.Builder{}, now: time.Now, plan: &plan{}}
	task := report.Start("scores", "architectures", 1000, 0)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			for range 100 {
				task.Note("x")
				task.Add(1)
			}
		})
	}
	all.Wait()
	if task.done != 1000 {
		t.Errorf("%d done, want 1000", task.done)
	}
}

func TestNew(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	New(file, true).Start("quiet", "steps", 1, 0).End()
	task := New(file, false).Start("loud", "steps", 1, 0)
	task.Add(1)
	task.End()
	got, err := os.ReadFile(file.Name())
	if first, rest, _ := strings.Cut(string(got), "\n"); err != nil || first != "loud 0/1 steps (0 %)" || !strings.HasPrefix(rest, "loud 1/1 steps in 0s") {
		t.Errorf("the file holds %q, error %v", got, err)
	}
}

func TestFormats(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 59600 * time.Millisecond: "1m00s", 532 * time.Second: "8m52s",
		125 * time.Minute: "2h05m", 76 * time.Hour: "3d04h",
	} {
		if got := clock(d); got != want {
			t.Errorf("clock(%v) = %q, want %q", d, got, want)
		}
	}
	for v, want := range map[float64]string{15625: "15,625/s", 12.34: "12.3/s", 0.5: "30.0/min", 1.0 / 1200: "3.0/h"} {
		if got := speed(v); got != want {
			t.Errorf("speed(%v) = %q, want %q", v, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1002003: "1,002,003"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %q, want %q", n, got, want)
		}
	}
}
