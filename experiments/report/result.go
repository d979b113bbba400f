package report

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/experiments/figure"
)

// Result is what one analysis found in one study.
type Result struct {
	Analysis string `json:"analysis"` // its name, which is also the folder that it is written to
	Title    string `json:"title"`
	Question string `json:"question"`
	// Warnings say what is not as it was asked for, or looks wrong. They stand first.
	Warnings []string `json:"warnings,omitempty"`
	// Setting is what was looked at: space, recipe, seeds, data, truth; line by line. Figures name it too.
	Setting []string `json:"setting"`

	Findings []Finding         `json:"findings,omitempty"`
	Tables   []*Table          `json:"tables"`
	Figures  figure.List       `json:"figures,omitempty"`
	Notes    []string          `json:"notes,omitempty"`  // what a reader must know to read the numbers rightly
	Origin   map[string]string `json:"origin,omitempty"` // where the numbers came from: revision, Go, machine, time
}

// Verdict says how a finding of the paper came out.
type Verdict string

// The verdicts. Undecided is an honest one: the interval allows both.
const (
	Reproduced    Verdict = "reproduced"
	NotReproduced Verdict = "not reproduced"
	Undecided     Verdict = "undecided"
)

// Finding is a claim of the paper, and what this study says of it.
type Finding struct {
	ID      string   `json:"id"`    // (i) to (v) as the paper's two versions have them
	Claim   string   `json:"claim"` // in plain words
	Verdict Verdict  `json:"verdict"`
	Measure string   `json:"measure"` // the name of the number
	Number  Estimate `json:"number"`
	Against string   `json:"against"` // what the number is compared to
	Other   Estimate `json:"other"`   // its value
	Why     string   `json:"why"`     // a sentence
}

// Table is rows of values under named columns.
type Table struct {
	Name    string   `json:"name"` // of its file, without .csv
	Title   string   `json:"title"`
	Columns []Column `json:"columns"`
	Rows    [][]any  `json:"rows"` // of string, int, Number or Estimate; nil where there is nothing
	Note    string   `json:"note,omitempty"`
}

// Kind is what a column holds.
type Kind string

// The kinds of columns.
const (
	Texts    Kind = "text"
	Integers Kind = "integer"
	Reals    Kind = "real" // Number or Estimate
)

// Column heads the values of a table.
type Column struct {
	Name   string `json:"name"`
	Kind   Kind   `json:"kind"`
	Digits int    `json:"digits,omitempty"` // after the decimal point
}

// Text, Integer and Real make columns.
func Text(name string) Column             { return Column{Name: name, Kind: Texts} }
func Integer(name string) Column          { return Column{Name: name, Kind: Integers} }
func Real(name string, digits int) Column { return Column{Name: name, Kind: Reals, Digits: digits} }

// Table adds an empty table.
func (r *Result) Table(name, title string, columns ...Column) *Table {
	t := &Table{Name: name, Title: title, Columns: columns}
	r.Tables = append(r.Tables, t)
	return t
}

// Add adds a row: strings, ints, float64s, Numbers and Estimates, nil where there is nothing. It panics if the values do not go with the columns.
func (t *Table) Add(values ...any) {
	if len(values) != len(t.Columns) {
		panic(fmt.Sprintf("report: a row of %d values for table %s with %d columns", len(values), t.Name, len(t.Columns)))
	}
	row := make([]any, len(values))
	for i, v := range values {
		if x, ok := v.(float64); ok {
			v = Number(x)
		}
		ok := v == nil
		switch v.(type) {
		case string:
			ok = t.Columns[i].Kind == Texts
		case int:
			ok = t.Columns[i].Kind == Integers
		case Number, Estimate:
			ok = t.Columns[i].Kind == Reals
		}
		if !ok {
			panic(fmt.Sprintf("report: a %T in column %s of table %s, which holds %ss", v, t.Columns[i].Name, t.Name, t.Columns[i].Kind))
		}
		row[i] = v
	}
	t.Rows = append(t.Rows, row)
}

// Number is a statistic; NaN where it is undefined, which files show as null or nothing.
type Number float64

// Defined says whether there is a number.
func (n Number) Defined() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// MarshalJSON writes six digits.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Defined() {
		return []byte("null"), nil
	}
	return fmt.Appendf(nil, "%.6g", float64(n)), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (n *Number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	_, err := fmt.Sscan(string(b), (*float64)(n))
	return err
}

// Estimate is a statistic with its 95 % interval; Low and High are NaN where there is none.
type Estimate struct {
	Value Number `json:"value"`
	Low   Number `json:"low"`
	High  Number `json:"high"`
}

// Exactly is a number without an interval.
func Exactly(v float64) Estimate {
	return Estimate{Number(v), Number(math.NaN()), Number(math.NaN())}
}

// NotDefined is no number at all.
func NotDefined() Estimate { return Exactly(math.NaN()) }

// Defined says whether value and interval are numbers.
func (e Estimate) Defined() bool { return e.Value.Defined() && e.Low.Defined() && e.High.Defined() }

// String prints value and interval with three digits, or that there are none.
func (e Estimate) String() string {
	if !e.Value.Defined() {
		return "undefined"
	}
	value, interval := e.text(3)
	if interval == "" {
		return value
	}
	return value + " " + interval
}
