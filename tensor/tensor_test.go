package tensor

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// counting returns a tensor of 0, 1, 2, …
func counting(shape ...int) Tensor {
	t := New(shape...)
	for i := range t.Data {
		t.Data[i] = float32(i)
	}
	return t
}

// values lists the elements in the order of their indices, whatever the strides.
func values(t Tensor) []float32 { return t.Clone().Data }

func TestShape(t *testing.T) {
	x := counting(2, 3, 4, 5)
	if x.Rank() != 4 || x.Dim(0) != 2 || x.Dim(-1) != 5 || x.Len() != 120 || x.Rows() != 24 || x.Cols() != 5 || x.LD() != 5 {
		t.Errorf("rank %d, dims %d and %d, %d elements, %d × %d, ld %d", x.Rank(), x.Dim(0), x.Dim(-1), x.Len(), x.Rows(), x.Cols(), x.LD())
	}
	if got := x.Shape(); !slices.Equal(got, []int{2, 3, 4, 5}) {
		t.Errorf("shape %v", got)
	}
	if !x.Dense() || x.IsZero() || !(Tensor{}).IsZero() {
		t.Error("a new tensor is dense and there; the zero value is not")
	}
	if got := x.At(1, 2, 3, 4); got != 119 {
		t.Errorf("last element %v", got)
	}
	scalar := New()
	if scalar.Len() != 1 || scalar.Rows() != 1 || scalar.Cols() != 1 || scalar.LD() != 1 {
		t.Errorf("a scalar has %d elements, %d × %d, ld %d", scalar.Len(), scalar.Rows(), scalar.Cols(), scalar.LD())
	}
	scalar.Set(7)
	if scalar.At() != 7 {
		t.Errorf("a scalar that was set to 7 is %v", scalar.At())
	}
}

func TestWindow(t *testing.T) {
	x := counting(2, 2, 6)
	w := x.Window(2, 5)
	if want := []float32{2, 3, 4, 8, 9, 10, 14, 15, 16, 20, 21, 22}; !slices.Equal(values(w), want) {
		t.Errorf("values %v, want %v", values(w), want)
	}
	if w.LD() != 6 || w.Dense() || w.Rows() != 4 || w.Cols() != 3 {
		t.Errorf("ld %d, dense %v, %d × %d", w.LD(), w.Dense(), w.Rows(), w.Cols())
	}
	if got := len(w.Data); got != 3*6+3 {
		t.Errorf("the window's data has %d floats: it should end with its last element", got)
	}
	w.Set(-1, 1, 0, 2)
	if x.At(1, 0, 4) != -1 {
		t.Error("a window does not share memory")
	}
	if inner := w.Window(1, 2); inner.At(1, 1, 0) != 21 || inner.LD() != 6 {
		t.Errorf("window of a window: %v, ld %d", values(inner), inner.LD())
	}
	if empty := x.Window(3, 3); empty.Len() != 0 || len(empty.Data) != 0 || !empty.Dense() {
		t.Errorf("an empty window holds %d floats, dense %v", len(empty.Data), empty.Dense())
	}
}

// A window of input channels of a convolution weight has no leading dimension.
func TestWindowAxis(t *testing.T) {
	w := counting(2, 1, 4, 3).WindowAxis(2, 1, 3)
	if want := []float32{3, 4, 5, 6, 7, 8, 15, 16, 17, 18, 19, 20}; !slices.Equal(values(w), want) {
		t.Errorf("values %v, want %v", values(w), want)
	}
	if err := Catch(func() { w.LD() }); err == nil {
		t.Error("its rows are not evenly spaced, but LD does not say so")
	}
	if got := counting(2, 1, 4, 3).WindowAxis(0, 1, 2); !got.Dense() || got.LD() != 3 || got.At(0, 0, 0, 0) != 12 {
		t.Errorf("a window of the first axis: dense %v, ld %d", got.Dense(), got.LD())
	}
	// One element of an inner axis leaves the rows of the axis before, which are evenly spaced.
	if got := counting(5, 4, 8).WindowAxis(1, 2, 3); got.LD() != 32 || got.At(1, 0, 0) != 48 {
		t.Errorf("one element of the inner axis: ld %d", got.LD())
	}
}

func TestCopy(t *testing.T) {
	x, y := counting(3, 2, 4), New(3, 2, 8)
	y.Window(2, 6).CopyFrom(x)
	if !slices.Equal(values(y.Window(2, 6)), x.Data) {
		t.Errorf("copied %v", values(y.Window(2, 6)))
	}
	for i, v := range y.Data {
		if c := i % 8; v != 0 && (c < 2 || c >= 6) {
			t.Fatalf("element %d outside the window is %v", i, v)
		}
	}
	y.Window(8, 8).CopyFrom(x.Window(2, 2)) // no elements, in rows that are apart
	x.Fill(5)
	if slices.ContainsFunc(x.Data, func(v float32) bool { return v != 5 }) {
		t.Errorf("filled with 5: %v", x.Data)
	}
}

func TestReshape(t *testing.T) {
	x := counting(2, 3, 4)
	y := x.Reshape(6, 4)
	y.Set(-1, 5, 3)
	if !slices.Equal(y.Shape(), []int{6, 4}) || x.At(1, 2, 3) != -1 {
		t.Errorf("shape %v, last element of the original %v", y.Shape(), x.At(1, 2, 3))
	}
	like := WrapLike(make([]float32, 24), x)
	if !like.SameShape(x) || like.SameShape(y) {
		t.Errorf("WrapLike gives shape %v", like.Shape())
	}
}

