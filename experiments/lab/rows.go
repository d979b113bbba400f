package lab

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/study"
	"github.com/oneshot-nas/oneshot/spaces"
)

// rows is a table of the study with a number for each architecture, or for each architecture and seed, in any order.
type rows struct {
	*study.Table
	at map[string]float64 // by the other columns
}

// openRows opens a table, the last column of which is the number.
func (l *Lab) openRows(file string, columns ...string) (*rows, error) {
	t, err := l.dir.Table(file, columns...)
	if err != nil {
		return nil, err
	}
	r := &rows{t, make(map[string]float64)}
	for i, row := range t.Rows() {
		last := len(row) - 1
		v, err := strconv.ParseFloat(row[last], 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%s: row %d has %.100q in column %s, want a number", l.dir.Path(file), i+1, row[last], columns[last])
		}
		key := rowKey(row[:last]...)
		if first, ok := r.at[key]; ok && first != v {
			return nil, fmt.Errorf("%s: row %d has %s for %.100q, which has %s further up; delete one of them", l.dir.Path(file), i+1, row[last], row[0], decimal(first))
		}
		r.at[key] = v
	}
	return r, nil
}

func rowKey(columns ...string) string { return strings.Join(columns, "\t") }

// find returns the numbers of architectures and the indices of those that have none yet. An empty seed stands for a table
// without that column.
func (r *rows) find(archs []spaces.Arch, seed string) (values []float64, missing []int) {
	values = make([]float64, len(archs))
	for i, a := range archs {
		key := rowKey(a.String())
		if seed != "" {
			key = rowKey(a.String(), seed)
		}
		v, ok := r.at[key]
		if !ok {
			missing = append(missing, i)
		}
		values[i] = v
	}
	return values, missing
}

// add appends a number behind the columns that name what it belongs to, rounded as the table has it, and returns that.
func (r *rows) add(v float64, columns ...string) (float64, error) {
	text := decimal(v)
	rounded, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, err
	}
	r.at[rowKey(columns...)] = rounded
	return rounded, r.Append(append(columns, text)...)
}

// decimal is how tables write numbers: eight digits, which is more than any of them is good for.
func decimal(v float64) string { return strconv.FormatFloat(v, 'g', 8, 64) }
