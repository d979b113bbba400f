package figure

import (
	"image/color"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// palette is that of Okabe and Ito without yellow, too faint on white, and black, the colour of text. Strong contrasts
// come first.
var palette = []color.NRGBA{
	{0x00, 0x72, 0xB2, 0xFF}, // blue
	{0xD5, 0x5E, 0x00, 0xFF}, // vermillion
	{0x00, 0x9E, 0x73, 0xFF}, // bluish green
	{0xCC, 0x79, 0xA7, 0xFF}, // reddish purple
	{0xE6, 0x9F, 0x00, 0xFF}, // orange
	{0x56, 0xB4, 0xE9, 0xFF}, // sky blue
}

var (
	background = color.Gray{0xFF}
	textColor  = color.Gray{0x22}
	faintColor = color.Gray{0x55}
	gridColor  = color.Gray{0xE4}
)

const (
	hairline     = vg.Length(0.5)
	margin       = vg.Length(8)
	headerHeight = vg.Length(48)
)

// sans returns a font of the one family of all our figures.
func sans(size vg.Length, weight xfont.Weight) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size, Weight: weight}
}

// written returns a style for text that stands by itself.
func written(f font.Font, ink color.Color) text.Style {
	return text.Style{Color: ink, Font: f, Handler: plot.DefaultTextHandler}
}

// styleAxes labels the axes and takes back what the library draws more heavily than it need.
func styleAxes(p *plot.Plot, x, y string) {
	for _, a := range []struct {
		axis  *plot.Axis
		label string
	}{{&p.X, x}, {&p.Y, y}} {
		a.axis.Label.TextStyle.Color, a.axis.Label.TextStyle.Font = textColor, sans(10, xfont.WeightNormal)
		a.axis.Label.Text = a.label
		a.axis.Label.Padding = 4
		a.axis.Tick.Label.Color, a.axis.Tick.Label.Font = faintColor, sans(9, xfont.WeightNormal)
		a.axis.LineStyle.Color, a.axis.LineStyle.Width = faintColor, hairline
		a.axis.Tick.LineStyle.Color, a.axis.Tick.LineStyle.Width = faintColor, hairline
		a.axis.Tick.Length = 4
		a.axis.Tick.Marker = roundTicks{}
		a.axis.Padding = 0
	}
}

// drawHeader clears the canvas and writes the title and what it comes to in the top left corner, and the legend, where there is something to
// tell apart, in the top right one: outside the axes, where no point can be.
func drawHeader(c draw.Canvas, title, subtitle string, groups []string) {
	c.FillPolygon(background, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
	left := c.Min.X + 2*margin
	c.FillText(written(sans(13, xfont.WeightBold), textColor), vg.Point{X: left, Y: c.Max.Y - 22}, title)
	c.FillText(written(sans(10, xfont.WeightNormal), faintColor), vg.Point{X: left, Y: c.Max.Y - 38}, subtitle)
	if len(groups) < 2 {
		return
	}
	at := vg.Point{X: c.Max.X - 2*margin, Y: c.Max.Y - 38}
	style := written(sans(10, xfont.WeightNormal), textColor)
	for i := len(groups) - 1; i >= 0; i-- {
		at.X -= style.Width(groups[i])
		c.FillText(style, at, groups[i])
		at.X -= 7
		c.DrawGlyph(draw.GlyphStyle{Color: palette[i%len(palette)], Radius: 3, Shape: dot{}}, vg.Point{X: at.X, Y: at.Y + 3.5})
		at.X -= 14
	}
}
