package truth

import (
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
