package elementwise

import "github.com/oneshot-nas/oneshot/kernels/vec"

const (
	// piece is how many elements a rule gets at a time. What a rule has at hand, three operands, the result and some intermediate values
	// of 4 KiB each, fits into a level-1 cache of 32 KiB.
	piece = 1 << 10
	// block is how many elements a chunk of work has: those of package vec.
	block = 1 << 14
	// perNanosecond is about how many elements a thread gets through in a nanosecond.
	perNanosecond = 1
)

// operands is the largest number of arrays that a rule reads: both operands and the gradient of the result.
const operands = 3

// loops are the axes of a call after merging, outermost first, with the strides of the arrays that take part.
type loops struct {
	n      int // elements
	rank   int
	length [Axes]int
	in     [operands]view
	out    view
}

// view is an array along the axes of loops. Without data it does not take part.
type view struct {
	data   []float32
	stride [Axes]int
	flat   bool // the elements lie side by side in the order of the loops
	// The elements repeat after so many, within groups of so many: rows of a matrix that are all the same row, or a row of one value. A
	// period of zero: they do not.
	period, group int
}

// set describes the loops over a shape.
func (l *loops) set(shape [Axes]int, out Array, in *[operands]Array) {
	l.n, l.rank = 1, 0
	views := [...]*view{&l.out, &l.in[0], &l.in[1], &l.in[2]}
	arrays := [...]*Array{&out, &in[0], &in[1], &in[2]}
	for i, v := range views {
		*v = view{data: arrays[i].Data}
	}
	for axis, n := range shape {
		l.n *= n
		if n == 1 {
			continue
		}
		merges := l.rank > 0
		for i, v := range views {
			if merges && v.data != nil && v.stride[l.rank-1] != n*arrays[i].Stride[axis] {
				merges = false
			}
		}
		if !merges {
			l.length[l.rank] = 1
			l.rank++
		}
		l.length[l.rank-1] *= n
		for i, v := range views {
			v.stride[l.rank-1] = arrays[i].Stride[axis]
		}
	}
	if l.rank == 0 {
		l.length[0], l.rank = 1, 1
	}
	for _, v := range views {
		l.look(v)
	}
}

// look finds out what is special about a view.
func (l *loops) look(v *view) {
	last := l.rank - 1
	v.flat = true
	next := 1
	for i := last; i >= 0; i-- {
		v.flat = v.flat && v.stride[i] == next
		next *= l.length[i]
	}
	cols := l.length[last]
	switch {
	case v.flat:
	case l.n == 1:
		v.flat = true
	case v.stride[last] == 0:
		v.period, v.group = 1, cols
		for i := last - 1; i >= 0 && v.stride[i] == 0; i-- {
			v.group *= l.length[i]
		}
	case last > 0 && v.stride[last-1] == 0 && v.stride[last] == 1 && cols <= piece:
		v.period, v.group = cols, cols*l.length[last-1]
	}
}

// at is where an element of the view lies, and in which column of the innermost axis.
func (l *loops) at(v *view, i int) (offset, col int) {
	last := l.rank - 1
	i, col = i/l.length[last], i%l.length[last]
	offset = col * v.stride[last]
	for axis := last - 1; axis > 0; axis-- {
		offset += i % l.length[axis] * v.stride[axis]
		i /= l.length[axis]
	}
	if last > 0 {
		offset += i * v.stride[0]
	}
	return offset, col
}

// tile is memory for elements of a view that do not lie side by side.
type tile struct {
	data  [2 * piece]float32
	group int // the group of the view whose period data repeats, plus one; 0: none
}

// piece returns n elements of the view from the lo-th on: as they lie, or collected in t.
func (l *loops) piece(v *view, lo, n int, t *tile) []float32 {
	switch {
	case v.data == nil || n == 0:
		return nil
	case v.flat:
		return v.data[lo:][:n]
	case v.period > 0 && lo/v.group == (lo+n-1)/v.group:
		return l.repeated(v, lo, n, t)
	}
	if v.stride[l.rank-1] == 1 {
		if offset, col := l.at(v, lo); col+n <= l.length[l.rank-1] {
			return v.data[offset:][:n]
		}
	}
	t.group = 0
	l.collect(v, lo, t.data[:n])
	return t.data[:n]
}

