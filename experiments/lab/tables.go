package lab

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/truth"
)

// table is a table whose architectures are found by name.
type table struct {
	*truth.Truth
	archs []spaces.Arch  // row by row
	at    map[string]int // their rows
}

// readTable reads the rows of a file that are architectures of a space. Columns are runs of one metric, found by name if none is named.
func readTable(path, columns string, space spaces.Space) (*table, error) {
	var names []string
	if columns != "" {
		names = strings.Split(columns, ",")
	}
	t, err := truth.ReadCSV(path, names...)
	if err != nil {
		return nil, err
	}
	if t, err = t.Within(space); err != nil {
		return nil, err
	}
	archs, err := t.Archs(space)
	if err != nil {
		return nil, err
	}
	return newTable(t, archs), nil
}

func newTable(t *truth.Truth, archs []spaces.Arch) *table {
	at := make(map[string]int, len(archs))
	for i, a := range archs {
		at[a.String()] = i
	}
	return &table{t, archs, at}
}

// name is what the configuration calls the table.
func (t *table) name() string {
	return fmt.Sprintf("%s, column %s, sha256 %s", filepath.Base(t.Source), t.Metric, t.Fingerprint())
}

// readTruth reads the tables of the truth that the options name, nil where they name none: of the runs that the ranking is judged by, and
// of another training of the same architectures.
func (o *Options) readTruth(space spaces.Space) (t, again *table, err error) {
	if o.Truth == "" || o.Truth == TrainedTruth {
		if o.TruthAgain != "" {
			return nil, nil, errors.New("-truth-again wants -truth, the table of the first training")
		}
		return nil, nil, nil
	}
	if t, err = readTable(o.Truth, o.TruthColumn, space); err != nil || o.TruthAgain == "" {
		return t, nil, err
	}
	if again, err = readTable(o.TruthAgain, o.TruthColumn, space); err != nil {
		return nil, nil, err
	}
	if again.LowerIsBetter != t.LowerIsBetter {
		return nil, nil, fmt.Errorf("-truth-again %s has %s and -truth %s has %s, of which one is better if lower, the other if higher; name a column that both have with -truth-column",
			o.TruthAgain, again.Metric, o.Truth, t.Metric)
	}
	return t, again, nil
}

// connected is the table of the architectures whose output depends on their input.
func (t *table) connected() *table {
	part := *t.Truth
	part.Rows = nil
	var archs []spaces.Arch
	for i, a := range t.archs {
		if connected(a) {
			part.Rows, archs = append(part.Rows, t.Rows[i]), append(archs, a)
		}
	}
	return newTable(&part, archs)
}

// runs are the results of a row, higher is better.
func (t *table) runs(row int) []float64 {
	runs := slices.Clone(t.Rows[row].Values)
	if t.LowerIsBetter {
		for i := range runs {
			runs[i] = -runs[i]
		}
	}
	return runs
}

// truthOf is what a table says about architectures, which it must have. Of another training (nil: there is none) the runs count, by
// function, but not for the mean: the ranking is judged by the first, the other only tells how reliable that is.
func truthOf(t, again *table, archs []spaces.Arch) (*Truth, error) {
	more := make(map[string][]float64)
	if again != nil {
		for i, a := range again.archs {
			more[a.Hash()] = append(more[a.Hash()], again.runs(i)...)
		}
	}
	runs := make([][]float64, len(archs))
	for i, a := range archs {
		row, ok := t.at[a.String()]
		if !ok {
			return nil, fmt.Errorf("%s has no row of %v", t.Source, a)
		}
		runs[i] = t.runs(row)
	}
	found := newTruth(runs)
	for i, a := range archs {
		found.Runs[i] = append(found.Runs[i], more[a.Hash()]...)
	}
	return found, nil
}

// joined says how many rows of t the other table has.
func (t *table) joined(other *table) string {
	var lacking []string
	for _, a := range t.archs {
		if _, ok := other.at[a.String()]; !ok {
			lacking = append(lacking, a.String())
		}
	}
	how := "all joined"
	if len(lacking) > 0 {
		how = fmt.Sprintf("%d not in the other table, such as %s", len(lacking), strings.TrimSpace(lacking[0]))
	}
	return fmt.Sprintf("(%s): %d rows, %s", t.Metric, len(t.archs), how)
}
