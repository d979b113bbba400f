package dartsptb

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces/internal/python"
)

const forms = `[('tanh', 0), ('relu', 1), …] with eight pairs, Genotype(recurrent=[…], concat=range(1, 9)), or an object with the keys ` +
	`"act/0" to "act/7" and "switch/0" to "switch/7"`

// Parse reads an architecture in one of these forms, objects as JSON has them or as Python prints them:
//
//   - DARTS' genotype, Genotype(recurrent=[…], concat=range(1, 9)), whatever stands before and after it in a line of a log or of a
//     program;
//   - the pairs of [Arch.String] alone, or an object with the keys of the genotype; quotes, brackets, commas and line breaks only
//     separate;
//   - the object of the authors' tables, {"act/0": 1, …, "switch/7": 3}, or with the names of the values, {"act/0": "relu", …,
//     "switch/7": "3"}, as [spaces.DecisionsJSON] writes it.
func Parse(s string) (a Arch, err error) {
	t := strings.TrimSpace(s)
	arguments, genotype, err := python.Call(t, "Genotype")
	switch {
	case err != nil:
	case genotype:
		a, err = parsePairs(python.Words(arguments))
	case strings.HasPrefix(t, "{") && !strings.Contains(t, "recurrent"):
		a, err = parseObject(t)
	default:
		a, err = parsePairs(python.Words(t))
	}
	if err != nil {
		return Arch{}, fmt.Errorf("dartsptb: %w (in %.120q)", err, s)
	}
	return a, nil
}

func parsePairs(words []string) (a Arch, err error) {
	if len(words) > 0 && words[0] == "recurrent" {
		words = words[1:]
	}
	if i := slices.Index(words, "concat"); i >= 0 {
		if all := strings.Join(words[i+1:], " "); all != "range 1 9" && all != "1 2 3 4 5 6 7 8" {
			return Arch{}, fmt.Errorf("the concat of the genotype is %.80q, want the states 1 to 8: range(1, 9)", all)
		}
		words = words[:i]
	}
	if len(words) != 2*Steps {
		return Arch{}, fmt.Errorf("%d words, want %s", len(words), forms)
	}
	for i := range a {
		act := slices.Index(actNames, words[2*i])
		if act < 0 {
			return Arch{}, fmt.Errorf("the activation of step %d is %.40q, want one of %v", i, words[2*i], actNames)
		}
		state, err := strconv.Atoi(words[2*i+1])
		if err != nil || state < 0 || state > i {
			return Arch{}, fmt.Errorf("step %d reads state %.40q, want 0 to %d", i, words[2*i+1], i)
		}
		a[i] = Step{Act(act), uint8(state)}
	}
	return a, nil
}

func parseObject(s string) (a Arch, err error) {
	m, err := python.Object(s)
	if err != nil {
		return Arch{}, fmt.Errorf("%w, want %s", err, forms)
	}
	// take reads an index, or the name of a value in quotes.
	take := func(key string, names []string) (uint8, error) {
		v, ok := m[key]
		if !ok {
			return 0, fmt.Errorf("the key %q is missing", key)
		}
		index := -1
		var name string
		if json.Unmarshal(v, &name) == nil && string(v) != "null" {
			index = slices.Index(names, name)
		} else if n, err := strconv.Atoi(string(v)); err == nil && n < len(names) {
			index = n
		}
		if index < 0 {
			return 0, fmt.Errorf("%s is %.40s, want a number from 0 to %d, or one of %q", key, v, len(names)-1, names)
		}
		delete(m, key)
		return uint8(index), nil
	}
	var states []string // that a step can read
	for i := range a {
		act, err := take(fmt.Sprintf("act/%d", i), actNames)
		if err != nil {
			return Arch{}, err
		}
		states = append(states, strconv.Itoa(i))
		state, err := take(fmt.Sprintf("switch/%d", i), states)
		if err != nil {
			return Arch{}, err
		}
		a[i] = Step{Act(act), state}
	}
	for k := range m {
		return Arch{}, fmt.Errorf("unknown key %.40q, want %s", k, forms)
	}
	return a, nil
}

// MarshalJSON writes the object of the authors' tables.
func (a Arch) MarshalJSON() ([]byte, error) {
	m := make(map[string]int, 2*Steps)
	for i, s := range a {
		m[fmt.Sprintf("act/%d", i)], m[fmt.Sprintf("switch/%d", i)] = int(s.Act), int(s.Switch)
	}
	return json.Marshal(m)
}
