package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/tensor"
)

// Param is a trainable tensor. It lives outside of tapes and is shared by every step that uses it.
type Param struct {
	Name  string // dotted, stable: "cells.0.edge.0_1.1.weight"
	Value tensor.Tensor
	// Grad has the shape of Value. Its contents mean something only where Spans says so: the first contribution of a step
	// overwrites it, later ones are added, so that parameters which a step does not use cost nothing.
	Grad tensor.Tensor
	// NoDecay exempts the parameter from weight decay, for recipes that decay weights only.
	NoDecay bool
	// Frozen keeps the parameter as it is: no step has a gradient for it. What depends on frozen parameters and constants alone is not even
	// recorded. Windows of a frozen parameter are frozen.
	Frozen bool

	whole   *Param   // nil: this one; else it is a window of that
	box     box      // where the window lies in the whole
	windows []*Param // that have been asked for
	regions []box    // of the whole: where the current step has a gradient; they do not overlap
	step    uint64   // which step that is
	asked   bool     // whether somebody has looked at it, see losing
}

// NewParam returns a parameter of zeros.
func NewParam(name string, shape ...int) *Param {
	p := &Param{Name: name, Value: tensor.New(shape...), Grad: tensor.New(shape...)}
	p.box.rank = len(shape)
	copy(p.box.hi[:], shape)
	return p
}

// Window returns elements lo to hi-1 of an axis as a parameter that shares value and gradient with p: the first channels
// of a shared weight, or the middle of a kernel. What a step does not use of p is not touched: its gradient costs nothing
// and optimisers leave it and its state as they are. The same window is the same Param each time.
func (p *Param) Window(axis, lo, hi int) *Param {
	if axis < 0 || axis >= p.Value.Rank() || lo < 0 || lo >= hi || hi > p.Value.Dim(axis) {
		panic(tensor.ShapeError{Op: "autograd.Param.Window", Got: fmt.Sprintf("[%d:%d] of axis %d of %s", lo, hi, axis, p.Name),
			Want: fmt.Sprintf("a window of shape %v", p.Value.Shape())})
	}
	if lo == 0 && hi == p.Value.Dim(axis) {
		return p
	}
	b := p.box
	b.lo[axis], b.hi[axis] = p.box.lo[axis]+lo, p.box.lo[axis]+hi
	whole := p.root()
	for _, w := range whole.windows {
		if w.box == b {
			return w
		}
	}
	w := &Param{Name: p.Name, Value: p.Value.WindowAxis(axis, lo, hi), Grad: p.Grad.WindowAxis(axis, lo, hi), NoDecay: p.NoDecay, whole: whole, box: b}
	whole.windows = append(whole.windows, w)
	return w
}

func (p *Param) root() *Param {
	if p.whole != nil {
		return p.whole
	}
	return p
}

// Touched reports whether the current step has a gradient for the parameter, or for some of it. An untouched parameter is
// what PyTorch calls one whose grad is None: optimisers pass it over.
func (p *Param) Touched() bool {
	p = p.root()
	p.asked = true
	return len(p.regions) > 0
}

// Spans calls yield for every run lo to hi-1 of the parameter's data for which the current step has a gradient, and stops
// where it returns false: for all of it at once if the parameter was used as a whole, not at all if it was not used.
// Of a window it lists the runs of the whole.
func (p *Param) Spans(yield func(lo, hi int) bool) {
	p = p.root()
	p.asked = true
	for i := range p.regions {
		if !p.regions[i].spans(&p.box, yield) {
			return
		}
	}
}

// frozen reports whether nobody wants the gradient of a parameter, which may be nil.
func (p *Param) frozen() bool { return p == nil || p.Frozen || p.root().Frozen }

// trains says whether an operation with parameters, some of which may be nil, must be recorded: whether the gradient of one of them is
// wanted, or that of x, which may be nil, too.
func (tp *Tape) trains(x *Var, params ...*Param) bool {
	if !tp.records {
		return false
	}
	for _, p := range params {
		if !p.frozen() {
			return true
		}
	}
	return x != nil && x.needs
}

