package softmax_test

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/softmax"
)

func ExampleCrossEntropy() {
	logits := []float32{
		2, 0, 0, // predicted class 0
		0, 0, 1, // predicted class 2
	}
	labels := []int32{0, 1}
	dLogits := make([]float32, len(logits))
	loss, correct := softmax.CrossEntropy(dLogits, logits, labels, 3, 0, 1./2)
	fmt.Printf("mean loss %.4f, %d of 2 correct\n", loss/2, correct)
	fmt.Printf("%.4f\n", dLogits)
	// Output:
	// mean loss 0.8955, 1 of 2 correct
	// [-0.1065 0.0533 0.0533 0.1060 -0.3940 0.2881]
}
