package nasbench101

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

func parseJSON(s string) (Arch, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(s), &m); err != nil {
		return Arch{}, fmt.Errorf("nasbench101: %.120q: %v", s, err)
	}
	var a Arch
	var err error
	switch keys := strings.Join(slices.Sorted(maps.Keys(m)), " "); keys {
	case "matrix ops":
		a, err = matrixJSON(m["matrix"], m["ops"])
	case "module_adjacency module_operations":
		a, err = matrixJSON(m["module_adjacency"], m["module_operations"])
	default:
		a, err = decisionsJSON(m)
	}
	if err != nil {
		return Arch{}, fmt.Errorf("%w (in %.120q)", err, s)
	}
	return a, nil
}

func matrixJSON(matrix, names json.RawMessage) (Arch, error) {
	var rows [][]int
	if err := json.Unmarshal(matrix, &rows); err != nil {
		return Arch{}, fmt.Errorf("nasbench101: the matrix is not a list of lists of 0 and 1: %v", err)
	}
	var list []string
	if err := json.Unmarshal(names, &list); err != nil {
		return Arch{}, fmt.Errorf("nasbench101: the operations are not a list of names: %v", err)
	}
	return fromMatrix(rows, list)
}

// decisionsJSON reads op1 … opK and input1 … inputK+1, or input6 for the last, which is how the decisions of the space are called.
func decisionsJSON(m map[string]json.RawMessage) (Arch, error) {
	last := (len(m) + 1) / 2 // the output
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
		if json.Unmarshal(raw, &inputs[v]) != nil {
			var err error
			if inputs[v], err = fromBools(raw); err != nil {
				return Arch{}, fmt.Errorf("nasbench101: %s is %.40s, want a list of vertices, a list of 0 and 1, or the vertices as \"0+2\"", key, raw)
			}
			multiHot = true
		}
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
	var index int
	if json.Unmarshal(raw, &index) == nil && index >= 0 && index < int(numOps) {
		return Op(index), nil
	}
	var hot []int
	if json.Unmarshal(raw, &hot) != nil {
		hot, _ = fromBools(raw)
	}
	for o := range numOps {
		if slices.Equal(hot, oneHot(o)) {
			return o, nil
		}
	}
	return 0, fmt.Errorf("nasbench101: operation %.40s, want one of %v, an index from 0 to %d, or a one-hot list of %d", raw, opNames, numOps-1, numOps)
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

// fromBools reads a list of true and false as ones and zeros.
func fromBools(raw json.RawMessage) ([]int, error) {
	var list []bool
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, err
	}
	digits := make([]int, len(list))
	for i, b := range list {
		if b {
			digits[i] = 1
		}
	}
	return digits, nil
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
