package figure

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Lines is a plot of curves: how a number changes along another one.
type Lines struct {
	Name     string `json:"name"` // of its files, without an ending
	Title    string `json:"title"`
	Subtitle string `json:"subtitle,omitempty"` // what was looked at: interval, recipe, seed, data, truth

	// X and Y label the axes, with units.
	X string `json:"x"`
	Y string `json:"y"`
	// LogX spaces the x axis by ratios; all x must then be above 0.
	LogX bool `json:"log_x,omitempty"`

	Series     []Series    `json:"series"`
	References []Reference `json:"references,omitempty"`
}

// Series is one curve, from left to right. Points where Y is NaN are left out, and the curve is broken there.
type Series struct {
	Name string `json:"name"`
	X    Values `json:"x"`
	Y    Values `json:"y"`
	// Low and High bound the band around the curve, an interval for each point (NaN where there is none); both nil for no band.
	Low  Values `json:"low,omitempty"`
	High Values `json:"high,omitempty"`
	// Dashed is for what the other curves are compared to.
	Dashed bool `json:"dashed,omitempty"`
}

// Reference is a straight line across the plot, at a y, or at an x if it is Vertical, with its name beside it.
type Reference struct {
	Name     string  `json:"name"`
	At       float64 `json:"at"`
	Vertical bool    `json:"vertical,omitempty"`
}

// MarshalJSON writes six digits.
func (r Reference) MarshalJSON() ([]byte, error) {
	type plain Reference
	return json.Marshal(plain{r.Name, sixDigits(r.At), r.Vertical})
}

// FileName returns the name of the figure.
func (f *Lines) FileName() string { return f.Name }

// Empty says whether there is no point to draw: everything is undefined.
func (f *Lines) Empty() bool {
	for _, s := range f.Series {
		for i := range s.X {
			if s.has(i) {
				return false
			}
		}
	}
	return true
}

// Kind returns "lines".
func (f *Lines) Kind() string { return "lines" }

// WritePNG draws the plot, 1280 pixels wide. The error is about the data (lists of different length, x that do not ascend, infinite
// values, no point at all) or from w.
func (f *Lines) WritePNG(w io.Writer) error {
	sheet, err := f.sheet()
	return writePNG(w, sheet, err)
}

// WriteSVG draws the plot as SVG. The errors are those of WritePNG.
func (f *Lines) WriteSVG(w io.Writer) error {
	sheet, err := f.sheet()
	return writeSVG(w, sheet, err)
}

// sheet checks the plot and makes it ready.
func (f *Lines) sheet() (*sheet, error) {
	c := &curves{f: f, x: emptyRange, y: emptyRange}
	if err := c.measure(); err != nil {
		return nil, fmt.Errorf("figure: %w", err)
	}
	p := newPlot(f.X, f.Y)
	p.Add(c)
	c.y.widen(0.04)
	p.Y.Min, p.Y.Max = c.y.low, c.y.high
	if f.LogX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, ratioTicks{}
		p.X.Min, p.X.Max = c.x.low/1.05, c.x.high*1.05
	} else {
		c.x.widen(0.02)
		p.X.Tick.Marker = roundTicks{whole: f.whole()}
		p.X.Min, p.X.Max = c.x.low, c.x.high
	}
	h := header{title: f.Title, lines: []string{f.Subtitle}}
	if len(f.Series) > 1 {
		for i, s := range f.Series {
			style := stroke(i, s.Dashed)
			h.legend = append(h.legend, entry{s.Name, style.Color, &style})
		}
	}
	return &sheet{h, width, height, p.Draw}, nil
}

// whole tells whether all x are whole numbers.
func (f *Lines) whole() bool {
	for _, s := range f.Series {
		for _, x := range s.X {
			if x != math.Trunc(x) {
				return false
			}
		}
	}
	return true
}

// stroke returns how the curve of a series looks: where the colours come round again, dots tell them apart.
func stroke(i int, dashed bool) draw.LineStyle {
	style := draw.LineStyle{Color: palette[i%len(palette)], Width: 1.6}
	switch {
	case dashed:
		style.Dashes = []vg.Length{5, 3}
	case i >= len(palette):
		style.Dashes = []vg.Length{1.5, 2}
	}
	return style
}

// span is a range of numbers.
type span struct{ low, high float64 }

var emptyRange = span{math.Inf(1), math.Inf(-1)}

func (s *span) add(v float64) { s.low, s.high = min(s.low, v), max(s.high, v) }

// widen gives room on both sides, and a width to what has none.
func (s *span) widen(share float64) {
	room := share * (s.high - s.low)
	if room == 0 {
		room = max(0.1*math.Abs(s.low), 0.1)
	}
	s.low, s.high = s.low-room, s.high+room
}

// curves draws series and references.
type curves struct {
	f     *Lines
	x, y  span
	bands int
}

