package parallel

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"
)

// EnvSpin is the environment variable that says how long an idle worker looks for the next job before it sleeps, as a duration like "50us";
// "0" has it sleep at once.
const EnvSpin = "ONESHOT_SPIN"

// defaultSpin spans what lies between two jobs of a training step, of which there are hundreds: to wake a worker costs up to 50 µs on a
// virtual machine.
const defaultSpin = 500 * time.Microsecond

const (
	// maxWait is how long a caller looks for the end of the chunks that others are at. To sleep and be woken costs 5 µs or so.
	maxWait = 50 * time.Microsecond
	// yields is how often who looks for something lets other goroutines run that want to.
	yields = 20 * time.Microsecond
	// suspended is how much later one looks again at most, if nobody has taken the processor away meanwhile.
	suspended = 100 * time.Microsecond
	// A twentieth of the time may be lost to other users of the processors. What is more is owed: until that much time has passed, nobody
	// asks for more than one thread a call. What is owed up to credit does not count, or the millisecond that the host of a virtual machine
	// takes now and then would cost twenty on one thread; and nobody waits longer than maxRepose.
	share     = 20
	credit    = 100 * time.Millisecond
	maxRepose = 2 * time.Second
)

var (
	spinFor atomic.Int64 // nanoseconds
	owed    atomic.Int64 // when, as clock tells it, no more than the share of the time will have been lost
)

// busy reports whether others want the processors: who lately asked for more than one thread lost by it.
func busy() bool { return clock()+int64(credit) < owed.Load() }

// lost notes that for so many nanoseconds somebody else had a processor that was counted on.
func lost(d int64) {
	now := clock()
	owed.Store(min(max(now, owed.Load())+share*d, now+int64(credit+maxRepose)))
}

func init() { SetSpin(spinOf(os.Getenv(EnvSpin))) }

// spinOf reads the value of the environment variable.
func spinOf(s string) time.Duration {
	if s == "" {
		return defaultSpin
	}
	if s == "0" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		fmt.Fprintf(os.Stderr, "parallel: %s=%s is no duration such as 50us, 1ms or 0: workers look for work for %v\n", EnvSpin, s,
			defaultSpin)
		return defaultSpin
	}
	return d
}

// SetSpin sets how long an idle worker looks for the next job before it sleeps, and returns what that was. It is what the environment
// variable ONESHOT_SPIN says at the start of the program, else half a millisecond, and less while other programs want the processors. No
// result depends on it.
func SetSpin(d time.Duration) (before time.Duration) {
	return time.Duration(spinFor.Swap(int64(max(d, 0))))
}

var start = time.Now()

func clock() int64 { return int64(time.Since(start)) }

// patience is how long it pays at present to look for something before one sleeps.
func patience() time.Duration {
	if busy() {
		return 0
	}
	return time.Duration(spinFor.Load())
}

// spin looks until found says so or the time is over, and returns what found said last. The clock, which it asks for each time, also tells
// whether somebody else had the processor, and so wants it: then it gives up.
func spin(d time.Duration, found func() bool) bool {
	if d <= 0 {
		return found()
	}
	begin := clock()
	last, yielded := begin, begin
	for !found() {
		now := clock()
		switch {
		case now-last > int64(suspended):
			lost(now - last)
			return found()
		case now-begin > int64(d):
			return found()
		case now-yielded > int64(yields):
			runtime.Gosched()
			now = clock()
			yielded = now
		}
		last = now
	}
	return true
}
