package analysis

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/all"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

// planOf draws n architectures of a space, of random truth, for a run of the parts.
func planOf(space spaces.Space, n int, budget float64, parts ...string) *capacityPlan {
	p := &capacityPlan{capacityRun: capacityRun{parts, budget}, space: space, epochs: 8, seed: 5}
	rng := rand.New(rand.NewPCG(1, 2))
	for seen := make(map[string]bool); len(p.archs) < n; {
		if a := space.Sample(rng); !seen[a.String()] {
			seen[a.String()] = true
			p.archs, p.truth = append(p.archs, a), append(p.truth, rng.Float64())
		}
	}
	return p
}

// In every space there is something of every part; folds cover each architecture once, with a part of the space that has it.
func TestCapacitySettings(t *testing.T) {
	for _, space := range all.Spaces() {
		p := planOf(space, 40, 3, capacityParts...)
		parts := make(map[string]bool)
		for _, group := range p.settings() {
			for _, s := range group {
				parts[s.part] = true
				var covered []int
				for _, n := range s.supernets {
					covered = append(covered, n.archs...)
					part, err := space, error(nil)
					switch {
					case n.variant.Keep != nil:
						part, err = spaces.Keep(space, n.variant.Keep)
					case n.variant.Archs != nil && s.part == "folds":
						part, err = spaces.List(space, n.variant.Archs)
					}
					if err != nil {
						t.Fatalf("%s, %s: %v", space.Name(), s.name, err)
					}
					for _, i := range n.archs {
						if _, err := part.Parse(p.archs[i].String()); err != nil {
							t.Errorf("%s, %s: %v is scored by the supernet of another fold: %v", space.Name(), s.name, p.archs[i], err)
						}
					}
				}
				slices.Sort(covered)
				if s.part != "omniscience" && !slices.Equal(covered, p.all()) {
					t.Errorf("%s, %s: covers %v", space.Name(), s.name, covered)
				}
				if c := p.cost([]capacitySetting{s}); len(s.supernets) > 1 && c != 1 && c != float64(len(s.supernets)) && len(s.supernets) != 3 {
					t.Errorf("%s, %s: costs %v trainings", space.Name(), s.name, c)
				}
			}
		}
		for _, part := range capacityParts {
			if !parts[part] {
				t.Errorf("%s has no %s", space.Name(), part)
			}
		}
	}
}

// The best third is what it is called, and is judged by what was trained on a random third as well.
func TestCapacityOmniscience(t *testing.T) {
	p := planOf(nasbench201.New(), 30, 3, capacityParts...)
	s := p.omniscience()
	best, random := s[0].supernets[0], s[1].supernets[0]
	if len(best.archs) != 10 || !slices.Equal(best.archs, random.archs) || len(random.variant.Archs) != 10 {
		t.Fatalf("the best third is %d architectures, of a random third of %d", len(best.archs), len(random.variant.Archs))
	}
	for _, i := range best.archs {
		better := 0
		for _, v := range p.truth {
			if v > p.truth[i] {
				better++
			}
		}
		if better >= 10 || !slices.Contains(best.variant.Archs, p.archs[i]) {
			t.Errorf("architecture %d of the best third: %d are better", i, better)
		}
	}
	if c := p.cost(s); c != 2 {
		t.Errorf("four rows of two supernets cost %v trainings", c)
	}
}

