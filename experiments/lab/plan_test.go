package lab

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/experiments/progress"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/supernet"
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
				l, err := Open(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				var scorings []Scoring
				for _, v := range append(l.Seeds(), Variant{}, Variant{Sampler: "nothing of the kind"}) {
					scorings = append(scorings, Scoring{Variant: v})
				}
				if err := l.Plan(scorings...); err != nil {
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

// Scores of single epochs, and by other statistics, are phases of their own, under the names that their tasks have; so are the supernets
// that one goes on from.
func TestPlanOfManyScores(t *testing.T) {
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	o := quick(t, "nasbenchmacro", "-channels", "4", "-image", "8", "-epochs", "2", "-truth-seeds", "1")
	o.Report = progress.New(log, false)
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, few := context.Background(), l.Archs()[:2]
	on := Variant{After: &Variant{}, Epochs: 1}
	further := Variant{After: &on, Epochs: 1}
	err = l.Plan(Scoring{}, Scoring{Archs: few}, Scoring{Archs: few, Epoch: 1}, Scoring{Archs: few, BN: supernet.RunningStatistics}, Scoring{Variant: further})
	if err != nil {
		t.Fatal(err)
	}
	scored := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	scored(l.Scores(ctx, Variant{}, l.Archs()))
	_, _, err = l.EpochScores(ctx, Variant{}, few)
	scored(nil, err)
	scored(l.ScoresBN(ctx, Variant{}, few, supernet.RunningStatistics))
	scored(l.Scores(ctx, further, l.Archs()))
	scored(l.Truth(ctx, l.Archs()))
	b, err := os.ReadFile(log.Name())
	if err != nil {
		t.Fatal(err)
	}
	for _, begin := range []string{"phase 1 of 8: supernet 0/", "phase 2 of 8: scores 0/3", "phase 3 of 8: scores of epoch 1 0/2", "phase 4 of 8: scores with running statistics 0/2",
		"phase 5 of 8: supernet, 1 epoch, going on 0/", "phase 7 of 8: scores, 1 epoch, going on 0/3", "phase 8 of 8: truth 0/3"} {
		if !strings.Contains(string(b), begin) {
			t.Errorf("no %q in\n%s", begin, b)
		}
	}
}

// What is not known yet is announced under the name that it will have, as often as it comes, and found scores are known without training.
func TestPlanLike(t *testing.T) {
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	o := quick(t, "nasbenchmacro", "-channels", "4", "-image", "8", "-truth-seeds", "1")
	o.Report = progress.New(log, false)
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	part := func(value string) Variant {
		return Variant{After: &Variant{}, Drop: map[string][]string{"layer0": {value}}}
	}
	known, other := part("Identity"), part("MB3_K3")
	if _, ok := l.Found(known, l.Archs()); ok {
		t.Error("scores are found that nobody has computed")
	}
	if err := l.Plan(Scoring{}, Scoring{Variant: known, Archs: l.Archs()[:1]}, Scoring{Archs: l.Archs()[:2]}, Scoring{Variant: known, Archs: l.Archs()[:1], Like: true}); err != nil {
		t.Fatal(err)
	}
	for _, v := range []Variant{{}, known, other} {
		archs := l.Archs()
		if v.After != nil {
			part, err := l.PartOf(v)
			if err != nil {
				t.Fatal(err)
			}
			archs = []spaces.Arch{part.Sample(rand.New(rand.NewPCG(1, 1)))}
		}
		scores, err := l.Scores(context.Background(), v, archs)
		if err != nil {
			t.Fatal(err)
		}
		if found, ok := l.Found(v, archs); !ok || !slices.Equal(found, scores) {
			t.Errorf("scores %v, found again %v", scores, found)
		}
	}
	b, err := os.ReadFile(log.Name())
	if err != nil {
		t.Fatal(err)
	}
	for _, begin := range []string{"phase 1 of 7: supernet 0/", "phase 3 of 7: supernet, a part of the space, going on 0/", "phase 5 of 7: supernet, a part of the space, going on 0/",
		"phase 6 of 7: scores, a part of the space, going on 0/1"} {
		if !strings.Contains(string(b), begin) {
			t.Errorf("no %q in\n%s", begin, b)
		}
	}
}
