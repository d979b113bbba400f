package nn

import (
	"fmt"
	"slices"

	"github.com/oneshot-nas/oneshot/tensor"
)

// Layout is how PyTorch arranges the axes of a parameter. Layers say it of the weights that they make ([Scope.Weight]), since
// it does not show in the shape.
type Layout int

const (
	SameLayout Layout = iota // as ours: biases, norms, embeddings
	OIHW                     // the weight of a convolution, depthwise ones ([C][1][K][K]) included; ours is HWIO
	OIW                      // the weight of a convolution along one axis; ours is WIO
	OI                       // the weight of a linear layer; ours is IO
)

// arrangement is what is to be known about a parameter or buffer to find it in a state dict of PyTorch.
type arrangement struct {
	layout Layout
	// h×w are the pixels of the images that a linear layer reads, if they are not 0: we flatten them as HWC, PyTorch as CHW.
	h, w   int
	biases biases
	// tied are other names that PyTorch has for the same parameter.
	tied []string
}

// biases says how a bias of a recurrent layer comes from PyTorch's two, bias_ih_l0 of the input and bias_hh_l0 of the state.
type biases int

const (
	unrelated    biases = iota // it does not
	biasSum                    // bias_l0 is their sum
	gruBias                    // bias_l0 is their sum, but for the candidate's third, where it is bias_ih_l0
	gruStateBias               // bias_hn_l0 is the candidate's third of bias_hh_l0
)

// names lists what PyTorch calls the tensors that make up what we call name.
func (a *arrangement) names(name string) []string {
	scope, last, _ := cutLast(name, ".")
	_, layer, _ := cutLast(last, "_l")
	switch in, state := scope+".bias_ih_l"+layer, scope+".bias_hh_l"+layer; a.biases {
	case biasSum, gruBias:
		return []string{in, state}
	case gruStateBias:
		return []string{state}
	}
	return []string{name}
}

// part is what the tensor of the i-th of its names adds to one of ours with the given shape.
func (a *arrangement) part(i int, t tensor.Tensor, shape []int) (tensor.Tensor, error) {
	if a.biases != gruStateBias {
		t, err := a.fromPyTorch(t, shape)
		if err == nil && a.biases == gruBias && i == 1 {
			t = t.Clone()
			clear(t.Data[2*shape[0]/3:])
		}
		return t, err
	}
	h := shape[0]
	if _, err := a.fromPyTorch(t, []int{3 * h}); err != nil {
		return tensor.Tensor{}, err
	}
	return tensor.Wrap(t.Data[2*h:], h), nil
}

// parts is the reverse: what PyTorch has of ours, under its names.
func (a *arrangement) parts(n tensor.Named) []tensor.Named {
	names, t := a.names(n.Name), a.toPyTorch(n.Tensor)
	switch a.biases {
	case biasSum:
		return []tensor.Named{{Name: names[0], Tensor: t}, {Name: names[1], Tensor: tensor.New(t.Shape()...)}}
	case gruStateBias:
		all := tensor.New(3 * t.Len())
		copy(all.Data[2*t.Len():], t.Data)
		t = all
	}
	return []tensor.Named{{Name: names[0], Tensor: t}}
}

// axes describes how PyTorch arranges what has the given shape with us: cut into axes of its own, of which axis i of ours, likewise
// cut, is axis order[i].
func (a *arrangement) axes(ours []int) (theirs, cut, order []int) {
	switch a.layout {
	case OIHW:
		theirs = []int{ours[3], ours[2], ours[0], ours[1]}
		return theirs, theirs, []int{2, 3, 1, 0}
	case OIW:
		theirs = []int{ours[2], ours[1], ours[0]}
		return theirs, theirs, []int{2, 1, 0}
	case OI:
		theirs = []int{ours[1], ours[0]}
		if a.h > 0 {
			return theirs, []int{ours[1], ours[0] / (a.h * a.w), a.h, a.w}, []int{2, 3, 1, 0}
		}
		return theirs, theirs, []int{1, 0}
	}
	return ours, ours, []int{0, 1, 2, 3}[:len(ours)]
}

// fromPyTorch converts a tensor in PyTorch's layout to ours, in which it has the given shape.
func (a *arrangement) fromPyTorch(t tensor.Tensor, shape []int) (tensor.Tensor, error) {
	theirs, cut, order := a.axes(shape)
	if got := t.Shape(); !slices.Equal(got, theirs) {
		return tensor.Tensor{}, fmt.Errorf("shape %v, want %v%s", got, theirs, difference(got, theirs))
	}
	if slices.IsSorted(order) {
		return t, nil
	}
	return tensor.Wrap(tensor.Wrap(t.Data, cut...).Transpose(order...).Data, shape...), nil
}

// toPyTorch converts a tensor of ours to PyTorch's layout.
func (a *arrangement) toPyTorch(t tensor.Tensor) tensor.Tensor {
	theirs, cut, order := a.axes(t.Shape())
	if slices.IsSorted(order) {
		return t
	}
	ours, back := make([]int, len(order)), make([]int, len(order))
	for i, axis := range order {
		ours[i], back[axis] = cut[axis], i
	}
	return tensor.Wrap(tensor.Wrap(t.Data, ours...).Transpose(back...).Data, theirs...)
}

// difference guesses why a tensor of a file has not the shape that is wanted, both as PyTorch has them.
func difference(got, want []int) string {
	permuted := func(order ...int) bool {
		if len(order) != len(got) || len(order) != len(want) {
			return false
		}
		for i, axis := range order {
			if got[i] != want[axis] {
				return false
			}
		}
		return true
	}
	switch {
	case permuted(1, 0):
		return ": it seems to be [in][out], and PyTorch's linear layers have [out][in]"
	case permuted(2, 3, 1, 0):
		return ": it seems to be [height][width][in][out], and PyTorch's convolutions have [out][in][height][width]"
	case permuted(0, 2, 3, 1):
		return ": it seems to be [out][height][width][in], and PyTorch's convolutions have [out][in][height][width]"
	case tensor.Size(got...) == tensor.Size(want...):
		return ": as many elements, arranged in another way"
	case len(got) != len(want) || len(got) == 0:
		return fmt.Sprintf(": %d axes and not %d: the parameter of a layer of another kind", len(got), len(want))
	case slices.Equal(got[1:], want[1:]):
		return fmt.Sprintf(": the layer has %d outputs there, such as classes, and %d here", got[0], want[0])
	case len(got) == 1 || got[0] != want[0]:
		return ": the network is of another width"
	case slices.Equal(got[2:], want[2:]):
		return fmt.Sprintf(": the layer has %d inputs there and %d here, or is divided into other groups", got[1], want[1])
	}
	return ": the kernel of the convolution is of another size"
}

// FromPyTorch converts a tensor that PyTorch has computed for the parameter or buffer of the given name (its value, its
// gradient, …) to our layout, in which it has the shape of the parameter.
func (s *Store) FromPyTorch(name string, t tensor.Tensor) (tensor.Tensor, error) {
	for _, n := range s.named() {
		if n.Name == name {
			ours, err := s.arrangement(name).fromPyTorch(t, n.Tensor.Shape())
			if err != nil {
				return tensor.Tensor{}, fmt.Errorf("tensor %q: %w", name, err)
			}
			return ours, nil
		}
	}
	return tensor.Tensor{}, fmt.Errorf("nn: the model has no parameter or buffer %q", name)
}

// arrangement is what PyTorch makes of the parameter or buffer of the given name.
func (s *Store) arrangement(name string) *arrangement {
	if a := s.arrangements[name]; a != nil {
		return a
	}
	return &arrangement{}
}
