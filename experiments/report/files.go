package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/oneshot-nas/oneshot/experiments/study"
)

// ResultName is the file that a result can be read back from.
const ResultName = "result.json"

// Write writes the result to the folder of its analysis in a study: each figure as SVG and PNG, each table as CSV, all of it as
// result.txt, and last as result.json, which is there only if the other files are its own. The same result gives the same bytes.
func (r *Result) Write(dir string) error {
	if !filepath.IsLocal(r.Analysis) {
		return fmt.Errorf("report: %q cannot name a folder", r.Analysis)
	}
	dir = filepath.Join(dir, r.Analysis)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	last := filepath.Join(dir, ResultName)
	if err := study.Remove(last); err != nil {
		return err
	}
	for _, f := range r.Figures {
		path := filepath.Join(dir, f.FileName())
		if err := study.WriteFile(path+".svg", f.WriteSVG); err != nil {
			return err
		}
		if err := study.WriteFile(path+".png", f.WritePNG); err != nil {
			return err
		}
	}
	for _, t := range r.Tables {
		if err := study.WriteFile(filepath.Join(dir, t.Name+".csv"), t.WriteCSV); err != nil {
			return err
		}
	}
	if err := study.WriteFile(filepath.Join(dir, "result.txt"), r.Print); err != nil {
		return err
	}
	return study.WriteJSON(last, r)
}

// Read reads a result.json. One that was damaged or edited is a [*study.DamagedError].
func Read(path string) (*Result, error) {
	r := &Result{}
	if err := study.ReadJSON(path, r); err != nil {
		return nil, err
	}
	return r, nil
}

// WriteCSV writes the table with six significant digits. A column that holds estimates becomes three: its name, its name with _low and
// with _high. What is undefined is an empty field.
func (t *Table) WriteCSV(w io.Writer) error {
	estimates := make([]bool, len(t.Columns))
	for _, row := range t.Rows {
		for j, v := range row {
			if _, ok := v.(Estimate); ok {
				estimates[j] = true
			}
		}
	}
	out := csv.NewWriter(w)
	var record []string
	for j, c := range t.Columns {
		record = append(record, c.Name)
		if estimates[j] {
			record = append(record, c.Name+"_low", c.Name+"_high")
		}
	}
	out.Write(record) // errors are kept for Error
	for _, row := range t.Rows {
		record = record[:0]
		for j, v := range row {
			e := NotDefined()
			switch v := v.(type) {
			case string:
				record = append(record, v)
				continue
			case int:
				record = append(record, strconv.Itoa(v))
				continue
			case Number:
				e.Value = v
			case Estimate:
				e = v
			}
			record = append(record, e.Value.decimal())
			if estimates[j] {
				record = append(record, e.Low.decimal(), e.High.decimal())
			}
		}
		out.Write(record)
	}
	out.Flush()
	return out.Error()
}

// decimal is the number with six significant digits, without an exponent unless it is very small or large.
func (n Number) decimal() string {
	if !n.Defined() {
		return ""
	}
	short := strconv.FormatFloat(float64(n), 'g', 6, 64)
	if m := math.Abs(float64(n)); m >= 1e-4 && m < 1e15 {
		if v, err := strconv.ParseFloat(short, 64); err == nil {
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
	return short
}

// UnmarshalJSON reads the values of each column as what it holds.
func (t *Table) UnmarshalJSON(b []byte) error {
	type plain Table // without this method
	read := struct {
		*plain
		Rows [][]json.RawMessage `json:"rows"`
	}{plain: (*plain)(t)}
	if err := json.Unmarshal(b, &read); err != nil {
		return err
	}
	t.Rows = nil
	for i, row := range read.Rows {
		if len(row) != len(t.Columns) {
			return fmt.Errorf("table %s, row %d: %d values for %d columns", t.Name, i, len(row), len(t.Columns))
		}
		values := make([]any, len(row))
		for j, field := range row {
			v, err := t.Columns[j].read(field)
			if err != nil {
				return fmt.Errorf("table %s, row %d, column %s: %w", t.Name, i, t.Columns[j].Name, err)
			}
			values[j] = v
		}
		t.Rows = append(t.Rows, values)
	}
	return nil
}

// read reads a value. An undefined Number and nothing at all are both null, and come back as nothing.
func (c Column) read(field json.RawMessage) (any, error) {
	if string(field) == "null" {
		return nil, nil
	}
	switch {
	case c.Kind == Texts:
		return readAs[string](field)
	case c.Kind == Integers:
		return readAs[int](field)
	case c.Kind == Reals && field[0] == '{':
		return readAs[Estimate](field)
	case c.Kind == Reals:
		return readAs[Number](field)
	}
	return nil, fmt.Errorf("column of kind %q, want text, integer or real", c.Kind)
}

func readAs[T any](field json.RawMessage) (any, error) {
	var v T
	err := json.Unmarshal(field, &v)
	return v, err
}
