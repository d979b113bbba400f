package lab

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/experiments/progress"
)

// A study announces what it still has to do: everything, then what an earlier run has left, and in the end nothing.
func TestPlan(t *testing.T) {
	for _, space := range []string{"nasbench201", "dartsptb"} {
		t.Run(space, func(t *testing.T) {
			o := quick(t, space)
			o.Seeds = 2
			run := func(use func(l *Lab)) string {
				log, err := os.Create(filepath.Join(t.TempDir(), "log"))
				if err != nil {
					t.Fatal(err)
				}
				defer log.Close()
				o.Report = progress.New(log, false)
				l, err := Open(o)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				if err := l.Plan(append(l.Seeds(), Variant{}, Variant{Sampler: "nothing of the kind"})...); err != nil {
					t.Fatal(err)
				}
				use(l)
				b, err := os.ReadFile(log.Name())
				if err != nil {
					t.Fatal(err)
				}
				return string(b)
			}
			first := run(func(l *Lab) {
				if _, err := l.Scores(context.Background(), Variant{}, l.Archs()); err != nil {
					t.Fatal(err)
				}
			})
			if !strings.HasPrefix(first, "phase 1 of 5: supernet 0/") || !strings.Contains(first, "\nphase 2 of 5: scores 0/") {
				t.Errorf("two supernets, two sets of scores, and the truth are\n%s", first)
			}
			second := run(func(l *Lab) {
				if _, err := l.Evidence(context.Background()); err != nil {
					t.Fatal(err)
				}
			})
			for _, begin := range []string{"phase 1 of 3: supernet, seed 2 0/", "phase 2 of 3: scores, seed 2 0/", "phase 3 of 3: truth 0/"} {
				if !strings.Contains(second, begin) {
					t.Errorf("no %q in what the second run has left:\n%s", begin, second)
				}
			}
			if third := run(func(l *Lab) { l.report.Start("something else", "units", 1, 0).End() }); !strings.HasPrefix(third, "something else 0/1") {
				t.Errorf("with everything found, there is left\n%s", third)
			}
		})
	}
}
