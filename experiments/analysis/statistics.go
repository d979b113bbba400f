package analysis

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/oneshot-nas/oneshot/experiments/rank"
	"github.com/oneshot-nas/oneshot/experiments/report"
)

// Intervals are percentile bootstrap intervals over architectures.
const level = 0.95

// resamples is how many of them an interval is made of: fewer in tests that have tens of thousands of architectures and look at no bounds.
var resamples = 1000

// Streams of random numbers, of the study's seed. Besides, resamples have streams from 0 on, and searches from 1 on.
const (
	streamFolds = 1 << 33 // divides the architectures of capacity
	// streamArms is where the streams of pruning begin that draw architectures to judge branches by, and branches to drop. That the first is
	// the one of folds does no harm: they are of different analyses, which draw different things; numbers that are published rest on both.
	streamArms  = 1 << 33
	streamDraws = 1 << 34 // pruning at random, without training
)

// estimate puts a statistic and its interval together.
func estimate(value float64, i rank.Interval) report.Estimate {
	return report.Estimate{Value: report.Number(value), Low: report.Number(i.Low), High: report.Number(i.High)}
}

// mean is the average.
func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// deviation is the sample standard deviation, NaN of fewer than two values.
func deviation(x []float64) float64 {
	if len(x) < 2 {
		return math.NaN()
	}
	m, sum := mean(x), 0.0
	for _, v := range x {
		sum += (v - m) * (v - m)
	}
	return math.Sqrt(sum / float64(len(x)-1))
}

// sampled is a statistic with its values on resamples, from which it has its interval.
type sampled struct {
	value    float64
	resample []float64
}

// sample computes statistics. All scores of the same architectures see the same resamples.
func sample(p *rank.Pairs, seed uint64, f func(*rank.Pairs) []float64) []sampled {
	value := f(p)
	all := make([]sampled, len(value))
	for i, values := range p.Resample(resamples, seed, f) {
		all[i] = sampled{value[i], values}
	}
	return all
}

func (s sampled) estimate() report.Estimate {
	return estimate(s.value, rank.Percentile(s.resample, level))
}

// minus is the difference of two statistics on the same resamples.
func (s sampled) minus(other sampled) sampled {
	d := sampled{s.value - other.value, make([]float64, len(s.resample))}
	for i, v := range s.resample {
		d.resample[i] = v - other.resample[i]
	}
	return d
}

// average is the mean of a statistic over several scores, such as supernets of several seeds.
func average(of []sampled) sampled {
	m := sampled{resample: make([]float64, len(of[0].resample))}
	for _, s := range of {
		m.value += s.value / float64(len(of))
		for i, v := range s.resample {
			m.resample[i] += v / float64(len(of))
		}
	}
	return m
}

// above is the verdict on the claim that a difference is positive, by more than rounding makes of none.
func above(d report.Estimate) report.Verdict {
	const none = 1e-12
	switch {
	case d.Defined() && d.Low > none:
		return report.Reproduced
	case d.Defined() && d.High < -none:
		return report.NotReproduced
	}
	return report.Undecided
}

// aboveOf is above for a difference that n architectures have shown: of too few it is undecided, whatever their resamples say.
func aboveOf(n int, d report.Estimate) report.Verdict {
	if n < judgedLeast {
		return report.Undecided
	}
	return above(d)
}

// resampled computes numbers from architectures, and from as many of them drawn with replacement, many times.
func resampled(n int, seed uint64, f func(index []int) []float64) []sampled {
	index := make([]int, n)
	for i := range index {
		index[i] = i
	}
	var all []sampled
	for _, v := range f(index) {
		all = append(all, sampled{value: v})
	}
	for r := range resamples {
		rng := rand.New(rand.NewPCG(seed, uint64(r)))
		for i := range index {
			index[i] = rng.IntN(n)
		}
		slices.Sort(index)
		for i, v := range f(index) {
			all[i].resample = append(all[i].resample, v)
		}
	}
	return all
}

// sampledKendall is τ-b of two lists.
func sampledKendall(x, y []float64, seed uint64) (sampled, error) {
	p, err := rank.New(x, y)
	if err != nil {
		return sampled{}, err
	}
	return sample(p, seed, func(p *rank.Pairs) []float64 { return []float64{p.Kendall()} })[0], nil
}

// truthDigits is how many digits after the decimal point tell good architectures apart, be truths in per cent or fractions: three of the
// standard deviation of the better half.
func truthDigits(truth []float64) int {
	rising := slices.Sorted(slices.Values(truth))
	d := deviation(rising[len(rising)/2:])
	if !(d > 0) {
		return 2
	}
	return min(6, max(1, 2-int(math.Floor(math.Log10(d)))))
}

// written is an estimate with so many digits.
func written(e report.Estimate, digits int) string {
	if !e.Defined() {
		return e.String()
	}
	return fmt.Sprintf("%.*f [%.*f, %.*f]", digits, e.Value, digits, e.Low, digits, e.High)
}
