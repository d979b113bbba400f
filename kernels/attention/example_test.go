package attention_test

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/attention"
)

func ExampleAttention_Forward() {
	// One head of two columns: three words, each of which sees itself and those before it. The first two are alike.
	q := attention.Rows{Data: []float32{1, 0, 1, 0, 0, 1}, LD: 2}
	v := attention.Rows{Data: []float32{10, 20, 60}, LD: 1}
	o, lse := attention.Rows{Data: make([]float32, 3), LD: 1}, make([]float32, 3)
	a := attention.Attention{Batch: 1, Heads: 1, Queries: 3, Keys: 3, Dim: 2, ValueDim: 1, Scale: 10, Causal: true}
	a.Forward(o, q, q, v, attention.Mask{}, lse)
	fmt.Printf("%.2f\n", o.Data)
	// Output: [10.00 15.00 60.00]
}