func TestTranspose(t *testing.T) {
	x := counting(2, 3, 4, 5) // NCHW
	y := x.Transpose(0, 2, 3, 1)
	if !slices.Equal(y.Shape(), []int{2, 4, 5, 3}) || !y.Dense() {
		t.Fatalf("shape %v", y.Shape())
	}
	for n := range 2 {
		for c := range 3 {
			for h := range 4 {
				for w := range 5 {
					if got, want := y.At(n, h, w, c), x.At(n, c, h, w); got != want {
						t.Fatalf("[%d %d %d %d] is %v, want %v", n, h, w, c, got, want)
					}
				}
			}
		}
	}
	if z := y.Transpose(0, 3, 1, 2); !slices.Equal(z.Data, x.Data) {
		t.Error("there and back is not where it began")
	}
	if z := y.Window(1, 3).Transpose(3, 0, 1, 2); z.At(1, 0, 0, 0) != x.At(0, 2, 0, 0) {
		t.Error("a window is transposed wrongly")
	}
}

// TestShapeErrors: what does not fit panics, and says what it got and what it wants.
func TestShapeErrors(t *testing.T) {
	x := counting(2, 3)
	for want, f := range map[string]func(){
		"tensor.Wrap: got 5 values, want 6 for shape [2 3]":                        func() { Wrap(make([]float32, 5), 2, 3) },
		"tensor.Wrap: got [1 1 1 1 1], want at most 4 axes, none negative":         func() { Wrap(make([]float32, 1), 1, 1, 1, 1, 1) },
		"tensor.Wrap: got [-1 -1], want at most 4 axes, none negative":             func() { Wrap(make([]float32, 1), -1, -1) },
		"tensor.Window: got [2:4] of axis 1, want a window of shape [2 3]":         func() { x.Window(2, 4) },
		"tensor.Window: got [0:1] of axis 2, want a window of shape [2 3]":         func() { x.WindowAxis(2, 0, 1) },
		"tensor.Reshape: got [5], want 6 elements of a dense tensor, not of [2 3]": func() { x.Reshape(5) },
		"tensor.Reshape: got [4], want 4 elements of a dense tensor, not of [2 2]": func() { x.Window(0, 2).Reshape(4) },
		"tensor.At: got [0 3], want indices within [2 3]":                          func() { x.At(0, 3) },
		"tensor.Dim: got axis 2, want one of 2 axes":                               func() { x.Dim(2) },
		"tensor.Dim: got axis -3, want one of 2 axes":                              func() { x.Dim(-3) },
		"tensor.At: got 1 indices, want 2":                                         func() { x.At(0) },
		"tensor.CopyFrom: got [3 2], want [2 3]":                                   func() { x.CopyFrom(New(3, 2)) },
		"tensor.Fill: got a window, want a dense tensor":                           func() { x.Window(0, 2).Fill(1) },
		"tensor.Transpose: got [0 0], want a permutation of 2 axes":                func() { x.Transpose(0, 0) },
		"tensor.Transpose: got [0], want 2 axes":                                   func() { x.Transpose(0) },
	} {
		err := Catch(f)
		var shape ShapeError
		if !errors.As(err, &shape) || err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
	defer func() {
		if p := recover(); p != "other" {
			t.Errorf("Catch kept another panic: %v", p)
		}
	}()
	Catch(func() { panic("other") })
}

// Whatever is done with a tensor that was given back says so, and nothing that is done with it is done in silence.
func TestReleased(t *testing.T) {
	gone := Released()
	if gone.IsZero() || gone.Data != nil {
		t.Error("a tensor that was given back is the zero Tensor, or has data")
	}
	args := map[string][]any{
		"At": {0}, "Set": {float32(1), 0}, "CopyFrom": {New(1)}, "Dim": {0}, "Fill": {float32(1)}, "Reshape": {1}, "SameShape": {New(1)},
		"Stride": {0}, "Transpose": {0}, "Window": {0, 0}, "WindowAxis": {0, 0, 0},
	}
	v := reflect.ValueOf(gone)
	for i := range v.NumMethod() {
		name := v.Type().Method(i).Name
		if name == "IsZero" {
			continue
		}
		var in []reflect.Value
		for _, a := range args[name] {
			in = append(in, reflect.ValueOf(a))
		}
		if err := Catch(func() { v.Method(i).Call(in) }); err == nil || !strings.Contains(err.Error(), "has been given back") {
			t.Errorf("%s: error %v, want one that says that the tensor was given back", name, err)
		}
	}
	one := New(1)
	for name, f := range map[string]func(){
		"WrapLike":  func() { WrapLike(one.Data, gone) },
		"CopyFrom":  func() { one.CopyFrom(gone) },
		"SameShape": func() { one.SameShape(gone) },
	} {
		if err := Catch(f); err == nil || !strings.Contains(err.Error(), "has been given back") {
			t.Errorf("%s: error %v, want one that says that the tensor was given back", name, err)
		}
	}
}

// A shape whose elements cannot be counted is an error, and not a tensor of what is left after the overflow.
func TestShapesThatOverflow(t *testing.T) {
	const half = math.MaxInt/2 + 1
	for _, shape := range [][]int{{half, half}, {half, 4}, {2, half, 2, 3}, {half}, {math.MaxInt, 3}} {
		for name, f := range map[string]func(){
			"New":     func() { New(shape...) },
			"Wrap":    func() { Wrap(nil, shape...) },
			"Reshape": func() { New(0).Reshape(shape...) },
		} {
			var e ShapeError
			if err := Catch(f); !errors.As(err, &e) || e.Op != "tensor."+name || !strings.Contains(e.Want, "address") {
				t.Errorf("%s(%v): error %v", name, shape, err)
			}
		}
	}
	if n := New(half, half, 0).Len(); n != 0 {
		t.Errorf("a tensor of no elements has %d", n)
	}
}
