package nasbench101

import (
	"fmt"
	"slices"
	"strings"
)

const forms = `the rows of the adjacency matrix and the operations such as "010/001/000 input,conv3x3-bn-relu,output", ` +
	`an object with the keys matrix and ops, or module_adjacency and module_operations, or op1 … and input1 …`

// Parse reads a cell in one of these forms, objects and lists as JSON has them or as Python and NumPy print them:
//
//   - the rows of the adjacency matrix and the operations, as [Arch.String] prints them; input and output, and the ending
//     -bn-relu, may be left out;
//   - an object with the matrix as a list of lists of 0 and 1 (or 0. and 1., or False and True) and the operations as a list of
//     names, under the keys module_adjacency and module_operations, as the benchmark's tables and the results of its API have
//     them, or matrix and ops. What else such a result has (training_time, test_accuracy, …) is passed over;
//   - ModelSpec(matrix=[[0, 1, …], …], ops=[INPUT, CONV3X3, …]), whatever stands before it, or the matrix and the operations as
//     two lists one after the other;
//   - an object with the keys op1, op2, … and input1, input2, … where the last input is the output's. An operation is a
//     name, an index, or a one-hot list; an input is a multi-hot list of all vertices before, or a list of those chosen. (The
//     first vertex tells which: its only input is [1] or [true] in the one notation and [0] in the other.) Inputs may also be
//     names such as "0+2", as [spaces.DecisionsJSON] writes them, and the last of them called input6. NNI writes the keys with a
//     label before them, cell/op1, and adds cell/num_nodes.
//
// As [NewArch] does, it takes out vertices that are not on a path from the input to the output.
func Parse(s string) (a Arch, err error) {
	t := strings.TrimSpace(s)
	if i := strings.Index(t, "ModelSpec("); i >= 0 {
		t = t[i:]
	}
	matrix, names, _ := strings.Cut(t, " ")
	switch {
	case matrix != "" && strings.Trim(matrix, "01/") == "":
		a, err = parseRows(matrix, names)
	case strings.ContainsAny(t, "{[("):
		a, err = parseValues(t)
	default:
		return Arch{}, fmt.Errorf("nasbench101: %.120q is not a cell: want %s", s, forms)
	}
	if err != nil {
		return Arch{}, fmt.Errorf("%w (in %.120q)", err, s)
	}
	return a, nil
}

// parseRows reads the form of String.
func parseRows(matrix, names string) (Arch, error) {
	rows := strings.Split(matrix, "/")
	digits := make([][]int, len(rows))
	for i, r := range rows {
		for _, d := range r {
			digits[i] = append(digits[i], int(d-'0'))
		}
	}
	return fromMatrix(digits, strings.FieldsFunc(names, func(r rune) bool { return strings.ContainsRune(`, []()'"`, r) }))
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
			if d == 1 {
				edges = append(edges, [2]int{from, to})
			}
		}
	}
	if len(names) == n && strings.EqualFold(names[0], "input") && strings.EqualFold(names[n-1], "output") {
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

// parseOp reads the name of an operation, with or without -bn-relu; the benchmark's example calls it CONV3X3.
func parseOp(name string) (Op, error) {
	short := func(s string) string { return strings.ToLower(strings.TrimSuffix(s, "-bn-relu")) }
	if i := slices.IndexFunc(opNames, func(s string) bool { return short(s) == short(name) }); i >= 0 {
		return Op(i), nil
	}
	return 0, fmt.Errorf("nasbench101: unknown operation %.40q, want one of %v", name, opNames)
}
