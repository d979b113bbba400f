package lab

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/study"
	"github.com/oneshot-nas/oneshot/spaces"
)

// rows is a table of the study with a number, in the last column, for each architecture and whatever else names it: a seed, an epoch.
// The order of its rows means nothing.
type rows struct {
	*study.Table
	keys  int // columns that name the number
	at    map[string]float64
	under map[string]float64 // what is known from elsewhere, by the same keys
}

// keyColumns are the columns that name a number.
var keyColumns = map[string]bool{"architecture": true, "seed": true, "epoch": true, "batch_norm": true, "proxy": true}

// openRows opens a table, the last column of which is the number.
func (l *Lab) openRows(file string, columns ...string) (*rows, error) {
	t, err := l.dir.Table(file, columns...)
	if err != nil {
		return nil, err
	}
	at, keys, err := index(l.dir.Path(file), columns, t.Rows())
	if err != nil {
		return nil, err
	}
	return &rows{Table: t, keys: keys, at: at}, nil
}

// index finds the numbers of a table by the columns that name them, which come first.
func index(path string, columns []string, table [][]string) (at map[string]float64, keys int, err error) {
	for keys < len(columns) && keyColumns[columns[keys]] {
		keys++
	}
	at = make(map[string]float64, len(table))
	last := len(columns) - 1
	for i, row := range table {
		v, err := strconv.ParseFloat(row[last], 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, 0, fmt.Errorf("%s: row %d has %.100q in column %s, want a number", path, i+1, row[last], columns[last])
		}
		key := rowKey(row[:keys]...)
		if first, ok := at[key]; ok && first != v {
			return nil, 0, fmt.Errorf("%s: row %d has %s for %.100q, which has %s further up; delete one of them", path, i+1, row[last], row[0], decimal(first))
		}
		at[key] = v
	}
	return at, keys, nil
}

func rowKey(columns ...string) string { return strings.Join(columns, "\t") }

// get returns the number of what the columns name.
func (r *rows) get(key ...string) (float64, bool) {
	k := rowKey(key...)
	v, ok := r.at[k]
	if !ok {
		v, ok = r.under[k]
	}
	return v, ok
}

// find returns the numbers of architectures and the indices of those that have none yet. The other columns that name a number are the
// same for all.
func (r *rows) find(archs []spaces.Arch, others ...string) (values []float64, missing []int) {
	values = make([]float64, len(archs))
	for i, a := range archs {
		v, ok := r.get(append([]string{a.String()}, others...)...)
		if !ok {
			missing = append(missing, i)
		}
		values[i] = v
	}
	return values, missing
}

// add appends a number behind the columns that name it, rounded as the table has it, and returns that.
func (r *rows) add(v float64, key ...string) (float64, error) {
	text := decimal(v)
	rounded, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, err
	}
	r.at[rowKey(key...)] = rounded
	return rounded, r.Append(append(key, text)...)
}

// take appends a row that somebody else has computed, as it is, unless it is there. It is an error if the number is another.
func (r *rows) take(row []string) (taken bool, err error) {
	if len(row) <= r.keys {
		return false, fmt.Errorf("a row of %d columns, %.200q, where %d name the number", len(row), row, r.keys)
	}
	key, last := row[:r.keys], row[len(row)-1]
	value, err := strconv.ParseFloat(last, 64)
	if err != nil || !finite(value) {
		return false, fmt.Errorf("%s has %.100q, want a number", strings.Join(key, ", "), last)
	}
	switch v, ok := r.get(key...); {
	case ok && v != value:
		return false, fmt.Errorf("%s has %s, the study has %s", strings.Join(key, ", "), last, decimal(v))
	case ok:
		return false, nil
	}
	if err := r.Append(row...); err != nil {
		return false, err
	}
	r.at[rowKey(key...)] = value
	return true, nil
}

// decimal is how tables write numbers: eight digits, which is more than any of them is good for.
func decimal(v float64) string { return strconv.FormatFloat(v, 'g', 8, 64) }
