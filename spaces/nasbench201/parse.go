package nasbench201

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/oneshot-nas/oneshot/spaces/internal/python"
)

const forms = `|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|none~2|, an object {"0_1": "nor_conv_3x3", …} with the keys ` +
	`0_1, 0_2, 1_2, 0_3, 1_3 and 2_3, NASLib's numbers (2, 1, 1, 0, 1, 1), or the benchmark's index`

// Parse reads an architecture in one of these forms, objects and lists as JSON has them or as Python prints them:
//
//   - the benchmark's string, whatever stands before and after it, such as Structure(4 nodes with |…|);
//   - an object {"0_1": "none", …} with the keys of the authors' tables. NNI writes its keys with a label before them,
//     cell/0_1, and its convolutions conv_1x1 and conv_3x3;
//   - a list of the edges of each node, [(('none', 0),), (('none', 0), ('none', 1)), …], which the benchmark's code has inside;
//   - six numbers, (4, 0, 3, 1, 4, 3), NASLib's op_indices: the edges 0→1, 0→2, 0→3, 1→2, 1→3, 2→3, and
//     skip_connect, none, nor_conv_3x3, nor_conv_1x1, avg_pool_3x3 in this order from 0;
//   - the benchmark's index, see [Arch.Index].
func Parse(s string) (a Arch, err error) {
	t := strings.TrimSpace(s)
	if i, err := strconv.Atoi(t); err == nil {
		if i < 0 || i >= Size {
			return Arch{}, fmt.Errorf("nasbench201: index %d is not within 0..%d", i, Size-1)
		}
		return FromIndex(i), nil
	}
	if first, last := strings.IndexByte(t, '|'), strings.LastIndexByte(t, '|'); first >= 0 {
		before, _ := utf8.DecodeLastRuneInString(t[:first])
		after, _ := utf8.DecodeRuneInString(t[last+1:])
		if unicode.In(before, unicode.Letter, unicode.Digit) || unicode.In(after, unicode.Letter, unicode.Digit) {
			return Arch{}, fmt.Errorf("nasbench201: %.120q: a letter next to the first or the last '|', want %s", s, forms)
		}
		a, err = parseString(t[first : last+1])
	} else {
		a, err = parseValue(t)
	}
	if err != nil {
		return Arch{}, fmt.Errorf("nasbench201: %w (in %.120q)", err, s)
	}
	return a, nil
}

func parseString(s string) (a Arch, err error) {
	groups := strings.Split(s, "+")
	if len(groups) != Nodes-1 {
		return Arch{}, fmt.Errorf("%d groups of edges, want %d separated by '+', as in %s", len(groups), Nodes-1, forms)
	}
	for i, g := range groups {
		to := i + 1
		edges := strings.Split(g, "|") // "|a~0|b~1|" splits into "", "a~0", "b~1", ""
		if len(edges) != to+2 || edges[0] != "" || edges[to+1] != "" {
			return Arch{}, fmt.Errorf("group %.80q should list %d edges between '|'", g, to)
		}
		for from, e := range edges[1 : to+1] {
			name, src, ok := strings.Cut(e, "~")
			if !ok || src != strconv.Itoa(from) {
				return Arch{}, fmt.Errorf("edge %.40q should read operation~%d", e, from)
			}
			if a[Edge(from, to)], err = parseOp(name); err != nil {
				return Arch{}, err
			}
		}
	}
	return a, nil
}

// parseValue reads an object or a list.
func parseValue(s string) (Arch, error) {
	v, err := python.Value(s)
	var m map[string]string
	var numbers []int
	var nodes [][]json.RawMessage
	switch {
	case err != nil && !strings.ContainsAny(s, "({["):
		return Arch{}, fmt.Errorf("not an architecture: want %s", forms)
	case err != nil:
		return Arch{}, fmt.Errorf("%w: want %s", err, forms)
	case bytes.Contains(v, []byte("null")): // which would be read as zeros
		return Arch{}, fmt.Errorf("an operation is None: want %s", forms)
	case json.Unmarshal(v, &m) == nil:
		return parseObject(m)
	case json.Unmarshal(v, &numbers) == nil:
		return fromNASLib(numbers)
	case json.Unmarshal(v, &nodes) == nil:
		return parseNodes(nodes)
	}
	return Arch{}, fmt.Errorf("not an architecture: want %s", forms)
}

