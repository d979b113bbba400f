package study_test

import (
	"fmt"
	"os"

	"github.com/oneshot-nas/oneshot/experiments/study"
)

func Example() {
	dir, err := os.MkdirTemp("", "study")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	type config struct {
		Epochs int
		Seed   uint64
	}
	// The experiment is stopped after each architecture, and takes up its work again.
	for _, architecture := range []string{"a", "b"} {
		s, err := study.Open(dir, config{Epochs: 10, Seed: 42})
		if err != nil {
			fmt.Println(err)
			return
		}
		scores, err := s.Table("scores.csv", "architecture", "accuracy")
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("resumed:", s.Resumed(), "done:", scores.Rows())
		if err := scores.Append(architecture, "93.2"); err != nil {
			fmt.Println(err)
		}
		if err := s.Close(); err != nil {
			fmt.Println(err)
		}
	}
	_, err = study.Open(dir, config{Epochs: 20, Seed: 42})
	fmt.Println(err.(*study.ConfigError).Differences)
	// Output:
	// resumed: false done: []
	// resumed: true done: [[a 93.2]]
	// [{Epochs 10 20}]
}
