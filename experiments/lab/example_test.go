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
	l, err := lab.Open(options)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	archs := l.Archs()
	scores, err := l.Scores(context.Background(), lab.Variant{}, archs)
	if err != nil {
		fmt.Println(err)
		return
	}
	truth, err := l.Truth(context.Background(), archs)
	if err != nil {
		fmt.Println(err)
		return
	}
	comparison, err := l.Compare(archs, scores, truth)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(comparison.Agreement.N, "architectures, beside the supernet:")
	for _, b := range comparison.Baselines {
		fmt.Println(b.Name)
	}
	// Output:
	// 3 architectures, beside the supernet:
	// parameters
	// multiply-adds
	// weighted layers
}

// Two tables, without a study.
func ExampleJoinTables() {
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
	tables, err := lab.JoinTables(&lab.Options{Space: "nasbenchmacro", Recipe: "tiny", Truth: truth}, scores, "", false)
	if err != nil {
		fmt.Println(err)
		return
	}
	c := tables.Comparison
	fmt.Println(c.Agreement.Kendall.Value, c.TopByScore, c.TopTruth, c.Ceiling.Kendall.Value)
	// Output: 1 22212220 93.1 1
}
