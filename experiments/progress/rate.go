package progress

import (
	"math"
	"time"
)

// rate estimates how fast units get done now: units and seconds are both summed with a weight that decays with age, and
// divided.
type rate struct {
	start, last    time.Time
	units          int // in all, without decay
	recent, during float64
}

// add counts n units done since the last call.
func (r *rate) add(n int, now time.Time) {
	memory := max(30*time.Second, now.Sub(r.start)/4)
	passed := now.Sub(r.last)
	keep := math.Exp(-passed.Seconds() / memory.Seconds())
	r.recent = r.recent*keep + float64(n)
	r.during = r.during*keep + passed.Seconds()
	r.units += n
	r.last = now
}

// perSecond returns 0 as long as nothing is known.
func (r *rate) perSecond() float64 {
	if r.during <= 0 {
		return 0
	}
	return r.recent / r.during
}
