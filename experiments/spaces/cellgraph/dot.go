package cellgraph

import (
	"bufio"
	"fmt"
	"io"
)

// WriteDOT writes graphs in the language of Graphviz, each as a cluster of one digraph.
func WriteDOT(w io.Writer, graphs []Graph) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "digraph {\n\tnode [fontname=\"sans-serif\", fontsize=11]\n")
	for i, g := range graphs {
		fmt.Fprintf(b, "\tsubgraph cluster%d {\n\t\tlabel=%q\n", i, g.Name)
		for j, v := range g.Vertices {
			shape := "ellipse"
			if v.Kind == Operation {
				shape = "box"
			}
			fmt.Fprintf(b, "\t\tg%dv%d [label=%q, shape=%s]\n", i, j, v.Label, shape)
		}
		for _, e := range g.Edges {
			fmt.Fprintf(b, "\t\tg%dv%d -> g%dv%d\n", i, e.From, i, e.To)
		}
		fmt.Fprintf(b, "\t}\n")
	}
	fmt.Fprintf(b, "}\n")
	return b.Flush()
}
