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
//
// A statistic of the extremes, such as the best truth of all, sees less in a resample than in the table, as a third of
// the architectures are missing: its interval tells how much it depends on single architectures and need not hold the value.
func (p *Pairs) Bootstrap(resamples int, level float64, seed uint64, stats ...Statistic) []Interval {
	values := p.Resample(resamples, seed, func(p *Pairs) []float64 {
		v := make([]float64, len(stats))
		for s, stat := range stats {
			v[s] = stat(p)
		}
		return v
	})
	intervals := make([]Interval, len(stats))
	for s := range intervals {
		intervals[s] = Percentile(values[s], level)
	}
	return intervals
}

// Resample returns what [Pairs.Bootstrap] summarises: values[i][r] is the i-th number that f returns for resample r, for
// numbers that are computed together and for differences. Resample r of any pairs of the same length draws the same
// architectures, given the same seed: the difference of values[i][r] of two scores has their dependence in it.
//
// f returns as many numbers each time and is called from several goroutines.
func (p *Pairs) Resample(resamples int, seed uint64, f func(*Pairs) []float64) (values [][]float64) {
	return p.repeat(resamples, f, func(r int, re *resampler) {
		re.draw(p, rand.New(rand.NewPCG(seed, uint64(r))))
	})
}

// Permute is Resample with another way to draw: the truths are dealt anew among the architectures, which makes any agreement
// between score and truth chance. From the values [PermutationPValue] tells how unlikely the agreement is that was found.
func (p *Pairs) Permute(permutations int, seed uint64, f func(*Pairs) []float64) (values [][]float64) {
	return p.repeat(permutations, f, func(r int, re *resampler) {
		re.permute(p, rand.New(rand.NewPCG(seed, uint64(r))))
	})
}

// repeat fills the memory of a worker n times and returns values[i][r], the i-th number that f makes of the r-th filling.
func (p *Pairs) repeat(n int, f func(*Pairs) []float64, fill func(r int, re *resampler)) [][]float64 {
	if n < 1 {
		panic(fmt.Sprintf("rank: %d resamples: want at least 1", n))
	}
	rows := make([][]float64, n)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		workers.Go(func() {
			re := p.resampler()
			for r := int(next.Add(1)) - 1; r < n; r = int(next.Add(1)) - 1 {
				fill(r, re)
				rows[r] = f(&re.pairs)
			}
		})
	}
	workers.Wait()
	values := make([][]float64, len(rows[0]))
	for i := range values {
		values[i] = make([]float64, n)
		for r, row := range rows {
			values[i][r] = row[i]
		}
	}
	return values
}

// Percentile returns the middle part of values, at the given level in (0, 1). It leaves NaN out.
func Percentile(values []float64, level float64) Interval {
	if !(level > 0 && level < 1) {
		panic(fmt.Sprintf("rank: interval at level %v: want one in (0, 1)", level))
	}
	defined := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	slices.Sort(defined)
	return Interval{
		Low:       quantile(defined, (1-level)/2),
		High:      quantile(defined, (1+level)/2),
		Undefined: len(values) - len(defined),
	}
}

// resampler is the memory of one worker.
type resampler struct {
	times []int32 // how often each architecture was drawn
	drawn []int32 // the architectures that were drawn, in array order
	pairs Pairs
}

func (p *Pairs) resampler() *resampler {
	n := p.Len()
	room := func(c column) column {
		return column{value: make([]float64, n), rank: make([]int32, n), ranks: c.ranks, index: make([]int32, n), start: make([]int32, c.ranks+1)}
	}
	re := &resampler{make([]int32, n), make([]int32, n), Pairs{score: room(p.score), truth: room(p.truth)}}
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
	at := 0
	for i, times := range re.times {
		for range times {
			re.drawn[at] = int32(i)
			at++
		}
	}
	take := func(to, from *column) {
		for at, i := range re.drawn {
			to.value[at], to.rank[at] = from.value[i], from.rank[i]
		}
		to.group()
	}
	take(&re.pairs.score, &p.score)
	take(&re.pairs.truth, &p.truth)
	for j := range p.given {
		take(&re.pairs.given[j], &p.given[j])
	}
}

// permute replaces re.pairs by p with its truths in random order.
func (re *resampler) permute(p *Pairs, rng *rand.Rand) {
	to := &re.pairs
	to.score, to.given = p.score, p.given
	copy(to.truth.value, p.truth.value)
	copy(to.truth.rank, p.truth.rank)
	rng.Shuffle(p.Len(), func(i, j int) {
		to.truth.value[i], to.truth.value[j] = to.truth.value[j], to.truth.value[i]
		to.truth.rank[i], to.truth.rank[j] = to.truth.rank[j], to.truth.rank[i]
	})
	to.truth.group()
}

// quantile returns the quantile q of sorted values, NaN of nothing.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	return quantileOf(len(sorted), q, func(i int) float64 { return sorted[i] })
}

// quantileOf interpolates linearly between the order statistics (type 7 of Hyndman and Fan 1996, the default of R and
// NumPy) of n ≥ 1 values.
func quantileOf(n int, q float64, sorted func(i int) float64) float64 {
	at := q * float64(n-1)
	i := min(int(at), n-1)
	low := sorted(i)
	if i == n-1 || low == sorted(i+1) {
		return low
	}
	between := at - float64(i)
	if step := sorted(i+1) - low; !math.IsInf(step, 0) {
		return low + between*step
	}
	return (1-between)*low + between*sorted(i+1) // the step overflows
}
