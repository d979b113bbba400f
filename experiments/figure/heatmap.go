package figure

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"strconv"
	"strings"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Heatmap is a table whose numbers are written on the colours that they have.
type Heatmap struct {
	Name     string `json:"name"` // of its files, without an ending
	Title    string `json:"title"`
	Subtitle string `json:"subtitle,omitempty"` // what was looked at: recipe, seed, data, truth

	Rows    []string `json:"rows"`    // from top to bottom
	Columns []string `json:"columns"` // from left to right
	// RowAxis and ColumnAxis say what the rows and columns are.
	RowAxis    string `json:"row_axis,omitempty"`
	ColumnAxis string `json:"column_axis,omitempty"`
	Scale      string `json:"scale"`  // what the numbers are, with unit
	Digits     int    `json:"digits"` // of the numbers in the cells, after the decimal point

	// Cells[i][j] is the number of row i in column j; NaN where there is none.
	Cells []Values `json:"cells"`
	// Weak marks the cells whose number is not significant: they are written in brackets on a pale colour. Nil if none is.
	Weak [][]bool `json:"weak,omitempty"`
	// Diverging numbers have a sign that matters: two colours part at 0. Otherwise one colour grows from the lowest to the highest.
	Diverging bool `json:"diverging,omitempty"`
}

// FileName returns the name of the figure.
func (f *Heatmap) FileName() string { return f.Name }

// Kind returns "heatmap".
func (f *Heatmap) Kind() string { return "heatmap" }

// WritePNG draws the map, as large as its cells need. The error is about the data (cells that do not go with rows and columns, infinite
// values, no number at all) or from w.
func (f *Heatmap) WritePNG(w io.Writer) error {
	sheet, err := f.sheet()
	return writePNG(w, sheet, err)
}

// WriteSVG draws the map as SVG. The errors are those of WritePNG.
func (f *Heatmap) WriteSVG(w io.Writer) error {
	sheet, err := f.sheet()
	return writeSVG(w, sheet, err)
}

const (
	cellHeight  = vg.Length(21)
	labelGap    = vg.Length(6)
	scaleHeight = vg.Length(24)
)

var (
	cellStyle  = aligned(written(sans(9, xfont.WeightNormal), darkInk), text.XCenter)
	labelStyle = written(sans(9, xfont.WeightNormal), textColor)
)

func aligned(s text.Style, x text.XAlignment) text.Style {
	s.XAlign, s.YAlign = x, text.YCenter
	return s
}

// grid is a heat map with the sizes of its parts.
type grid struct {
	*Heatmap
	values          span
	said            []string  // about the scale, line by line
	cell, left, top vg.Length // width of a cell; room for the names of rows and columns
	upright         bool      // the names of columns stand on their heads, being wider than their columns
}

// sheet checks the map and makes it ready.
func (f *Heatmap) sheet() (*sheet, error) {
	g := &grid{Heatmap: f, values: emptyRange, cell: 30}
	if len(f.Cells) != len(f.Rows) || f.Weak != nil && len(f.Weak) != len(f.Rows) {
		return nil, fmt.Errorf("figure: %d rows of cells, %d of weak marks for %d rows", len(f.Cells), len(f.Weak), len(f.Rows))
	}
	for i, row := range f.Cells {
		if len(row) != len(f.Columns) || f.Weak != nil && len(f.Weak[i]) != len(f.Columns) {
			return nil, fmt.Errorf("figure: row %s does not have a cell for each of %d columns", f.Rows[i], len(f.Columns))
		}
		for j, v := range row {
			switch {
			case math.IsInf(v, 0):
				return nil, fmt.Errorf("figure: cell %s, %s is infinite; NaN leaves it out", f.Rows[i], f.Columns[j])
			case !math.IsNaN(v):
				g.values.add(v)
				g.cell = max(g.cell, cellStyle.Width(g.written(i, j))+8)
			}
		}
		g.left = max(g.left, labelStyle.Width(f.Rows[i])+labelGap)
	}
	if g.values == emptyRange {
		return nil, fmt.Errorf("figure: heat map %s has no number to draw", f.Name)
	}
	if f.Diverging {
		most := max(-g.values.low, g.values.high)
		g.values = span{-most, most}
	}
	widest := vg.Length(0)
	for _, name := range f.Columns {
		widest = max(widest, labelStyle.Width(name))
	}
	g.top = lineStep
	if g.upright = widest+4 > g.cell; g.upright {
		if widest <= 64 && vg.Length(len(f.Columns))*(widest+4) < width-g.left {
			g.upright, g.cell = false, widest+4
		} else {
			g.top = widest
		}
	}
	g.top += labelGap
	if f.ColumnAxis != "" {
		g.top += lineStep
	}
	if f.RowAxis != "" {
		g.left += lineStep
	}
	w := max(4.2*vg.Inch, g.left+g.cell*vg.Length(len(f.Columns))+4*margin)
	said := f.Scale
	if f.Weak != nil {
		said += "; in brackets: not significant"
	}
	g.said = wrap(lineStyle, said, w-4*margin)
	h := g.top + cellHeight*vg.Length(len(f.Rows)) + scaleHeight + lineStep*vg.Length(len(g.said)) + margin
	return &sheet{header{title: f.Title, lines: []string{f.Subtitle}}, w, h, g.draw}, nil
}

