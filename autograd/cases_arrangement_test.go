package autograd_test

import (
	"slices"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/tensor"
)

// arranged is an operation on inputs of one shape that moves elements: its result has a shape that depends on that of the inputs, and an
// element for each of at, which looks it up.
func arranged(name string, inputs int, free bool, run func(tp *autograd.Tape, x vars) *autograd.Var,
	shape func(in []int) []int, at func(x []array, i []int) float64) opCase {
	return opCase{name, func(s size) *operation {
		var x []tensor.Tensor
		for i := range inputs {
			x = append(x, s.images(uint64(i+1)))
		}
		to := shape(x[0].Shape())
		moved := 2 * tensor.Size(to...)
		o := &operation{
			x: x, apart: free, run: run,
			want: func(x []array) array {
				y := newArray(to...)
				y.each(func(i []int, v *float64) { *v = at(x, i) })
				return y
			},
			moved: moved, movedBack: tensor.Size(to...) + inputs*x[0].Len(),
		}
		if free {
			o.moved = 0
		}
		return o
	}}
}

// sliced are elements lo to len-hi-1 of an axis.
func sliced(name string, axis, lo, hi int, free bool) opCase {
	return arranged(name, 1, free, func(tp *autograd.Tape, x vars) *autograd.Var {
		return autograd.Slice(tp, x[0], axis, lo, x[0].Value.Dim(axis)-hi)
	}, func(in []int) []int {
		in[axis] -= lo + hi
		return in
	}, func(x []array, i []int) float64 {
		i = slices.Clone(i)
		i[axis] += lo
		return x[0].at(i...)
	})
}

// transposedCase has the axes of its input in another order.
func transposedCase(name string, order ...int) opCase {
	return arranged(name, 1, false, func(tp *autograd.Tape, x vars) *autograd.Var {
		return autograd.Transpose(tp, x[0], order...)
	}, func(in []int) []int {
		var shape []int
		for _, axis := range order {
			shape = append(shape, in[axis])
		}
		return shape
	}, func(x []array, i []int) float64 {
		from := make([]int, len(i))
		for j, axis := range order {
			from[axis] = i[j]
		}
		return x[0].at(from...)
	})
}

// catCase puts three inputs behind each other along an axis.
func catCase(name string, axis int) opCase {
	return arranged(name, 3, false, func(tp *autograd.Tape, x vars) *autograd.Var {
		return autograd.Cat(tp, axis-4, x...)
	}, func(in []int) []int {
		in[axis] *= 3
		return in
	}, func(x []array, i []int) float64 {
		n := x[0].shape[axis]
		from := slices.Clone(i)
		from[axis] %= n
		return x[i[axis]/n].at(from...)
	})
}

// stackCase puts two inputs of three axes beside each other along a new one.
func stackCase(name string, axis int) opCase {
	return opCase{name, func(s size) *operation {
		x := []tensor.Tensor{s.words(1, s.pick(5, 650)), s.words(2, s.pick(5, 650))}
		shape := slices.Insert(x[0].Shape(), axis, 2)
		return &operation{
			x:   x,
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Stack(tp, axis, x...) },
			want: func(x []array) array {
				y := newArray(shape...)
				y.each(func(i []int, v *float64) { *v = x[i[axis]].at(slices.Delete(slices.Clone(i), axis, axis+1)...) })
				return y
			},
			moved: 4 * x[0].Len(), movedBack: 4 * x[0].Len(),
		}
	}}
}

// repeatedCase has the elements of its input several times along each axis, one copy behind the other.
func repeatedCase(name string, run func(tp *autograd.Tape, x vars) *autograd.Var, times ...int) opCase {
	return arranged(name, 1, false, run, func(in []int) []int {
		for i := range in {
			in[i] *= times[i]
		}
		return in
	}, func(x []array, i []int) float64 {
		i = slices.Clone(i)
		for j := range i {
			i[j] %= x[0].shape[j]
		}
		return x[0].at(i...)
	})
}

// expandCase is an input of another shape, stretched to that of images.
func expandCase(name string, stretched func(images []int) []int) opCase {
	return opCase{name, func(s size) *operation {
		to := s.images(1).Shape()
		x := gradcheck.Random(1, stretched(slices.Clone(to))...)
		return &operation{
			x:   []tensor.Tensor{x},
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Expand(tp, x[0], to...) },
			want: func(x []array) array {
				y := newArray(to...)
				y.each(func(i []int, v *float64) {
					i = slices.Clone(i[len(i)-len(x[0].shape):])
					for j := range i {
						i[j] %= x[0].shape[j]
					}
					*v = x[0].at(i...)
				})
				return y
			},
			moved: x.Len() + tensor.Size(to...), movedBack: x.Len() + tensor.Size(to...),
		}
	}}
}