func parseObject(m map[string]string) (a Arch, err error) {
	var labelled, seen [Edges]string // the key in m, for each of Keys
	for key := range m {
		i := slices.Index(Keys[:], key[strings.LastIndexByte(key, '/')+1:])
		if i < 0 {
			return Arch{}, fmt.Errorf("unknown key %.40q, want %v", key, Keys)
		}
		if seen[i] != "" {
			return Arch{}, fmt.Errorf("the edge %s is there twice, as %.40q and %.40q", Keys[i], min(key, labelled[i]),
				max(key, labelled[i]))
		}
		labelled[i], seen[i] = key, Keys[i]
	}
	for i, k := range Keys {
		if seen[i] == "" {
			return Arch{}, fmt.Errorf("the key %q is missing", k)
		}
		if a[i], err = parseOp(m[labelled[i]]); err != nil {
			return Arch{}, fmt.Errorf("%w (key %q)", err, labelled[i])
		}
	}
	return a, nil
}

// naslib are the operations and the edges as NASLib numbers them (naslib/search_spaces/nasbench201/conversions.py).
var naslib = struct {
	ops   []Op
	edges [Edges]int
}{
	[]Op{SkipConnect, None, Conv3x3, Conv1x1, AvgPool3x3},
	[Edges]int{Edge(0, 1), Edge(0, 2), Edge(0, 3), Edge(1, 2), Edge(1, 3), Edge(2, 3)},
}

func fromNASLib(numbers []int) (a Arch, err error) {
	if len(numbers) != Edges {
		return Arch{}, fmt.Errorf("%d numbers, want the %d of NASLib, or %s", len(numbers), Edges, forms)
	}
	for i, n := range numbers {
		if n < 0 || n >= len(naslib.ops) {
			return Arch{}, fmt.Errorf("number %d of NASLib's is %d, want 0 to %d for %v", i, n, len(naslib.ops)-1, naslib.ops)
		}
		a[naslib.edges[i]] = naslib.ops[n]
	}
	return a, nil
}

// NASLib returns the numbers of the edges' operations as NASLib has them (op_indices), see [Parse].
func (a Arch) NASLib() [Edges]int {
	var numbers [Edges]int
	for i, e := range naslib.edges {
		numbers[i] = slices.Index(naslib.ops, a[e])
	}
	return numbers
}

// parseNodes reads the pairs of operation and source of the nodes 1 to 3.
func parseNodes(nodes [][]json.RawMessage) (a Arch, err error) {
	if len(nodes) != Nodes-1 {
		return Arch{}, fmt.Errorf("a list of %d nodes, want the edges of the nodes 1 to %d, or %s", len(nodes), Nodes-1, forms)
	}
	for i, edges := range nodes {
		to := i + 1
		if len(edges) != to {
			return Arch{}, fmt.Errorf("node %d has %d edges, want %d", to, len(edges), to)
		}
		for from, e := range edges {
			var name string
			var source int
			pair := []any{&name, &source}
			if json.Unmarshal(e, &pair) != nil || len(pair) != 2 || source != from {
				return Arch{}, fmt.Errorf("edge %d of node %d is %.60s, want the operation and %d", from, to, e, from)
			}
			if a[Edge(from, to)], err = parseOp(name); err != nil {
				return Arch{}, err
			}
		}
	}
	return a, nil
}

// parseOp reads the benchmark's name of an operation, or NNI's.
func parseOp(name string) (Op, error) {
	for i, n := range opNames {
		if name == n || "nor_"+name == n {
			return Op(i), nil
		}
	}
	return 0, fmt.Errorf("unknown operation %.40q, want one of %v", name, opNames)
}