// gradSlot returns where to write a gradient contribution, and whether to add it to what is there. What is written for a frozen parameter
// nobody reads.
func (tp *Tape) gradSlot(p *Param) (grad tensor.Tensor, add bool) {
	whole := p.root()
	if p.frozen() {
		return p.Grad, false
	}
	if whole.step != tp.step { // a gradient that another tape has found is none of this step
		whole.step, whole.regions = tp.step, whole.regions[:0]
	}
	if len(whole.regions) == 0 {
		tp.touched = append(tp.touched, whole)
		whole.regions = append(whole.regions, p.box)
		return p.Grad, false
	}
	for i := range whole.regions {
		if whole.regions[i].contains(&p.box) {
			return p.Grad, true
		}
	}
	// Several windows of one parameter in one step. What is new about this one starts as zeros, so that all of it can be
	// added to.
	fresh, spare := append(tp.boxes[0][:0], p.box), tp.boxes[1]
	for i := range whole.regions {
		fresh, spare = subtract(spare[:0], fresh, &whole.regions[i]), fresh
	}
	tp.boxes = [2][]box{fresh, spare}
	if len(fresh) == 1 && fresh[0] == p.box {
		whole.regions = append(whole.regions, p.box)
		return p.Grad, false
	}
	for i := range fresh {
		fresh[i].spans(&whole.box, func(lo, hi int) bool {
			clear(whole.Grad.Data[lo:hi])
			return true
		})
	}
	whole.regions = append(whole.regions, fresh...)
	return p.Grad, true
}

// box is a rectangular range of indices: lo to hi-1 along each axis.
type box struct {
	lo, hi [tensor.MaxRank]int
	rank   int
}

// contains reports whether c lies within b.
func (b *box) contains(c *box) bool {
	for i := range b.rank {
		if c.lo[i] < b.lo[i] || c.hi[i] > b.hi[i] {
			return false
		}
	}
	return true
}

// subtract appends to left boxes that cover what of the given ones lies outside of b. None of them overlap if the given ones do not.
func subtract(left, boxes []box, b *box) []box {
	for _, c := range boxes {
		outside := false
		for i := range b.rank {
			outside = outside || c.hi[i] <= b.lo[i] || c.lo[i] >= b.hi[i]
		}
		if outside {
			left = append(left, c)
			continue
		}
		for i := range b.rank { // cut off what lies before and behind b along each axis
			if c.lo[i] < b.lo[i] {
				cut := c
				cut.hi[i] = b.lo[i]
				left = append(left, cut)
				c.lo[i] = b.lo[i]
			}
			if c.hi[i] > b.hi[i] {
				cut := c
				cut.lo[i] = b.hi[i]
				left = append(left, cut)
				c.hi[i] = b.hi[i]
			}
		}
	}
	return left
}

// spans calls yield for the runs of consecutive elements that make up b in a dense tensor of the shape of whole.
func (b *box) spans(whole *box, yield func(lo, hi int) bool) bool {
	// The trailing axes that b fills make one run with the axis before them.
	inner, run := b.rank-1, 1
	for ; inner > 0 && b.lo[inner] == 0 && b.hi[inner] == whole.hi[inner]; inner-- {
		run *= whole.hi[inner]
	}
	if b.rank == 0 {
		return yield(0, 1)
	}
	index := b.lo
	for {
		lo := 0
		for i := range inner + 1 {
			lo = lo*whole.hi[i] + index[i]
		}
		if !yield(lo*run, (lo+b.hi[inner]-b.lo[inner])*run) {
			return false
		}
		i := inner - 1
		for ; i >= 0; i-- {
			if index[i]++; index[i] < b.hi[i] {
				break
			}
			index[i] = b.lo[i]
		}
		if i < 0 {
			return true
		}
	}
}
