package lab

import (
	"fmt"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/truth"
)

// Tables is what two tables have to say about each other.
type Tables struct {
	Joined     string // which rows of which were joined, for people
	Comparison *Comparison
}

// JoinTables compares a table of scores with that of the truth which the options name, by architecture. Connected leaves out
// architectures whose output does not depend on their input.
func JoinTables(o *Options, scores, scoreColumn string, onlyConnected bool) (*Tables, error) {
	f, r, err := o.recipe()
	if err != nil {
		return nil, err
	}
	space, err := o.within(f.published(r.Scale))
	if err != nil {
		return nil, err
	}
	s, err := readPlaced(scores, scoreColumn, space, onlyConnected)
	if err != nil {
		return nil, err
	}
	t, err := readPlaced(o.Truth, o.TruthColumn, space, onlyConnected)
	if err != nil {
		return nil, err
	}
	var archs []spaces.Arch
	var x []float64
	var runs [][]float64
	for i, a := range s.archs {
		if j, ok := t.at[a.String()]; ok {
			archs, x = append(archs, a), append(x, s.values[i])
			var run []float64
			for _, v := range t.table.Rows[t.rows[j]].Values {
				if t.table.LowerIsBetter {
					v = -v
				}
				run = append(run, v)
			}
			runs = append(runs, run)
		}
	}
	c, err := compare(f.published(r.Scale), archs, x, newTruth(runs), o.Seed)
	if err != nil {
		return nil, fmt.Errorf("%d architectures joined: %w", len(archs), err)
	}
	return &Tables{s.describe(t) + t.describe(s) + "\n", c}, nil
}

// placed is a table whose architectures are found by name.
type placed struct {
	table  *truth.Truth
	archs  []spaces.Arch
	values []float64 // higher is better
	rows   []int     // of the table
	at     map[string]int
}

func readPlaced(path, column string, space spaces.Space, onlyConnected bool) (*placed, error) {
	t, err := readTable(path, column, space)
	if err != nil {
		return nil, err
	}
	archs, err := t.Archs(space)
	if err != nil {
		return nil, err
	}
	p := &placed{table: t, at: make(map[string]int)}
	for i, v := range t.Scores() {
		if onlyConnected && !connected(archs[i]) {
			continue
		}
		p.at[archs[i].String()] = len(p.archs)
		p.archs, p.values, p.rows = append(p.archs, archs[i]), append(p.values, v), append(p.rows, i)
	}
	return p, nil
}

// describe says how many rows of p the other table has.
func (p *placed) describe(other *placed) string {
	var lacking []string
	for _, a := range p.archs {
		if _, ok := other.at[a.String()]; !ok {
			lacking = append(lacking, a.String())
		}
	}
	joined := "all joined"
	if len(lacking) > 0 {
		joined = fmt.Sprintf("%d not in the other table, such as %s", len(lacking), strings.TrimSpace(lacking[0]))
	}
	return fmt.Sprintf("%s (%s): %d rows, %s\n", p.table.Source, p.table.Metric, len(p.archs), joined)
}
