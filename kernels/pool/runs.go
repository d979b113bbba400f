package pool

import "slices"

// Along one axis, every row of a pass's result is a weighted sum of rows of its operand. A run is a set of equally spaced
// result rows that do so in the same way: the interior of an image, say, or one row at its border.
type run struct {
	row, step, rows int // result rows row, row+step, … of which there are so many
	first, advance  int // the first term of the first one is operand row first, that of each next one advance further
	w               []float32
}

// clip returns what of the run lies in the rows from..to-1.
func (r run) clip(from, to int) run {
	if skip := (from - r.row + r.step - 1) / r.step; skip > 0 {
		r.row += skip * r.step
		r.first += skip * r.advance
		r.rows -= skip
	}
	r.rows = min(r.rows, (to-r.row+r.step-1)/r.step)
	return r
}

// runs is a list of runs that uses its memory again.
type runs struct {
	list    []run
	weights []float32
}

func (rs *runs) reset() { rs.list, rs.weights = rs.list[:0], rs.weights[:0] }

// forward lists how out output rows are the means of in input rows.
func (rs *runs) forward(a Avg, in, out int) {
	rs.reset()
	for o := range out {
		first, end := a.window(o, in)
		for range end - first {
			rs.weights = append(rs.weights, a.weight(o, in))
		}
		rs.add(run{row: o, step: 1, first: first, advance: a.Stride}, end-first)
	}
}

// backward lists how the gradients of in input rows are sums over the output rows whose windows hold them. Every Stride-th
// input row lies in the same way in its windows.
func (rs *runs) backward(a Avg, in, out int) {
	rs.reset()
	for phase := range a.Stride {
		for i := phase; i < in; i += a.Stride {
			first := max(0, (i+a.Pad-a.Kernel+a.Stride)/a.Stride)
			end := min(out, (i+a.Pad)/a.Stride+1)
			if first >= end { // in no window
				first, end = 0, 0
			}
			for o := first; o < end; o++ {
				rs.weights = append(rs.weights, a.weight(o, in))
			}
			rs.add(run{row: i, step: a.Stride, first: first, advance: 1}, end-first)
		}
	}
}

// add appends one row, whose count weights are the last ones in rs.weights, or counts it to the last run if it fits.
func (rs *runs) add(r run, count int) {
	mark := len(rs.weights) - count
	r.rows, r.w = 1, rs.weights[mark:]
	if n := len(rs.list); n > 0 {
		last := &rs.list[n-1]
		if r.row == last.row+last.rows*last.step && r.first == last.first+last.rows*last.advance && slices.Equal(r.w, last.w) {
			last.rows++
			rs.weights = rs.weights[:mark]
			return
		}
	}
	rs.list = append(rs.list, r)
}

// window returns the range of the in input rows that lie in the window of output row o.
func (a Avg) window(o, in int) (first, end int) {
	start := o*a.Stride - a.Pad
	return max(start, 0), min(start+a.Kernel, in)
}

// weight returns one over the number of rows that output row o is the mean of.
func (a Avg) weight(o, in int) float32 {
	if a.CountPad {
		return 1 / float32(a.Kernel)
	}
	first, end := a.window(o, in)
	return 1 / float32(end-first)
}
