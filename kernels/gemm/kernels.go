package gemm

import (
	"fmt"
	"strings"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
)

// kernels is what an instruction set offers: micro kernels of several heights that share a panel of cols columns of B, the
// tallest first, and the routines that lay panels out.
type kernels struct {
	cols   int
	step   int // how many rows of B make a panel at most
	micros []micro
	// panels copies k rows of a row-major matrix, cut into panels of width columns,
	//
	//	dst[(p·k + i)·width + j] = alpha · src[i·ld + p·width + j]
	//
	// for p·width + j < cols, and zero for what is missing in the last panel. width is at most that of the instruction set.
	panels func(dst, src []float32, ld, k, cols, width int, alpha float32)
	// transposed does the same from the transpose of the matrix, src[(p·width + j)·ld + i], for panels of the instruction
	// set's width. What is missing in the last panel is undefined.
	transposed func(dst, src []float32, ld, k, cols int, alpha float32)
}

// micro computes rows × cols elements of C at a time, in registers.
type micro struct {
	rows int
	run  func(*args)
}

// args describes the work on one panel of B. Offsets and distances count floats. For all rows r and columns j < cols,
//
//	c[r·ldc + j] = Σ_{i<k} a[r/height·aTile + r%height·aRow + i·aStep] · b[i·width + j]   (+ c[r·ldc + j])
//
// where height is that of the micro kernel and width that of the instruction set's panels. Either the steps of A are adjacent, aStep = 1,
// or the rows of a tile are, aRow = 1 and aStep = height. Rows and k are positive. A and B are read as if the last tile and the panel
// were whole; of C, only what exists is touched.
type args struct {
	a                  []float32
	aRow, aStep, aTile int
	b                  []float32
	c                  []float32
	ldc                int
	rows, cols, k      int
	add                int // 1: add to C, 0: overwrite it

	_ [64]byte // the arguments of two blocks, which different threads write, share no cache line
}

var active = kernelsFor(cpu.Selected())

func init() {
	var sizes []string
	for _, m := range active.micros {
		sizes = append(sizes, fmt.Sprintf("%d×%d", m.rows, active.cols))
	}
	cpu.Tiles("gemm", strings.Join(sizes, " "))
}
