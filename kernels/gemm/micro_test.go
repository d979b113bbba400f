package gemm

import (
	"fmt"
	"testing"

	"github.com/oneshot-nas/oneshot/internal/limits"
	"github.com/oneshot-nas/oneshot/kernels/memory"
)

// BenchmarkMicro times the inner loops alone, on operands that stay in the level-1 cache: what products could reach if nothing
// had to be copied.
func BenchmarkMicro(b *testing.B) {
	for _, m := range active.micros {
		b.Run(fmt.Sprintf("%dx%d", m.rows, active.cols), func(b *testing.B) {
			k := 192
			p := &args{
				a: memory.Aligned(m.rows * k), aRow: k, aStep: 1, aTile: 0,
				b: memory.Aligned(k * active.cols),
				c: memory.Aligned(4 * m.rows * active.cols), ldc: active.cols,
				rows: 4 * m.rows, cols: active.cols, k: k, add: 1,
			}
			for b.Loop() {
				m.run(p)
			}
			limits.ReportFlops(b, 2*float64(p.rows*p.cols*p.k), 1)
		})
	}
}
