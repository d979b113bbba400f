package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/study"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/plaintext"
	"github.com/oneshot-nas/oneshot/spaces/truth"
)

// table is a table whose architectures are found by name.
type table struct {
	*truth.Truth
	archs []spaces.Arch  // row by row
	at    map[string]int // their rows
	of    *finished      // the study whose scores these are; nil: a file
}

// readTable reads the rows of a file that are architectures of a space, or the scores of a study. Columns are runs of one metric, found by
// name if none is named. A kind of table is what its flags begin with.
func (o *Options) readTable(kind, path, columns string, is Better, space spaces.Space) (*table, error) {
	if dir, only, ok := studyOf(path); ok {
		if columns != "" || is != (Better{}) {
			return nil, fmt.Errorf("%s is of a study, of which it is known what its scores are: -%s-column, -%[2]s-lower-is-better and -%[2]s-higher-is-better are about files of others", path, kind)
		}
		scores, of, err := o.readFinished(path, dir, only)
		if err != nil {
			return nil, err
		}
		t, err := within(scores, space)
		if err == nil {
			t.of = of
		}
		return t, err
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder without %s: name a study, or a table", path, study.ConfigName)
	}
	how := truth.CSV{Direction: is.direction(), SkipBad: int(o.SkipBad)}
	if columns != "" {
		how.Columns = strings.Split(columns, ",")
	}
	t, err := how.Read(path)
	if err != nil {
		switch {
		case errors.Is(err, truth.ErrNotFinite) && o.SkipBad == 0:
			err = fmt.Errorf("%w; -%s leaves such values out, and counts them", err, SkipBadFlag)
		case errors.Is(err, truth.ErrWhichColumn):
			err = fmt.Errorf("%w, with -%s-column", err, kind)
		}
		return nil, err
	}
	return within(t, space)
}

// within is the part of a table that is of a space.
func within(t *truth.Truth, space spaces.Space) (*table, error) {
	t, err := t.Within(space)
	if err != nil {
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
	return &table{Truth: t, archs: archs, at: at}
}

// name is what the configuration calls the table.
func (t *table) name() string {
	return fmt.Sprintf("%s, column %s%s, sha256 %s", t.file(), plaintext.Name(t.Metric), t.unlikeItsName(), t.Fingerprint())
}

// file is the name of the table's file.
func (t *table) file() string { return plaintext.Name(filepath.Base(t.Source)) }

// unlikeItsName is the direction of a table, where the name of its column says another.
func (t *table) unlikeItsName() string {
	switch {
	case t.LowerIsBetter == truth.IsLowerBetter(t.Metric):
		return ""
	case t.LowerIsBetter:
		return " (lower is better)"
	}
	return " (higher is better)"
}

// taken says what was taken from the table, and, where nothing says which direction is better, how to say it with the flags for tables of
// this kind.
func (t *table) taken(kind string) string {
	text := t.Description()
	if t.of != nil {
		text += "; " + t.of.ran()
	}
	if t.LowerIsBetter {
		text += "; shown with the sign turned"
	}
	if t.Assumed {
		text += fmt.Sprintf("; else say -%s-lower-is-better", kind)
	}
	return text
}

// metricName is what the values are called, with the sign that they are shown with.
func (t *table) metricName() string {
	if t.LowerIsBetter {
		return "minus " + plaintext.Name(t.Metric)
	}
	return plaintext.Name(t.Metric)
}

// lacking warns if a table of another training, nil if there is none, has not all architectures that are compared.
func (t *table) lacking(archs []spaces.Arch) []string {
	if t == nil {
		return nil
	}
	there := make(map[string]bool, len(t.archs))
	for _, a := range t.archs {
		there[a.Hash()] = true
	}
	n := 0
	for _, a := range archs {
		if there[a.Hash()] {
			n++
		}
	}
	if n == len(archs) {
		return nil
	}
	return []string{fmt.Sprintf("%s (-truth-again) has another training of %d of the %d architectures that are compared", t.file(), n, len(archs))}
}

// copies warns of runs that are no runs: where no architecture has two that differ.
func (t *table) copies() []string {
	several := 0
	for _, r := range t.Rows {
		if slices.Min(r.Values) != slices.Max(r.Values) {
			return nil
		}
		if len(r.Values) > 1 {
			several++
		}
	}
	if several < 2 {
		return nil
	}
	return []string{fmt.Sprintf("%s has several runs of %d architectures, and all runs of each are equal: they look like copies, which say nothing of the noise", t.file(), several)}
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
	if t, err = o.readTable("truth", o.Truth, o.TruthColumn, o.TruthIs, space); err != nil || o.TruthAgain == "" {
		return t, nil, err
	}
	if again, err = o.readTable("truth", o.TruthAgain, o.TruthColumn, o.TruthIs, space); err != nil {
		return nil, nil, err
	}
	if again.LowerIsBetter != t.LowerIsBetter {
		return nil, nil, fmt.Errorf("-truth-again %s has %s and -truth %s has %s, of which one is better if lower, the other if higher; name a column that both have with -truth-column, or say -truth-lower-is-better or -truth-higher-is-better",
			o.TruthAgain, plaintext.Name(again.Metric), o.Truth, plaintext.Name(t.Metric))
	}
	return t, again, nil
}

// readScores reads the tables of scores that the command line names.
func (o *Options) readScores(space spaces.Space) ([]*table, error) {
	tables := make([]*table, len(o.Scores))
	for i, path := range o.Scores {
		t, err := o.readTable("score", path, o.ScoreColumn, o.ScoreIs, space)
		if err != nil {
			return nil, err
		}
		if tables[i] = t; o.Connected {
			tables[i] = t.connected()
		}
	}
	return tables, nil
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
	c := newTable(&part, archs)
	c.of = t.of
	return c
}

// common are the architectures that are in all tables, in the order of the first.
func common(tables []*table) (archs []spaces.Arch) {
	for _, a := range tables[0].archs {
		if !slices.ContainsFunc(tables, func(t *table) bool { _, ok := t.at[a.String()]; return !ok }) {
			archs = append(archs, a)
		}
	}
	return archs
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

// joined says what was taken of a table of scores or truth, and how many of its rows the other table has.
func (t *table) joined(other *table, kind string) string {
	var lacking []string
	for _, a := range t.archs {
		if _, ok := other.at[a.String()]; !ok {
			lacking = append(lacking, a.String())
		}
	}
	how := "all joined"
	if len(lacking) > 0 {
		how = fmt.Sprintf("%d not in the other table, such as %s", len(lacking), plaintext.Name(strings.TrimSpace(lacking[0])))
	}
	return fmt.Sprintf("%s (%s): %d rows, %s", t.file(), t.taken(kind), len(t.archs), how)
}
