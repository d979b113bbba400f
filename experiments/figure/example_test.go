package figure_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/study"
)

func ExampleScatter() {
	plot := figure.Scatter{
		Title: "NAS-Bench-201, generated images",
		Score: "supernet accuracy, %",
		Truth: "stand-alone accuracy, %",
		Groups: []figure.Group{
			{Name: "sampled", Score: []float64{31.2, 44.1, 12.9, 40.3}, Truth: []float64{61.0, 64.2, 48.5, 63.1}},
			{Name: "best by the supernet", Score: []float64{45.0}, Truth: []float64{63.9}},
		},
	}
	dir, err := os.MkdirTemp("", "figure")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if err := study.WriteFile(filepath.Join(dir, "scatter.svg"), plot.WriteSVG); err != nil {
		fmt.Println(err)
	}
	if err := study.WriteFile(filepath.Join(dir, "scatter.png"), plot.WritePNG); err != nil {
		fmt.Println(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	fmt.Println(len(files), "files")
	// Output: 2 files
}
