package lab

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/dartsptb"
	"github.com/oneshot-nas/oneshot/supernet"
)

// All architectures of dartsptb have the same counts, whose rank correlations are undefined: that spoils neither results.json nor the
// table and the figure of all spaces, and given such a count the supernet adds all that it knows.
func TestUndefinedStatistics(t *testing.T) {
	space, rng := dartsptb.Space{Hidden: 8, Words: 30}, rand.New(rand.NewPCG(1, 2))
	var archs []spaces.Arch
	var scores []float64
	var runs [][]float64
	for i := range 12 {
		archs, scores = append(archs, space.Sample(rng)), append(scores, float64(i*i%7))
		runs = append(runs, []float64{float64(i), float64(i % 5)})
	}
	c, err := compare(space, archs, scores, newTruth(runs), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range c.Baselines {
		if !math.IsNaN(float64(b.Kendall.Value)) || b.Partial.Value != c.Agreement.Spearman.Value {
			t.Errorf("%s: tau-b %v, partial correlation %v, want none and %v", b.Name, b.Kendall, b.Partial, c.Agreement.Spearman)
		}
	}
	js, err := json.Marshal(c)
	if err != nil || !strings.Contains(string(js), `"kendall_tau_b":{"value":null,"low":null,"high":null}`) {
		t.Errorf("as JSON: %s, %v", js, err)
	}
	var out bytes.Buffer
	c.Print(&out)
	rows := []SideBySide{{Space: "dartsptb", Recipe: "tiny", Comparison: c}}
	PrintSideBySide(&out, rows)
	if s := out.String(); strings.Contains(s, "NaN") || !strings.Contains(s, "undefined") {
		t.Errorf("printed\n%s", s)
	}
	dir := t.TempDir()
	if err := WriteSideBySide(dir, rows); err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(filepath.Join(dir, "spaces.csv"))
	if err != nil || !strings.Contains(string(table), "dartsptb,tiny,parameters,12,,,,,,\n") || !strings.Contains(string(table), "another run") {
		t.Errorf("spaces.csv, %v:\n%s", err, table)
	}
}

// A step that was rolled back has no part in the learning curve, which a checkpoint must be able to carry.
func TestCurveOfARollBack(t *testing.T) {
	var c, again curve
	c.add(supernet.StepResult{Loss: 2, Correct: 0.5})
	c.add(supernet.StepResult{Loss: math.NaN(), RolledBack: true})
	c.add(supernet.StepResult{Loss: 4, Correct: 1})
	if err := again.parse(c.String()); err != nil || again != c {
		t.Errorf("%+v is read as %+v, %v", c, again, err)
	}
	if loss, correct := again.means(); loss != 3 || correct != 0.75 {
		t.Errorf("means %v and %v", loss, correct)
	}
	if err := again.parse(""); err == nil {
		t.Error("a checkpoint without a curve was accepted")
	}
}
