package progress_test

import (
	"os"

	"github.com/oneshot-nas/oneshot/experiments/progress"
)

func Example() {
	const quiet = false // what a flag -quiet would set
	task := progress.New(os.Stderr, quiet).Start("supernet", "steps", 300, 0)
	defer task.End() // also when the work is interrupted: it then says where
	for range 300 {
		// One training step.
		task.Note("loss %.3f", 2.302)
		task.Add(1)
	}
}
