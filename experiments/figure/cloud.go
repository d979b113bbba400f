package figure

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// cloud draws the points of all groups.
type cloud struct {
	groups  []Group
	marks   []draw.GlyphStyle // by group
	picture bool              // through an image of its own, of which an SVG has one instead of thousands of paths
}

func newCloud(groups []Group, picture bool) *cloud {
	c := &cloud{groups: groups, picture: picture}
	for i, g := range groups {
		c.marks = append(c.marks, mark(i, len(g.Score)))
	}
	return c
}

// Plot implements plot.Plotter.
func (c *cloud) Plot(to draw.Canvas, p *plot.Plot) {
	if !c.picture {
		c.plot(to, p)
		return
	}
	size := to.Size()
	image := vgimg.NewWith(vgimg.UseWH(size.X, size.Y), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(color.Transparent))
	c.plot(draw.New(image), p)
	to.DrawImage(to.Rectangle, image.Image())
}

func (c *cloud) plot(to draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&to)
	for i, g := range c.groups {
		for j := range g.Score {
			to.DrawGlyph(c.marks[i], vg.Point{X: x(g.Truth[j]), Y: y(g.Score[j])})
		}
	}
}

// DataRange implements plot.DataRanger: all points, and a little room for the markers on the edge.
func (c *cloud) DataRange() (xmin, xmax, ymin, ymax float64) {
	xmin, xmax, ymin, ymax = math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, g := range c.groups {
		for j := range g.Score {
			xmin, xmax = min(xmin, g.Truth[j]), max(xmax, g.Truth[j])
			ymin, ymax = min(ymin, g.Score[j]), max(ymax, g.Score[j])
		}
	}
	const room = 0.03
	x, y := room*(xmax-xmin), room*(ymax-ymin)
	return xmin - x, xmax + x, ymin - y, ymax + y
}

// mark returns how the n points of a group look.
func mark(group, n int) draw.GlyphStyle {
	crowd := max(1, float64(n)/30) // 1 where every point is to be seen by itself
	ink := palette[group%len(palette)]
	ink.A = uint8(255 * max(0.15, 0.8*math.Pow(crowd, -0.25)))
	return draw.GlyphStyle{
		Color:  ink,
		Radius: vg.Points(max(0.9, 3*math.Pow(crowd, -0.2))),
		Shape:  dot{},
	}
}

// dot is a filled circle without an outline.
type dot struct{}

// DrawGlyph implements draw.GlyphDrawer.
func (dot) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	c.SetColor(style.Color)
	var path vg.Path
	path.Move(vg.Point{X: at.X + style.Radius, Y: at.Y})
	path.Arc(at, style.Radius, 0, 2*math.Pi)
	path.Close()
	c.Fill(path)
}
