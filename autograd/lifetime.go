package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// fate says what has become of a value.
type fate uint8

const (
	unmade fate = iota // no tape has made it
	inUse
	givenBackByBackward
	givenBackByBlock
	givenBackByReset
	overwritten
)

var fates = [...]string{
	unmade:              "that no tape has made",
	givenBackByBackward: "that Backward has gone through",
	givenBackByBlock:    "that was given back at the end of a Block",
	givenBackByReset:    "of a step that Reset or NextPath has ended",
	overwritten:         "whose gradient CrossEntropyInPlace has put in its place",
}

var remedies = [...]string{
	unmade:              "one that Constant, Variable or an operation has made",
	givenBackByBackward: "one made since; Keep, called before, lets it be read, and a Constant of what it holds be computed with",
	givenBackByBlock:    "one that the Block returns, does not consume, or was told to Keep",
	givenBackByReset:    "one of this step; what outlives a step is a Clone of the Value, and is put on the tape anew",
	overwritten:         "one that it leaves alone: CrossEntropy does",
}

// has reports whether x is a value of the tape that is in use.
func (tp *Tape) has(x *Var) bool { return x != nil && x.tape == tp && x.fate == inUse }

// Check panics, in the name of a function op, unless xs are values of this tape that are in use. Operations begin with it; a layer of one's
// own that looks at the Value of what it is given does, too.
func (tp *Tape) Check(op string, xs ...*Var) {
	for i, x := range xs {
		if !tp.has(x) {
			tp.refuse(op, i, len(xs), x)
		}
	}
}

// refuse says what is wrong with operand i of so many.
func (tp *Tape) refuse(op string, i, of int, x *Var) {
	operand := "an operand"
	if of > 1 {
		operand = fmt.Sprintf("operand %d of %d", i+1, of)
	}
	if x != nil && x.fate == inUse {
		panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("for %s a value %s of another tape", operand, shapeOf(x)),
			Want: "values of one tape: Constant takes over what another one has computed"})
	}
	refuse(op, x, operand)
}

// refuse panics because of a value that is not in use.
func refuse(op string, x *Var, operand string) {
	if x == nil {
		panic(tensor.ShapeError{Op: op, Got: "nil for " + operand, Want: "a value: Constant makes one of a tensor"})
	}
	panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("for %s a value %s", operand, fates[x.fate]), Want: remedies[x.fate]})
}

// checkParams panics unless the parameters of an operation are there.
func checkParams(op string, ps ...*Param) {
	for i, p := range ps {
		if p == nil {
			panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("nil for parameter %d of %d", i+1, len(ps)),
				Want: "one that NewParam has made"})
		}
	}
	checkAnyParams(op, ps...)
}

// checkAnyParams is checkParams for those that may be nil.
func checkAnyParams(op string, ps ...*Param) {
	for i, p := range ps {
		if p != nil && p.box.rank != p.Value.Rank() {
			got := fmt.Sprintf("for parameter %d of %d a Param %q that is put together by hand", i+1, len(ps), p.Name)
			panic(tensor.ShapeError{Op: op, Got: got, Want: "one that NewParam has made"})
		}
	}
}

// Keep keeps a value beyond the end of a [Tape.Block] and, with its gradient ([Var.Grad]), beyond Backward, until Reset or NextPath.
// It is called before that, and returns v. Other values have been given back by then, except those of a single element, such as a
// loss, which can be read until Reset all the same. No value can be computed with, once Backward has gone through the operation that
// made it: no gradient would find its way back.
//
// A value that was given back is found out wherever it is used: by operations, Grad and Backward at once, and its Value is
// [tensor.Released]. Vars are used again by the second step after the one that made them, so that one that was held on to for longer
// may be another. A slice or a tensor that was taken out of Value before shows whatever uses its memory next.
func (tp *Tape) Keep(v *Var) *Var {
	tp.Check("autograd.Tape.Keep", v)
	v.kept, tp.keeps = true, true
	return v
}

// forget gives back a value that nobody will read.
func (tp *Tape) forget(v *Var) {
	if v.kept || v.fate != inUse {
		return
	}
	tp.drop(v)
	v.Value, v.fate = tensor.Released(), givenBackByBlock
}

// finished gives back a value that Backward has gone through, unless somebody may read it.
func (tp *Tape) finished(v *Var) {
	if v.fate == overwritten { // and so has been read for the last time
		v.kept = false
	}
	v.fate = givenBackByBackward
	if v.kept {
		tp.unref(v.grad)
		tp.unref(v.lazy.g)
		v.grad, v.lazy, v.final = v.final, lazy{}, nil
		return
	}
	if v.Value.Len() == 1 && len(v.Value.Data) > 0 {
		v.scalar[0] = v.Value.Data[0]
		v.Value.Data = v.scalar[:]
	} else {
		v.Value = tensor.Released()
	}
	tp.drop(v)
}

// gradientCopy returns a dense copy of the gradient of v, and leaves that as it is: a convolution that reads a lazy one may round
// otherwise. It returns nil if there is none.
func (tp *Tape) gradientCopy(v *Var) *buffer {
	switch l := &v.lazy; {
	case l.g != nil:
		g := tp.gradient(v)
		affine(g, false, v, l.g, l.a, l.b, l.c)
		return g
	case v.grad != nil:
		g := tp.gradient(v)
		vec.CopyRows(g.data, g.ld, v.grad.data, v.grad.ld, v.Value.Rows(), v.Value.Cols())
		return g
	}
	return nil
}

// varSlabs hand out Vars alternately from one step to the next, so that one that is used again is no Var of the step before: whoever has
// held on to one of those finds it given back, and not somebody else's.
type varSlabs [2]slab[Var]

func (s *varSlabs) get(tp *Tape) *Var {
	v := s[tp.paths%2].get(tp)
	v.tape, v.fate = tp, inUse
	return v
}

// live lists the Vars of this step.
func (s *varSlabs) live(tp *Tape) []*Var { return s[tp.paths%2].live(tp) }

// forgetAll ends the step of all Vars.
func (s *varSlabs) forgetAll(tp *Tape) {
	for _, v := range s.live(tp) {
		tp.drop(v)
		tp.unref(v.final)
		*v = Var{sum: v.sum, sumsq: v.sumsq, Value: tensor.Released(), fate: givenBackByReset}
	}
	tp.paths++
}
