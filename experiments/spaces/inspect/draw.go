package inspect

import (
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/spaces/cellgraph"
	"github.com/oneshot-nas/oneshot/experiments/study"
	"github.com/oneshot-nas/oneshot/spaces"
)

var draw = command{
	name: "draw", args: " [ARCH]", help: "draw the cell of an architecture as SVG or DOT",
	define: func(f *flag.FlagSet) func(*call) error {
		path := f.String("o", "", "file to write (default: standard output)")
		format := f.String("format", "", "svg or dot (default: what the name of the file ends with, else svg)")
		return func(c *call) error {
			write, err := writer(*format, *path)
			if err != nil {
				return err
			}
			drawn := 0
			return c.each(func(_ spaces.Space, a spaces.Arch) error {
				if drawn++; drawn > 1 {
					return fmt.Errorf("one picture holds one architecture")
				}
				graphs := cellgraph.Of(a)
				if *path == "" {
					return write(c.out, graphs)
				}
				return study.WriteFile(*path, func(w io.Writer) error { return write(w, graphs) })
			})
		}
	},
}

func writer(format, path string) (func(io.Writer, []cellgraph.Graph) error, error) {
	if format == "" {
		format = strings.TrimPrefix(filepath.Ext(path), ".")
	}
	switch format {
	case "svg", "":
		return cellgraph.WriteSVG, nil
	case "dot", "gv":
		return cellgraph.WriteDOT, nil
	}
	return nil, fmt.Errorf("no format %q, want svg or dot", format)
}
