package nasbench101

import (
	"fmt"
	"slices"
	"strings"
)

const forms = `the rows of the adjacency matrix and the operations such as "010/001/000 input,conv3x3-bn-relu,output", ` +
	`or a JSON object with the keys matrix and ops, or op1 … and input1 …`

// Parse reads a cell in one of these forms:
//
//   - the rows of the adjacency matrix and the operations, as [Arch.String] prints them; input and output, and the ending
//     -bn-relu, may be left out;
//   - a JSON object with the matrix as a list of lists and the operations as a list of names, under the keys matrix and ops or,
//     as in the benchmark's tables, module_adjacency and module_operations;
//   - a JSON object with the keys op1, op2, … and input1, input2, … where the last input is the output's. An operation is a
//     name, an index, or a one-hot list; an input is a multi-hot list of all vertices before, or a list of those chosen. (The
//     first vertex tells which: its only input is [1] or [true] in the one notation and [0] in the other.) Inputs may also be
//     names such as "0+2", as [spaces.DecisionsJSON] writes them, and the last of them called input6.
//
// As [NewArch] does, it takes out vertices that are not on a path from the input to the output.
func Parse(s string) (Arch, error) {
	t := strings.TrimSpace(s)
	if strings.HasPrefix(t, "{") {
		return parseJSON(t)
	}
	matrix, names, _ := strings.Cut(t, " ")
	if matrix == "" || strings.Trim(matrix, "01/") != "" {
		return Arch{}, fmt.Errorf("nasbench101: %.120q is not a cell: want %s", s, forms)
	}
	rows := strings.Split(matrix, "/")
	digits := make([][]int, len(rows))
	for i, r := range rows {
		for _, d := range r {
			digits[i] = append(digits[i], int(d-'0'))
		}
	}
	a, err := fromMatrix(digits, strings.FieldsFunc(names, func(r rune) bool { return r == ',' || r == ' ' }))
	if err != nil {
		return Arch{}, fmt.Errorf("%w (in %.120q)", err, s)
	}
	return a, nil
}

// fromMatrix makes a cell of an adjacency matrix and the names of the operations, with or without those of input and output.
func fromMatrix(rows [][]int, names []string) (Arch, error) {
	n := len(rows)
	if n < 2 || n > MaxVertices {
		return Arch{}, fmt.Errorf("nasbench101: a matrix of %d rows, want 2 to %d", n, MaxVertices)
	}
	var edges [][2]int
	for from, row := range rows {
		if len(row) != n {
			return Arch{}, fmt.Errorf("nasbench101: row %d of the matrix has %d elements, want %d as there are rows", from, len(row), n)
		}
		for to, d := range row {
			switch {
			case d != 0 && d != 1:
				return Arch{}, fmt.Errorf("nasbench101: row %d of the matrix has the element %d, want 0 or 1", from, d)
			case d == 1:
				edges = append(edges, [2]int{from, to})
			}
		}
	}
	if len(names) == n && names[0] == "input" && names[n-1] == "output" {
		names = names[1 : n-1]
	}
	if len(names) != n-2 {
		return Arch{}, fmt.Errorf("nasbench101: operations %.120q for a matrix of %d rows, want the names of %d inner vertices, with input before and output after them or without", names, n, n-2)
	}
	ops := make([]Op, len(names))
	for i, name := range names {
		var err error
		if ops[i], err = parseOp(name); err != nil {
			return Arch{}, fmt.Errorf("%w (vertex %d)", err, i+1)
		}
	}
	return NewArch(ops, edges)
}

func parseOp(name string) (Op, error) {
	short := func(s string) string { return strings.TrimSuffix(s, "-bn-relu") }
	if i := slices.IndexFunc(opNames, func(s string) bool { return short(s) == short(name) }); i >= 0 {
		return Op(i), nil
	}
	return 0, fmt.Errorf("nasbench101: unknown operation %.40q, want one of %v", name, opNames)
}
