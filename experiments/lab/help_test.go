package lab

import (
	"bytes"
	"flag"
	"strings"
	"testing"
	"unicode/utf8"
)

// The help fits a screen, names every flag, and says what the recipe has in each space.
func TestHelp(t *testing.T) {
	for _, recipe := range []string{"tiny", "small", "paper"} {
		var o Options
		f := flag.NewFlagSet("topk", flag.ContinueOnError)
		o.AddFlags(f)
		o.Recipe = recipe
		o.AddTruthFlags(f)
		f.Bool("another", false, "what one analysis has")
		var out bytes.Buffer
		o.PrintHelp(&out, "What?", f, map[string]float64{"darts": 2.25})
		lines := strings.Split(out.String(), "\n")
		if len(lines) > 43 {
			t.Errorf("%d lines", len(lines))
		}
		for _, line := range lines {
			if n := utf8.RuneCountInString(strings.TrimRight(line, " ")); n > helpColumns {
				t.Errorf("%d columns: %s", n, line)
			}
		}
		f.VisitAll(func(fl *flag.Flag) {
			if !strings.Contains(out.String(), "-"+fl.Name) {
				t.Errorf("no -%s", fl.Name)
			}
		})
		for _, f := range families {
			if !strings.Contains(out.String(), f.name+" ") {
				t.Errorf("nothing about %s", f.name)
			}
		}
	}
}
