package cellgraph

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
)

const (
	margin      = 20.0
	titleHeight = 30.0
)

// WriteSVG draws graphs side by side.
func WriteSVG(w io.Writer, graphs []Graph) error {
	width, height := margin, 0.0
	layouts := make([]*layout, len(graphs))
	for i, g := range graphs {
		l := newLayout(g)
		layouts[i] = l
		width += l.right - l.left + margin
		height = max(height, titleHeight+layerHeight*float64(len(l.layers))+margin)
	}
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="11">
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#555"/></marker></defs>
<rect width="100%%" height="100%%" fill="#fff"/>
`, width, height, width, height)
	x := margin
	for i, g := range graphs {
		writeGraph(b, g, layouts[i], x)
		x += layouts[i].right - layouts[i].left + margin
	}
	fmt.Fprintln(b, "</svg>")
	return b.Flush()
}

// writeGraph draws one graph whose left end is at x.
func writeGraph(b *bufio.Writer, g Graph, l *layout, x float64) {
	fmt.Fprintf(b, "<g transform=\"translate(%.1f 0)\">\n<text x=\"%.1f\" y=\"20\" font-size=\"13\" font-weight=\"bold\">%s</text>\n", x-l.left, l.left, escape(g.Name))
	y := func(p *point) float64 { return titleHeight + layerHeight*(float64(p.layer)+0.5) }
	for _, path := range l.paths {
		from := path[0]
		fmt.Fprintf(b, `<path fill="none" stroke="#555" marker-end="url(#arrow)" d="M%.1f %.1f`, from.x, y(from)+boxHeight/2)
		top := y(from) + boxHeight/2
		for _, p := range path[1:] {
			bottom := y(p)
			if p.vertex >= 0 {
				bottom -= boxHeight / 2
			}
			bend := (bottom - top) / 2
			fmt.Fprintf(b, " C%.1f %.1f %.1f %.1f %.1f %.1f", from.x, top+bend, p.x, bottom-bend, p.x, bottom)
			from, top = p, bottom
		}
		fmt.Fprintln(b, `"/>`)
	}
	for i, p := range l.points {
		round, fill, stroke := boxHeight/2, "#f2f2f2", "#555"
		if g.Vertices[i].Kind == Operation {
			round, fill, stroke = 3, "#d6e9f8", "#0072b2"
		}
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.0f" rx="%.0f" fill="%s" stroke="%s"/><text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n",
			p.x-p.width/2, y(p)-boxHeight/2, p.width, boxHeight, round, fill, stroke, p.x, y(p)+4, escape(g.Vertices[i].Label))
	}
	fmt.Fprintln(b, "</g>")
}

func escape(s string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(s)) // a bytes.Buffer takes everything
	return b.String()
}
