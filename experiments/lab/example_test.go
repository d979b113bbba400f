package lab_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/oneshot-nas/oneshot/experiments/lab"
)

// A whole study, so small that its numbers mean nothing: a supernet is trained, architectures are scored with it, then each is trained
// alone.
func Example() {
	dir, err := os.MkdirTemp("", "lab")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	options := new(lab.Options)
	flags := flag.NewFlagSet("example", flag.ContinueOnError)
	options.AddFlags(flags)
	err = flags.Parse([]string{"-space", "nasbenchmacro", "-study", filepath.Join(dir, "study"), "-quiet", "-channels", "4", "-image", "8", "-batch", "16",
		"-archs", "3", "-epochs", "1", "-alone-epochs", "1", "-train-count", "160", "-score-count", "64", "-truth-count", "64"})
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := lab.Open(context.Background(), options)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	evidence, err := l.Evidence(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(evidence.Archs), "architectures, ranked by")
	for _, s := range evidence.All() {
		fmt.Println(s.Name)
	}
	// Output:
	// 3 architectures, ranked by
	// supernet
	// parameters
	// multiply-adds
	// weighted layers
}

// Two tables, without a study.
func ExampleReadEvidence() {
	dir, err := os.MkdirTemp("", "lab")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	scores, truth := filepath.Join(dir, "scores.csv"), filepath.Join(dir, "truth.csv")
	for path, table := range map[string]string{
		scores: "architecture,score\n22212220,3\n00000000,1\n11111111,2\n",
		truth:  "architecture,test_1,test_2\n00000000,80,81\n11111111,91,90\n22212220,93,93.2\n",
	} {
		if err := os.WriteFile(path, []byte(table), 0o666); err != nil {
			fmt.Println(err)
			return
		}
	}
	e, err := lab.ReadEvidence(&lab.Options{Space: "nasbenchmacro", Recipe: "tiny", Scores: []string{scores}, Truth: truth})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, a := range e.Archs {
		fmt.Println(a, e.Scores[0].Values[i], e.Truth.Mean[i])
	}
	// Output:
	// 22212220 3 93.1
	// 00000000 1 80.5
	// 11111111 2 90.5
}
