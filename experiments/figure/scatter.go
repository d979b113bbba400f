package figure

import (
	"errors"
	"fmt"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/oneshot-nas/oneshot/experiments/rank"
)

// Scatter is a plot of scores (upwards) against truths (to the right).
type Scatter struct {
	Title        string
	Score, Truth string // labels of the axes, with units
	// Groups are drawn one over the other; the first has all the rest, the others are what is to stand out.
	Groups []Group
}

// Group is points of one colour: Score[i] against Truth[i]. The name appears in the legend, which is there when there is
// more than one group.
type Group struct {
	Name         string
	Score, Truth []float64
}

const (
	width  = 6.4 * vg.Inch
	height = 4.8 * vg.Inch

	// mostPaths is how many points an SVG draws one by one, about 150 bytes each.
	mostPaths = 3000
)

// WritePNG draws the plot with 1280 × 960 pixels. The error is about the data (lists of different length, fewer than two
// points, NaN or infinite values) or from w.
func (s *Scatter) WritePNG(w io.Writer) error {
	return writePNG(w, width, height, func(c draw.Canvas) error { return s.draw(c, false) })
}

// WriteSVG draws the plot as SVG, 6.4 × 4.8 inches. The errors are those of WritePNG.
func (s *Scatter) WriteSVG(w io.Writer) error {
	return writeSVG(w, width, height, func(c draw.Canvas) error { return s.draw(c, s.points() > mostPaths) })
}

// points returns the number of points of all groups.
func (s *Scatter) points() int {
	n := 0
	for _, g := range s.Groups {
		n += len(g.Score)
	}
	return n
}

// draw draws the plot, the points as one picture if so asked.
func (s *Scatter) draw(c draw.Canvas, picture bool) error {
	subtitle, err := s.summary()
	if err != nil {
		return err
	}
	p := plot.New()
	styleAxes(p, s.Truth, s.Score)
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = gridColor, gridColor
	grid.Horizontal.Width, grid.Vertical.Width = hairline, hairline
	p.Add(grid, newCloud(s.Groups, picture))

	var names []string
	for _, g := range s.Groups {
		names = append(names, g.Name)
	}
	drawHeader(c, s.Title, subtitle, names)
	p.Draw(draw.Crop(c, margin, -2*margin, margin, -headerHeight))
	return nil
}

// summary says how well the scores of all groups together rank the truths.
func (s *Scatter) summary() (string, error) {
	var score, truth []float64
	for _, g := range s.Groups {
		if len(g.Score) != len(g.Truth) {
			return "", fmt.Errorf("figure: group %q has %d scores but %d truths", g.Name, len(g.Score), len(g.Truth))
		}
		score, truth = append(score, g.Score...), append(truth, g.Truth...)
	}
	for i := range score {
		if math.IsInf(score[i], 0) || math.IsInf(truth[i], 0) {
			return "", errors.New("figure: a point at infinity cannot be drawn; leave it out")
		}
	}
	pairs, err := rank.New(score, truth)
	if err != nil {
		return "", fmt.Errorf("figure: %w", err)
	}
	return fmt.Sprintf("Spearman ρ %s · Kendall τ-b %s · n = %d", coefficient(pairs.Spearman()), coefficient(pairs.Kendall()), pairs.Len()), nil
}

func coefficient(v float64) string {
	if math.IsNaN(v) {
		return "undefined"
	}
	return fmt.Sprintf("%.3f", v)
}
