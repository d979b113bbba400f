package bf16

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
)

// TestPack compares both packings with their definition, from operands in rows and in columns.
func TestPack(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for i, s := range [][4]int{
		{1, 1, 1, 0}, {16, 32, 1, 0}, {17, 33, 1, 2}, {70, 31, 2, 1}, {128, 100, 1, 0}, {5, 2, 3, 0}, {40, 64, 1, 5},
		{33, 1100, 1, 0}, {64, 47, 9, 0},
	} {
		n, depth, taps, gap := s[0], s[1], s[2], s[3]
		for _, order := range []string{"rows", "columns", "spread"} {
			row, col, size := n+gap, 1, (depth-1)*(n+gap)+n
			switch order {
			case "columns":
				row, col, size = 1, depth+gap, (n-1)*(depth+gap)+depth
			case "spread":
				row, col, size = 2, 2*depth+gap, (n-1)*(2*depth+gap)+2*depth
			}
			t.Run(fmt.Sprint(s, order), func(t *testing.T) {
				b := guard.Sides[i%2](t, taps*size)
				for i := range b {
					b[i] = float32(rng.NormFloat64())
				}
				at := func(tap, k, j int, scale float32) uint16 {
					if k >= depth || j >= n {
						return 0
					}
					return Of(scale * b[tap*size+k*row+j*col])
				}
				dst := halves(t, PackedB(n, depth, taps))
				for i := range dst {
					dst[i] = 0x1234
				}
				PackB(dst, b, n, depth, taps, size, row, col, -0.3)
				padded := Blocks(depth) * Block(depth)
				for i, got := range dst {
					panel, tap, k, j := i/(padded*16*taps), i/(padded*16)%taps, i/32%(padded/2)*2+i%2, i/2%16
					if want := at(tap, k, panel*16+j, -0.3); got != want && got|want != 0x8000 { // zeros have a sign
						t.Fatalf("B[%d][%d][%d] = %#x, want %#x", tap, k, panel*16+j, got, want)
					}
				}
				if order == "spread" {
					return
				}
				for _, ld := range []int{padded, padded + 1, (padded+31)/32*32 + 32} {
					dst := halves(t, (n-1)*ld+padded)
					for i := range dst {
						dst[i] = 0x1234
					}
					PackA(dst, ld, b[:size], n, depth, col, row)
					for i, got := range dst {
						want := uint16(0x1234)
						if i%ld < padded {
							want = at(0, i%ld, i/ld, 1)
						}
						if got != want {
							t.Fatalf("A[%d][%d] = %#x, want %#x", i/ld, i%ld, got, want)
						}
					}
				}
			})
		}
	}
}

func TestIn(t *testing.T) {
	x := make([]float32, 3)
	if y := In(x); len(y) != 6 || unsafe.Pointer(&y[5]) != unsafe.Add(unsafe.Pointer(&x[0]), 10) {
		t.Errorf("In of 3 floats: %d numbers", len(y))
	}
}
