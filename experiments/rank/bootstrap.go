package rank

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// Statistic is a number computed from pairs: a method expression such as (*Pairs).Kendall, or a closure such as
//
//	func(p *rank.Pairs) float64 { return p.PrecisionAt(p.Share(0.1), rank.ByOrder) }
//
// Bootstrap calls it from several goroutines.
type Statistic func(*Pairs) float64

// Interval is a confidence interval. Undefined counts the resamples on which the statistic was NaN; they are left out,
// and when all were, Low and High are NaN.
type Interval struct {
	Low, High float64
	Undefined int
}

// Bootstrap returns for each statistic the percentile interval (Efron 1979) at the given level, for example 0.95: n
// architectures are drawn with replacement, the statistic is computed, and of the values of all resamples the middle
// part is kept, with linear interpolation between them. All statistics see the same resamples. A resample keeps the
// array order, copies side by side.
//
// The result depends on the seed alone, not on the number of processors. On two cores, 1000 resamples of 15,625
// architectures take about half a second for τ-b.
func (p *Pairs) Bootstrap(resamples int, level float64, seed uint64, stats ...Statistic) []Interval {
	if resamples < 1 || !(level > 0 && level < 1) {
		panic(fmt.Sprintf("rank: bootstrap with %d resamples at level %v: want at least 1, and a level in (0, 1)", resamples, level))
	}
	values := make([][]float64, len(stats)) // [statistic][resample]
	for s := range values {
		values[s] = make([]float64, resamples)
	}
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), resamples) {
		workers.Go(func() {
			re := p.resampler()
			for r := int(next.Add(1)) - 1; r < resamples; r = int(next.Add(1)) - 1 {
				re.draw(p, rand.New(rand.NewPCG(seed, uint64(r))))
				for s, stat := range stats {
					values[s][r] = stat(&re.pairs)
				}
			}
		})
	}
	workers.Wait()
	intervals := make([]Interval, len(stats))
	for s, v := range values {
		defined := slices.DeleteFunc(v, math.IsNaN)
		slices.Sort(defined)
		intervals[s] = Interval{
			Low:       quantile(defined, (1-level)/2),
			High:      quantile(defined, (1+level)/2),
			Undefined: resamples - len(defined),
		}
	}
	return intervals
}

// resampler is the memory of one worker.
type resampler struct {
	times []int32 // how often each architecture was drawn
	pairs Pairs
}

func (p *Pairs) resampler() *resampler {
	n := p.Len()
	room := func(c column) column { return column{make([]float64, n), make([]int32, n), c.ranks} }
	re := &resampler{make([]int32, n), Pairs{score: room(p.score), truth: room(p.truth)}}
	for _, c := range p.given {
		re.pairs.given = append(re.pairs.given, room(c))
	}
	return re
}

// draw replaces re.pairs by n random draws from p. Taking over the ranks spares sorting.
func (re *resampler) draw(p *Pairs, rng *rand.Rand) {
	clear(re.times)
	for range re.times {
		re.times[rng.IntN(len(re.times))]++
	}
	to := 0
	for i, times := range re.times {
		for range times {
			re.pairs.score.value[to], re.pairs.score.rank[to] = p.score.value[i], p.score.rank[i]
			re.pairs.truth.value[to], re.pairs.truth.rank[to] = p.truth.value[i], p.truth.rank[i]
			for j, c := range p.given {
				re.pairs.given[j].value[to], re.pairs.given[j].rank[to] = c.value[i], c.rank[i]
			}
			to++
		}
	}
}

// quantile interpolates linearly between the order statistics (type 7 of Hyndman and Fan 1996, the default of R and
// NumPy); NaN of nothing.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-1)
	if i == len(sorted)-1 {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
