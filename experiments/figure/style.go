package figure

import (
	"image/color"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
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

// onDark is the palette for dark pages, where the blue and the vermillion of the other would be too dark to read.
var onDark = []color.NRGBA{
	{0x4D, 0xB0, 0xF0, 0xFF},
	{0xFF, 0x8A, 0x3D, 0xFF},
	{0x2D, 0xC9, 0x9C, 0xFF},
	{0xE0, 0x9B, 0xC4, 0xFF},
	{0xF2, 0xC1, 0x4B, 0xFF},
	{0xA6, 0xD8, 0xF5, 0xFF},
}

var (
	background = color.Gray{0xFF}
	textColor  = color.Gray{0x22}
	faintColor = color.Gray{0x55}
	gridColor  = color.Gray{0xE4}

	// Of heat maps: the two ends of what diverges, told apart with any colour vision, their middle, and the inks on them.
	heatLow  = color.NRGBA{0x00, 0x5F, 0x99, 0xFF}
	heatHigh = color.NRGBA{0xC4, 0x52, 0x00, 0xFF}
	paper    = color.NRGBA{0xF4, 0xF4, 0xF2, 0xFF}
	darkInk  = color.Gray{0x11}
	lightInk = color.Gray{0xFC}
)

const (
	hairline = vg.Length(0.5)
	margin   = vg.Length(8)
)

// sans returns a font of the one family of all our figures.
func sans(size vg.Length, weight xfont.Weight) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size, Weight: weight}
}

// written returns a style for text that stands by itself.
func written(f font.Font, ink color.Color) text.Style {
	return text.Style{Color: ink, Font: f, Handler: plot.DefaultTextHandler}
}

// newPlot returns axes with labels and a grid.
func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	styleAxes(p, x, y)
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = gridColor, gridColor
	grid.Horizontal.Width, grid.Vertical.Width = hairline, hairline
	p.Add(grid)
	return p
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
