package analysis

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/report"
)

// inSpace is what an analysis found in one space.
type inSpace struct {
	space  string
	result *report.Result
}

// claim is a finding of the paper (Zhang, Zhang, Yang et al., arXiv 2010.08219), and how ours in single spaces come together to an
// answer. Version 1 of the paper is "How Does Supernet Help in Neural Architecture Search?" and has five; version 2, "How does Weight
// Sharing Help in Neural Architecture Search?", has two others.
type claim struct {
	id, text string
	version  int
	analyses []string // that it rests on
	together func(c *claim, found []spaceFinding) report.Finding
	across   bool // it is about the differences of spaces, not about each
	mean     bool // numbers of different spaces are of one kind: accuracies and perplexities are not
}

var claims = []*claim{
	{id: "i", text: "A well-trained supernet is not necessarily a good model for ranking architectures.", version: 1,
		analyses: []string{"correlation"}, together: byMajority, mean: true},
	{id: "ii", text: "The supernet finds relatively good architectures (top 10 %) but not the best ones (top 1 % or less).", version: 1,
		analyses: []string{"topk"}, together: byMajority, mean: true},
	{id: "iii", text: "How effective the supernet is depends largely on the design of the search space.", version: 1,
		analyses: []string{"correlation"}, together: differBySpace, across: true},
	{id: "iv", text: "The supernet is more to be relied on in discarding the worst architectures than in choosing the best.", version: 1,
		analyses: []string{"pruning"}, together: byMajority, mean: true},
	{id: "v", text: "It is easier to find better architectures in a space that has been pruned with the supernet's help.", version: 1,
		analyses: []string{"pruning"}, together: byMajority},
	{id: "2.i", text: "Weight sharing works well in some search spaces and fails in others.", version: 2,
		analyses: []string{"correlation"}, together: worksInSome, across: true},
	{id: "2.ii", text: "Biases, and the capacity of weight sharing, account for that.", version: 2,
		analyses: []string{"bias", "capacity"}, together: byMajority},
}

// spaceFinding is a finding of ours in one space.
type spaceFinding struct {
	space, analysis string
	report.Finding
}

// in picks our findings about a claim, in the order of spaces: those with its number or, for a claim that rests on whole analyses, all
// of theirs. Where an analysis has several with one number, the first is about the claim itself and the others say more.
func (c *claim) in(results map[string][]inSpace) []spaceFinding {
	var found []spaceFinding
	for _, name := range c.analyses {
		for _, r := range results[name] {
			for _, f := range r.result.Findings {
				own := f.ID == c.id || c.version == 2 || c.across && f.ID == "i"
				if !own {
					continue
				}
				found = append(found, spaceFinding{r.space, name, f})
				if len(c.analyses) == 1 {
					break
				}
			}
		}
	}
	return found
}

// summarize answers the paper's findings from what the analyses found in all spaces, by their names.
func summarize(setting []string, results map[string][]inSpace) *report.Result {
	s := &report.Result{Analysis: "summary", Title: "The findings of the paper, in this setting", Setting: setting,
		Question: "What of arXiv 2010.08219, versions 1 and 2, can be reproduced here?"}
	all := s.Table("findings", "The paper's findings, over all spaces", report.Text("finding"), report.Text("claim"), report.Text("verdict"),
		report.Text("measure"), report.Real("number", 3), report.Text("compared to"), report.Real("which is", 3), report.Text("why"))
	single := s.Table("by_space", "The same in each space", report.Text("finding"), report.Text("space"), report.Text("verdict"),
		report.Text("measure"), report.Real("number", 3), report.Text("compared to"), report.Real("which is", 3), report.Text("why"))
	plot := &figure.Intervals{Name: "findings", Title: "The paper's findings in each space", Subtitle: strings.Join(setting, "; "),
		Axis: "number of the finding, 95 % interval"}
	for _, name := range Names() {
		for _, in := range results[name] {
			for _, w := range in.result.Warnings {
				if w = in.space + ": " + w; !slices.Contains(s.Warnings, w) {
					s.Warnings = append(s.Warnings, w)
				}
			}
		}
	}
	for _, c := range claims {
		found := c.in(results)
		f := report.Finding{Verdict: report.Undecided, Number: report.NotDefined(), Other: report.NotDefined(),
			Why: "Nothing was found about it: " + strings.Join(c.analyses, " and ") + " did not run, or could not say."}
		if len(found) > 0 {
			f = c.together(c, found)
		}
		f.ID, f.Claim = c.id, c.text
		s.Findings = append(s.Findings, f)
		all.Add("("+c.id+")", f.Claim, string(f.Verdict), f.Measure, f.Number, f.Against, f.Other, f.Why)
		for _, o := range found {
			if c.across {
				single.Add("("+c.id+")", o.space, nil, o.Measure, o.Number, nil, nil, nil)
				continue
			}
			single.Add("("+c.id+")", o.space, string(o.Verdict), o.Measure, o.Number, o.Against, o.Other, o.Why)
			if c.mean {
				row := figure.IntervalRow{Name: "(" + c.id + ") " + o.space}
				row.Points = appendPoint(row.Points, "the number", o.Number)
				row.Points = appendPoint(row.Points, "what it is compared to", o.Other)
				if row.Points != nil {
					plot.Rows = append(plot.Rows, row)
				}
			}
		}
	}
	if plot.Rows != nil {
		s.Figures = append(s.Figures, plot)
	}
	s.Notes = append(s.Notes, "A claim about single spaces counts as reproduced, or not, if it is so in more than half of them. Numbers over all spaces are means over "+
		"spaces, with the interval that their intervals make if spaces are independent. Claims are the paper's, in other words.")
	return s
}

