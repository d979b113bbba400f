package darts

import (
	"encoding/json"
	"fmt"
)

// parseObject reads the object of the authors' tables, or one that can be translated to it.
func parseObject(m map[string]json.RawMessage) (a Arch, err error) {
	if m, err = translate(m); err != nil {
		return Arch{}, err
	}
	for i, c := range a.cells() {
		for j := range c {
			for k := range c[j] {
				if c[j][k], err = edgeJSON(m, place{cellNames[i], Inputs + j, k}); err != nil {
					return Arch{}, err
				}
			}
			if err := c.distinct(cellNames[i], j); err != nil {
				return Arch{}, err
			}
		}
	}
	for k := range m {
		return Arch{}, fmt.Errorf("unknown key %.80q, want %s", k, forms)
	}
	return a, nil
}

// edgeJSON takes the two keys of an edge out of the object.
func edgeJSON(m map[string]json.RawMessage, p place) (Edge, error) {
	var op string
	if err := take(m, p.key("op"), &op, fmt.Sprintf("one of %v", opNames)); err != nil {
		return Edge{}, err
	}
	key := p.key("input")
	var input int
	if s := m[key]; len(s) > 2 && s[0] == '"' { // a number, or its name in quotes
		m[key] = s[1 : len(s)-1]
	}
	if err := take(m, key, &input, p.inputs()); err != nil {
		return Edge{}, err
	}
	return p.edge(op, input)
}

// take reads the value of a key into what v points to, and removes the key.
func take(m map[string]json.RawMessage, key string, v any, want string) error {
	raw, ok := m[key]
	if !ok {
		return fmt.Errorf("the key %q is missing", key)
	}
	if json.Unmarshal(raw, v) != nil || string(raw) == "null" {
		return fmt.Errorf("%s is %.40s, want %s", key, raw, want)
	}
	delete(m, key)
	return nil
}

// MarshalJSON writes the object of the authors' tables.
func (a Arch) MarshalJSON() ([]byte, error) {
	m := make(map[string]any, decisions)
	a.edges(func(p place, e *Edge) {
		m[p.key("op")] = e.Op.String()
		m[p.key("input")] = e.Input
	})
	return json.Marshal(m)
}
