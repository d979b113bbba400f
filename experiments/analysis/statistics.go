package analysis

import (
	"github.com/oneshot-nas/oneshot/experiments/rank"
	"github.com/oneshot-nas/oneshot/experiments/report"
)

// Intervals are percentile bootstrap intervals over architectures.
const (
	level     = 0.95
	resamples = 1000
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
