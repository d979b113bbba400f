package autograd

import (
	"fmt"
	"unsafe"

	"github.com/oneshot-nas/oneshot/kernels/pool"
	"github.com/oneshot-nas/oneshot/tensor"
)

// AvgPool averages windows of x, [N][H][W][C]; see [pool.Avg] for what happens at the border.
func AvgPool(tp *Tape, x *Var, a pool.Avg) *Var {
	tp.Check("autograd.AvgPool", x)
	n, h, w, c := rank4("autograd.AvgPool", x)
	oh, ow := a.Out(h, w)
	needs := tp.recording(x)
	y := tp.output(needs, n, oh, ow, c)
	s := pool.Shape{N: n, H: h, W: w, C: c}
	a.Forward(y.Value.Data, y.Value.LD(), x.Value.Data, x.Value.LD(), s, false)
	if needs {
		o := pools.get(tp)
		o.x, o.y[0], o.pool, o.shape = x, y, a, s
		tp.record(o)
	}
	return y
}

type poolOp struct {
	x     *Var
	y     [1]*Var
	pool  pool.Avg
	shape pool.Shape
}

var pools = newSlab[poolOp]()

func (o *poolOp) outputs() []*Var { return o.y[:] }
func (o *poolOp) release(*Tape)   { o.x = nil }

func (o *poolOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	dx, add := tp.contribute(o.x)
	o.pool.Backward(dx.data, dx.ld, g.data, g.ld, o.shape, add)
}

// MaxPool takes the maxima of windows of x, [N][H][W][C]; see [pool.Max] for ties and NaN. The gradient of each goes to
// the one pixel where it was found.
func MaxPool(tp *Tape, x *Var, m pool.Max) *Var {
	tp.Check("autograd.MaxPool", x)
	n, h, w, c := rank4("autograd.MaxPool", x)
	oh, ow := m.Out(h, w)
	needs := tp.recording(x)
	y := tp.output(needs, n, oh, ow, c)
	s := pool.Shape{N: n, H: h, W: w, C: c}
	found := tp.buffer((y.Value.Len() + 3) / 4)
	m.Forward(y.Value.Data, y.Value.LD(), bytesOf(found, y.Value.Len()), x.Value.Data, x.Value.LD(), s)
	if !needs {
		tp.unref(found)
		return y
	}
	o := maxes.get(tp)
	o.x, o.y[0], o.found, o.pool, o.shape = x, y, found, m, s
	tp.record(o)
	return y
}

type maxPoolOp struct {
	x     *Var
	y     [1]*Var
	found *buffer // where in their windows the maxima were found, in bytes
	pool  pool.Max
	shape pool.Shape
}

var maxes = newSlab[maxPoolOp]()

func (o *maxPoolOp) outputs() []*Var { return o.y[:] }

func (o *maxPoolOp) release(tp *Tape) {
	tp.unref(o.found)
	o.x, o.found = nil, nil
}

func (o *maxPoolOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	dx, add := tp.contribute(o.x)
	o.pool.Backward(dx.data, dx.ld, bytesOf(o.found, o.y[0].Value.Len()), g.data, g.ld, o.shape, add)
}

// bytesOf returns the first n bytes of a buffer.
func bytesOf(b *buffer, n int) []uint8 {
	return unsafe.Slice((*uint8)(unsafe.Pointer(unsafe.SliceData(b.data))), n)
}

// GlobalAvgPool averages all pixels of each image: [N][H][W][C] to [N][C].
func GlobalAvgPool(tp *Tape, x *Var) *Var {
	tp.Check("autograd.GlobalAvgPool", x)
	n, h, w, c := rank4("autograd.GlobalAvgPool", x)
	needs := tp.recording(x)
	y := tp.output(needs, n, c)
	s := pool.Shape{N: n, H: h, W: w, C: c}
	pool.GlobalForward(y.Value.Data, y.Value.LD(), x.Value.Data, x.Value.LD(), s)
	if needs {
		o := globals.get(tp)
		o.x, o.y[0], o.shape = x, y, s
		tp.record(o)
	}
	return y
}

type globalOp struct {
	x     *Var
	y     [1]*Var
	shape pool.Shape
}

