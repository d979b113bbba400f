package truth

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

const wantCSV = "a CSV table with a column architecture and a column of numbers, plain or .gz"

// ReadCSV reads a table with a header line, a column "architecture", and one or more columns of numbers.
//
// The columns named are the runs (seeds) of one metric; an empty cell is a run that there was not. With no column named it
// is the first that bears a usual name (test_accuracy, accuracy, supernet_accuracy, valid_ppl, …), or the only one there is
// beside the architecture.
//
// Direction and unit follow from the first column's name: lower is better if it contains ppl, perplexity, loss or error.
func ReadCSV(path string, columns ...string) (*Truth, error) {
	in, err := open(path, wantCSV)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return readCSV(in, path, columns)
}

func readCSV(in io.Reader, path string, columns []string) (*Truth, error) {
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1 // checked below, with a message that says what is wrong
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("truth: %s: %w", path, err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff") // the mark that spreadsheets put first
	arch := slices.Index(header, "architecture")
	if arch < 0 {
		return nil, fmt.Errorf("truth: %s: no column architecture among %q", path, header)
	}
	at, err := valueColumns(header, arch, columns)
	if err != nil {
		return nil, fmt.Errorf("truth: %s: %w", path, err)
	}
	t := &Truth{Source: path, Metric: header[at[0]], LowerIsBetter: lowerIsBetter(header[at[0]])}
	seen := make(map[string]int)
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("truth: %s: %w", path, err)
		}
		line, _ := r.FieldPos(0)
		if len(record) != len(header) {
			return nil, fmt.Errorf("truth: %s:%d: %d fields, want the %d of the header %q", path, line, len(record), len(header), header)
		}
		row := Row{Architecture: record[arch], Position: line}
		if first, ok := seen[row.Architecture]; ok {
			return nil, fmt.Errorf("truth: %s:%d: the architecture %s stood on line %d already, want each once", path, line, clip(row.Architecture), first)
		}
		seen[row.Architecture] = line
		if row.Values, err = rowValues(record, header, at); err != nil {
			return nil, fmt.Errorf("truth: %s:%d: %w", path, line, err)
		}
		t.Rows = append(t.Rows, row)
	}
	if len(t.Rows) == 0 {
		return nil, fmt.Errorf("truth: %s: no rows below the header %q", path, header)
	}
	t.Unit = unit(t.Metric, t.Rows)
	return t, nil
}

// valueColumns returns the positions of the columns that hold the runs.
func valueColumns(header []string, arch int, columns []string) ([]int, error) {
	if len(columns) == 0 {
		at := slices.IndexFunc(header, isMetric)
		switch {
		case at >= 0:
		case len(header) == 2:
			at = 1 - arch
		default:
			return nil, fmt.Errorf("which of the columns %q holds the results? None is called %s; name the column", header, strings.Join(metrics, ", "))
		}
		return []int{at}, nil
	}
	at := make([]int, len(columns))
	for i, c := range columns {
		at[i] = slices.Index(header, c)
		switch {
		case at[i] < 0:
			return nil, fmt.Errorf("no column %s among %q", c, header)
		case at[i] == arch:
			return nil, errors.New("the column architecture holds no numbers, name another")
		case slices.Contains(at[:i], at[i]):
			return nil, fmt.Errorf("column %s is named twice", c)
		case lowerIsBetter(c) != lowerIsBetter(columns[0]):
			return nil, fmt.Errorf("columns %s and %s cannot be runs of one metric: in one lower is better, in the other higher", columns[0], c)
		}
	}
	return at, nil
}

func rowValues(record, header []string, at []int) ([]float64, error) {
	var values []float64
	for _, c := range at {
		if record[c] == "" && len(at) > 1 {
			continue
		}
		v, err := strconv.ParseFloat(record[c], 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("column %s is %s, want a finite number", header[c], clip(record[c]))
		}
		values = append(values, v)
	}
	if len(values) == 0 {
		return nil, errors.New("every column of results is empty, want one number at least")
	}
	return values, nil
}
