package truth

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/plaintext"
)

// Truth is one metric of many architectures.
type Truth struct {
	Source        string   // path of the table
	Metric        string   // for example "accuracy", as the table calls it
	Columns       []string // of a CSV table, the runs that were taken; the metric is the first
	Unit          string   // "%", "fraction", "perplexity" or "" where nothing is known
	LowerIsBetter bool     // for example perplexity
	Assumed       bool     // nothing says which direction is better, and higher was taken
	Rows          []Row    // in the order of the table, no architecture twice
	Skipped       []int    // lines with values that are no finite numbers and were left out, a line for each
}

// Row is what one architecture achieved.
type Row struct {
	Architecture string    // as the table writes it
	Values       []float64 // one for each run, at least one, all finite
	Position     int       // the first place in the table, from 1: line, record or run
}

// Mean returns the average over the runs.
func (r Row) Mean() float64 { return Mean(r.Values) }

// Mean returns the average of runs, which is finite if they are.
func Mean(runs []float64) float64 {
	sum, n := 0.0, float64(len(runs))
	for _, v := range runs {
		sum += v
	}
	if !math.IsInf(sum, 0) {
		return sum / n
	}
	mean := 0.0
	for _, v := range runs {
		mean += v / n
	}
	return mean
}

// Description says what was taken as the truth: column and direction, the number of runs, and what was left out.
func (t *Truth) Description() string {
	var b strings.Builder
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = plaintext.Name(c)
	}
	const most = 4
	switch {
	case len(names) <= 1:
		b.WriteString("column " + plaintext.Name(t.Metric))
	case len(names) <= most:
		b.WriteString("columns " + strings.Join(names, ", "))
	default:
		fmt.Fprintf(&b, "columns %s, … %s", strings.Join(names[:most-1], ", "), names[len(names)-1])
	}
	switch {
	case t.LowerIsBetter:
		b.WriteString(", lower is better")
	case t.Assumed:
		b.WriteString(", higher taken as better, as the name does not say")
	default:
		b.WriteString(", higher is better")
	}
	least, greatest := math.MaxInt, 0
	for _, r := range t.Rows {
		least, greatest = min(least, len(r.Values)), max(greatest, len(r.Values))
	}
	switch {
	case least < greatest:
		fmt.Fprintf(&b, "; %d to %d runs of each", least, greatest)
	case greatest > 1:
		fmt.Fprintf(&b, "; %d runs of each", greatest)
	}
	if n := len(t.Skipped); n > 0 {
		fmt.Fprintf(&b, "; left out as no finite numbers: %d, such as on line %d", n, t.Skipped[0])
	}
	return b.String()
}

// Fingerprint is the SHA-256 of metric, architectures and values in hexadecimal: two studies that print the same one were judged by
// the same results.
func (t *Truth) Fingerprint() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", t.Metric)
	for _, r := range t.Rows {
		fmt.Fprintf(h, "%q %v\n", r.Architecture, r.Values)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Scores returns the means in the order of Rows, negative where lower is better: the higher the score, the better the
// architecture.
func (t *Truth) Scores() []float64 {
	s := make([]float64, len(t.Rows))
	for i, r := range t.Rows {
		s[i] = r.Mean()
		if t.LowerIsBetter {
			s[i] = -s[i]
		}
	}
	return s
}

// Archs reads the architectures with a search space, in the order of Rows. Two rows that are written differently but are
// one point of the space are an error, as is a row that the space cannot read.
func (t *Truth) Archs(space spaces.Space) ([]spaces.Arch, error) {
	archs := make([]spaces.Arch, len(t.Rows))
	seen := make(map[string]int, len(t.Rows))
	for i, r := range t.Rows {
		a, err := space.Parse(r.Architecture)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", t.Source, r.Position, err)
		}
		if first, ok := seen[a.String()]; ok {
			return nil, fmt.Errorf("%s:%d: the architecture %v stood at %d already, written %s", t.Source, r.Position, a,
				t.Rows[first].Position, plaintext.Quote(t.Rows[first].Architecture))
		}
		seen[a.String()], archs[i] = i, a
	}
	return archs, nil
}