var globals = newSlab[globalOp]()

func (o *globalOp) outputs() []*Var { return o.y[:] }
func (o *globalOp) release(*Tape)   { o.x = nil }

func (o *globalOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	dx, add := tp.contribute(o.x)
	pool.GlobalBackward(dx.data, dx.ld, g.data, g.ld, o.shape, add)
}

// UpsampleNearest makes every pixel of x, [N][H][W][C], a square of factor×factor equal ones: [N][factor·H][factor·W][C].
func UpsampleNearest(tp *Tape, x *Var, factor int) *Var {
	tp.Check("autograd.UpsampleNearest", x)
	n, h, w, c := rank4("autograd.UpsampleNearest", x)
	if factor < 1 {
		panic(tensor.ShapeError{Op: "autograd.UpsampleNearest", Got: fmt.Sprintf("factor %d", factor), Want: "at least 1"})
	}
	needs := tp.recording(x)
	y := tp.output(needs, n, factor*h, factor*w, c)
	s, f := pool.Shape{N: n, H: h, W: w, C: c}, pool.Nearest{Factor: factor}
	f.Forward(y.Value.Data, y.Value.LD(), x.Value.Data, x.Value.LD(), s, false)
	if needs {
		o := upsamples.get(tp)
		o.x, o.y[0], o.nearest, o.shape = x, y, f, s
		tp.record(o)
	}
	return y
}

type upsampleOp struct {
	x       *Var
	y       [1]*Var
	nearest pool.Nearest
	shape   pool.Shape
}

var upsamples = newSlab[upsampleOp]()

func (o *upsampleOp) outputs() []*Var { return o.y[:] }
func (o *upsampleOp) release(*Tape)   { o.x = nil }

func (o *upsampleOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	dx, add := tp.contribute(o.x)
	o.nearest.Backward(dx.data, dx.ld, g.data, g.ld, o.shape, add)
}

// UpsampleBilinear resizes x, [N][H][W][C], to [N][h][w][C] by bilinear interpolation, with the borders of the images or, if
// alignCorners is set, their corner pixels in the same place ([pool.Bilinear], [pool.BilinearCorners]).
func UpsampleBilinear(tp *Tape, x *Var, h, w int, alignCorners bool) *Var {
	tp.Check("autograd.UpsampleBilinear", x)
	by := pool.Bilinear
	if alignCorners {
		by = pool.BilinearCorners
	}
	return resized(tp, "autograd.UpsampleBilinear", x, pool.Resize{H: h, W: w, By: by})
}

// AdaptiveAvgPool averages x, [N][H][W][C], down to [N][h][w][C], whatever H and W are ([pool.Mean]).
func AdaptiveAvgPool(tp *Tape, x *Var, h, w int) *Var {
	tp.Check("autograd.AdaptiveAvgPool", x)
	return resized(tp, "autograd.AdaptiveAvgPool", x, pool.Resize{H: h, W: w, By: pool.Mean})
}

func resized(tp *Tape, op string, x *Var, z pool.Resize) *Var {
	n, h, w, c := rank4(op, x)
	if z.H < 1 || z.W < 1 {
		panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("a result of %d×%d", z.H, z.W), Want: "at least one pixel"})
	}
	needs := tp.recording(x)
	y := tp.output(needs, n, z.H, z.W, c)
	s := pool.Shape{N: n, H: h, W: w, C: c}
	z.Forward(y.Value.Data, y.Value.LD(), x.Value.Data, x.Value.LD(), s, false)
	if needs {
		o := resizes.get(tp)
		o.x, o.y[0], o.resize, o.shape = x, y, z, s
		tp.record(o)
	}
	return y
}

type resizeOp struct {
	x      *Var
	y      [1]*Var
	resize pool.Resize
	shape  pool.Shape
}

var resizes = newSlab[resizeOp]()

func (o *resizeOp) outputs() []*Var { return o.y[:] }
func (o *resizeOp) release(*Tape)   { o.x = nil }

func (o *resizeOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	dx, add := tp.contribute(o.x)
	o.resize.Backward(dx.data, dx.ld, g.data, g.ld, o.shape, add)
}
