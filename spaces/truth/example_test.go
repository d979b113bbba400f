package truth_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/oneshot-nas/oneshot/spaces/truth"
)

// A table with two runs of each architecture, the second of which one architecture lacks.
func ExampleReadCSV() {
	dir, err := os.MkdirTemp("", "truth")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "ptb.csv")
	table := "architecture,valid_ppl,valid_ppl_2\nA,60,61\nB,58,\n"
	if err := os.WriteFile(path, []byte(table), 0o666); err != nil {
		panic(err)
	}
	t, err := truth.ReadCSV(path, "valid_ppl", "valid_ppl_2")
	if err != nil {
		panic(err)
	}
	for i, score := range t.Scores() {
		fmt.Println(t.Rows[i].Architecture, t.Rows[i].Values, score)
	}
	// Output:
	// A [60 61] -60.5
	// B [58] -58
}
