package proxylessnas

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/oneshot-nas/oneshot/spaces/internal/python"
)

const forms = `the %d cells of a list such as %v, an object with the keys stage0_cell0 to stage5_cell0, ks, e and d of ` +
	`once-for-all, blocks of a published network, or s2_depth, s2_i0, … of NNI, or indices separated by colons`

// Parse reads an architecture in one of these forms, objects as JSON has them or as Python prints them:
//
//   - the list of [Arch.String]; blanks, commas, slashes, quotes and brackets may separate the 21 names in any way;
//   - the object of the authors' tables, 21 keys such as "stage0_cell3", each with the index of an [Op] or its name;
//   - the setting of a subnetwork of once-for-all's ProxylessNAS, {"ks": [3, …], "e": [6, …], "d": [4, …]}: kernel and expansion
//     of the 21 cells, and the depths of the stages;
//   - the configuration of a network, {"name": "ProxylessNASNets", …, "blocks": […]}, as ProxylessNAS publishes those that it has
//     found (without their channels, see [Space].Widths);
//   - the object of NNI's model hub, {"s2_depth": 2, "s2_i0": "k5e3", …, "s7_i0": "k7e6"};
//   - 21 such indices, separated by colons;
//   - 22 or 73 indices of TuNAS, separated by colons (see [Arch.TuNAS]).
func Parse(s string) (Arch, error) {
	t := strings.TrimSpace(s)
	switch {
	case strings.HasPrefix(t, "{"), strings.HasPrefix(t, "OrderedDict("):
		return parseObject(t)
	case strings.Contains(t, ":"):
		return parseIndices(t)
	default:
		return parseList(t)
	}
}

func parseList(s string) (a Arch, err error) {
	names := strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`,/|[]()'"`, r) })
	if len(names) != Cells {
		return Arch{}, fmt.Errorf("proxylessnas: %.120q lists %d cells, want "+forms, s, len(names), Cells, Arch{})
	}
	for i, name := range names {
		if a[i], err = parseOp(name, i); err != nil {
			return Arch{}, err
		}
	}
	return a, nil
}

func parseObject(s string) (a Arch, err error) {
	o, err := python.Object(s)
	switch {
	case err != nil:
		err = fmt.Errorf("proxylessnas: %w, want "+forms, err, Cells, Arch{})
	case o["ks"] != nil:
		a, err = fromOnceForAll(o)
	case o["blocks"] != nil:
		a, err = fromConfig(o["blocks"])
	case o["s2_i0"] != nil:
		a, err = fromHub(o)
	default:
		a, err = fromTable(o)
	}
	if err != nil {
		return Arch{}, fmt.Errorf("%w (in %.120q)", err, s)
	}
	return a, nil
}

// fromTable reads the object of the authors' tables.
func fromTable(m map[string]json.RawMessage) (a Arch, err error) {
	for i := range a {
		k := Key(i)
		raw, ok := m[k]
		if !ok {
			return Arch{}, fmt.Errorf("proxylessnas: the key %q is missing, want "+forms, k, Cells, Arch{})
		}
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			return Arch{}, fmt.Errorf("proxylessnas: %s is %.40s: %w", k, raw, err)
		}
		switch v := v.(type) {
		case string:
			a[i], err = parseOp(v, i)
		case float64:
			if v != math.Trunc(v) || math.Abs(v) > 100 {
				return Arch{}, fmt.Errorf("proxylessnas: %s is %v, want an index from 0 to %d", k, v, options(i)-1)
			}
			a[i], err = fromIndex(int(v), i)
		default:
			return Arch{}, fmt.Errorf("proxylessnas: %s is %v, want an index from 0 to %d", k, v, options(i)-1)
		}
		if err != nil {
			return Arch{}, err
		}
		delete(m, k)
	}
	for k := range m {
		return Arch{}, fmt.Errorf("proxylessnas: unknown key %.40q, want %s to %s", k, Key(0), Key(Cells-1))
	}
	return a, nil
}

func parseIndices(s string) (a Arch, err error) {
	var n []int
	for _, f := range strings.Split(s, ":") {
		i, err := strconv.Atoi(strings.TrimSpace(f))
		if err != nil {
			return Arch{}, fmt.Errorf("proxylessnas: %.120q: %q is not an index", s, f)
		}
		n = append(n, i)
	}
	switch len(n) {
	case Cells:
		for i := range a {
			if a[i], err = fromIndex(n[i], i); err != nil {
				return Arch{}, err
			}
		}
		return a, nil
	case tunasShort:
		return fromTuNASShort(n)
	case tunasLong:
		return fromTuNASLong(n)
	}
	return Arch{}, fmt.Errorf("proxylessnas: %.120q has %d indices, want %d (the authors' order), or %d or %d (TuNAS)", s, len(n),
		Cells, tunasShort, tunasLong)
}

func parseOp(name string, cell int) (Op, error) {
	i := slices.Index(opNames, name)
	if i < 0 {
		return 0, fmt.Errorf("proxylessnas: %s is %.40q, want one of %v", Key(cell), name, opNames[:options(cell)])
	}
	return fromIndex(i, cell)
}

// fromIndex returns the operation of an index if the cell can have it.
func fromIndex(i, cell int) (Op, error) {
	if i == int(Zero) && !optional(cell) {
		return 0, fmt.Errorf("proxylessnas: %s cannot be left out, it changes size or channels", Key(cell))
	}
	if i < 0 || i >= options(cell) {
		return 0, fmt.Errorf("proxylessnas: %s is %d, want an index from 0 to %d", Key(cell), i, options(cell)-1)
	}
	return Op(i), nil
}

// MarshalJSON writes the form of the authors' tables.
func (a Arch) MarshalJSON() ([]byte, error) {
	m := make(map[string]int, Cells)
	for i, o := range a {
		m[Key(i)] = int(o)
	}
	return json.Marshal(m)
}