func flipCase(name string, axes ...int) opCase {
	return arranged(name, 1, false, func(tp *autograd.Tape, x vars) *autograd.Var {
		return autograd.Flip(tp, x[0], axes...)
	}, func(in []int) []int { return in }, func(x []array, i []int) float64 {
		i = slices.Clone(i)
		for _, axis := range axes {
			i[axis] = x[0].shape[axis] - 1 - i[axis]
		}
		return x[0].at(i...)
	})
}

func padCase(name string, value float32, pads ...[2]int) opCase {
	return arranged(name, 1, false, func(tp *autograd.Tape, x vars) *autograd.Var {
		return autograd.Pad(tp, x[0], value, pads...)
	}, func(in []int) []int {
		for i, p := range pads {
			in[i] += p[0] + p[1]
		}
		return in
	}, func(x []array, i []int) float64 {
		i = slices.Clone(i)
		for j, p := range pads {
			if i[j] -= p[0]; i[j] < 0 || i[j] >= x[0].shape[j] {
				return float64(value)
			}
		}
		return x[0].at(i...)
	})
}

// indices are n that repeat, of an axis of so many elements.
func indices(n, axis int) []int32 {
	index := make([]int32, n)
	for i := range index {
		index[i] = int32((i*i + i/3) % axis)
	}
	return index
}

func indexSelectCase(name string, axis int) opCase {
	return opCase{name, func(s size) *operation {
		x := s.images(1)
		shape := x.Shape()
		index := indices(shape[axis]+3, shape[axis])
		shape[axis] = len(index)
		return &operation{
			x:   []tensor.Tensor{x},
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.IndexSelect(tp, x[0], axis, index) },
			want: func(x []array) array {
				y := newArray(shape...)
				y.each(func(i []int, v *float64) {
					i = slices.Clone(i)
					i[axis] = int(index[i[axis]])
					*v = x[0].at(i...)
				})
				return y
			},
			moved: 2 * tensor.Size(shape...), movedBack: 2*tensor.Size(shape...) + x.Len(),
		}
	}}
}

// picked is where the indices of one more or fewer steps along an axis point, for an element of their shape.
func picked(index []int32, shape []int, axis int, i []int) []int {
	at := 0
	for j, n := range shape {
		at = at*n + i[j]
	}
	i = slices.Clone(i)
	i[axis] = int(index[at])
	return i
}

func gatherCase(name string, axis, more int) opCase {
	return opCase{name, func(s size) *operation {
		x := s.images(1)
		shape := x.Shape()
		shape[axis] += more
		index := indices(tensor.Size(shape...), x.Dim(axis))
		return &operation{
			x:   []tensor.Tensor{x},
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Gather(tp, x[0], axis, index) },
			want: func(x []array) array {
				y := newArray(shape...)
				y.each(func(i []int, v *float64) { *v = x[0].at(picked(index, shape, axis, i)...) })
				return y
			},
			moved: 3 * len(index), movedBack: 3*len(index) + x.Len(),
		}
	}}
}

func scatterAddCase(name string, axis, more int) opCase {
	return opCase{name, func(s size) *operation {
		x := s.images(1)
		shape := x.Shape()
		shape[axis] += more
		src := gradcheck.Random(2, shape...)
		index := indices(src.Len(), x.Dim(axis))
		return &operation{
			x:   []tensor.Tensor{x, src},
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.ScatterAdd(tp, x[0], axis, index, x[1]) },
			want: func(x []array) array {
				y := mapped(x[0], plain)
				x[1].each(func(i []int, v *float64) { *y.p(picked(index, shape, axis, i)...) += *v })
				return y
			},
			moved: 2*x.Len() + 4*len(index), movedBack: 3 * len(index),
		}
	}}
}

