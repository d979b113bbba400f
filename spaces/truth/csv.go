package truth

import (
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
// beside the architecture, or the runs test_1, test_2, …
//
// An architecture has one row; in a table with a column "seed", such as the truth of a study, one for each seed, which are runs,
// too.
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
	table, err := newTable(in, path)
	if err != nil {
		return nil, err
	}
	at, err := valueColumns(table.header, table.arch, columns)
	if err != nil {
		return nil, fmt.Errorf("truth: %s: %w", path, err)
	}
	metric := table.header[at[0]]
	t := &Truth{Source: path, Metric: metric, LowerIsBetter: lowerIsBetter(metric)}
	seed := slices.Index(table.header, "seed")
	if slices.Contains(at, seed) {
		seed = -1
	}
	type run struct{ arch, seed string }
	seen := make(map[run]int)     // lines
	rowOf := make(map[string]int) // by architecture
	for {
		record, err := table.next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		row := Row{Architecture: record[table.arch], Position: table.line}
		r, once := run{arch: row.Architecture}, "each once"
		if seed >= 0 {
			r.seed, once = record[seed], "each once for a seed"
		}
		if first, ok := seen[r]; ok {
			return nil, table.errorf("the architecture %s stood on line %d already, want %s", clip(row.Architecture), first, once)
		}
		seen[r] = row.Position
		if row.Values, err = rowValues(record, table.header, at); err != nil {
			return nil, table.errorf("%w", err)
		}
		if i, ok := rowOf[row.Architecture]; ok {
			t.Rows[i].Values = append(t.Rows[i].Values, row.Values...)
			continue
		}
		rowOf[row.Architecture] = len(t.Rows)
		t.Rows = append(t.Rows, row)
	}
	t.Unit = unit(metric, t.Rows)
	return t, nil
}

// Architectures reads the column "architecture" of a CSV table, whatever else is in it: rows without values, in the order
// of the table, repeated ones included.
func Architectures(path string) ([]Row, error) {
	in, err := open(path, wantCSV)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	table, err := newTable(in, path)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for {
		record, err := table.next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		} else if err != nil {
			return nil, err
		}
		rows = append(rows, Row{Architecture: record[table.arch], Position: table.line})
	}
}

// valueColumns returns the positions of the columns that hold the runs.
func valueColumns(header []string, arch int, columns []string) ([]int, error) {
	if len(columns) == 0 {
		at := slices.IndexFunc(header, isMetric)
		switch {
		case at >= 0:
		case len(header) == 2:
			at = 1 - arch
		case slices.Contains(header, "test_1"):
			var runs []int
			for at = slices.Index(header, "test_1"); at >= 0; at = slices.Index(header, fmt.Sprintf("test_%d", len(runs)+1)) {
				runs = append(runs, at)
			}
			return runs, nil
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
