package rnn_test

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/rnn"
)

// Two words looked up in a table of three.
func ExampleEmbedding() {
	table := []float32{1, 2, 3, 4, 5, 6}
	y := make([]float32, 4)
	rnn.Embedding(y, table, []int32{2, 0}, 2, nil)
	fmt.Println(y)
	// Output: [5 6 1 2]
}

// With all weights zero, every gate is half open and the cell halves at each step.
func ExampleLSTM_Forward() {
	l := rnn.LSTM{Steps: 2, Batch: 1, Input: 1, Hidden: 1}
	w := rnn.LSTMWeights{WIH: make([]float32, 4), WHH: make([]float32, 4), Bias: make([]float32, 4)}
	var m rnn.LSTMMemory
	l.Forward(w, []float32{1, 1}, []float32{0}, []float32{4}, make([]float32, 2), &m)
	fmt.Println(m.Cell(l))
	// Output: [1]
}
