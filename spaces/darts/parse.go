package darts

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces/internal/python"
)

const forms = "Genotype(normal=[('sep_conv_3x3', 0), …], normal_concat=range(2, 6), reduce=[…], reduce_concat=range(2, 6)), " +
	`or an object with the keys "normal/2/0/op", "normal/2/0/input" to "reduce/5/1/input", or those of NNI ("normal/op_2_0", …, or ` +
	`"normal_n2_p0", …) or NAS-Bench-301 ("edge_normal_0", …)`

// String prints the genotype as DARTS does.
func (a Arch) String() string {
	var b strings.Builder
	b.WriteString("Genotype(")
	for i, c := range a.cells() {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(cellNames[i] + "=[")
		for j, node := range c {
			for k, e := range node {
				if j+k > 0 {
					b.WriteString(", ")
				}
				fmt.Fprintf(&b, "('%v', %d)", e.Op, e.Input)
			}
		}
		b.WriteString("], " + cellNames[i] + "_concat=range(2, 6)")
	}
	b.WriteByte(')')
	return b.String()
}

// Parse reads an architecture in one of these forms, objects as JSON has them or as Python prints them:
//
//   - the genotype of [Arch.String], whatever stands before and after it in a line of a log or of a program. The concatenated
//     nodes may be listed, as in normal_concat=[2, 3, 4, 5], or not be
//     mentioned; quotes, brackets, commas and line breaks only separate, so that pairs may be grouped by node, and the same
//     genotype as an object {"normal": [["sep_conv_3x3", 0], …], …} is read too. NASLib writes [2, 3, 4, 5, 6] and [4, 5, 6] for
//     the concatenated nodes of every architecture, which stands for 2 to 5;
//   - the object of the authors' tables, {"normal/2/0/op": "sep_conv_3x3", "normal/2/0/input": 0, …}, or with the names of
//     all values, "0" for 0, as [spaces.DecisionsJSON] writes it;
//   - the objects of NNI: {"normal/op_2_0": "sep_conv_3x3", "normal/input_2_0": 0, …} of its model hub, {"normal_0_op_x": …,
//     "normal_0_input_x": …} of its benchmark NDS, and {"normal_n2_p0": "sepconv3x3", …, "normal_n2_switch": ["normal_n2_p0", …], …},
//     which its implementation of DARTS exports;
//   - the configurations of NAS-Bench-301 and NASLib, {"NetworkSelectorDatasetInfo:darts:edge_normal_0": "sep_conv_3x3", …};
//   - NASLib's compact form, two times eight pairs of input and operation, numbered as [Op]: (((0, 3), (1, 2), …), ((0, 1), …)).
func Parse(s string) (a Arch, err error) {
	t := strings.TrimSpace(s)
	arguments, genotype, err := python.Call(t, "Genotype")
	var m map[string]json.RawMessage
	if err == nil && !genotype {
		arguments = t
		if strings.HasPrefix(t, "{") {
			m, err = python.Object(t)
		}
		if m["normal"] != nil || !strings.Contains(t, "/") && err != nil {
			m, err = nil, nil // a genotype as an object, or something like it
		}
	}
	switch {
	case err != nil:
	case len(m) > 0:
		a, err = parseObject(m)
	default:
		a, err = parseGenotype(python.Words(arguments))
	}
	if err != nil {
		return Arch{}, fmt.Errorf("darts: %w (in %.120q)", err, s)
	}
	return a, nil
}

func parseGenotype(words []string) (a Arch, err error) {
	if numbers, ok := compact(words); ok {
		return fromCompact(numbers)
	}
	parts, err := sections(words)
	if err != nil {
		return Arch{}, err
	}
	for i, c := range a.cells() {
		name := cellNames[i]
		pairs, ok := parts[name]
		if !ok {
			return Arch{}, fmt.Errorf("no %s cell, want %s", name, forms)
		}
		if err := c.parse(name, pairs); err != nil {
			return Arch{}, err
		}
		concat, ok := parts[name+"_concat"]
		if ok && !slices.Contains(concats[name], strings.Join(concat, " ")) {
			return Arch{}, fmt.Errorf("the %s_concat of the genotype is %.80q, want the nodes 2 to 5: range(2, 6)", name, concat)
		}
	}
	return a, nil
}

// concats are how the nodes 2 to 5 are listed; the last ones by NASLib.
var concats = map[string][]string{
	"normal": {"range 2 6", "2 3 4 5", "2 3 4 5 6"},
	"reduce": {"range 2 6", "2 3 4 5", "2 3 4 5 6", "4 5 6"},
}

// sections returns the words that follow each of the four names of a genotype.
func sections(words []string) (map[string][]string, error) {
	names := []string{"normal", "normal_concat", "reduce", "reduce_concat"}
	parts := make(map[string][]string)
	name := ""
	for _, w := range words {
		switch {
		case !slices.Contains(names, w):
			if name == "" {
				return nil, fmt.Errorf("%.40q is not the start of an architecture, want %s", w, forms)
			}
			parts[name] = append(parts[name], w)
		case parts[w] != nil:
			return nil, fmt.Errorf("%s is there twice", w)
		default:
			name, parts[w] = w, []string{}
		}
	}
	return parts, nil
}

// parse reads the operations and inputs of a cell, one after the other.
func (c *Cell) parse(name string, words []string) error {
	if len(words) != 2*Nodes*Slots {
		return fmt.Errorf("the %s cell has %d words, want %d: %d pairs of operation and input", name, len(words), 2*Nodes*Slots,
			Nodes*Slots)
	}
	for i := range c {
		for k := range c[i] {
			p := place{name, Inputs + i, k}
			word := words[2*(Slots*i+k):]
			input, err := strconv.Atoi(word[1])
			if err != nil {
				return fmt.Errorf("%s is %.40q, want %s", p.key("input"), word[1], p.inputs())
			}
			if c[i][k], err = p.edge(word[0], input); err != nil {
				return err
			}
		}
		if err := c.distinct(name, i); err != nil {
			return err
		}
	}
	return nil
}

// inputs says what an edge can read.
func (p place) inputs() string { return fmt.Sprintf("an earlier node, 0 to %d", p.node-1) }

// edge checks an operation and an input that come from outside.
func (p place) edge(op string, input int) (Edge, error) {
	o := slices.Index(opNames, op)
	if o < 0 {
		return Edge{}, fmt.Errorf("%s is %.40q, want one of %v", p.key("op"), op, opNames)
	}
	if input < 0 || input >= p.node {
		return Edge{}, fmt.Errorf("%s is %d, want %s", p.key("input"), input, p.inputs())
	}
	return Edge{Op(o), uint8(input)}, nil
}

// distinct returns an error if both edges into an inner node read the same node.
func (c *Cell) distinct(name string, inner int) error {
	if node := c[inner]; node[0].Input == node[1].Input {
		return fmt.Errorf("both edges into node %d of the %s cell read node %d, want two different inputs", Inputs+inner, name,
			node[0].Input)
	}
	return nil
}
