package tensor_test

import (
	"bytes"
	"fmt"

	"github.com/oneshot-nas/oneshot/tensor"
)

// A window of channels is a tensor that shares memory with the whole.
func ExampleTensor_Window() {
	x := tensor.Wrap([]float32{
		0, 1, 2, 3,
		4, 5, 6, 7,
	}, 2, 4) // two pixels of four channels
	w := x.Window(1, 3)
	w.Set(-1, 0, 0)
	fmt.Println(w.Shape(), w.LD(), x.Data)
	// Output: [2 2] 4 [0 -1 2 3 4 5 6 7]
}

// Buffers go round: what is put back is handed out again.
func ExampleArena() {
	var arena tensor.Arena
	for range 100 {
		x := arena.Get(1024)
		arena.Put(x)
	}
	fmt.Println(arena.Held(), "bytes")
	// Output: 4096 bytes
}

func ExampleWriteSafetensors() {
	var file bytes.Buffer
	err := tensor.WriteSafetensors(&file, []tensor.Named{{Name: "bias", Tensor: tensor.Wrap([]float32{1, 2}, 2)}}, nil)
	if err != nil {
		panic(err)
	}
	f, err := tensor.ReadSafetensors(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		panic(err)
	}
	for _, t := range f.Tensors {
		fmt.Println(t.Name, t.Tensor.Shape(), t.Tensor.Data)
	}
	// Output: bias [2] [1 2]
}

// A shape that does not fit is a programming error; at the edge of a program it can be caught.
func ExampleCatch() {
	err := tensor.Catch(func() { tensor.New(2, 3).Reshape(7) })
	fmt.Println(err)
	// Output: tensor.Reshape: got [7], want 6 elements of a dense tensor, not of [2 3]
}
