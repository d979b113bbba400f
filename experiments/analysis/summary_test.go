package analysis

import (
	"math"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/experiments/report"
)

func interval(value, low, high float64) report.Estimate {
	return report.Estimate{Value: report.Number(value), Low: report.Number(low), High: report.Number(high)}
}

// foundIn is a result with findings of one number.
func foundIn(space, analysis string, findings ...report.Finding) inSpace {
	r := &report.Result{Analysis: analysis, Findings: findings}
	t := r.Table("rows", "Rows", report.Text("ranked by"), report.Real("tau-b", 3))
	t.Add("supernet", findings[0].Number)
	return inSpace{space, r}
}

func tau(id string, v report.Verdict, e report.Estimate) report.Finding {
	return report.Finding{ID: id, Verdict: v, Measure: "tau-b", Number: e, Against: "parameters", Other: interval(0.2, 0.1, 0.3)}
}

func TestSummary(t *testing.T) {
	s := summarize([]string{"tiny"}, map[string][]inSpace{
		"correlation": {
			foundIn("a", "correlation", tau("i", report.Reproduced, interval(0.6, 0.5, 0.7)), tau("i", report.NotReproduced, interval(9, 9, 9))),
			foundIn("b", "correlation", tau("i", report.Reproduced, interval(0.0, -0.1, 0.1))),
			foundIn("c", "correlation", tau("i", report.NotReproduced, interval(0.3, 0.1, 0.4))),
		},
		"topk": {
			foundIn("a", "topk", tau("ii", report.Reproduced, interval(1, 0, 2))),
			foundIn("b", "topk", tau("ii", report.NotReproduced, report.NotDefined())),
		},
		"bias":     {foundIn("a", "bias", tau("2.ii", report.Reproduced, interval(1, 0, 2)))},
		"capacity": {foundIn("a", "capacity", tau("2.ii", report.Reproduced, interval(1, 0, 2)), tau("", report.Undecided, interval(1, 0, 2)))},
	})
	want := map[string]struct {
		verdict report.Verdict
		number  float64
		why     string
	}{
		"i":    {report.Reproduced, 0.3, "Reproduced in 2 of 3: a, b; not reproduced in 1 of 3: c."},
		"ii":   {report.Undecided, 1, "Reproduced in 1 of 2: a; not reproduced in 1 of 2: b."},
		"iii":  {report.Reproduced, 0.6, "The intervals of a and b do not overlap. (They are the extremes of 3 spaces.)"},
		"iv":   {report.Undecided, math.NaN(), "Nothing was found about it: pruning did not run, or could not say."},
		"v":    {report.Undecided, math.NaN(), "Nothing was found about it: pruning did not run, or could not say."},
		"2.i":  {report.Reproduced, 0.6, "The interval lies above 0.3 in: a; below that, and not above 0, in: b; between in: c."},
		"2.ii": {report.Reproduced, math.NaN(), "Reproduced in 2 of 3: a (bias), a (capacity); undecided in 1 of 3: a (capacity)."},
	}
	if len(s.Findings) != len(want) {
		t.Fatalf("%d findings, want %d", len(s.Findings), len(want))
	}
	for _, f := range s.Findings {
		w := want[f.ID]
		number := float64(f.Number.Value)
		if f.Verdict != w.verdict || f.Why != w.why || math.Abs(number-w.number) > 1e-12 || math.IsNaN(number) != math.IsNaN(w.number) {
			t.Errorf("(%s): %s, %v, %q; want %+v", f.ID, f.Verdict, f.Number, f.Why, w)
		}
	}
	// The mean of 0.6, 0.0 and 0.3, whose intervals are 0.1, 0.1 and 0.2 wide below and 0.1 each above.
	if e := s.Findings[0].Number; math.Abs(float64(e.Value-e.Low)-math.Sqrt(0.06)/3) > 1e-12 || math.Abs(float64(e.High-e.Value)-math.Sqrt(0.03)/3) > 1e-12 {
		t.Errorf("the mean is %v", e)
	}
	if rows := len(s.Tables[1].Rows); rows != 3+2+3+3+3 {
		t.Errorf("%d rows by space", rows)
	}
}

// Whether spaces differ, and whether weight sharing works in some only, when the intervals say otherwise.
func TestAcrossSpaces(t *testing.T) {
	for name, tc := range map[string]struct {
		of           []report.Estimate
		differ, some report.Verdict
	}{
		"wide":    {[]report.Estimate{interval(0.5, 0.1, 0.8), interval(0.1, -0.2, 0.4)}, report.Undecided, report.Undecided},
		"alike":   {[]report.Estimate{interval(0.45, 0.4, 0.5), interval(0.4, 0.35, 0.45)}, report.NotReproduced, report.NotReproduced},
		"apart":   {[]report.Estimate{interval(0.8, 0.7, 0.9), interval(0.5, 0.4, 0.6)}, report.Reproduced, report.NotReproduced},
		"one":     {[]report.Estimate{interval(0.8, 0.7, 0.9), report.NotDefined()}, report.Undecided, report.Undecided},
		"nothing": {[]report.Estimate{report.NotDefined()}, report.Undecided, report.Undecided},
	} {
		var found []spaceFinding
		for i, e := range tc.of {
			found = append(found, spaceFinding{space: string(rune('a' + i)), Finding: tau("i", report.Undecided, e)})
		}
		if f := differBySpace(nil, found); f.Verdict != tc.differ || f.Why == "" {
			t.Errorf("%s: whether spaces differ: %s, want %s", name, f.Verdict, tc.differ)
		}
		if f := worksInSome(nil, found); f.Verdict != tc.some || f.Why == "" {
			t.Errorf("%s: whether it works in some: %s, want %s", name, f.Verdict, tc.some)
		}
	}
}

func TestSideBySide(t *testing.T) {
	r := sideBySide(&Analysis{Name: "correlation", Title: "Correlation"}, []inSpace{
		foundIn("a", "correlation", tau("i", report.Reproduced, interval(0.6, 0.5, 0.7))),
		foundIn("b", "correlation", tau("i", report.Undecided, report.NotDefined())),
	})
	if len(r.Tables) != 2 || len(r.Tables[1].Rows) != 2 || r.Tables[1].Columns[0].Name != "space" || r.Tables[1].Rows[1][0] != "b" {
		t.Errorf("tables %+v", r.Tables)
	}
	if len(r.Figures) != 1 {
		t.Fatalf("%d figures, want one for the finding", len(r.Figures))
	}
	var svg strings.Builder
	if err := r.Figures[0].WriteSVG(&svg); err != nil || !strings.Contains(svg.String(), ">b<") {
		t.Errorf("the figure: %v", err)
	}
}
