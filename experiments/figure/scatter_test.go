package figure

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// sample draws n correlated points.
func sample(name string, seed uint64, n int) Group {
	rng := rand.New(rand.NewPCG(seed, 1))
	g := Group{Name: name}
	for range n {
		truth := 90 + 2*rng.NormFloat64()
		g.Truth = append(g.Truth, truth)
		g.Score = append(g.Score, truth/2+rng.NormFloat64())
	}
	return g
}

func scatter(groups ...Group) *Scatter {
	return &Scatter{Title: "Top <5 %> & rest", Score: "supernet accuracy, %", Truth: "stand-alone accuracy, %", Groups: groups}
}

func svg(t *testing.T, s *Scatter) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func picture(t *testing.T, s *Scatter) ([]byte, image.Image) {
	t.Helper()
	var b bytes.Buffer
	if err := s.WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	encoded := bytes.Clone(b.Bytes())
	image, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return encoded, image
}

// texts returns what a well-formed SVG says, piece by piece.
func texts(t *testing.T, svg string) []string {
	t.Helper()
	var found []string
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return found
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		if text, ok := token.(xml.CharData); ok && strings.TrimSpace(string(text)) != "" {
			found = append(found, string(text))
		}
	}
}

func TestSVG(t *testing.T) {
	s := scatter(sample("all", 1, 30), sample("pruned", 2, 10))
	drawn := svg(t, s)
	said := "\n" + strings.Join(texts(t, drawn), "\n") + "\n"
	for _, want := range []string{s.Title, s.Score, s.Truth, "all", "pruned", "90"} {
		if !strings.Contains(said, "\n"+want+"\n") {
			t.Errorf("the plot does not say %q; it says%s", want, said)
		}
	}
	if !strings.Contains(said, "n = 40") {
		t.Errorf("the plot does not say n = 40; it says%s", said)
	}
	// The dots of the legend are opaque, those of the points are not.
	for style, want := range map[string]int{`fill:#0072B2"`: 1, `fill:#D55E00"`: 1, "fill-opacity:": 40} {
		if got := strings.Count(drawn, style); got != want {
			t.Errorf("%d dots with %s, want %d", got, style, want)
		}
	}
	if one := texts(t, svg(t, scatter(sample("all", 1, 30)))); strings.Contains(strings.Join(one, "\n"), "all\n") {
		t.Errorf("one group has a legend: %q", one)
	}
}

func TestManyPointsBecomeAPicture(t *testing.T) {
	drawn := svg(t, scatter(sample("all", 1, 15625)))
	if strings.Contains(drawn, "fill-opacity:") || strings.Count(drawn, "data:image/png;base64,") != 1 {
		t.Error("15,625 points are not one PNG")
	}
	if len(drawn) > 1<<20 {
		t.Errorf("the SVG has %d bytes, want less than a megabyte", len(drawn))
	}
	texts(t, drawn)
}

func TestPNG(t *testing.T) {
	// Few against many, in the corners of the plane: each is seen where it is.
	s := scatter(
		Group{Name: "low", Score: []float64{0, 0}, Truth: []float64{0, 0}},
		Group{Name: "high", Score: []float64{1, 1}, Truth: []float64{1, 1}})
	_, image := picture(t, s)
	if size := image.Bounds().Size(); size.X != 1280 || size.Y < 960 {
		t.Errorf("%v pixels, want 1280 × 960 or more", size)
	}
	below := image.Bounds()
	below.Min.Y = 200 // without the legend
	for y := below.Min.Y; y < below.Max.Y; y++ {
		for x := below.Min.X; x < below.Max.X; x++ {
			r, _, b, _ := image.At(x, y).RGBA()
			lowerLeft := x < 640 && y > 480
			if blue := b > r+0x4000; blue && !lowerLeft {
				t.Fatalf("pixel %d, %d is blue", x, y)
			}
			if red := r > b+0x4000; red && lowerLeft {
				t.Fatalf("pixel %d, %d is red", x, y)
			}
		}
	}
}

func TestSameBytes(t *testing.T) {
	for _, n := range []int{30, mostPaths + 1} {
		s := scatter(sample("all", 1, n), sample("some", 2, 20))
		first, second := svg(t, s), svg(t, s)
		if first != second {
			t.Errorf("two SVGs of %d points differ", n)
		}
		a, _ := picture(t, s)
		b, _ := picture(t, s)
		if !bytes.Equal(a, b) {
			t.Errorf("two PNGs of %d points differ", n)
		}
	}
}

func TestMarks(t *testing.T) {
	few, many := mark(0, 30), mark(0, 15625)
	if few.Radius <= many.Radius || few.Color == many.Color {
		t.Errorf("30 points look like 15,625: %v and %v", few, many)
	}
	if mark(0, 1) != mark(0, 30) {
		t.Error("fewer than 30 points look different from 30")
	}
}

func TestConstantScores(t *testing.T) {
	said := texts(t, svg(t, scatter(Group{Score: []float64{10, 10, 10}, Truth: []float64{1, 2, 3}})))
	if !strings.Contains(strings.Join(said, "\n"), "Spearman ρ undefined · Kendall τ-b undefined · n = 3") {
		t.Errorf("the plot says %q, want undefined correlations", said)
	}
}

func TestUnusableData(t *testing.T) {
	for _, c := range []struct {
		groups []Group
		want   string
	}{
		{nil, "at least 2"},
		{[]Group{{Name: "a", Score: []float64{1, 2}, Truth: []float64{1}}}, `group "a" has 2 scores but 1 truths`},
		{[]Group{{Score: []float64{1, math.NaN()}, Truth: []float64{1, 2}}}, "NaN"},
		{[]Group{{Score: []float64{1, 2}, Truth: []float64{1, math.Inf(-1)}}}, "infinity"},
	} {
		for _, write := range []func(io.Writer) error{scatter(c.groups...).WriteSVG, scatter(c.groups...).WritePNG} {
			var b bytes.Buffer
			if err := write(&b); err == nil || !strings.Contains(err.Error(), c.want) || b.Len() > 0 {
				t.Errorf("error %v after %d bytes, want one that says %q and no bytes", err, b.Len(), c.want)
			}
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

var errBroken = errors.New("pipe broken")

func TestWriterErrors(t *testing.T) {
	s := scatter(sample("all", 1, 30))
	if err := s.WriteSVG(broken{}); !errors.Is(err, errBroken) {
		t.Errorf("SVG: error %v", err)
	}
	if err := s.WritePNG(broken{}); !errors.Is(err, errBroken) {
		t.Errorf("PNG: error %v", err)
	}
}
