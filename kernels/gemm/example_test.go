package gemm_test

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/gemm"
)

// A 2×3 matrix times the transpose of a 2×3 matrix.
func ExampleMul() {
	a := gemm.Matrix{Data: []float32{1, 2, 3, 4, 5, 6}, LD: 3}
	b := gemm.Matrix{Data: []float32{1, 0, 1, 0, 1, 0}, LD: 3, Trans: true}
	c := gemm.Matrix{Data: make([]float32, 4), LD: 2}
	gemm.Mul(2, 2, 3, 1, a, b, 0, c)
	fmt.Println(c.Data)
	// Output: [4 2 10 5]
}

// Weights that stay the same are laid out once.
func ExamplePack() {
	w := gemm.Pack(2, 2, 1, gemm.Matrix{Data: []float32{0, 1, 1, 0}, LD: 2})
	y := make([]float32, 2)
	for _, x := range [][]float32{{1, 2}, {3, 4}} {
		w.Mul(1, gemm.Matrix{Data: x, LD: 2}, 0, gemm.Matrix{Data: y, LD: 2})
		fmt.Println(y)
	}
	// Output:
	// [2 1]
	// [4 3]
}
