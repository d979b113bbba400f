package figure

import (
	"errors"
	"fmt"
	"io"
	"math"

	"gonum.org/v1/plot/vg"

	"github.com/oneshot-nas/oneshot/experiments/rank"
)

// Scatter is a plot of scores (upwards) against truths (to the right).
type Scatter struct {
	Name     string `json:"name"` // of its files, without an ending
	Title    string `json:"title"`
	Subtitle string `json:"subtitle,omitempty"` // what was looked at: recipe, seed, data, truth

	// Score and Truth label the axes, with units.
	Score string `json:"score"`
	Truth string `json:"truth"`
	// Groups are drawn one over the other; the first has all the rest, the others are what is to stand out.
	Groups []Group `json:"groups"`
}

// Group is points of one colour: Score[i] against Truth[i]. The name appears in the legend, which is there when there is
// more than one group.
type Group struct {
	Name  string `json:"name"`
	Score Values `json:"score"`
	Truth Values `json:"truth"`
}

const (
	width  = 6.4 * vg.Inch
	height = 4.3 * vg.Inch // below the header

	// mostPaths is how many points an SVG draws one by one, about 150 bytes each.
	mostPaths = 3000
)

// FileName returns the name of the figure.
func (s *Scatter) FileName() string { return s.Name }

// Kind returns "scatter".
func (s *Scatter) Kind() string { return "scatter" }

// WritePNG draws the plot, 1280 pixels wide. The error is about the data (lists of different length, fewer than two
// points, NaN or infinite values) or from w.
func (s *Scatter) WritePNG(w io.Writer) error {
	sheet, err := s.sheet(false)
	return writePNG(w, sheet, err)
}

// WriteSVG draws the plot as SVG, 6.4 inches wide. The errors are those of WritePNG.
func (s *Scatter) WriteSVG(w io.Writer) error {
	sheet, err := s.sheet(s.points() > mostPaths)
	return writeSVG(w, sheet, err)
}

// points returns the number of points of all groups.
func (s *Scatter) points() int {
	n := 0
	for _, g := range s.Groups {
		n += len(g.Score)
	}
	return n
}

// sheet checks the plot and makes it ready, the points as one picture if so asked.
func (s *Scatter) sheet(picture bool) (*sheet, error) {
	summary, err := s.summary()
	if err != nil {
		return nil, err
	}
	p := newPlot(s.Truth, s.Score)
	p.Add(newCloud(s.Groups, picture))
	var names []string
	for _, g := range s.Groups {
		names = append(names, g.Name)
	}
	return &sheet{header{s.Title, []string{summary, s.Subtitle}, dots(names)}, width, height, p.Draw}, nil
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
