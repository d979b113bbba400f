package optim_test

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/optim"
)

func ExampleSGD() {
	p, v := []float32{1, -1}, []float32{0, 0}
	g := []float32{30, 40} // norm 50
	step := optim.SGD{LR: 0.5, Momentum: 0.9, GradScale: optim.ClipFactor(30*30+40*40, 5)}
	step.Apply(p, v, g)
	fmt.Printf("%.4f %.4f\n", p, v)
	step.Apply(p, v, g)
	fmt.Printf("%.4f %.4f\n", p, v)
	// Output:
	// [-0.5000 -3.0000] [3.0000 4.0000]
	// [-3.3500 -6.8000] [5.7000 7.6000]
}
