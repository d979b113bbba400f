package figure

import (
	"image/color"
	"strings"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// header is what stands above the axes, where no point can be: the title, what it comes to, what was looked at, and the legend
// where there is something to tell apart.
type header struct {
	title  string
	lines  []string
	legend []entry
}

// entry is what one thing in the legend looks like: a dot, or a line of that style with one.
type entry struct {
	name string
	ink  color.Color
	line *draw.LineStyle
}

// dots are entries in the order of the palette; none where there is nothing to tell apart.
func dots(names []string) []entry {
	if len(names) < 2 {
		return nil
	}
	var all []entry
	for i, name := range names {
		all = append(all, entry{name: name, ink: palette[i%len(palette)]})
	}
	return all
}

var (
	titleStyle  = written(sans(13, xfont.WeightBold), textColor)
	lineStyle   = written(sans(9, xfont.WeightNormal), faintColor)
	legendStyle = written(sans(10, xfont.WeightNormal), textColor)
)

const (
	titleStep  = vg.Length(17)
	lineStep   = vg.Length(13)
	legendStep = vg.Length(16)
)

// lay puts the header on a page of the given width, and says how much height it takes. Nothing is drawn on a nil canvas.
func (h header) lay(c *draw.Canvas, width vg.Length) vg.Length {
	at := vg.Point{X: 2 * margin, Y: -2}
	put := func(style text.Style, s string, step vg.Length) {
		for _, line := range wrap(style, s, width-4*margin) {
			at.Y -= step
			if c != nil {
				c.FillText(style, vg.Point{X: c.Min.X + at.X, Y: c.Max.Y + at.Y}, line)
			}
		}
	}
	put(titleStyle, h.title, titleStep)
	at.Y -= 2
	for _, line := range h.lines {
		put(lineStyle, line, lineStep)
	}
	for i, e := range h.legend {
		sign := vg.Length(12)
		if e.line != nil {
			sign = 26
		}
		needs := sign + legendStyle.Width(e.name) + 16
		if i == 0 || at.X+needs > width-margin {
			at.X, at.Y = 2*margin, at.Y-legendStep
		}
		if c != nil {
			x, y := c.Min.X+at.X, c.Max.Y+at.Y
			middle := (sign - 6) / 2
			if e.line != nil {
				c.StrokeLine2(*e.line, x, y+3.5, x+sign-6, y+3.5)
			}
			c.DrawGlyph(draw.GlyphStyle{Color: e.ink, Radius: 3, Shape: dot{}}, vg.Point{X: x + middle, Y: y + 3.5})
			c.FillText(legendStyle, vg.Point{X: x + sign, Y: y}, e.name)
		}
		at.X += needs
	}
	return 10 - at.Y
}

// wrap breaks text at spaces into lines of at most a width.
func wrap(style text.Style, s string, width vg.Length) []string {
	var lines []string
	for _, word := range strings.Fields(s) {
		if n := len(lines); n > 0 && style.Width(lines[n-1]+" "+word) <= width {
			lines[n-1] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}
