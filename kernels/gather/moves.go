package gather

import "github.com/oneshot-nas/oneshot/kernels/vec"

func (t *task) selected(o, r, lo, hi int) {
	y, x := t.starts(o, r)
	stepY, stepX := t.many.Axis, t.few.Axis
	if t.Cols == 1 {
		for i, v := range t.index {
			y[i*stepY] = x[int(v)*stepX]
		}
		return
	}
	for i, v := range t.index {
		copy(y[i*stepY+lo:i*stepY+hi], x[int(v)*stepX+lo:int(v)*stepX+hi])
	}
}

func (t *task) addSelected(o, r, lo, hi int) {
	dy, dx := t.starts(o, r)
	stepY, stepX := t.many.Axis, t.few.Axis
	if t.Cols == 1 {
		for i, v := range t.index {
			dx[int(v)*stepX] += dy[i*stepY]
		}
		return
	}
	for i, v := range t.index {
		vec.LocalAddTo(dx[int(v)*stepX+lo:int(v)*stepX+hi], dy[i*stepY+lo:i*stepY+hi])
	}
}

func (t *task) picked(o, r, lo, hi int) {
	y, x := t.starts(o, r)
	stepY, stepX := t.many.Axis, t.few.Axis
	if t.Rows*t.Cols == 1 {
		for i, v := range t.index[o*t.N:][:t.N] {
			y[i*stepY] = x[int(v)*stepX]
		}
		return
	}
	for i := range t.N {
		to := y[i*stepY+lo : i*stepY+hi]
		for c, v := range t.indices(o, i, r, lo, hi) {
			to[c] = x[int(v)*stepX+lo+c]
		}
	}
}

func (t *task) addPicked(o, r, lo, hi int) {
	dy, dx := t.starts(o, r)
	stepY, stepX := t.many.Axis, t.few.Axis
	if t.Rows*t.Cols == 1 {
		for i, v := range t.index[o*t.N:][:t.N] {
			dx[int(v)*stepX] += dy[i*stepY]
		}
		return
	}
	for i := range t.N {
		from := dy[i*stepY+lo : i*stepY+hi]
		for c, v := range t.indices(o, i, r, lo, hi) {
			dx[int(v)*stepX+lo+c] += from[c]
		}
	}
}

// indices returns those of columns lo to hi-1 of row r of step i.
func (t *task) indices(o, i, r, lo, hi int) []int32 {
	return t.index[((o*t.N+i)*t.Rows+r)*t.Cols:][lo:hi]
}
