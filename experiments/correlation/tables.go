package main

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

// table is a column of numbers by architecture, in the order of the file.
type table struct {
	path, column string
	archs        []nasbench201.Arch
	values       []float64
	at           map[nasbench201.Arch]int // position in archs
}

// higherIsBetter lists the columns that a table's value may be found in, preferred ones first.
var higherIsBetter = []string{"test_accuracy", "supernet_accuracy", "accuracy", "score", "cifar10_test_200"}

// readTable reads a CSV file (plain or .gz) with a header, a column "architecture" and the named column of numbers; if no
// column is named, the first of the known names, else the only other column.
func readTable(path, column string) (t *table, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w (want a CSV table with a column architecture and a column of values, plain or .gz)", err)
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		in = z
	}
	r := csv.NewReader(in)
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: the file is empty, want a header line with a column architecture", path)
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	arch := slices.Index(header, "architecture")
	if arch < 0 {
		return nil, fmt.Errorf("%s: no column architecture among %q", path, header)
	}
	value, err := valueColumn(header, arch, column)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	t = &table{path: path, column: header[value], at: make(map[nasbench201.Arch]int)}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		line, _ := r.FieldPos(0)
		a, err := nasbench201.Parse(row[arch])
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, line, err)
		}
		v, err := strconv.ParseFloat(row[value], 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%s:%d: column %s is %q, want a finite number", path, line, t.column, row[value])
		}
		if first, ok := t.at[a]; ok {
			return nil, fmt.Errorf("%s:%d: %v occurs twice, first as row %d", path, line, a, first+1)
		}
		t.at[a] = len(t.archs)
		t.archs, t.values = append(t.archs, a), append(t.values, v)
	}
	if len(t.archs) == 0 {
		return nil, fmt.Errorf("%s: no rows", path)
	}
	return t, nil
}

func valueColumn(header []string, arch int, want string) (int, error) {
	if want != "" {
		if i := slices.Index(header, want); i >= 0 && i != arch {
			return i, nil
		}
		return 0, fmt.Errorf("no column %s among %q", want, header)
	}
	for _, name := range higherIsBetter {
		if i := slices.Index(header, name); i >= 0 {
			return i, nil
		}
	}
	if len(header) == 2 {
		return 1 - arch, nil
	}
	return 0, fmt.Errorf("which of the columns %q holds the values? Name it with -score-column or -truth-column", header)
}

// join returns the values of the architectures that both tables have, in the order of the first.
func join(a, b *table) (archs []nasbench201.Arch, x, y []float64) {
	for i, arch := range a.archs {
		if j, ok := b.at[arch]; ok {
			archs, x, y = append(archs, arch), append(x, a.values[i]), append(y, b.values[j])
		}
	}
	return archs, x, y
}

// connected returns the rows whose output depends on the input.
func (t *table) connected() *table {
	c := &table{path: t.path, column: t.column, at: make(map[nasbench201.Arch]int)}
	for i, a := range t.archs {
		if a.Connected() {
			c.at[a] = len(c.archs)
			c.archs, c.values = append(c.archs, a), append(c.values, t.values[i])
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