// measure checks the values and finds their ranges.
func (c *curves) measure() error {
	for _, s := range c.f.Series {
		if s.Low != nil {
			c.bands++
		}
		for _, v := range []Values{s.Y, s.Low, s.High} {
			if v != nil && len(v) != len(s.X) {
				return fmt.Errorf("series %q has %d x, %d y, %d low and %d high", s.Name, len(s.X), len(s.Y), len(s.Low), len(s.High))
			}
			for i, y := range v {
				if math.IsInf(y, 0) {
					return fmt.Errorf("series %q is infinite at x = %v; leave it out", s.Name, s.X[i])
				}
			}
		}
		if s.Y == nil || (s.Low == nil) != (s.High == nil) {
			return fmt.Errorf("series %q has %d x, %d y, %d low and %d high", s.Name, len(s.X), len(s.Y), len(s.Low), len(s.High))
		}
		for i, x := range s.X {
			if math.IsNaN(x) || math.IsInf(x, 0) || i > 0 && x < s.X[i-1] || c.f.LogX && x <= 0 {
				return fmt.Errorf("series %q has x %v, want numbers that ascend, above 0 if they are spaced by ratios", s.Name, []float64(s.X))
			}
			if !s.has(i) {
				continue
			}
			c.x.add(x)
			c.y.add(s.Y[i])
			if s.banded(i) {
				c.y.add(s.Low[i])
				c.y.add(s.High[i])
			}
		}
	}
	if c.x == emptyRange {
		return errors.New("no point to draw")
	}
	for _, r := range c.f.References {
		switch {
		case math.IsNaN(r.At) || math.IsInf(r.At, 0) || r.Vertical && c.f.LogX && r.At <= 0:
			return fmt.Errorf("reference %q is at %v; leave it out", r.Name, r.At)
		case r.Vertical:
			c.x.add(r.At)
		default:
			c.y.add(r.At)
		}
	}
	return nil
}

// has says whether point i of the series is there, banded whether there is an interval around it.
func (s *Series) has(i int) bool { return !math.IsNaN(s.Y[i]) }

func (s *Series) banded(i int) bool {
	return s.has(i) && s.Low != nil && !math.IsNaN(s.Low[i]) && !math.IsNaN(s.High[i])
}

// Plot implements plot.Plotter.
func (c *curves) Plot(to draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&to)
	for k := range c.f.Series {
		c.band(to, &c.f.Series[k], k, x, y)
	}
	c.references(to, x, y)
	for k := range c.f.Series {
		s := &c.f.Series[k]
		style := stroke(k, s.Dashed)
		for _, run := range runs(len(s.X), s.has) {
			var line []vg.Point
			for i := run[0]; i < run[1]; i++ {
				line = append(line, vg.Point{X: x(s.X[i]), Y: y(s.Y[i])})
			}
			to.StrokeLines(style, line)
			if len(s.X) > 40 && len(line) > 1 { // the line says it all
				continue
			}
			for _, at := range line {
				to.DrawGlyph(draw.GlyphStyle{Color: style.Color, Radius: 2.4, Shape: dot{}}, at)
			}
		}
	}
}

// band fills what is between the ends of the intervals; the interval of a point without neighbours is a line.
func (c *curves) band(to draw.Canvas, s *Series, k int, x, y func(float64) vg.Length) {
	ink := palette[k%len(palette)]
	for _, run := range runs(len(s.X), s.banded) {
		if i := run[0]; run[1] == i+1 {
			to.StrokeLine2(draw.LineStyle{Color: ink, Width: 1.2}, x(s.X[i]), y(s.Low[i]), x(s.X[i]), y(s.High[i]))
			continue
		}
		var edge []vg.Point
		for i := run[0]; i < run[1]; i++ {
			edge = append(edge, vg.Point{X: x(s.X[i]), Y: y(s.High[i])})
		}
		for i := run[1] - 1; i >= run[0]; i-- {
			edge = append(edge, vg.Point{X: x(s.X[i]), Y: y(s.Low[i])})
		}
		pale := ink
		pale.A = 0x2A
		if c.bands > 2 { // to see those below
			pale.A = 0x18
		}
		to.FillPolygon(pale, edge)
	}
}

func (c *curves) references(to draw.Canvas, x, y func(float64) vg.Length) {
	line := draw.LineStyle{Color: faintColor, Width: 0.8, Dashes: []vg.Length{2, 2}}
	for _, r := range c.f.References {
		if r.Vertical {
			at := x(r.At)
			to.StrokeLine2(line, at, to.Min.Y, at, to.Max.Y)
			to.FillText(lineStyle, vg.Point{X: at + 3, Y: to.Max.Y - 10}, r.Name)
		} else {
			at := y(r.At)
			to.StrokeLine2(line, to.Min.X, at, to.Max.X, at)
			to.FillText(lineStyle, vg.Point{X: to.Max.X - lineStyle.Width(r.Name) - 2, Y: at + 3}, r.Name)
		}
	}
}

// runs returns from where to where (exclusive) points without a gap are there.
func runs(n int, has func(int) bool) [][2]int {
	var all [][2]int
	for i := range n {
		switch {
		case !has(i):
		case i > 0 && has(i-1):
			all[len(all)-1][1] = i + 1
		default:
			all = append(all, [2]int{i, i + 1})
		}
	}
	return all
}
