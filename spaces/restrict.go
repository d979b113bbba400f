package spaces

import (
	"fmt"
	"maps"
	"slices"
)

// Keep returns the part of a space in which the named decisions take one of the listed values only; a single value fixes a
// decision. Architectures in which a decision does not arise belong to the part whatever its values. It is an error if a name or
// a value does not exist, or if nothing is left. (Of a space that cannot be enumerated, nothing counts as left if none of
// 100,000 architectures that are drawn belongs to the part.)
//
// The Size of the part is nil where it is not known: if the space cannot be enumerated and its decisions depend on each other.
func Keep(s Space, values map[string][]string) (Space, error) {
	p := whole(s)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		i, err := decision(s, name)
		if err != nil {
			return nil, err
		}
		chosen, err := indices(s, i, values[name])
		if err != nil {
			return nil, err
		}
		keep := make([]bool, len(p.allowed[i]))
		for _, v := range chosen {
			keep[v] = p.allowed[i][v]
		}
		p.allowed[i] = keep
	}
	if left := p.space(); left != nil {
		return left, nil
	}
	return nil, fmt.Errorf("%s: no architecture is left with the values %v", s.Name(), values)
}

// Drop returns the part of a space in which the named decisions take none of the listed values. Errors are those of [Keep].
func Drop(s Space, values map[string][]string) (Space, error) {
	keep := make(map[string][]string)
	for name, dropped := range values {
		i, err := decision(s, name)
		if err != nil {
			return nil, err
		}
		if _, err := indices(s, i, dropped); err != nil {
			return nil, err
		}
		keep[name] = slices.DeleteFunc(slices.Clone(s.Choices()[i].Values), func(v string) bool { return slices.Contains(dropped, v) })
	}
	return Keep(s, keep)
}

// Split returns a part of a space for each value of a decision, in the order of the values. Values that no architecture of the
// space takes have none. Architectures in which the decision does not arise belong to every part.
func Split(s Space, name string) ([]Space, error) {
	i, err := decision(s, name)
	if err != nil {
		return nil, err
	}
	var parts []Space
	for v := range s.Choices()[i].Values {
		p := whole(s)
		allowed := p.allowed[i][v]
		p.allowed[i] = make([]bool, len(p.allowed[i]))
		p.allowed[i][v] = allowed
		if part := p.space(); part != nil {
			parts = append(parts, part)
		}
	}
	return parts, nil
}

// decision returns the position of a decision among the choices of a space.
func decision(s Space, name string) (int, error) {
	choices := s.Choices()
	if i := slices.IndexFunc(choices, func(c Choice) bool { return c.Name == name }); i >= 0 {
		return i, nil
	}
	names := make([]string, len(choices))
	for i, c := range choices {
		names[i] = c.Name
	}
	return 0, fmt.Errorf("%s: no decision is called %q, want one of %q", s.Name(), name, names)
}

// indices returns the positions of values among those of decision i.
func indices(s Space, i int, values []string) ([]int, error) {
	c := s.Choices()[i]
	at := make([]int, len(values))
	for j, v := range values {
		if at[j] = slices.Index(c.Values, v); at[j] < 0 {
			return nil, fmt.Errorf("%s: %s has no value %q, want one of %q", s.Name(), c.Name, v, c.Values)
		}
	}
	return at, nil
}
