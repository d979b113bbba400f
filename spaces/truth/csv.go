package truth

import (
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces/plaintext"
)

const wantCSV = "a CSV table with a column architecture and a column of numbers, plain or .gz"

// CSV says how a table with a header line, a column "architecture" and columns of numbers is read. The zero value finds everything out.
//
// Columns are separated by commas, semicolons (then numbers may have a decimal comma) or tabs. A byte-order mark, blanks around fields
// and any ends of lines do no harm. A row has at most 1 MiB, a table 1 GiB, unpacked.
//
// An architecture that stands on several rows has had several runs, which a column "seed" may number: each seed counts once. Rows of one
// architecture that differ in what is no seed, such as in a column "dataset" or "epochs", are an error.
type CSV struct {
	// Columns are the runs (seeds) of one metric: names, or patterns of [path.Match] such as seed_*. An empty cell is a run that there was
	// not. With none it is the first column that bears a usual name (test_accuracy, accuracy, supernet_accuracy, valid_ppl, …), or the
	// only one there is beside the architecture (and the seed), or the runs test_1, test_2, ….
	Columns []string
	// Direction says which values are better. By default the words of the first column's name do: lower is better of an error, a loss, a
	// perplexity, a latency and the like, however it is written (top1_err, Valid_PPL, testLoss).
	Direction Direction
	// SkipBad is how many values that are no finite numbers may be left out: NaN, Inf, and where there should be one and is none. With
	// the only value of an architecture the architecture is left out.
	SkipBad int
}

// ReadCSV reads a table by its columns: see [CSV].
func ReadCSV(path string, columns ...string) (*Truth, error) { return CSV{Columns: columns}.Read(path) }

// Read reads a table. Errors name the file and the line.
func (c CSV) Read(path string) (*Truth, error) {
	in, err := open(path, wantCSV)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return c.read(in, path)
}

func (c CSV) read(in io.Reader, path string) (*Truth, error) {
	table, err := newTable(in, path)
	if err != nil {
		return nil, err
	}
	at, err := valueColumns(table.header, table.arch, c.Columns)
	for _, column := range at {
		if name := table.header[column]; err == nil && (slices.Index(table.header, name) < column ||
			slices.Contains(table.header[column+1:], name)) {
			err = fmt.Errorf("two columns are called %s: rename one", plaintext.Name(name))
		}
	}
	if err == nil && c.Direction == FromName {
		err = oneDirection(table.header, at)
	}
	if err != nil {
		return nil, fmt.Errorf("truth: %s: %w", path, err)
	}
	t := &Truth{Source: path, Metric: table.header[at[0]], LowerIsBetter: c.Direction == LowerIsBetter}
	for _, column := range at {
		t.Columns = append(t.Columns, table.header[column])
	}
	if c.Direction == FromName {
		var known bool
		t.LowerIsBetter, known = direction(t.Metric)
		t.Assumed = !known
	}
	runs := newRuns(table, at)
	rowOf := make(map[string]int) // by architecture
	for {
		record, err := table.next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		row := Row{Architecture: record[table.arch], Position: table.line}
		if err := runs.add(record); err != nil {
			return nil, table.errorf("%w", err)
		}
		for _, column := range at {
			if record[column] == "" && len(at) > 1 {
				continue
			}
			switch v, err := table.number(column, record[column]); {
			case err == nil:
				row.Values = append(row.Values, v)
			case errors.Is(err, ErrNotFinite) && len(t.Skipped) < c.SkipBad:
				t.Skipped = append(t.Skipped, table.line)
			case errors.Is(err, ErrNotFinite) && c.SkipBad > 0:
				return nil, table.errorf("%w; more than the %d that may be left out", err, c.SkipBad)
			default:
				return nil, table.errorf("%w", err)
			}
		}
		if len(row.Values) == 0 && !slices.Contains(t.Skipped, table.line) {
			if len(t.Skipped) == c.SkipBad {
				return nil, table.errorf("every column of results is empty, %w at least in one", ErrNotFinite)
			}
			t.Skipped = append(t.Skipped, table.line)
		}
		if len(row.Values) == 0 {
			continue
		}
		if i, ok := rowOf[row.Architecture]; ok {
			t.Rows[i].Values = append(t.Rows[i].Values, row.Values...)
			continue
		}
		rowOf[row.Architecture] = len(t.Rows)
		t.Rows = append(t.Rows, row)
	}
	if len(t.Rows) == 0 {
		return nil, fmt.Errorf("truth: %s: no row has a finite number in column %s", path, plaintext.Name(t.Metric))
	}
	t.Unit = unit(t.Metric, t.Rows)
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
		case onlyOther(header, arch) >= 0:
			at = onlyOther(header, arch)
		case slices.Contains(header, "test_1"):
			var runs []int
			for at = slices.Index(header, "test_1"); at >= 0; at = slices.Index(header, fmt.Sprintf("test_%d", len(runs)+1)) {
				runs = append(runs, at)
			}
			return runs, nil
		case len(header) < 2:
			return nil, errors.New("there is no column beside the architecture, want one with the results")
		default:
			return nil, fmt.Errorf("which of the columns %s holds the results? None is called %s; %w", plaintext.Names(header),
				strings.Join(metrics, ", "), ErrWhichColumn)
		}
		return []int{at}, nil
	}
	var at []int
	for _, c := range columns {
		found, err := matching(header, arch, c)
		if err != nil {
			return nil, err
		}
		for _, i := range found {
			if slices.Contains(at, i) {
				return nil, fmt.Errorf("column %s is named twice", plaintext.Name(header[i]))
			}
		}
		at = append(at, found...)
	}
	return at, nil
}

