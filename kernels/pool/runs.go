package pool

// A run is a range of output rows (or columns) whose windows hold equally many input rows (or columns) and follow each
// other at the distance of the stride: the interior of an image, or one row at its border.
type run struct {
	from, to int
	first    int // first input row in the window of output row from
	count    int // input rows in each window
	weight   float32
}

// appendRuns appends the runs of out output rows over in input rows.
func (a Avg) appendRuns(runs []run, in, out int) []run {
	for o := range out {
		start := o*a.Stride - a.Pad
		first, end := max(start, 0), min(start+a.Kernel, in)
		if last := len(runs) - 1; last >= 0 {
			r := &runs[last]
			if end-first == r.count && first == r.first+(o-r.from)*a.Stride {
				r.to++
				continue
			}
		}
		r := run{from: o, to: o + 1, first: first, count: end - first}
		if a.CountPad {
			r.weight = 1 / float32(a.Kernel)
		} else {
			r.weight = 1 / float32(r.count)
		}
		runs = append(runs, r)
	}
	return runs
}

// clip returns the part of the run that lies in [from, to), and whether there is any.
func (r run) clip(from, to, stride int) (run, bool) {
	if from > r.from {
		r.first += (from - r.from) * stride
		r.from = from
	}
	r.to = min(r.to, to)
	return r, r.from < r.to
}

// A phase describes the windows that hold the input rows (or columns) h, h+stride, …: those of row h belong to count
// output rows beginning with from, and those of each next input row begin one output row later. Padding is taken to go on
// without end: output rows below 0 and beyond the last are counted, although there are none.
type phase struct{ from, count int }

// phaseOf returns the phase of input row h.
func (a Avg) phaseOf(h int) phase {
	last, rest := (h+a.Pad)/a.Stride, (h+a.Pad)%a.Stride
	count := max(0, (a.Kernel-rest+a.Stride-1)/a.Stride)
	return phase{last - count + 1, count}
}

// windows returns the range of output rows that the phases of the input rows from..to-1 refer to.
func (a Avg) windows(from, to int) (first, end int) {
	end = (to-1+a.Pad)/a.Stride + 1
	first = end
	for h := from; h < min(from+a.Stride, to); h++ {
		first = min(first, a.phaseOf(h).from)
	}
	return first, end
}