// written returns what stands in a cell.
func (g *grid) written(i, j int) string {
	s := strconv.FormatFloat(g.Cells[i][j], 'f', g.Digits, 64)
	if strings.Trim(s, "-0.") == "" { // no minus before nothing
		s = strings.TrimPrefix(s, "-")
	}
	if g.weak(i, j) {
		return "(" + s + ")"
	}
	return s
}

func (g *grid) weak(i, j int) bool { return g.Weak != nil && g.Weak[i][j] }

func (g *grid) draw(c draw.Canvas) {
	left, top := c.Min.X+margin+g.left, c.Max.Y-g.top
	right := left + g.cell*vg.Length(len(g.Columns))
	bottom := top - cellHeight*vg.Length(len(g.Rows))
	for j, name := range g.Columns {
		at := vg.Point{X: left + g.cell*(vg.Length(j)+0.5), Y: top + labelGap}
		style := labelStyle
		if g.upright {
			style.Rotation, style.YAlign = math.Pi/2, text.YCenter
		} else {
			style.XAlign = text.XCenter
		}
		c.FillText(style, at, name)
	}
	faint := aligned(lineStyle, text.XCenter)
	if g.ColumnAxis != "" {
		c.FillText(faint, vg.Point{X: (left + right) / 2, Y: c.Max.Y - lineStep/2}, g.ColumnAxis)
	}
	if g.RowAxis != "" {
		turned := faint
		turned.Rotation = math.Pi / 2
		c.FillText(turned, vg.Point{X: c.Min.X + margin, Y: (top + bottom) / 2}, g.RowAxis)
	}
	for i, name := range g.Rows {
		y := top - cellHeight*(vg.Length(i)+0.5)
		c.FillText(aligned(labelStyle, text.XRight), vg.Point{X: left - labelGap, Y: y}, name)
		for j, v := range g.Cells[i] {
			if math.IsNaN(v) {
				continue
			}
			x := left + g.cell*vg.Length(j)
			fill := g.color(v)
			if g.weak(i, j) {
				fill = mix(paper, fill, 0.25)
			}
			rectangle(c, fill, x+0.5, y-cellHeight/2+0.5, x+g.cell-0.5, y+cellHeight/2-0.5)
			style := cellStyle
			style.Color = inkOn(fill)
			c.FillText(style, vg.Point{X: x + g.cell/2, Y: y}, g.written(i, j))
		}
	}
	g.scale(c, left, bottom-14)
}

// scale draws what the colours mean.
func (g *grid) scale(c draw.Canvas, x, y vg.Length) {
	const steps, step = 40, vg.Length(3)
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', g.Digits, 64) }
	style := aligned(lineStyle, text.XLeft)
	c.FillText(style, vg.Point{X: x, Y: y}, number(g.values.low))
	x += lineStyle.Width(number(g.values.low)) + 4
	for i := range steps {
		v := g.values.low + (g.values.high-g.values.low)*(float64(i)+0.5)/steps
		rectangle(c, g.color(v), x, y-4, x+step, y+4)
		x += step
	}
	c.FillText(style, vg.Point{X: x + 4, Y: y}, number(g.values.high))
	for _, line := range g.said {
		y -= lineStep
		c.FillText(style, vg.Point{X: c.Min.X + margin, Y: y - 2}, line)
	}
}

func rectangle(c draw.Canvas, fill color.Color, x0, y0, x1, y1 vg.Length) {
	c.FillPolygon(fill, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
}

// color returns the colour of a number.
func (g *grid) color(v float64) color.NRGBA {
	if g.values.high == g.values.low {
		return mix(paper, heatHigh, 0.5)
	}
	if !g.Diverging {
		return mix(paper, heatLow, (v-g.values.low)/(g.values.high-g.values.low))
	}
	if v < 0 {
		return mix(paper, heatLow, v/g.values.low)
	}
	return mix(paper, heatHigh, v/g.values.high)
}

// mix returns the colour on the way from one to another.
func mix(from, to color.NRGBA, share float64) color.NRGBA {
	at := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + share*(float64(b)-float64(a)))) }
	return color.NRGBA{at(from.R, to.R), at(from.G, to.G), at(from.B, to.B), 0xFF}
}

// inkOn returns the ink that stands out on a colour.
func inkOn(fill color.NRGBA) color.Color {
	if 0.299*float64(fill.R)+0.587*float64(fill.G)+0.114*float64(fill.B) < 140 {
		return lightInk
	}
	return darkInk
}
