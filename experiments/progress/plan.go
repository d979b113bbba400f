package progress

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Phase is work that a task will do.
type Phase struct {
	Name string // of the task
	// Work is how much that is in all, also of what an earlier run has done, in a unit that all phases of a plan share, such as
	// multiply-adds. 0: nobody knows.
	Work float64
}

// Plan announces phases, behind those announced before. The task of that name that is started next works on the first of them that
// has not begun; a task that nobody announced is one more phase.
func (r *Reporter) Plan(phases ...Phase) {
	r.plan.mu.Lock()
	defer r.plan.mu.Unlock()
	for _, p := range phases {
		p.Name = r.within + p.Name
		r.plan.waiting = append(r.plan.waiting, p)
	}
}

// Within returns a reporter of a part of the work, whose tasks and phases have the part's name before theirs. They belong to the same
// plan.
func (r *Reporter) Within(part string) *Reporter {
	other := *r
	other.within = r.within + part + ": "
	return &other
}

// Finish strikes out the phases of this reporter that have not begun: what was announced turned out not to be needed.
func (r *Reporter) Finish() {
	r.plan.mu.Lock()
	defer r.plan.mu.Unlock()
	r.plan.waiting = slices.DeleteFunc(r.plan.waiting, func(p Phase) bool { return strings.HasPrefix(p.Name, r.within) })
}

// plan is what is known of the work of all tasks.
type plan struct {
	mu      sync.Mutex
	begun   int // phases
	waiting []Phase

	// What ended tasks have done in this run, of those whose work is known: together with the one at hand, it tells how long work takes.
	work float64
	took time.Duration
}

// begin returns the work of the phase that a task is for, 0 if that is not known. A phase that is found done is struck out.
func (p *plan) begin(name string, found bool) (work float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, phase := range p.waiting {
		if phase.Name == name {
			p.waiting = append(p.waiting[:i:i], p.waiting[i+1:]...)
			work = phase.Work
			break
		}
	}
	if !found {
		p.begun++
	}
	return work
}

// end counts what a task has done.
func (p *plan) end(work float64, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if work > 0 {
		p.work, p.took = p.work+work, p.took+took
	}
}

// position says "phase 2 of 3: ", or nothing where there is no other.
func (p *plan) position() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.begun + len(p.waiting); n > 1 {
		return fmt.Sprintf("phase %d of %d: ", p.begun, n)
	}
	return ""
}

// toCome returns how many seconds the phases will take that have not begun, given what the task at hand has done so far. It is not known
// where a phase's work is not, or nothing has been done that would tell how long work takes.
func (p *plan) toCome(work float64, took time.Duration) (seconds float64, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		return 0, true
	}
	var left float64
	for _, phase := range p.waiting {
		if phase.Work <= 0 {
			return 0, false
		}
		left += phase.Work
	}
	all, during := p.work, p.took
	if work > 0 {
		all, during = all+work, during+took
	}
	if all <= 0 || during <= 0 {
		return 0, false
	}
	return left * during.Seconds() / all, true
}
