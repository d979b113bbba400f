package nn

import (
	"fmt"
	"strings"

	"github.com/oneshot-nas/oneshot/tensor"
)

// Layout is how PyTorch arranges the axes of a parameter. Layers say it of the weights that they make ([Scope.Weight]), since
// it does not show in the shape.
type Layout int

const (
	SameLayout Layout = iota // as ours: biases, batch norms, embeddings
	OIHW                     // the weight of a convolution, depthwise ones ([C][1][K][K]) included; ours is HWIO
	OI                       // the weight of a linear layer; ours is IO
	twoBiases                // our bias is the sum of two, as in LSTM: bias_l0 is bias_ih_l0 + bias_hh_l0
)

// convert returns a tensor in PyTorch's layout in ours.
func (l Layout) convert(t tensor.Tensor) (tensor.Tensor, error) {
	order, ok := map[Layout][]int{OIHW: {2, 3, 1, 0}, OI: {1, 0}}[l]
	switch {
	case !ok:
		return t, nil
	case len(order) != t.Rank():
		return tensor.Tensor{}, fmt.Errorf("shape %v, want %d axes", t.Shape(), len(order))
	}
	return t.Transpose(order...), nil
}

// FromPyTorch converts a tensor that PyTorch has computed for the parameter or buffer of the given name (its value, its
// gradient, …) to our layout, in which it has the shape of the parameter.
func (s *Store) FromPyTorch(name string, t tensor.Tensor) (tensor.Tensor, error) {
	for _, n := range s.named() {
		if n.Name == name {
			return s.fromPyTorch(n, t)
		}
	}
	return tensor.Tensor{}, fmt.Errorf("nn: the model has no parameter or buffer %q", name)
}

func (s *Store) fromPyTorch(n tensor.Named, t tensor.Tensor) (tensor.Tensor, error) {
	ours, err := s.layouts[n.Name].convert(t)
	if err == nil && !ours.SameShape(n.Tensor) {
		err = fmt.Errorf("shape %v in PyTorch's layout and %v in ours, want %v", t.Shape(), ours.Shape(), n.Tensor.Shape())
	}
	if err != nil {
		return tensor.Tensor{}, fmt.Errorf("tensor %q: %w", n.Name, err)
	}
	return ours, nil
}

// LoadPyTorch reads a model from a safetensors file with a state dict of PyTorch, in PyTorch's layouts and under the same
// names. The counts of batches that PyTorch's batch norms keep (num_batches_tracked) are passed over. Tensors of types that we do
// not read, such as masks (BOOL), are returned, for the caller to print; the model cannot need one. If anything does not fit the
// error says what, and the model is not changed.
func LoadPyTorch(path string, s *Store) (skipped []tensor.Skipped, err error) {
	f, err := tensor.LoadSafetensors(path)
	if err != nil {
		return nil, err
	}
	for _, t := range f.Skipped {
		for _, n := range s.named() {
			if n.Name == t.Name {
				return nil, fmt.Errorf("%s: the tensor %v cannot be read, want at most %d axes of F32, F64, F16 or BF16",
					path, t, tensor.MaxRank)
			}
		}
	}
	if err := s.restorePyTorch(f.Tensors); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f.Skipped, nil
}

func (s *Store) restorePyTorch(tensors []tensor.Named) error {
	theirs := newFile(tensors)
	for name := range theirs.left {
		if strings.HasSuffix(name, ".num_batches_tracked") {
			delete(theirs.left, name)
		}
	}
	// The same file in our layout.
	ours := newFile(nil)
	for _, n := range s.named() {
		t, ok := theirs.left[n.Name]
		delete(theirs.left, n.Name)
		if !ok && s.layouts[n.Name] == twoBiases {
			t, ok = theirs.takeTwoBiases(n.Name)
		}
		if !ok {
			continue // ours.want will miss it
		}
		t, err := s.fromPyTorch(n, t)
		if err != nil {
			return err
		}
		ours.left[n.Name] = t
	}
	ours.want(s.named(), "")
	for name, t := range theirs.left {
		ours.left[name] = t
	}
	if err := ours.fits(); err != nil {
		return err
	}
	ours.assign()
	return nil
}

// takeTwoBiases returns the sum of bias_ih… and bias_hh… for the name bias….
func (f *file) takeTwoBiases(name string) (sum tensor.Tensor, ok bool) {
	scope, last, _ := cutLast(name, ".")
	var both [2]tensor.Tensor
	for i, which := range []string{"bias_ih", "bias_hh"} {
		full := scope + "." + which + strings.TrimPrefix(last, "bias")
		if both[i], ok = f.left[full]; !ok {
			return tensor.Tensor{}, false
		}
		defer delete(f.left, full)
	}
	if !both[0].SameShape(both[1]) {
		return tensor.Tensor{}, false
	}
	sum = both[0].Clone()
	for i, v := range both[1].Data {
		sum.Data[i] += v
	}
	return sum, true
}