// appendPoint appends an estimate to a row of a figure, if it is defined; without an interval of its own it is a dot.
func appendPoint(points []figure.IntervalPoint, series string, e report.Estimate) []figure.IntervalPoint {
	if !e.Value.Defined() {
		return points
	}
	if !e.Defined() {
		e.Low, e.High = e.Value, e.Value
	}
	return append(points, figure.IntervalPoint{Series: series, Value: float64(e.Value), Low: float64(e.Low), High: float64(e.High)})
}

// byMajority is the verdict of more than half of the findings.
func byMajority(c *claim, found []spaceFinding) report.Finding {
	by := make(map[report.Verdict][]string)
	var numbers, others []report.Estimate
	measures, against := make(map[string]bool), make(map[string]bool)
	for _, f := range found {
		where := f.space
		if len(c.analyses) > 1 {
			where += " (" + f.analysis + ")"
		}
		if !slices.Contains(by[f.Verdict], where) {
			by[f.Verdict] = append(by[f.Verdict], where)
		}
		numbers, others = append(numbers, f.Number), append(others, f.Other)
		measures[f.Measure], against[f.Against] = true, true
	}
	r := report.Finding{Verdict: report.Undecided, Number: report.NotDefined(), Other: report.NotDefined()}
	var why []string
	for _, v := range []report.Verdict{report.Reproduced, report.NotReproduced, report.Undecided} {
		if n := verdicts(found, v); n > 0 {
			if 2*n > len(found) {
				r.Verdict = v
			}
			why = append(why, fmt.Sprintf("%s in %d of %d: %s", v, n, len(found), strings.Join(by[v], ", ")))
		}
	}
	r.Why = upperFirst(strings.Join(why, "; ")) + "."
	if (c.mean || len(found) == 1) && len(measures) == 1 {
		r.Measure = found[0].Measure
		r.Number = meanEstimate(numbers)
		if len(found) > 1 {
			r.Measure += ", mean of spaces"
		}
		r.Other = meanEstimate(others)
	} else {
		r.Measure = "by space"
	}
	r.Against = strings.Join(slices.Sorted(maps.Keys(against)), ", or ")
	return r
}

func verdicts(found []spaceFinding, v report.Verdict) (n int) {
	for _, f := range found {
		if f.Verdict == v {
			n++
		}
	}
	return n
}

// meanEstimate is the mean of independent estimates: the half-widths of their intervals add as squares.
func meanEstimate(of []report.Estimate) report.Estimate {
	var value, below, above, n float64
	whole := true
	for _, e := range of {
		if !e.Value.Defined() {
			continue
		}
		whole = whole && e.Defined()
		n++
		value += float64(e.Value)
		below += math.Pow(float64(e.Value-e.Low), 2)
		above += math.Pow(float64(e.High-e.Value), 2)
	}
	if n == 0 {
		return report.NotDefined()
	}
	value /= n
	if !whole {
		return report.Exactly(value)
	}
	return report.Estimate{Value: report.Number(value), Low: report.Number(value - math.Sqrt(below)/n), High: report.Number(value + math.Sqrt(above)/n)}
}

// bestAndWorst are the findings with the greatest and the least number, of those that are defined; how many these are.
func bestAndWorst(found []spaceFinding) (best, worst spaceFinding, n int) {
	for _, f := range found {
		if !f.Number.Defined() {
			continue
		}
		if n == 0 || f.Number.Value > best.Number.Value {
			best = f
		}
		if n == 0 || f.Number.Value < worst.Number.Value {
			worst = f
		}
		n++
	}
	return best, worst, n
}

// fewSpaces is what can be said of spaces where n of them, fewer than two, have a number.
func fewSpaces(n int, found []spaceFinding) report.Finding {
	return report.Finding{Verdict: report.Undecided, Number: report.NotDefined(), Other: report.NotDefined(),
		Why: fmt.Sprintf("%d of %d spaces with a number: it takes two to compare.", n, len(found))}
}

// alikeWithin is how close the numbers of all spaces have to be for it to be said that the space does not matter.
const alikeWithin = 0.2