// arrangementCases move values about (slices, transpositions, gathering); those of convolutionCases convolve in groups or upwards.
var arrangementCases = slices.Concat([]opCase{
	sliced("Slice", 3, 1, 1, true),
	sliced("Slice/first", 0, 1, 0, true),
	sliced("Slice/middle", 1, 1, 1, false),
	sliced("Slice/inner", 2, 1, 2, false),
	arranged("Slice/step", 1, true, func(tp *autograd.Tape, x vars) *autograd.Var {
		v := x[0].Value
		return autograd.Slice(tp, autograd.Reshape(tp, x[0], v.Dim(0), v.Dim(1)*v.Dim(2), v.Dim(3)), 1, 7, 8)
	}, func(in []int) []int { return []int{in[0], 1, in[3]} }, func(x []array, i []int) float64 {
		return x[0].at(i[0], 7/x[0].shape[2], 7%x[0].shape[2], i[2])
	}),
	arranged("Split", 1, true, func(tp *autograd.Tape, x vars) *autograd.Var {
		parts := autograd.Split(tp, x[0], -1, 2, x[0].Value.Cols()-2-1, 1)
		return parts[1]
	}, func(in []int) []int {
		in[3] -= 3
		return in
	}, func(x []array, i []int) float64 { return x[0].at(i[0], i[1], i[2], i[3]+2) }),
	arranged("Split/all", 1, true, func(tp *autograd.Tape, x vars) *autograd.Var {
		parts := autograd.Split(tp, x[0], 1, 1, x[0].Value.Dim(1)-1)
		return autograd.Cat(tp, 1, parts[1], parts[0])
	}, func(in []int) []int { return in }, func(x []array, i []int) float64 {
		return x[0].at(i[0], (i[1]+1)%x[0].shape[1], i[2], i[3])
	}),
	arranged("Chunk", 1, true, func(tp *autograd.Tape, x vars) *autograd.Var {
		halves := autograd.Chunk(tp, x[0], 2, 2)
		return autograd.Mul(tp, halves[0], halves[1])
	}, func(in []int) []int {
		in[2] /= 2
		return in
	}, func(x []array, i []int) float64 {
		return x[0].at(i...) * x[0].at(i[0], i[1], i[2]+x[0].shape[2]/2, i[3])
	}),
	arranged("Flatten", 1, true, func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Flatten(tp, x[0]) },
		func(in []int) []int { return []int{in[0], in[1] * in[2] * in[3]} },
		func(x []array, i []int) float64 { return x[0].data[i[0]*len(x[0].data)/x[0].shape[0]+i[1]] }),
	arranged("Reshape/rows", 1, true, func(tp *autograd.Tape, x vars) *autograd.Var {
		return autograd.Reshape(tp, x[0], -1, x[0].Value.Cols())
	}, func(in []int) []int { return []int{in[0] * in[1] * in[2], in[3]} },
		func(x []array, i []int) float64 { return x[0].data[i[0]*x[0].cols()+i[1]] }),

	transposedCase("Transpose", 0, 3, 1, 2), // NHWC to NCHW
	transposedCase("Transpose/back", 0, 2, 3, 1),
	transposedCase("Transpose/rows", 1, 0, 2, 3),
	transposedCase("Transpose/reverse", 3, 2, 1, 0),
	transposedCase("Transpose/weights", 3, 0, 2, 1),
	{"Transpose/matrix", func(s size) *operation {
		x := gradcheck.Random(1, s.pick(9, 1000), s.pick(13, 1024))
		return &operation{
			x:     []tensor.Tensor{x},
			run:   func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Transpose(tp, x[0], 1, 0) },
			want:  func(x []array) array { return transposed(x[0]) },
			moved: 2 * x.Len(), movedBack: 2 * x.Len(),
		}
	}},
	flipCase("Flip", 2),
	flipCase("Flip/channels", 1, 3),
	repeatedCase("Repeat", func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Repeat(tp, x[0], 2, 1, 3, 2) }, 2, 1, 3, 2),
	expandCase("Expand", func(images []int) []int { return images[3:] }),
	expandCase("Expand/images", func(images []int) []int { return []int{images[0], 1, 1, images[3]} }),
	expandCase("Expand/channels", func(images []int) []int { return []int{images[1], images[2], 1} }),
	padCase("Pad", 0, [2]int{}, [2]int{2, 1}, [2]int{0, 3}),
	padCase("Pad/channels", -1.5, [2]int{1, 0}, [2]int{}, [2]int{}, [2]int{1, 2}),

	catCase("Cat", 3),
	catCase("Cat/first", 0),
	catCase("Cat/middle", 1),
	stackCase("Stack", 0),
	stackCase("Stack/middle", 1),
	stackCase("Stack/last", 3),

	indexSelectCase("IndexSelect", 0),
	indexSelectCase("IndexSelect/middle", 1),
	indexSelectCase("IndexSelect/channels", 3),
	gatherCase("Gather", 1, 2),
	gatherCase("Gather/channels", 3, -2),
	scatterAddCase("ScatterAdd", 1, 2),
	scatterAddCase("ScatterAdd/channels", 3, -2),
}, convolutionCases)
