package darts

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// translate returns an object of the authors' tables that says what one of NNI, NAS-Bench-301 or NASLib does. Keys that it does not know
// are left in it.
func translate(m map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	keys := slices.Sorted(maps.Keys(m))
	if slices.ContainsFunc(keys, func(key string) bool { return strings.Count(key, "/") == 3 }) {
		return m, nil // of the authors' tables; others' keys beside theirs are unknown
	}
	for _, key := range keys {
		label, last := "", key // NAS-Bench-301 has NetworkSelectorDatasetInfo:darts: before its keys
		if i := strings.LastIndexByte(key, ':'); i >= 0 {
			label, last = key[:i+1], key[i+1:]
		}
		switch {
		case strings.Contains(last, "/op_"):
			return rename(m, hubKey)
		case strings.HasSuffix(last, "_op_x"):
			return rename(m, ndsKey)
		case strings.HasPrefix(last, "edge_"):
			return choose(m, config{label})
		case strings.Contains(last, "_n2_p"):
			return choose(m, exported{})
		}
	}
	return m, nil
}

// hubKey is the name of a decision in NNI's model hub.
func hubKey(p place, what string) string {
	return fmt.Sprintf("%s/%s_%d_%d", p.cell, what, p.node, p.slot)
}

// ndsKey is the name of a decision in NNI's benchmark NDS.
func ndsKey(p place, what string) string {
	return fmt.Sprintf("%s_%d_%s_%c", p.cell, p.node-Inputs, what, "xy"[p.slot])
}

// rename gives the decisions their names of the authors' tables.
func rename(m map[string]json.RawMessage, name func(p place, what string) string) (map[string]json.RawMessage, error) {
	renamed := maps.Clone(m)
	var err error
	new(Arch).edges(func(p place, _ *Edge) {
		for _, what := range []string{"op", "input"} {
			key := name(p, what)
			v, ok := m[key]
			if !ok && err == nil {
				err = fmt.Errorf("the key %q is missing", key)
			}
			delete(renamed, key)
			renamed[p.key(what)] = single(v)
		}
	})
	for _, cell := range cellNames { // of NDS
		var nodes []int
		if concat, ok := m[cell+"_concat"]; ok && json.Unmarshal(concat, &nodes) == nil && slices.Equal(nodes, []int{2, 3, 4, 5}) {
			delete(renamed, cell+"_concat")
		}
	}
	return renamed, err
}

// single returns the element of a list of one.
func single(v json.RawMessage) json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(v, &list) == nil && len(list) == 1 {
		return list[0]
	}
	return v
}

// notation is a way to write an operation for every pair of nodes of which the second may read the first, and which of them it reads.
type notation interface {
	edge(cell string, node, input int) string // key of an operation
	choice(cell string, node int) string      // key of the inputs that are read; it need not be there
	// inputs reads that key.
	inputs(v json.RawMessage, cell string, node int) ([]int, bool)
	op(v json.RawMessage) json.RawMessage
}

// choose translates an object of a notation.
func choose(m map[string]json.RawMessage, n notation) (map[string]json.RawMessage, error) {
	chosen := maps.Clone(m)
	for _, cell := range cellNames {
		for node := Inputs; node < Inputs+Nodes; node++ {
			var inputs []int // that an operation leads from
			for i := range node {
				key := n.edge(cell, node, i)
				if v, ok := m[key]; ok && !slices.Contains([]string{`[]`, `null`, `"none"`}, string(v)) {
					inputs = append(inputs, i)
				}
				delete(chosen, key)
			}
			key := n.choice(cell, node)
			if v, ok := m[key]; ok {
				read, ok := n.inputs(v, cell, node)
				if !ok {
					return nil, fmt.Errorf("%s is %.80s, want two of the edges %s to %s", key, v, n.edge(cell, node, 0),
						n.edge(cell, node, node-1))
				}
				inputs = slices.DeleteFunc(inputs, func(i int) bool { return !slices.Contains(read, i) })
				delete(chosen, key)
			}
			if len(inputs) != Slots {
				return nil, fmt.Errorf("node %d of the %s cell reads %d nodes, want operations for two of %s to %s",
					node, cell, len(inputs), n.edge(cell, node, 0), n.edge(cell, node, node-1))
			}
			for slot, i := range inputs {
				p := place{cell, node, slot}
				chosen[p.key("op")] = n.op(m[n.edge(cell, node, i)])
				chosen[p.key("input")] = strconv.AppendInt(nil, int64(i), 10)
			}
		}
	}
	return chosen, nil
}

