package softmax

import "math"

// Running is a softmax of a row that arrives piece by piece (Milakov and Gimelshein 2018, arXiv 1805.02867): the largest element so far,
// and the sum of the exponentials of what all others lack to it. A row begins with [NewRunning].
type Running struct {
	Max float32
	Sum float64
}

// NewRunning is the softmax of nothing.
func NewRunning() Running { return Running{Max: float32(math.Inf(-1))} }

// Add replaces the elements of the next piece by exp(x − Max), with the Max that it leaves, in the calling goroutine. It returns the factor
// that makes the same of what it has put in the place of earlier pieces: once the row has ended, all of them divided by Sum are its
// softmax. Elements of -Inf become zero, also where there has been nothing else.
func (r *Running) Add(x []float32) (factor float32) {
	if len(x) == 0 {
		return 1
	}
	m, _ := active.maxSum(x)
	if m < r.Max {
		m = r.Max
	}
	if math.IsInf(float64(m), -1) {
		clear(x)
		return 1
	}
	switch {
	case m == r.Max:
		factor = 1
	case r.Sum > 0:
		factor = float32(math.Exp(float64(r.Max) - float64(m)))
	}
	r.Max = m
	r.Sum = r.Sum*float64(factor) + active.exp(x, x, m)
	return factor
}

// LogSum is the logarithm of the sum of the exponentials of the elements, -Inf if there are none above that.
func (r *Running) LogSum() float64 { return float64(r.Max) + math.Log(r.Sum) }