// Within returns the rows whose architectures are in a space, such as in a part of the one that the table is of. A row that the
// space cannot read at all is an error, and so is a table of which nothing is left.
func (t *Truth) Within(space spaces.Space) (*Truth, error) {
	within := *t
	within.Rows = nil
	var reason spaces.OutsideError // of the last row outside
	for _, r := range t.Rows {
		var outside spaces.OutsideError
		switch _, err := space.Parse(r.Architecture); {
		case err == nil:
			within.Rows = append(within.Rows, r)
		case !errors.As(err, &outside):
			return nil, fmt.Errorf("%s:%d: %w", t.Source, r.Position, err)
		default:
			reason = outside
		}
	}
	if len(within.Rows) == 0 {
		return nil, fmt.Errorf("truth: none of the %d architectures of %s is in the space %s: of one of them, %w", len(t.Rows),
			t.Source, space.Name(), reason)
	}
	return &within, nil
}

// Join returns the scores of the architectures that two tables share: the same function, however each table writes it. Where a
// table has several rows of one function, its score is their average. The architectures are those of the first table, in its
// order.
//
// The correlation of two seeds of the same training, joined, is the noise ceiling: what a perfect prediction of one run would
// reach.
func Join(space spaces.Space, a, b *Truth) (archs []spaces.Arch, x, y []float64, err error) {
	left, order, err := a.functions(space)
	if err != nil {
		return nil, nil, nil, err
	}
	right, _, err := b.functions(space)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, hash := range order {
		if r, ok := right[hash]; ok {
			l := left[hash]
			archs, x, y = append(archs, l.arch), append(x, l.sum/l.rows), append(y, r.sum/r.rows)
		}
	}
	if len(archs) == 0 {
		return nil, nil, nil, fmt.Errorf("truth: %s and %s share no architecture", a.Source, b.Source)
	}
	return archs, x, y, nil
}

// function is the rows of one function.
type function struct {
	arch      spaces.Arch // of the first row
	sum, rows float64     // of their scores; their number
}

// functions returns the functions of a table by hash, and their hashes in the order of their first rows.
func (t *Truth) functions(space spaces.Space) (byHash map[string]function, order []string, err error) {
	archs, err := t.Archs(space)
	if err != nil {
		return nil, nil, err
	}
	byHash = make(map[string]function, len(archs))
	for i, score := range t.Scores() {
		hash := archs[i].Hash()
		f, ok := byHash[hash]
		if !ok {
			f.arch, order = archs[i], append(order, hash)
		}
		byHash[hash] = function{f.arch, f.sum + score, f.rows + 1}
	}
	return byHash, order, nil
}

// Merge joins tables of one metric, such as one for each seed: the values of an architecture are those of all tables. Rows
// come in the order of their first appearance. Tables of different metric, unit or direction are an error.
func Merge(tables ...*Truth) (*Truth, error) {
	if len(tables) == 0 {
		return nil, errors.New("truth: no tables to merge")
	}
	m := &Truth{}
	*m = *tables[0]
	m.Rows, m.Skipped = nil, nil
	at := make(map[string]int)
	for _, t := range tables {
		if t.Metric != m.Metric || t.Unit != m.Unit || t.LowerIsBetter != m.LowerIsBetter {
			return nil, fmt.Errorf("truth: %s holds %s and %s holds %s: want the same metric in every table",
				m.Source, m.describe(), t.Source, t.describe())
		}
		m.Skipped = append(m.Skipped, t.Skipped...)
		for _, r := range t.Rows {
			if i, ok := at[r.Architecture]; ok {
				m.Rows[i].Values = append(m.Rows[i].Values, r.Values...)
				continue
			}
			at[r.Architecture] = len(m.Rows)
			r.Values = slices.Clone(r.Values)
			m.Rows = append(m.Rows, r)
		}
	}
	return m, nil
}

func (t *Truth) describe() string {
	better := "higher"
	if t.LowerIsBetter {
		better = "lower"
	}
	return fmt.Sprintf("%s (unit %q, %s is better)", t.Metric, t.Unit, better)
}
