package truth

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/oneshot-nas/oneshot/spaces"
)

// Truth is one metric of many architectures.
type Truth struct {
	Source        string // path of the table
	Metric        string // for example "accuracy", as the table calls it
	Unit          string // "%", "fraction", "perplexity" or "" where nothing is known
	LowerIsBetter bool   // for example perplexity
	Rows          []Row  // in the order of the table, no architecture twice
}

// Row is what one architecture achieved.
type Row struct {
	Architecture string    // as the table writes it
	Values       []float64 // one for each run, at least one, all finite
	Position     int       // the first place in the table, from 1: line, record or run
}

// Mean returns the average over the runs.
func (r Row) Mean() float64 {
	sum := 0.0
	for _, v := range r.Values {
		sum += v
	}
	return sum / float64(len(r.Values))
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
				t.Rows[first].Position, clip(t.Rows[first].Architecture))
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
		return nil, fmt.Errorf("truth: none of the %d architectures of %s is in the space %s: of one of them, %w", len(t.Rows), t.Source, space.Name(), reason)
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
	m := &Truth{Source: tables[0].Source, Metric: tables[0].Metric, Unit: tables[0].Unit, LowerIsBetter: tables[0].LowerIsBetter}
	at := make(map[string]int)
	for _, t := range tables {
		if t.Metric != m.Metric || t.Unit != m.Unit || t.LowerIsBetter != m.LowerIsBetter {
			return nil, fmt.Errorf("truth: %s holds %s and %s holds %s: want the same metric in every table",
				m.Source, m.describe(), t.Source, t.describe())
		}
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

// clip shortens what an error message quotes.
func clip(s string) string {
	const most = 120
	if len(s) <= most {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf("%.*q…", most, s)
}
