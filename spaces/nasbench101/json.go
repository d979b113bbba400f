package nasbench101

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces/internal/python"
)

// parseValues reads what Python prints: an object with what else may stand after it, or a matrix and operations.
func parseValues(s string) (Arch, error) {
	values, err := python.Values(s)
	if err != nil {
		return Arch{}, fmt.Errorf("nasbench101: %w: want %s", err, forms)
	}
	var list []json.RawMessage
	if len(values) == 1 && json.Unmarshal(values[0], &list) == nil { // a tuple of results, or (matrix, operations)
		values = list
	}
	var m map[string]json.RawMessage
	switch {
	case len(values) > 0 && json.Unmarshal(values[0], &m) == nil:
		return parseObject(m)
	case len(values) == 2:
		return matrixJSON(values[0], values[1])
	}
	return Arch{}, fmt.Errorf("nasbench101: %d lists, want a matrix and operations, or %s", len(values), forms)
}

func parseObject(m map[string]json.RawMessage) (Arch, error) {
	for _, keys := range [][2]string{{"module_adjacency", "module_operations"}, {"matrix", "ops"}} {
		matrix, ok := m[keys[0]]
		ops, and := m[keys[1]]
		switch {
		case ok && and:
			return matrixJSON(matrix, ops)
		case ok || and:
			return Arch{}, fmt.Errorf("nasbench101: of the keys %s and %s only one is there, want %s", keys[0], keys[1], forms)
		}
	}
	return decisionsJSON(m)
}

func matrixJSON(matrix, names json.RawMessage) (Arch, error) {
	var raw [][]json.RawMessage
	if err := json.Unmarshal(matrix, &raw); err != nil {
		return Arch{}, fmt.Errorf("nasbench101: the matrix is %.80s, want a list of lists of 0 and 1", matrix)
	}
	rows := make([][]int, len(raw))
	for i, row := range raw {
		for _, e := range row {
			d, _, ok := integer(e)
			if !ok || d != 0 && d != 1 {
				return Arch{}, fmt.Errorf("nasbench101: row %d of the matrix has the element %.40s, want 0 or 1", i, e)
			}
			rows[i] = append(rows[i], d)
		}
	}
	var list []string
	if err := json.Unmarshal(names, &list); err != nil {
		return Arch{}, fmt.Errorf("nasbench101: the operations are %.80s, want a list of names", names)
	}
	return fromMatrix(rows, list)
}

