package figure

import (
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

// What people call things may hold what XML may not.
func TestUnprintableNames(t *testing.T) {
	s := scatter(sample("all", 1, 30))
	s.Title, s.Score = "\x07title\xc3", "a\x00b\x1b[31m\xff<&>"
	if said := strings.Join(texts(t, svg(t, s)), "\n"); !strings.Contains(said, "a\ufffdb\ufffd[31m\ufffd<&>") || !strings.Contains(said, "\ufffdtitle\ufffd") {
		t.Errorf("the plot says %q", said)
	}
}
