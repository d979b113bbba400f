package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Concat puts values side by side in the last axis of one tensor without copying them: each operation that makes one of
// them writes it where it belongs.
//
//	cat := autograd.NewConcat(tp, n, h, w, 32+16)
//	cat.Next(32)
//	a := autograd.BatchNormSum(tp, …) // lies in channels 0 to 31
//	cat.Next(16)
//	b := autograd.MaxPool(tp, …)      // lies in channels 32 to 47
//	y := cat.Join(a, b)
//
// In the backward pass the gradient of each value is a window of the gradient of the whole. A value that lies elsewhere
// (since it is older, or has several readers that want it dense) is copied by Join.
type Concat struct {
	tp    *Tape
	y     [1]*Var
	end   int // of the windows that Next has given out
	place place
	taken []place // those in which a value lies
	parts []part
}

// part is a value in columns lo and following of the concatenation.
type part struct {
	x  *Var
	lo int
}

var concats = newSlab[Concat]()

// NewConcat begins a concatenation of the given shape.
func NewConcat(tp *Tape, shape ...int) *Concat {
	c := concats.get(tp)
	c.tp, c.end, c.taken, c.parts = tp, 0, c.taken[:0], c.parts[:0]
	c.y[0] = tp.output(false, shape...)
	return c
}

// place is a window of a concatenation in which the next value shall lie.
type place struct {
	concat   *Concat
	lo, cols int
}

// Next says that the next value which an operation makes on the tape, of so many columns, lies in the next columns of the
// concatenation.
func (c *Concat) Next(cols int) {
	c.tp.Check("autograd.Concat.Next", c.y[0])
	if c.end+cols > c.y[0].Value.Cols() || cols < 1 {
		panic(tensor.ShapeError{Op: "autograd.Concat.Next", Got: fmt.Sprintf("columns %d to %d", c.end, c.end+cols-1), Want: fmt.Sprintf("columns below %d", c.y[0].Value.Cols())})
	}
	c.place = place{c, c.end, cols}
	c.tp.place = &c.place
	c.end += cols
}

// take makes v lie in the place.
func (p *place) take(tp *Tape, v *Var, shape ...int) {
	tp.place = nil
	whole := p.concat.y[0]
	w := whole.Value.Window(p.lo, p.lo+p.cols)
	fits := w.Rank() == len(shape)
	for i := range shape {
		fits = fits && w.Dim(i) == shape[i]
	}
	if !fits {
		panic(tensor.ShapeError{Op: "autograd.Concat.Next", Got: "an operation whose result has the shape " + fmt.Sprint(append([]int(nil), shape...)), Want: fmt.Sprint(w.Shape())})
	}
	whole.buf.refs++
	v.buf, v.Value = whole.buf, w
	p.concat.taken = append(p.concat.taken, *p)
}

// Join returns the concatenation of the values, which together have as many columns as it has. A value that lies where [Concat.Next]
// has said must be joined there: to copy another one over it would change what the backward pass reads.
func (c *Concat) Join(xs ...*Var) *Var {
	const name = "autograd.Concat.Join"
	tp, y := c.tp, c.y[0]
	tp.Check(name, y)
	tp.Check(name, xs...)
	tp.place = nil
	rows, lo := y.Value.Rows(), 0
	for _, x := range xs {
		cols := x.Value.Cols()
		if x.Value.Rows() != rows || lo+cols > y.Value.Cols() {
			panic(tensor.ShapeError{Op: name, Got: fmt.Sprintf("%s at column %d", shapeOf(x), lo), Want: fmt.Sprintf("%d rows, columns below %d", rows, y.Value.Cols())})
		}
		if rows > 0 && cols > 0 && &x.Value.Data[0] != &y.Value.Data[lo] {
			for _, t := range c.taken {
				if lo < t.lo+t.cols && t.lo < lo+cols {
					panic(tensor.ShapeError{Op: name, Got: fmt.Sprintf("%s at column %d, over a value that lies at column %d", shapeOf(x), lo, t.lo),
						Want: "values that were made after Next in the columns that it gave them"})
				}
			}
			vec.CopyRows(y.Value.Data[lo:], y.Value.LD(), x.Value.Data, x.Value.LD(), rows, cols)
		}
		y.needs = y.needs || tp.recording(x)
		c.parts = append(c.parts, part{x, lo})
		lo += cols
	}
	if lo != y.Value.Cols() {
		panic(tensor.ShapeError{Op: name, Got: fmt.Sprintf("%d columns", lo), Want: fmt.Sprint(y.Value.Cols())})
	}
	if y.needs {
		tp.record(c)
	}
	return y
}

func (c *Concat) outputs() []*Var { return c.y[:] }
func (c *Concat) release(*Tape)   { clear(c.parts) }

func (c *Concat) backward(tp *Tape) {
	g := tp.gradOf(c.y[0])
	if g == nil {
		return
	}
	if g.refs > 1 { // somebody else reads it, and the windows will be added to
		tp.own(c.y[0])
		g = c.y[0].grad
	}
	for _, p := range c.parts {
		if p.x.needs {
			w := tp.window(g, p.lo)
			tp.contributeShared(p.x, w)
			tp.unref(w)
		}
	}
}