// A study trains what the budget allows for, and finds it again.
func TestCapacityStudy(t *testing.T) {
	o := &lab.Options{}
	f := flag.NewFlagSet("", flag.PanicOnError)
	o.AddFlags(f)
	capacity := *Capacity
	Capacity.Flags(f, o, &capacity)
	f.Parse([]string{"-budget", "1.5", "-parts", "copies,width,sampler", "-study", t.TempDir(), "-quiet", "-channels", "4", "-image", "8", "-archs", "10", "-epochs", "2", "-alone-epochs", "1", "-batch", "32",
		"-train-count", "128", "-score-count", "64", "-truth-count", "64"})
	var results []string
	for range 2 {
		l, err := lab.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := capacity.Study(context.Background(), l)
		if err != nil {
			t.Fatal(err)
		}
		r, err := answer()
		if err != nil {
			t.Fatal(err)
		}
		js, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, string(js))
		if n := len(capacity.Scorings(l)); n != 2 {
			t.Errorf("%d supernets are announced, want that of two copies and that of half the width", n)
		}
		for _, tc := range []struct {
			setting string
			column  string
			want    float64
		}{
			{"the study's own supernet", "steps × paths", 8}, {"2 copies of each choice", "steps × paths", 8}, {"half the width", "cost", 0.25},
		} {
			got := math.NaN()
			for _, part := range []string{"", "copies", "width"} {
				for _, row := range r.Tables[0].Rows {
					if row[0] == any(part) && row[1] == any(tc.setting) {
						got = float64(cell(t, r, "settings", tc.column, part, tc.setting).Value)
					}
				}
			}
			if got != tc.want {
				t.Errorf("%s: %s %v, want %v", tc.setting, tc.column, got, tc.want)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if results[0] != results[1] {
		t.Error("the study says something else when it is asked again")
	}
}

func TestCapacityBudget(t *testing.T) {
	impossible := func(v lab.Variant) error {
		if v.Replicate == 4 {
			return errors.New("there is no room")
		}
		return nil
	}
	names := func(settings []capacitySetting) string {
		var names []string
		for _, s := range settings {
			names = append(names, s.name)
		}
		return strings.Join(names, "; ")
	}
	for _, tc := range []struct {
		budget float64
		parts  []string
		want   string
	}{
		{3, capacityParts, "2 copies of each choice; 2 folds by 0_1, together as long; another seed"},
		{2.75, capacityParts, "2 copies of each choice; 2 folds by 0_1, together as long; half the epochs; half the width"},
		{3, []string{"copies", "width"}, "2 copies of each choice; half the width"},
		{0.1, capacityParts, ""},
	} {
		p := planOf(nasbench201.New(), 40, tc.budget, tc.parts...)
		chosen, skipped := p.affordable(impossible)
		if got := names(chosen); got != tc.want {
			t.Errorf("budget %v for %v: %s, want %s", tc.budget, tc.parts, got, tc.want)
		}
		if c := p.cost(chosen); c > tc.budget {
			t.Errorf("a budget of %v pays for %v", tc.budget, c)
		}
		for _, s := range skipped {
			if (s.why != nil) != (s.name == "4 copies of each choice") {
				t.Errorf("%s is left out because of %v", s.name, s.why)
			}
		}
	}
}

// comparisonOf judges settings with scores that a function makes of the truth.
func comparisonOf(t *testing.T, p *capacityPlan, score func(s capacitySetting, fold int, truth float64) float64) *capacityComparison {
	t.Helper()
	truth := &lab.Truth{Mean: p.truth}
	for _, v := range p.truth {
		truth.Runs = append(truth.Runs, []float64{v, v})
	}
	params := lab.Scorer{Name: "parameters", Kind: lab.CountScore, Values: p.truth}
	c := &capacityComparison{plan: p, evidence: &lab.Evidence{Space: p.space, Archs: p.archs, Truth: truth, Seed: 3, Baselines: []lab.Scorer{params}}}
	own := p.one("", "own", lab.Variant{})
	for i, v := range p.truth {
		c.base = append(c.base, score(own, i, v))
	}
	chosen, skipped := p.affordable(func(lab.Variant) error { return nil })
	c.skipped = skipped
	for _, s := range append([]capacitySetting{own}, chosen...) {
		var scores [][]float64
		for f, n := range s.supernets {
			var of []float64
			for _, a := range n.archs {
				if s.part == "" {
					f = a
				}
				of = append(of, score(s, f, p.truth[a]))
			}
			scores = append(scores, of)
		}
		row, err := c.measure(s, scores)
		if err != nil {
			t.Fatal(err)
		}
		c.rows = append(c.rows, row)
	}
	return c
}

// Folds whose supernets rank perfectly, but on scales that have nothing to do with one another, are perfect inside and not as a whole.
func TestCapacityInsideFolds(t *testing.T) {
	p := planOf(nasbench201.New(), 60, 100, "folds")
	c := comparisonOf(t, p, func(s capacitySetting, fold int, truth float64) float64 {
		if len(s.supernets) == 1 {
			return -truth
		}
		return truth + float64(10*fold)
	})
	r := c.result()
	for _, name := range []string{"2 folds by 0_1, together as long", "4 folds at random, each as long", "2 folds by truth, each as long"} {
		near(t, name+" in folds", cell(t, r, "settings", "τ-b in folds", "folds", name).Value, 1, 0)
		near(t, name+" in folds - own", cell(t, r, "settings", "in folds - own", "folds", name).Value, 2, 0)
		tau := cell(t, r, "settings", "τ-b", "folds", name)
		if byTruth := strings.Contains(name, "truth"); byTruth != (tau.Value == 1) || tau.Value < 0.2 {
			t.Errorf("%s: τ-b %v over all", name, tau)
		}
		over := cell(t, r, "settings", "τ-b - own", "folds", name)
		near(t, name+" - own", over.Value, float64(tau.Value)+1, 1e-12)
		near(t, name+", fold 2", cell(t, r, "folds", "τ-b", name).Value, 1, 0)
		near(t, name+", fold 2, own", cell(t, r, "folds", "own τ-b", name).Value, -1, 0)
	}
	near(t, "the list as a whole", cell(t, r, "settings", "τ-b - own", "folds", "the compared architectures alone").Value, 0, 0)
	// Both start where all is shared.
	if got := c.curve(curveRandom); len(got) != 3 || got[0].name != "the compared architectures alone" || got[2].weights != 4 {
		t.Errorf("the curve of random folds has %d points", len(got))
	}
	if got := c.curve(curveStructured + curveEach); len(got) != 3 || got[0] != c.rows[0] {
		t.Errorf("the curve of structured folds has %d points", len(got))
	}
}

// Verdicts follow the intervals, and what another seed changes.
func TestCapacityFindings(t *testing.T) {
	// noisy knows the truth, but for noise of a size; all draws are different.
	noisy := func(size func(s capacitySetting) float64) func(capacitySetting, int, float64) float64 {
		rng := rand.New(rand.NewPCG(7, 8))
		return func(s capacitySetting, _ int, truth float64) float64 { return truth + size(s)*rng.NormFloat64() }
	}
	for _, tc := range []struct {
		what                    string
		noise                   func(s capacitySetting) float64
		sharing, withoutTheSeed report.Verdict
	}{
		{"less noise where less is shared", func(s capacitySetting) float64 { return 0.6 / float64(max(1, s.weights*s.weights)) }, report.Reproduced, report.Reproduced},
		{"more noise where less is shared", func(s capacitySetting) float64 { return 0.1 * float64(s.weights*s.weights) }, report.NotReproduced, report.NotReproduced},
		{"another seed is what matters", func(s capacitySetting) float64 {
			if s.name == anotherSeed {
				return 0
			}
			return 0.6 / float64(max(1, s.weights*s.weights))
		}, report.Undecided, report.Reproduced},
	} {
		c := comparisonOf(t, planOf(nasbench201.New(), 90, 100, "copies", "seed", "omniscience"), noisy(tc.noise))
		for i, want := range []report.Verdict{tc.sharing, tc.withoutTheSeed} {
			if i == 1 {
				c.rows = slices.DeleteFunc(c.rows, func(row *capacityRow) bool { return row.part == "seed" })
			}
			r := c.result()
			if len(r.Findings) != 2 || r.Findings[0].Verdict != want {
				t.Errorf("%s: %+v, want %s", tc.what, r.Findings, want)
			}
			if d := cell(t, r, "settings", "τ-b - own", "copies", "4 copies of each choice"); i == 0 && !d.Defined() {
				t.Errorf("%s: no interval of the difference", tc.what)
			}
		}
	}
}

// Every setting is accounted for: it was run, or cannot be, or costs too much; and the budget that is named pays for all.
func TestCapacityResultIsWhole(t *testing.T) {
	p := planOf(nasbench201.New(), 30, 3, capacityParts...)
	c := comparisonOf(t, p, func(_ capacitySetting, _ int, truth float64) float64 { return truth })
	for i := range c.skipped {
		if c.skipped[i].part == "width" {
			c.skipped[i].why = errors.New("none can be so wide")
		}
	}
	r := c.result()
	text := ""
	for _, table := range r.Tables {
		for _, row := range table.Rows {
			text += fmt.Sprintln(row...)
		}
	}
	text += strings.Join(r.Notes, "\n")
	for _, group := range p.settings() {
		for _, s := range group {
			if !strings.Contains(text, s.name) {
				t.Errorf("%s: nothing is said of %s", text, s.name)
			}
		}
	}
	if n := strings.Count(text, "none can be so wide"); n != 2 {
		t.Errorf("%s: half and twice the width are impossible, said %d times", text, n)
	}
	p.budget = 0
	for _, note := range r.Notes {
		if _, rest, ok := strings.Cut(note, ". -budget "); ok {
			fmt.Sscan(rest, &p.budget)
		}
	}
	p.parts = slices.DeleteFunc(slices.Clone(capacityParts), func(part string) bool { return part == "width" })
	if _, left := p.affordable(func(lab.Variant) error { return nil }); p.budget < 10 || left != nil {
		t.Errorf("a budget of %v leaves %d settings", p.budget, len(left))
	}
	for _, f := range r.Figures {
		if err := f.WriteSVG(&strings.Builder{}); err != nil {
			t.Errorf("%s: %v", f.FileName(), err)
		}
	}
	if len(r.Figures) != 3 {
		t.Errorf("%d figures", len(r.Figures))
	}
}

func TestCapacityParts(t *testing.T) {
	run := capacityDefault
	if err := run.choose("copies,nothing"); err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("a part that does not exist: error %v", err)
	}
	if !slices.Equal(run.parts, capacityParts) {
		t.Errorf("parts %v after an error", run.parts)
	}
	if err := run.choose("folds,seed"); err != nil || !slices.Equal(run.parts, []string{"folds", "seed"}) || !slices.Equal(capacityDefault.parts, capacityParts) {
		t.Errorf("parts %v, error %v; by default %v", run.parts, err, capacityDefault.parts)
	}
}
