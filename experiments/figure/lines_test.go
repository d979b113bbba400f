package figure

import (
	"bytes"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"
)

func lines() *Lines {
	nan := math.NaN()
	return &Lines{
		Name: "lost", Title: "What pruning loses", Subtitle: "recipe tiny, seed 1", X: "dropped, %", Y: "lost",
		Series: []Series{
			{Name: "supernet", X: Values{10, 20, 30, 50, 70, 90}, Y: Values{0, 0.1, nan, 0.3, 0.6, 0.9},
				Low: Values{0, 0, nan, 0.2, 0.5, nan}, High: Values{0, 0.2, nan, 0.4, 0.7, nan}},
			{Name: "random", X: Values{10, 90}, Y: Values{0.1, 0.9}, Dashed: true},
		},
		References: []Reference{{"half", 0.5, false}, {"chosen", 40, true}},
	}
}

// drawn returns the figure as SVG, and checks that it can be drawn as PNG and that both are the same when drawn again.
func drawn(t *testing.T, f Figure) string {
	t.Helper()
	var first string
	for _, write := range []func(io.Writer) error{f.WriteSVG, f.WritePNG} {
		var a, b bytes.Buffer
		if err := write(&a); err != nil {
			t.Fatal(err)
		}
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Error("drawn twice, two pictures")
		}
		if first == "" {
			first = a.String()
		} else if _, err := png.Decode(&a); err != nil {
			t.Error(err)
		}
	}
	return first
}

func TestLines(t *testing.T) {
	svg := drawn(t, lines())
	said := "\n" + strings.Join(texts(t, svg), "\n") + "\n"
	for _, want := range []string{"What pruning loses", "recipe tiny, seed 1", "dropped, %", "lost", "supernet", "random", "half", "chosen", "80"} {
		if !strings.Contains(said, "\n"+want+"\n") {
			t.Errorf("%q is not written; the plot says %s", want, said)
		}
	}
	// The gap parts curve and band in two. The legend shows each series once more.
	for style, want := range map[string]int{"fill-opacity:0.1647": 2, "stroke-dasharray:5,3": 2, "style=\"fill:none;stroke:#0072B2": 3} {
		if got := strings.Count(svg, style); got != want {
			t.Errorf("%d times %s, want %d in\n%s", got, style, want, svg)
		}
	}
}

func TestLinesSpacedByRatios(t *testing.T) {
	f := &Lines{Title: "t", LogX: true, Series: []Series{{Name: "a", X: Values{1, 10, 100}, Y: Values{2, 2, 2}}}}
	said := "\n" + strings.Join(texts(t, drawn(t, f)), "\n") + "\n"
	for _, want := range []string{"1", "2", "5", "10", "20", "50", "100"} {
		if !strings.Contains(said, "\n"+want+"\n") {
			t.Errorf("no tick at %s; the plot says %s", want, said)
		}
	}
}

func TestLinesUnusable(t *testing.T) {
	for want, change := range map[string]func(*Lines){
		"no point to draw": func(f *Lines) { f.Series = nil },
		"ascend":           func(f *Lines) { f.Series[0].X[1] = 5 },
		"6 x, 5 y":         func(f *Lines) { f.Series[0].Y = f.Series[0].Y[:5] },
		"0 high":           func(f *Lines) { f.Series[0].High = nil },
		"infinite":         func(f *Lines) { f.Series[1].Y[0] = math.Inf(1) },
		"above 0":          func(f *Lines) { f.LogX, f.Series[1].X[0] = true, 0 },
		`reference "half"`: func(f *Lines) { f.References[0].At = math.NaN() },
	} {
		f := lines()
		change(f)
		if err := f.WriteSVG(io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}
