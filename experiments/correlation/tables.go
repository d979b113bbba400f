package main

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/spaces/truth"
)

// table is one number for each architecture, higher is better, in the order of the file.
type table struct {
	path, column string
	archs        []nasbench201.Arch
	values       []float64
	at           map[nasbench201.Arch]int // position in archs
}

// readTable reads a CSV table (plain or .gz); see [truth.ReadCSV] for what happens where no column is named.
func readTable(path, column string) (*table, error) {
	var columns []string
	if column != "" {
		columns = append(columns, column)
	}
	tr, err := truth.ReadCSV(path, columns...)
	if err != nil {
		return nil, err
	}
	archs, err := tr.Archs(nasbench201.Space{})
	if err != nil {
		return nil, err
	}
	t := &table{path: path, column: tr.Metric, at: make(map[nasbench201.Arch]int)}
	for i, v := range tr.Scores() {
		t.add(archs[i].(nasbench201.Arch), v)
	}
	return t, nil
}

func (t *table) add(a nasbench201.Arch, v float64) {
	t.at[a] = len(t.archs)
	t.archs, t.values = append(t.archs, a), append(t.values, v)
}

// join returns the values of the architectures that both tables have, in the order of the first.
func join(a, b *table) (x, y []float64) {
	for i, arch := range a.archs {
		if j, ok := b.at[arch]; ok {
			x, y = append(x, a.values[i]), append(y, b.values[j])
		}
	}
	return x, y
}

// connected returns the rows whose output depends on the input.
func (t *table) connected() *table {
	c := &table{path: t.path, column: t.column, at: make(map[nasbench201.Arch]int)}
	for i, a := range t.archs {
		if a.Connected() {
			c.add(a, t.values[i])
		}
	}
	return c
}

// missing describes the rows of a that b lacks.
func missing(a, b *table) string {
	n, example := 0, ""
	for _, arch := range a.archs {
		if _, ok := b.at[arch]; !ok {
			if n++; n == 1 {
				example = arch.String()
			}
		}
	}
	if n == 0 {
		return "all joined"
	}
	return fmt.Sprintf("%d not in the other table, such as %s", n, example)
}
