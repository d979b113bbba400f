package figure

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Intervals is a plot of estimates with their intervals, one row for each thing that was measured, one colour for each way
// of measuring it.
type Intervals struct {
	Name     string `json:"name"` // of its files, without an ending
	Title    string `json:"title"`
	Subtitle string `json:"subtitle,omitempty"` // what was looked at: recipe, seed, data, truth

	Axis string        `json:"axis"` // its label, which says what the intervals are
	Rows []IntervalRow `json:"rows"`
}

// IntervalRow is one row, from top to bottom.
type IntervalRow struct {
	Name   string          `json:"name"`
	Points []IntervalPoint `json:"points"`
}

// IntervalPoint is an estimate. Points of one Series share a colour and an entry of the legend.
type IntervalPoint struct {
	Series string  `json:"series"`
	Value  float64 `json:"value"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// MarshalJSON writes six digits.
func (p IntervalPoint) MarshalJSON() ([]byte, error) {
	type plain IntervalPoint
	return json.Marshal(plain{p.Series, sixDigits(p.Value), sixDigits(p.Low), sixDigits(p.High)})
}

const rowHeight = vg.Length(46)

// FileName returns the name of the figure.
func (f *Intervals) FileName() string { return f.Name }

// Kind returns "intervals".
func (f *Intervals) Kind() string { return "intervals" }

// WritePNG draws the plot, 1500 pixels wide. The error is about the data (no rows, values that are not finite) or from w.
func (f *Intervals) WritePNG(w io.Writer) error {
	sheet, err := f.sheet()
	return writePNG(w, sheet, err)
}

// WriteSVG draws the plot as SVG. The errors are those of WritePNG.
func (f *Intervals) WriteSVG(w io.Writer) error {
	sheet, err := f.sheet()
	return writeSVG(w, sheet, err)
}

// sheet checks the plot and makes it ready.
func (f *Intervals) sheet() (*sheet, error) {
	if len(f.Rows) == 0 {
		return nil, errors.New("figure: no rows to draw")
	}
	var series []string
	low, high := 0.0, 0.0
	for _, r := range f.Rows {
		for _, p := range r.Points {
			for _, v := range []float64{p.Value, p.Low, p.High} {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return nil, fmt.Errorf("figure: %s, %s is %v in [%v, %v]: leave out what is not a number", r.Name, p.Series, p.Value, p.Low, p.High)
				}
				low, high = min(low, v), max(high, v)
			}
			if !slices.Contains(series, p.Series) {
				series = append(series, p.Series)
			}
		}
	}
	p := plot.New()
	styleAxes(p, f.Axis, "")
	p.X.Min, p.X.Max = low-0.03*(high-low+0.1), high+0.03*(high-low+0.1)
	p.Y.Min, p.Y.Max = -0.5, float64(len(f.Rows))-0.5
	var names []plot.Tick
	for i, r := range f.Rows {
		names = append(names, plot.Tick{Value: float64(len(f.Rows) - 1 - i), Label: r.Name})
	}
	p.Y.Tick.Marker = plot.ConstantTicks(names)
	p.Y.Tick.Length = 0
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Vertical.Width = gridColor, hairline
	grid.Horizontal.Width = 0
	p.Add(grid, &bars{f.Rows, series})
	return &sheet{header{f.Title, []string{f.Subtitle}, dots(series)}, 7.5 * vg.Inch, rowHeight*vg.Length(len(f.Rows)) + 60, p.Draw}, nil
}

// bars draws intervals as lines with a dot at the estimate.
type bars struct {
	rows   []IntervalRow
	series []string
}

// Plot implements plot.Plotter.
func (b *bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	zero := draw.LineStyle{Color: faintColor, Width: hairline}
	c.StrokeLine2(zero, x(0), c.Min.Y, x(0), c.Max.Y)
	for i, r := range b.rows {
		for _, point := range r.Points {
			k := slices.Index(b.series, point.Series)
			at := y(float64(len(b.rows)-1-i) + 0.3 - 0.6*float64(k)/float64(max(1, len(b.series)-1)))
			ink := palette[k%len(palette)]
			c.StrokeLine2(draw.LineStyle{Color: ink, Width: 1.5}, x(point.Low), at, x(point.High), at)
			c.DrawGlyph(draw.GlyphStyle{Color: ink, Radius: 3, Shape: dot{}}, vg.Point{X: x(point.Value), Y: at})
		}
	}
}
