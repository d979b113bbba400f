package lab

import (
	"bytes"
	"flag"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// The help fits a screen, names every flag but those that only the long help lists, and says what the recipe has in each space.
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
		if len(lines) > 40 {
			t.Errorf("%d lines", len(lines))
		}
		for _, line := range lines {
			if n := utf8.RuneCountInString(strings.TrimRight(line, " ")); n > helpColumns {
				t.Errorf("%d columns: %s", n, line)
			}
		}
		f.VisitAll(func(fl *flag.Flag) {
			words := strings.FieldsFunc(out.String(), func(r rune) bool { return r == ' ' || r == ',' || r == '\n' })
			leaves := slices.Contains(strings.Fields(helpLeaves), fl.Name)
			if slices.Contains(words, "-"+fl.Name) == leaves {
				t.Errorf("-%s: want it in the help: %v", fl.Name, !leaves)
			}
		})
		for _, f := range families {
			if !strings.Contains(out.String(), f.name+" ") {
				t.Errorf("nothing about %s", f.name)
			}
		}
	}
}
