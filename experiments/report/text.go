package report

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Print writes the result as text: what was asked, what was found, the tables in columns.
func (r *Result) Print(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s\n%s\n", r.Title, r.Question)
	for _, w := range r.Warnings {
		fmt.Fprintf(b, "  WARNING: %s\n", w)
	}
	for _, line := range r.Setting {
		fmt.Fprintf(b, "  %s\n", line)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(b, "\n(%s) %s: %s\n", f.ID, strings.TrimSuffix(f.Claim, "."), strings.ToUpper(string(f.Verdict)))
		fmt.Fprintf(b, "  %s %v; %s %v\n", f.Measure, f.Number, f.Against, f.Other)
		if f.Why != "" {
			fmt.Fprintf(b, "  %s\n", f.Why)
		}
	}
	for _, t := range r.Tables {
		fmt.Fprintf(b, "\n%s\n", t.Title)
		t.print(b)
	}
	if len(r.Notes) > 0 {
		fmt.Fprintln(b)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(b, "note: %s\n", note)
	}
	return b.Flush()
}

// print writes the rows in columns: text to the left, numbers to the right, and the intervals of estimates under one another.
func (t *Table) print(w io.Writer) {
	lines := make([]strings.Builder, len(t.Rows)+1)
	for j, column := range t.Columns {
		values, intervals := make([]string, len(t.Rows)), make([]string, len(t.Rows))
		valueWidth, intervalWidth := 0, 0
		for i, row := range t.Rows {
			values[i], intervals[i] = column.written(row[j])
			valueWidth = max(valueWidth, utf8.RuneCountInString(values[i]))
			intervalWidth = max(intervalWidth, utf8.RuneCountInString(intervals[i]))
		}
		if intervalWidth > 0 {
			intervalWidth++ // and a space before it
		}
		// A name that is wider than the numbers below it pushes them to the right.
		valueWidth = max(valueWidth, utf8.RuneCountInString(column.Name)-intervalWidth)
		for i := range lines {
			if j > 0 {
				lines[i].WriteString("  ")
			}
			name, left := column.Name, column.Kind == Texts || intervalWidth > 0
			switch {
			case i == 0 && left:
				lines[i].WriteString(padded(name, -valueWidth-intervalWidth))
			case i == 0:
				lines[i].WriteString(padded(name, valueWidth))
			case column.Kind == Texts:
				lines[i].WriteString(padded(values[i-1], -valueWidth))
			default:
				lines[i].WriteString(padded(values[i-1], valueWidth))
				if intervalWidth > 0 {
					lines[i].WriteString(padded(" "+intervals[i-1], -intervalWidth))
				}
			}
		}
	}
	for i := range lines {
		fmt.Fprintf(w, "  %s\n", strings.TrimRight(lines[i].String(), " "))
	}
	if t.Note != "" {
		fmt.Fprintf(w, "  %s\n", t.Note)
	}
}

// padded fills s to a width with spaces on the left, or on the right if the width is negative.
func padded(s string, width int) string {
	spaces := strings.Repeat(" ", max(0, max(width, -width)-utf8.RuneCountInString(s)))
	if width < 0 {
		return s + spaces
	}
	return spaces + s
}

// written returns a value of the column as a reader is to see it, and its interval where it has one.
func (c Column) written(v any) (value, interval string) {
	switch v := v.(type) {
	case string:
		return v, ""
	case int:
		return strconv.Itoa(v), ""
	case Number:
		return v.text(c.Digits), ""
	case Estimate:
		return v.text(c.Digits)
	}
	return "–", ""
}

// text rounds to digits after the decimal point; what is undefined is a dash.
func (n Number) text(digits int) string {
	if !n.Defined() {
		return "–"
	}
	if math.Abs(float64(n)) >= 1e15 { // beyond what a float64 tells apart, places are noise
		return strconv.FormatFloat(float64(n), 'g', 6, 64)
	}
	s := strconv.FormatFloat(float64(n), 'f', digits, 64)
	if strings.Trim(s, "-0.") == "" { // no minus before nothing
		s = strings.TrimPrefix(s, "-")
	}
	return s
}

func (e Estimate) text(digits int) (value, interval string) {
	if e.Defined() {
		interval = "[" + e.Low.text(digits) + ", " + e.High.text(digits) + "]"
	}
	return e.Value.text(digits), interval
}
