package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	inPlaceEvery = 100 * time.Millisecond
	logEvery     = 10 * time.Second
	columns      = 79 // a longer line would wrap on a narrow terminal and could not be rewritten
)

// Reporter is where tasks are reported.
type Reporter struct {
	out     io.Writer
	inPlace bool
	now     func() time.Time
	plan    *plan
	within  string // begins the names of tasks
}

// New reports to a file, as a rule standard error: in place if it is a terminal, line by line otherwise, or not at all if
// quiet. Errors of the file are ignored: nobody stops an experiment because its terminal has gone.
func New(file *os.File, quiet bool) *Reporter {
	r := &Reporter{out: file, now: time.Now, plan: &plan{}}
	if quiet {
		r.out = io.Discard
	}
	if info, err := file.Stat(); err == nil && os.Getenv("TERM") != "dumb" {
		r.inPlace = info.Mode()&os.ModeCharDevice != 0
	}
	return r
}

// Task is a piece of work that consists of a known number of equal units. Its methods may be called from several
// goroutines. One task at a time is reported in place: End it before the next starts.
type Task struct {
	report     *Reporter
	name, unit string
	found      bool    // there was nothing to do
	perUnit    float64 // work of one, as the plan measures it; 0 if it does not say

	mu       sync.Mutex
	done     int
	total    int
	rate     rate
	measured *measure // where units are of unequal size
	note     string
	reported time.Time
	width    int // of the line on the terminal
}

// Start begins a task of which `done` units of `total` are done already. The unit is a plural: "steps". Where nothing is left to do
// nothing is reported, and the phase is no longer counted.
func (r *Reporter) Start(name, unit string, total, done int) *Task {
	now := r.now()
	name = r.within + name
	t := &Task{report: r, name: name, unit: unit, found: done >= total, done: done, total: total, rate: rate{start: now, last: now}}
	if work := r.plan.begin(name, t.found); work > 0 && !t.found {
		t.perUnit = work / float64(total)
	}
	t.print(now)
	return t
}

// Add counts n more units as done.
func (t *Task) Add(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.report.now()
	t.done += n
	t.rate.add(n, now)
	every := logEvery
	if t.report.inPlace {
		every = inPlaceEvery
	}
	if now.Sub(t.reported) >= every {
		t.print(now)
	}
}

// measure is how much work units are that are of unequal size.
type measure struct {
	before, done, all float64 // before: by an earlier run
	start             time.Time
}

// Measure says how much of the work is done where units are of unequal size, or done in part: the time that is left follows from that and not
// from their number. The first call says what an earlier run has done.
func (t *Task) Measure(done, all float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.measured == nil {
		t.measured = &measure{before: done, start: t.report.now()}
	}
	t.measured.done, t.measured.all = done, all
}

// left returns the seconds that the task will take, if anything is known.
func (t *Task) left(now time.Time) (seconds float64, known bool) {
	if m := t.measured; m != nil {
		did, took := m.done-m.before, now.Sub(m.start).Seconds()
		return (m.all - m.done) * took / did, did > 0 && took > 0
	}
	perSecond := t.rate.perSecond()
	return float64(t.total-t.done) / perSecond, perSecond > 0
}

// Note sets what the line ends with from the next report on, formatted as by fmt.Sprintf.
func (t *Task) Note(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.note = fmt.Sprintf(format, args...)
}

// End reports the time taken, and on a terminal goes to the next line. If units are left it says that the work stopped.
func (t *Task) End() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.found {
		return
	}
	took := t.report.now().Sub(t.rate.start)
	t.report.plan.end(t.worked(), took)
	rest := " in " + clock(took)
	if t.done < t.total {
		rest = ", stopped after " + clock(took)
	}
	if t.rate.units > 0 && took > 0 {
		rest += "  " + speed(float64(t.rate.units)/took.Seconds())
	}
	t.write(t.withNote(t.count(rest)))
	if t.report.inPlace {
		fmt.Fprintln(t.report.out)
	}
}

// print reports where the task is.
func (t *Task) print(now time.Time) {
	if t.found {
		return
	}
	t.reported = now
	rest := ""
	if left, known := t.left(now); known {
		others, known := t.report.plan.toCome(t.worked(), now.Sub(t.rate.start))
		const century = 3e9 // seconds; three of them no longer fit a Duration
		if perSecond := t.rate.perSecond(); perSecond > 0 {
			rest = "  " + speed(perSecond)
		}
		rest += fmt.Sprintf("  ETA %s", clock(time.Duration(min(century, left+others)*float64(time.Second))))
		if !known {
			rest += " for this phase"
		}
	}
	t.write(t.withNote(t.count(rest)))
}

// worked is what the task has done in this run, as the plan measures it.
func (t *Task) worked() float64 { return t.perUnit * float64(t.rate.units) }

// count says "phase 1 of 3: supernet 1,250/7,800 steps (16 %)" and the rest, for which a long name is cut on a terminal.
func (t *Task) count(rest string) string {
	position := t.report.plan.position()
	done := fmt.Sprintf(" %s/%s %s", thousands(t.done), thousands(t.total), t.unit)
	if t.done < t.total {
		done += fmt.Sprintf(" (%d %%)", int(100*float64(t.done)/float64(t.total)))
	}
	name := []rune(t.name)
	if room := columns - utf8.RuneCountInString(position+done+rest); t.report.inPlace && len(name) > room {
		const least = 12
		if keep := max(least, room-1); keep < len(name) {
			name = append(name[:keep:keep], '…')
		}
	}
	return position + string(name) + done + rest
}

func (t *Task) withNote(line string) string {
	if t.note == "" {
		return line
	}
	return line + "  " + t.note
}

// write puts a line over the last one, with blanks where that was longer, or below it.
func (t *Task) write(line string) {
	if !t.report.inPlace {
		fmt.Fprintln(t.report.out, line)
		return
	}
	if runes := []rune(line); len(runes) > columns {
		line = string(runes[:columns])
	}
	width := utf8.RuneCountInString(line)
	fmt.Fprintf(t.report.out, "\r%s%s", line, strings.Repeat(" ", max(0, t.width-width)))
	t.width = width
}