// integer reads a number without fraction, or a truth value as 1 or 0.
func integer(raw json.RawMessage) (n int, truth, ok bool) {
	switch string(raw) {
	case "true":
		return 1, true, true
	case "false":
		return 0, true, true
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	n = int(f)
	return n, false, err == nil && float64(n) == f
}

// integers reads a list of them, and whether one is a truth value.
func integers(raw json.RawMessage) (list []int, truth, ok bool) {
	var elements []json.RawMessage
	if json.Unmarshal(raw, &elements) != nil || elements == nil {
		return nil, false, false
	}
	for _, e := range elements {
		n, t, ok := integer(e)
		if !ok {
			return nil, false, false
		}
		list, truth = append(list, n), truth || t
	}
	return list, truth, true
}

// withoutLabels returns an object with what follows the last slash of its keys.
func withoutLabels(m map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	plain := make(map[string]json.RawMessage, len(m))
	for key, v := range m {
		name := key[strings.LastIndexByte(key, '/')+1:]
		if _, ok := plain[name]; ok {
			return nil, fmt.Errorf("nasbench101: the key %s is there twice, with different labels", name)
		}
		plain[name] = v
	}
	return plain, nil
}

// decisionsJSON reads op1 … opK and input1 … inputK+1, or input6 for the last, which is how the decisions of the space are called.
func decisionsJSON(m map[string]json.RawMessage) (Arch, error) {
	m, err := withoutLabels(m)
	if err != nil {
		return Arch{}, err
	}
	last := (len(m) + 1) / 2 // the output
	if nodes, ok := m["num_nodes"]; ok {
		n, _, _ := integer(nodes)
		last = n - 1
	}
	if last < 1 || last >= MaxVertices {
		return Arch{}, fmt.Errorf("nasbench101: %d keys, want %s", len(m), forms)
	}
	var (
		ops      = make([]Op, last-1)
		inputs   = make([][]int, last+1)
		multiHot = false
	)
	for v := 1; v <= last; v++ {
		key := fmt.Sprintf("input%d", v)
		raw, ok := m[key]
		if !ok && v == last {
			raw, ok = m[fmt.Sprintf("input%d", output)]
		}
		if !ok {
			return Arch{}, fmt.Errorf("nasbench101: the key %s is missing among %d", key, len(m))
		}
		if list, ok := fromName(raw); ok {
			inputs[v] = list
			continue
		}
		var truth bool
		if inputs[v], truth, ok = integers(raw); !ok {
			return Arch{}, fmt.Errorf("nasbench101: %s is %.40s, want a list of vertices, a list of 0 and 1, or the vertices as \"0+2\"", key, raw)
		}
		multiHot = multiHot || truth
	}
	for v := 1; v < last; v++ {
		key := fmt.Sprintf("op%d", v)
		raw, ok := m[key]
		if !ok {
			return Arch{}, fmt.Errorf("nasbench101: the key %s is missing among %d", key, len(m))
		}
		var err error
		if ops[v-1], err = opJSON(raw); err != nil {
			return Arch{}, fmt.Errorf("%w (key %s)", err, key)
		}
	}
	multiHot = multiHot || len(inputs[1]) == 1 && inputs[1][0] == 1
	var edges [][2]int
	for to, list := range inputs {
		if multiHot && len(list) != to {
			return Arch{}, fmt.Errorf("nasbench101: input%d has %d elements, want %d: one for each vertex before", to, len(list), to)
		}
		for i, x := range list {
			switch {
			case !multiHot:
				edges = append(edges, [2]int{x, to})
			case x == 1:
				edges = append(edges, [2]int{i, to})
			case x != 0:
				return Arch{}, fmt.Errorf("nasbench101: input%d has the element %d, want 0 or 1", to, x)
			}
		}
	}
	return NewArch(ops, edges)
}

// opJSON reads a name, an index or a one-hot list.
func opJSON(raw json.RawMessage) (Op, error) {
	var name string
	if json.Unmarshal(raw, &name) == nil {
		return parseOp(name)
	}
	if index, truth, ok := integer(raw); ok && !truth && index >= 0 && index < int(numOps) {
		return Op(index), nil
	}
	hot, _, _ := integers(raw)
	for o := range numOps {
		if slices.Equal(hot, oneHot(o)) {
			return o, nil
		}
	}
	return 0, fmt.Errorf("nasbench101: operation %.40s, want one of %v, an index from 0 to %d, or a one-hot list of %d", raw, opNames,
		numOps-1, numOps)
}

func oneHot(o Op) []int {
	hot := make([]int, numOps)
	hot[o] = 1
	return hot
}

// fromName reads the name of a set of vertices, "0+2".
func fromName(raw json.RawMessage) (set []int, ok bool) {
	var name string
	if json.Unmarshal(raw, &name) != nil || name == "" {
		return nil, false
	}
	for _, s := range strings.Split(name, "+") {
		v, err := strconv.Atoi(s)
		if err != nil || v < 0 {
			return nil, false
		}
		set = append(set, v)
	}
	return set, true
}

// MarshalJSON writes the form of the authors' tables: one-hot lists op1, op2, … and multi-hot lists input1, input2, …
func (a Arch) MarshalJSON() ([]byte, error) {
	if !a.Valid() {
		return nil, fmt.Errorf("nasbench101: %v is not a cell", a)
	}
	m := make(map[string][]int)
	for to := 1; to < a.Vertices(); to++ {
		if to < a.Vertices()-1 {
			m[fmt.Sprintf("op%d", to)] = oneHot(a.Op(to))
		}
		hot := make([]int, to)
		for _, from := range a.Inputs(to) {
			hot[from] = 1
		}
		m[fmt.Sprintf("input%d", to)] = hot
	}
	return json.Marshal(m)
}
