package figure

import (
	"bytes"
	"image/png"
	"math"
	"strings"
	"testing"
)

func intervals() *Intervals {
	return &Intervals{Title: "Two spaces", Axis: "τ-b, 95 % intervals", Rows: []IntervalRow{
		{"first", []IntervalPoint{{"supernet", 0.5, 0.4, 0.6}, {"parameters", -0.1, -0.3, 0.2}}},
		{"second", []IntervalPoint{{"supernet", 0.2, 0, 0.4}}},
	}}
}

func TestIntervals(t *testing.T) {
	var svg, picture bytes.Buffer
	f := intervals()
	if err := f.WriteSVG(&svg); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"first", "second", "supernet", "parameters", "Two spaces", "95 % intervals"} {
		if !strings.Contains(svg.String(), text) {
			t.Errorf("%q is not written in the figure", text)
		}
	}
	if err := f.WritePNG(&picture); err != nil {
		t.Fatal(err)
	}
	if img, err := png.Decode(&picture); err != nil || img.Bounds().Dx() != 1500 {
		t.Errorf("PNG: %v, %v", img.Bounds(), err)
	}
}

func TestIntervalsOfWhatIsNotANumber(t *testing.T) {
	f := intervals()
	f.Rows[1].Points[0].High = math.NaN()
	if err := f.WriteSVG(new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "second") {
		t.Errorf("error %v, want one that names the row", err)
	}
	if err := (&Intervals{}).WriteSVG(new(bytes.Buffer)); err == nil {
		t.Error("a figure without rows was drawn")
	}
}
