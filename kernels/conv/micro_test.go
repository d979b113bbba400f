package conv

import (
	"fmt"
	"testing"

	"github.com/oneshot-nas/oneshot/internal/limits"
	"github.com/oneshot-nas/oneshot/kernels/memory"
)

// BenchmarkTile and BenchmarkOuter time the inner loops alone, on operands that stay in the level-1 cache: what the
// passes above could reach if packing were free.
func BenchmarkTile(b *testing.B) {
	tile := func(name string, t tileKernel, run func(*tileArgs)) {
		if run == nil {
			return
		}
		b.Run(fmt.Sprintf("%s%dx%d", name, t.pix, t.block), func(b *testing.B) {
			const c, width = 16, 34
			a := &tileArgs{
				src: memory.Aligned(3*width*c + 64), srcPix: c,
				w: memory.Aligned(9 * c * t.block), taps: []int{0, width * c, 2 * width * c}, k: 3 * c,
				dst: memory.Aligned(32 * t.block), dstPix: t.block,
				tiles: 32 / t.pix, rows: 1, images: 1,
			}
			for b.Loop() {
				run(a)
			}
			limits.ReportFlops(b, 2*32*float64(t.block)*9*c, 1)
		})
	}
	for _, t := range active.tiles {
		tile("", t, t.run)
		tile("row3_", t, t.row3)
	}
}

func BenchmarkOuter(b *testing.B) {
	for _, o := range active.outers {
		b.Run(fmt.Sprintf("%dx%d", o.rows, o.block), func(b *testing.B) {
			const c, pixels = 16, 256
			a := &outerArgs{
				dw: memory.Aligned(o.rows * o.block), dwRow: o.block,
				x: memory.Aligned(pixels*c + 64), xPix: c, dy: memory.Aligned(pixels * o.block), dyPix: o.block,
				cols: pixels, rows: 1,
			}
			for b.Loop() {
				o.run(a)
			}
			limits.ReportFlops(b, 2*pixels*float64(o.rows*o.block), 1)
		})
	}
}
