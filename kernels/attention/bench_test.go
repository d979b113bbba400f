package attention

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/oneshot-nas/oneshot/internal/limits"
	"github.com/oneshot-nas/oneshot/kernels/memory"
)

// BenchmarkAttention times eight heads of 64 columns over sequences of several lengths, of as many words in all, side by side in rows of
// three times their width as one linear layer makes queries, keys and values. GFLOP/s count two per multiply-add of the products that there
// are by definition, two forward and five backward, half of them in a causal attention; %peak relates them to the multiply-add peak of the
// threads in use.
func BenchmarkAttention(b *testing.B) {
	const heads, dim, words = 8, 64, 4096
	for _, causal := range []bool{false, true} {
		for length := 128; length <= 2048; length *= 2 {
			a := Attention{Batch: words / length, Heads: heads, Queries: length, Keys: length, Dim: dim, ValueDim: dim, Scale: 0.125}
			a.Causal = causal
			qkv, dqkv := memory.Aligned(words*3*heads*dim), memory.Aligned(words*3*heads*dim)
			o, do, lse := memory.Aligned(words*heads*dim), memory.Aligned(words*heads*dim), memory.Aligned(words*heads)
			for i := range qkv {
				qkv[i] = float32(i%17)/8 - 1
			}
			for i := range do {
				do[i] = float32(i%13)/6 - 1
			}
			part := func(x []float32, i int) Rows {
				return Rows{x[i*heads*dim:], length * 3 * heads * dim, 3 * heads * dim}
			}
			whole := func(x []float32) Rows { return Rows{x, length * heads * dim, heads * dim} }
			q, k, v := part(qkv, 0), part(qkv, 1), part(qkv, 2)
			for _, pass := range []struct {
				name     string
				products float64
				run      func()
			}{
				{"fwd", 2, func() { a.Forward(whole(o), q, k, v, Mask{}, lse) }},
				{"bwd", 5, func() {
					a.Backward(part(dqkv, 0), part(dqkv, 1), part(dqkv, 2), whole(do), q, k, v, whole(o), Mask{}, lse)
				}},
			} {
				name := fmt.Sprintf("T%d/%s", length, pass.name)
				if causal {
					name = "causal_" + name
				}
				b.Run(name, func(b *testing.B) {
					pass.run()
					b.ResetTimer()
					for range b.N {
						pass.run()
					}
					flops := 2 * pass.products * words * float64(length) * heads * dim
					if causal {
						flops /= 2
					}
					limits.ReportFlops(b, flops, runtime.GOMAXPROCS(0))
				})
			}
		}
	}
}