// differBySpace is the verdict on the claim that spaces differ: two of them whose intervals do not overlap.
func differBySpace(_ *claim, found []spaceFinding) report.Finding {
	best, worst, n := bestAndWorst(found)
	if n < 2 {
		return fewSpaces(n, found)
	}
	r := report.Finding{Verdict: report.Undecided, Measure: best.Measure + ", in the best space: " + best.space, Number: best.Number,
		Against: "in the worst space: " + worst.space, Other: worst.Number, Why: "The intervals of all spaces overlap."}
	low, high := best.Number.High, best.Number.Low
	for _, f := range found {
		if f.Number.Defined() {
			low, high = min(low, f.Number.Low), max(high, f.Number.High)
		}
	}
	switch {
	case best.Number.Low > worst.Number.High:
		r.Verdict = report.Reproduced
		r.Why = fmt.Sprintf("The intervals of %s and %s do not overlap. (They are the extremes of %d spaces.)", best.space, worst.space, n)
	case high-low < alikeWithin:
		r.Verdict = report.NotReproduced
		r.Why = fmt.Sprintf("The intervals of all spaces lie within %.1f of each other.", alikeWithin)
	}
	return r
}

// worksAbove is the correlation above which weight sharing is said to work well.
const worksAbove = 0.3

// worksInSome is the verdict on the claim that weight sharing works in some spaces and fails in others: some intervals lie above worksAbove,
// and others below that and not above 0.
func worksInSome(_ *claim, found []spaceFinding) report.Finding {
	best, worst, n := bestAndWorst(found)
	if n < 2 {
		return fewSpaces(n, found)
	}
	var well, fails, between []string
	for _, f := range found {
		switch e := f.Number; {
		case !e.Defined():
		case e.Low > worksAbove:
			well = append(well, f.space)
		case e.Low <= 0 && e.High < worksAbove:
			fails = append(fails, f.space)
		default:
			between = append(between, f.space)
		}
	}
	r := report.Finding{Verdict: report.Undecided, Measure: best.Measure + ", in the best space: " + best.space, Number: best.Number,
		Against: "in the worst space: " + worst.space, Other: worst.Number}
	switch {
	case well != nil && fails != nil:
		r.Verdict = report.Reproduced
	case between == nil:
		r.Verdict = report.NotReproduced
	}
	none := func(names []string) string {
		if names == nil {
			return "none"
		}
		return strings.Join(names, ", ")
	}
	r.Why = fmt.Sprintf("The interval lies above %.1f in: %s; below that, and not above 0, in: %s; between in: %s.", worksAbove, none(well), none(fails), none(between))
	return r
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// sideBySide puts the results of one analysis in several spaces into one: tables of one name and the same columns become one table with the
// space before.
func sideBySide(a *Analysis, results []inSpace) *report.Result {
	r := &report.Result{Analysis: a.Name, Title: a.Title + ", in all spaces", Question: a.Question}
	findings := r.Table("by_space", "Findings in each space", report.Text("space"), report.Text("finding"), report.Text("claim"), report.Text("verdict"),
		report.Text("measure"), report.Real("number", 3), report.Text("compared to"), report.Real("which is", 3))
	tables := make(map[string]*report.Table)
	plots := make(map[string]*figure.Intervals)
	for _, in := range results {
		r.Setting = append(r.Setting, in.space+": "+strings.Join(in.result.Setting, "; "))
		for _, w := range in.result.Warnings {
			r.Warnings = append(r.Warnings, in.space+": "+w)
		}
		for _, note := range in.result.Notes {
			if !slices.Contains(r.Notes, note) {
				r.Notes = append(r.Notes, note)
			}
		}
		for i, f := range in.result.Findings {
			findings.Add(in.space, "("+f.ID+")", f.Claim, string(f.Verdict), f.Measure, f.Number, f.Against, f.Other)
			row := figure.IntervalRow{Name: in.space}
			row.Points = appendPoint(row.Points, "the number", f.Number)
			row.Points = appendPoint(row.Points, "what it is compared to", f.Other)
			if row.Points == nil {
				continue
			}
			p := plots[f.Claim]
			if p == nil {
				p = &figure.Intervals{Name: fmt.Sprintf("finding_%d", i+1), Title: f.Claim, Axis: "number of the finding, 95 % interval"}
				plots[f.Claim] = p
				r.Figures = append(r.Figures, p)
			}
			p.Rows = append(p.Rows, row)
		}
		for _, t := range in.result.Tables {
			key := t.Name + fmt.Sprint(t.Columns)
			to := tables[key]
			if to == nil {
				to = r.Table(t.Name, t.Title, append([]report.Column{report.Text("space")}, t.Columns...)...)
				to.Note = t.Note
				tables[key] = to
			}
			for _, row := range t.Rows {
				to.Add(append([]any{in.space}, row...)...)
			}
		}
	}
	if findings.Rows == nil {
		r.Tables = r.Tables[1:]
	}
	return r
}