// repeated is piece for elements of one group of a view that repeats.
func (l *loops) repeated(v *view, lo, n int, t *tile) []float32 {
	group := lo / v.group
	if t.group != group+1 {
		t.group = group + 1
		first, _ := l.at(v, group*v.group)
		// Wherever a piece begins within the period, it is found in a whole piece and a period more.
		size := copy(t.data[:], v.data[first:][:v.period])
		for size < piece+v.period {
			size += copy(t.data[size:piece+v.period], t.data[:size])
		}
	}
	return t.data[lo%v.group%v.period:][:n]
}

// collect copies elements of the view, from the lo-th on, to x.
func (l *loops) collect(v *view, lo int, x []float32) {
	last := l.rank - 1
	cols, stride := l.length[last], v.stride[last]
	for s := l.segment(v, lo); len(x) > 0; s.next(len(x)) {
		k := min(cols-s.col, len(x))
		if rows := min(s.rows, len(x)/cols); stride == 0 && s.col == 0 && rows > 1 && v.stride[last-1] == 1 {
			vec.LocalRepeat(x[:rows*cols], v.data[s.offset:][:rows])
			x = x[rows*cols:]
			s.skip(rows - 1)
			continue
		}
		switch stride {
		case 1:
			copy(x[:k], v.data[s.offset:])
		case 0:
			fill(x[:k], v.data[s.offset])
		default:
			for i := range k {
				x[i] = v.data[s.offset+i*stride]
			}
		}
		x = x[k:]
	}
}

// segment is where a view is in the innermost axis.
type segment struct {
	l           *loops
	v           *view
	i           int // the element
	offset, col int
	rows        int // that are left in the axis above, with this one
}

func (l *loops) segment(v *view, i int) (s segment) {
	s = segment{l: l, v: v, i: i}
	s.find()
	return s
}

func (s *segment) find() {
	s.offset, s.col = s.l.at(s.v, s.i)
	s.rows = 1
	if last := s.l.rank - 1; last > 0 {
		s.rows = s.l.length[last-1] - s.i/s.l.length[last]%s.l.length[last-1]
	}
}

// skip goes so many rows on, which there are.
func (s *segment) skip(rows int) {
	last := s.l.rank - 1
	s.i += rows * s.l.length[last]
	s.rows -= rows
	s.offset += rows * s.v.stride[last-1]
}

// next goes to the beginning of the next row, if there is something left to do.
func (s *segment) next(left int) {
	last := s.l.rank - 1
	s.i += s.l.length[last] - s.col
	switch s.rows--; {
	case left == 0:
	case s.rows > 0:
		s.offset += s.v.stride[last-1] - s.col*s.v.stride[last]
		s.col = 0
	default:
		s.find()
	}
}

// fill stores s in every element: s times one, which a kernel does faster than a loop.
func fill(x []float32, s float32) {
	if len(x) < 8 {
		for i := range x {
			x[i] = s
		}
		return
	}
	vec.LocalScale(x, s, ones[:len(x)])
}

var ones = func() (x [piece]float32) {
	for i := range x {
		x[i] = 1
	}
	return x
}()

// store moves x, elements of the result from the lo-th on, to where they belong.
func (l *loops) store(lo int, x []float32, accumulate bool) {
	v := &l.out
	if v.flat {
		put(v.data[lo:][:len(x)], x, accumulate)
		return
	}
	last := l.rank - 1
	cols, stride := l.length[last], v.stride[last]
	for s := l.segment(v, lo); len(x) > 0; s.next(len(x)) {
		k := min(cols-s.col, len(x))
		if stride == 1 {
			put(v.data[s.offset:][:k], x[:k], accumulate)
		} else {
			for i := range k {
				put(v.data[s.offset+i*stride:][:1], x[i:i+1], accumulate)
			}
		}
		x = x[k:]
	}
}

// put stores x in dst or adds it there.
func put(dst, x []float32, accumulate bool) {
	if accumulate {
		vec.LocalAddTo(dst, x)
	} else {
		copy(dst, x)
	}
}

// room returns where the n elements of the result from the lo-th on can be written in place, nil if they do not lie side by side.
func (l *loops) room(lo, n int) []float32 {
	if l.out.flat {
		return l.out.data[lo:][:n]
	}
	if offset, col := l.at(&l.out, lo); l.out.stride[l.rank-1] == 1 && col+n <= l.length[l.rank-1] {
		return l.out.data[offset:][:n]
	}
	return nil
}