// config is the configuration of NAS-Bench-301, with a label before every key; edges are numbered node by node.
type config struct{ label string }

func (c config) edge(cell string, node, input int) string {
	return fmt.Sprintf("%sedge_%s_%d", c.label, cell, node*(node-1)/2-1+input)
}
func (c config) choice(cell string, node int) string {
	return fmt.Sprintf("%sinputs_node_%s_%d", c.label, cell, node)
}

// inputs reads "0_2".
func (config) inputs(v json.RawMessage, _ string, _ int) (list []int, ok bool) {
	var text string
	if json.Unmarshal(v, &text) != nil {
		return nil, false
	}
	for _, s := range strings.Split(text, "_") {
		i, err := strconv.Atoi(s)
		if err != nil {
			return nil, false
		}
		list = append(list, i)
	}
	return list, true
}
func (config) op(v json.RawMessage) json.RawMessage { return v }

// exported is what NNI's implementation of DARTS exports. Operations have names of their own or, in the order of [Op], numbers.
type exported struct{}

var exportedOps = []string{"maxpool", "avgpool", "skipconnect", "sepconv3x3", "sepconv5x5", "dilconv3x3", "dilconv5x5"}

func (exported) edge(cell string, node, input int) string {
	return fmt.Sprintf("%s_n%d_p%d", cell, node, input)
}
func (exported) choice(cell string, node int) string { return fmt.Sprintf("%s_n%d_switch", cell, node) }

// inputs reads the keys of edges, or the numbers of their inputs.
func (e exported) inputs(v json.RawMessage, cell string, node int) (list []int, ok bool) {
	var edges []json.RawMessage
	if json.Unmarshal(v, &edges) != nil {
		return nil, false
	}
	for _, edge := range edges {
		input := -1
		for i := range node {
			if s := string(edge); s == strconv.Itoa(i) || s == strconv.Quote(e.edge(cell, node, i)) {
				input = i
			}
		}
		if input < 0 {
			return nil, false
		}
		list = append(list, input)
	}
	return list, true
}

func (exported) op(v json.RawMessage) json.RawMessage {
	v = single(v)
	for i, name := range exportedOps {
		if s := string(v); s == strconv.Itoa(i) || s == strconv.Quote(name) {
			return json.RawMessage(strconv.Quote(opNames[i]))
		}
	}
	return v
}

// compact returns the words as numbers if they are the 32 of NASLib's compact form.
func compact(words []string) (numbers []int, ok bool) {
	for _, w := range words {
		n, err := strconv.Atoi(w)
		if err != nil {
			return nil, false
		}
		numbers = append(numbers, n)
	}
	return numbers, len(numbers) == decisions
}

func fromCompact(numbers []int) (a Arch, err error) {
	a.edges(func(p place, e *Edge) {
		input, op := numbers[0], numbers[1]
		numbers = numbers[2:]
		switch {
		case err != nil:
		case op < 0 || op >= int(NumOps):
			err = fmt.Errorf("%s is %d, want a number from 0 to %d for %v", p.key("op"), op, NumOps-1, opNames)
		default:
			*e, err = p.edge(opNames[op], input)
		}
	})
	for i, c := range a.cells() {
		for j := 0; j < Nodes && err == nil; j++ {
			err = c.distinct(cellNames[i], j)
		}
	}
	return a, err
}