// onlyOther is the only column beside the architecture and the seed; -1 if there are others.
func onlyOther(header []string, arch int) int {
	only := -1
	for i, h := range header {
		switch {
		case i == arch, len(header) > 2 && strings.EqualFold(h, "seed"):
		case only >= 0:
			return -1
		default:
			only = i
		}
	}
	return only
}

// matching returns the position of the column of a name, or those whose names match a pattern.
func matching(header []string, arch int, name string) ([]int, error) {
	if i := slices.Index(header, name); i >= 0 {
		if i == arch {
			return nil, errors.New("the column architecture holds no numbers, name another")
		}
		return []int{i}, nil
	}
	var at []int
	for i, h := range header {
		matches, err := path.Match(name, h)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w (*, ? and [ make it one)", plaintext.Quote(name), err)
		}
		if matches && i != arch {
			at = append(at, i)
		}
	}
	if at == nil {
		return nil, fmt.Errorf("no column %s among %s", plaintext.Name(name), plaintext.Names(header))
	}
	return at, nil
}

// oneDirection says if of the columns, by their names, in some lower is better and in others higher.
func oneDirection(header []string, at []int) error {
	first, _ := direction(header[at[0]])
	for _, c := range at[1:] {
		if lower, _ := direction(header[c]); lower != first {
			return fmt.Errorf("columns %s and %s cannot be runs of one metric: in one lower is better, in the other higher",
				plaintext.Name(header[at[0]]), plaintext.Name(header[c]))
		}
	}
	return nil
}

// runs finds out whether rows of one architecture can be runs of it.
type runs struct {
	*table
	seed     int   // position of the column; -1 if there is none
	settings []int // of columns that say what was measured, which runs have in common
	at       map[run]int
	first    map[string]firstRow
}

type run struct{ arch, seed string }

type firstRow struct {
	line     int
	settings string
}

// settingWords are words in the names of columns that say what was measured rather than which run it was.
var settingWords = []string{"dataset", "datasets", "data", "task", "epoch", "epochs", "budget", "fidelity", "split", "subset",
	"resolution", "metric", "device", "batch"}

func newRuns(t *table, values []int) *runs {
	r := &runs{table: t, seed: columnOf(t.header, "seed"), at: make(map[run]int), first: make(map[string]firstRow)}
	if slices.Contains(values, r.seed) {
		r.seed = -1
	}
	for i, h := range t.header {
		_, known := direction(h)
		if i == t.arch || i == r.seed || slices.Contains(values, i) || known {
			continue
		}
		if slices.ContainsFunc(wordsOf(h), func(w string) bool { return slices.Contains(settingWords, w) }) {
			r.settings = append(r.settings, i)
		}
	}
	return r
}

// add says what is wrong with another row of an architecture.
func (r *runs) add(record []string) error {
	arch := record[r.arch]
	settings := ""
	for _, i := range r.settings {
		settings += record[i] + "\x00"
	}
	first, again := r.first[arch]
	if !again {
		r.first[arch] = firstRow{r.line, settings}
	}
	if r.seed >= 0 {
		key := run{arch, record[r.seed]}
		if line, ok := r.at[key]; ok {
			return fmt.Errorf("the architecture %s stood on line %d already, want each once for a seed", plaintext.Quote(arch), line)
		}
		r.at[key] = r.line
	}
	if again && settings != first.settings {
		before, now := strings.Split(first.settings, "\x00"), strings.Split(settings, "\x00")
		for i, column := range r.settings {
			if before[i] != now[i] {
				return fmt.Errorf("the architecture %s stood on line %d already, with the %s %s, which here is %s: want rows of one, of which several are runs",
					plaintext.Quote(arch), first.line, plaintext.Name(r.header[column]), plaintext.Quote(before[i]),
					plaintext.Quote(now[i]))
			}
		}
	}
	return nil
}
