package figure

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// roundTicks labels an axis at multiples of 1, 2 or 5 times a power of ten, with no more digits than they need.
type roundTicks struct {
	whole bool // at whole numbers only, as epochs are
}

// Ticks implements plot.Ticker.
func (t roundTicks) Ticks(low, high float64) []plot.Tick {
	const most = 8 // labels; there are at least three, of whole numbers as many as there are
	step := math.Pow(10, math.Floor(math.Log10((high-low)/most)))
	if t.whole {
		step = max(step, 1)
	}
	for _, factor := range []float64{2, 2.5, 2} { // 1, 2, 5, 10
		if (high-low)/step <= most {
			break
		}
		step *= factor
	}
	decimals := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	var ticks []plot.Tick
	first := math.Ceil(low / step)
	// Counting to most ends the loop even where high − low is so small that first+1 equals first.
	for i := 0.0; i <= most && (first+i)*step <= high; i++ {
		at := (first+i)*step + 0 // +0 for −0
		ticks = append(ticks, plot.Tick{Value: at, Label: strconv.FormatFloat(at, 'f', decimals, 64)})
	}
	return ticks
}

// ratioTicks labels an axis that is spaced by ratios at 1, 2 and 5 times the powers of ten, or at the powers alone where they are many.
type ratioTicks struct{}

// Ticks implements plot.Ticker.
func (ratioTicks) Ticks(low, high float64) []plot.Tick {
	factors := []float64{1, 2, 5}
	if high/low > 2000 {
		factors = factors[:1]
	}
	var ticks []plot.Tick
	for power := math.Floor(math.Log10(low)); power <= math.Log10(high); power++ {
		for _, factor := range factors {
			if at := factor * math.Pow(10, power); at >= low && at <= high {
				ticks = append(ticks, plot.Tick{Value: at, Label: strconv.FormatFloat(at, 'g', 6, 64)})
			}
		}
	}
	return ticks
}
