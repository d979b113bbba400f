package figure

import (
	"io"
	"strings"
	"testing"
)

func TestInline(t *testing.T) {
	for _, f := range []Figure{lines(), heatmap(), intervals(), scatter(sample("all", 1, 30))} {
		svg, err := Inline(f)
		if err != nil {
			t.Fatal(err)
		}
		texts(t, svg)
		if !strings.HasPrefix(svg, `<svg style="width:100%;max-width:`) {
			t.Errorf("%s begins with %.80s", f.Kind(), svg)
		}
		for _, c := range Theme() {
			if strings.Contains(svg, c.Light) {
				t.Errorf("%s has the colour %s, whatever the page has", f.Kind(), c.Light)
			}
		}
		if found := svgSeeThrough.FindString(svg); found != "" {
			t.Errorf("%s has the colour %s, whatever the page has", f.Kind(), found)
		}
		if !strings.Contains(svg, "var(--ink)") || !strings.Contains(svg, "var(--paper)") {
			t.Errorf("%s does not take the colours of the page", f.Kind())
		}
	}
	if _, err := Inline(&Lines{}); err == nil {
		t.Error("nothing was drawn without an error")
	}
}

// Names that XML cannot hold are still drawn: a viewer shows nothing of a document with one NUL in it.
func TestUnwritableNames(t *testing.T) {
	const name = "a\x00b\x1b[2J\xff\uffff<&>\"\n]]>"
	s := scatter(Group{Name: name, Score: Values{1, 2, 3}, Truth: Values{2, 3, 4}}, sample("pruned", 2, 10))
	s.Title, s.Subtitle, s.Score, s.Truth = name, name, name, name
	l := lines()
	l.Title, l.X, l.Series[0].Name = name, name, name
	h := heatmap()
	h.Title, h.Rows[0], h.Columns[0], h.Scale = name, name, name, name
	i := intervals()
	i.Title, i.Axis, i.Rows[0].Name = name, name, name
	for _, f := range []Figure{s, l, h, i} {
		var whole strings.Builder
		if err := f.WriteSVG(&whole); err != nil {
			t.Fatal(err)
		}
		inline, err := Inline(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, svg := range []string{whole.String(), inline} {
			if said := strings.Join(texts(t, svg), "\n"); !strings.Contains(said, "a\ufffdb\ufffd[2J\ufffd\ufffd<&>") {
				t.Errorf("%s does not say the name: %q", f.Kind(), said)
			}
		}
		if err := f.WritePNG(io.Discard); err != nil {
			t.Errorf("%s: %v", f.Kind(), err)
		}
	}
}
