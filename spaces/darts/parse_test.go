package darts

import (
	"encoding/json"
	"strings"
	"testing"
)

// secondOrder is DARTS_V2, the cells that DARTS found with the second-order gradient.
const secondOrder = "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), " +
	"('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=range(2, 6), " +
	"reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), " +
	"('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=range(2, 6))"

func mustParse(t testing.TB, s string) Arch {
	t.Helper()
	a, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestRoundTrips(t *testing.T) {
	if s := mustParse(t, secondOrder).String(); s != secondOrder {
		t.Errorf("%s is printed as %s", secondOrder, s)
	}
	for _, a := range samples(500) {
		js, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		s := a.String()
		object := strings.NewReplacer("Genotype(", "{", "=[", `=[[`, "), (", "], [", "('", "['", "')", "']", "', ", `", `, "['", `["`,
			"range(2, 6)", "[2, 3, 4, 5]", "normal=[", `"normal": [`, "reduce=[", `"reduce": [`).Replace(s)
		for _, form := range []string{
			s, string(js), "\n " + s + " ", object,
			strings.ReplaceAll(s, "range(2, 6)", "[2, 3, 4, 5]"),
			strings.ReplaceAll(strings.ReplaceAll(s, ", normal_concat=range(2, 6)", ""), ", reduce_concat=range(2, 6)", ""),
			strings.ReplaceAll(s, "'", `"`), strings.ReplaceAll(s, ", ", ",\n    "), strings.TrimSuffix(s[len("Genotype("):], ")"),
		} {
			if b, err := Parse(form); err != nil || b != a {
				t.Fatalf("Parse(%q) = %v, %v, want %v", form, b, err, a)
			}
		}
	}
}

// What others write for DARTS_V2, and around it.
func TestForeignForms(t *testing.T) {
	want := mustParse(t, secondOrder)
	for _, text := range []string{
		"2019 01:02:03 PM genotype = " + secondOrder,
		"DARTS_V2 = " + secondOrder + "\nDARTS = DARTS_V2",
		"[epoch 49] (best) " + secondOrder + " valid_acc 97.24 :)",
		strings.ReplaceAll(secondOrder, ", ", ",\n    ") + "  # the second order",
		strings.NewReplacer(" 0)", " np.int64(0))", " 1)", " np.int64(1))").Replace(secondOrder),
		// NASLib's idea of the concatenated nodes.
		strings.NewReplacer("normal_concat=range(2, 6)", "normal_concat=[2, 3, 4, 5, 6]", "reduce_concat=range(2, 6)",
			"reduce_concat=[4, 5, 6]").Replace(secondOrder),
	} {
		if a, err := Parse(text); err != nil || a != want {
			t.Errorf("Parse(%q) = %v, %v, want %v", text, a, err, want)
		}
	}
	// In the forms that list edges by their inputs, the lower one is first.
	for _, c := range []*Cell{&want.Normal, &want.Reduce} {
		for i, node := range c {
			if node[0].Input > node[1].Input {
				c[i] = [Slots]Edge{node[1], node[0]}
			}
		}
	}
	for _, text := range []string{hub, strings.NewReplacer(": 0", ": [0]", ": 1", ": [1]", ": 2", ": [2]").Replace(hub), nds,
		switches, strings.ReplaceAll(switches, "'sepconv3x3'", "3"), config301, compactForm} {
		a, err := Parse(text)
		if err != nil || a != want {
			t.Errorf("Parse(%q) = %v, %v, want %v", text, a, err, want)
		}
	}
	for _, tc := range []struct{ from, old, new, says string }{
		{secondOrder, ")", ") and " + secondOrder, "Genotype(…) is there twice"},
		{secondOrder, "reduce_concat=range(2, 6))", "reduce_concat=range(2, 6)", "Genotype(… does not end: there are 1 ) too few"},
		{hub, "'reduce/input_5_1': 2", "'x': 2", `the key "reduce/input_5_1" is missing`},
		{hub, "'skip_connect'", "'none'", `is "none", want one of [max_pool_3x3`},
		{hub, "}", ", 'normal/op_6_0': 'x'}", `unknown key "normal/op_6_0"`},
		{nds, "'reduce_3_op_y'", "'reduce_3_op_z'", `the key "reduce_3_op_y" is missing`},
		{nds, "'normal_concat': [2, 3, 4, 5]", "'normal_concat': [5]", `unknown key "normal_concat"`},
		{switches, "'normal_n3_switch': ['normal_n3_p0', 'normal_n3_p1']", "'normal_n3_switch': ['normal_n3_p0', 'normal_n3_p5']",
			"normal_n3_switch is"},
		{switches, "'normal_n3_switch': ['normal_n3_p0', 'normal_n3_p1']", "'normal_n3_switch': [0]",
			"node 3 of the normal cell reads 1 nodes, want operations for two of normal_n3_p0 to normal_n3_p2"},
		{config301, ":inputs_node_normal_3': '0_1'", ":inputs_node_normal_3': 'a'", "inputs_node_normal_3 is"},
		{config301, ":edge_normal_2'", ":edge_normal_4'", "node 3 of the normal cell reads 1 nodes"},
		{compactForm, "(0, 3)", "(0, 7)", "normal/2/0/op is 7, want a number from 0 to 6"},
		{compactForm, "(0, 3)", "(2, 3)", "normal/2/0/input is 2, want an earlier node, 0 to 1"},
		{compactForm, "(0, 3)", "(1, 3)", "both edges into node 2 of the normal cell read node 1"},
	} {
		text := strings.Replace(tc.from, tc.old, tc.new, 1)
		if text == tc.from {
			t.Fatalf("%q does not hold %q", tc.from, tc.old)
		}
		if a, err := Parse(text); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("Parse(%q) = %v, %v, want an error that says %q", text, a, err, tc.says)
		}
	}
}

// DARTS_V2 as NNI, NAS-Bench-301 and NASLib have it.
const (
	hub = "{'normal/op_2_0': 'sep_conv_3x3', 'normal/input_2_0': 0, 'normal/op_2_1': 'sep_conv_3x3', 'normal/input_2_1': 1, " +
		"'normal/op_3_0': 'sep_conv_3x3', 'normal/input_3_0': 0, 'normal/op_3_1': 'sep_conv_3x3', 'normal/input_3_1': 1, " +
		"'normal/op_4_0': 'skip_connect', 'normal/input_4_0': 0, 'normal/op_4_1': 'sep_conv_3x3', 'normal/input_4_1': 1, " +
		"'normal/op_5_0': 'skip_connect', 'normal/input_5_0': 0, 'normal/op_5_1': 'dil_conv_3x3', 'normal/input_5_1': 2, " +
		"'reduce/op_2_0': 'max_pool_3x3', 'reduce/input_2_0': 0, 'reduce/op_2_1': 'max_pool_3x3', 'reduce/input_2_1': 1, " +
		"'reduce/op_3_0': 'max_pool_3x3', 'reduce/input_3_0': 1, 'reduce/op_3_1': 'skip_connect', 'reduce/input_3_1': 2, " +
		"'reduce/op_4_0': 'max_pool_3x3', 'reduce/input_4_0': 0, 'reduce/op_4_1': 'skip_connect', 'reduce/input_4_1': 2, " +
		"'reduce/op_5_0': 'max_pool_3x3', 'reduce/input_5_0': 1, 'reduce/op_5_1': 'skip_connect', 'reduce/input_5_1': 2},"
	nds = "{'normal_0_op_x': 'sep_conv_3x3', 'normal_0_input_x': 0, 'normal_0_op_y': 'sep_conv_3x3', 'normal_0_input_y': 1, " +
		"'normal_1_op_x': 'sep_conv_3x3', 'normal_1_input_x': 0, 'normal_1_op_y': 'sep_conv_3x3', 'normal_1_input_y': 1, " +
		"'normal_2_op_x': 'skip_connect', 'normal_2_input_x': 0, 'normal_2_op_y': 'sep_conv_3x3', 'normal_2_input_y': 1, " +
		"'normal_3_op_x': 'skip_connect', 'normal_3_input_x': 0, 'normal_3_op_y': 'dil_conv_3x3', 'normal_3_input_y': 2, " +
		"'normal_concat': [2, 3, 4, 5], 'reduce_0_op_x': 'max_pool_3x3', 'reduce_0_input_x': 0, 'reduce_0_op_y': 'max_pool_3x3', " +
		"'reduce_0_input_y': 1, 'reduce_1_op_x': 'max_pool_3x3', 'reduce_1_input_x': 1, 'reduce_1_op_y': 'skip_connect', " +
		"'reduce_1_input_y': 2, 'reduce_2_op_x': 'max_pool_3x3', 'reduce_2_input_x': 0, 'reduce_2_op_y': 'skip_connect', " +
		"'reduce_2_input_y': 2, 'reduce_3_op_x': 'max_pool_3x3', 'reduce_3_input_x': 1, 'reduce_3_op_y': 'skip_connect', " +
		"'reduce_3_input_y': 2, 'reduce_concat': [2, 3, 4, 5]}"
	switches = "{'normal_n2_p0': 'sepconv3x3', 'normal_n2_p1': 'sepconv3x3', 'normal_n2_switch': ['normal_n2_p0', 'normal_n2_p1'], " +
		"'normal_n3_p0': 'sepconv3x3', 'normal_n3_p1': 'sepconv3x3', 'normal_n3_p2': [], 'normal_n3_switch': ['normal_n3_p0', " +
		"'normal_n3_p1'], 'normal_n4_p0': 'skipconnect', 'normal_n4_p1': 'sepconv3x3', 'normal_n4_p2': [], 'normal_n4_p3': [], " +
		"'normal_n4_switch': ['normal_n4_p0', 'normal_n4_p1'], 'normal_n5_p0': 'skipconnect', 'normal_n5_p1': [], 'normal_n5_p2': 'dilconv3x3', " +
		"'normal_n5_p3': [], 'normal_n5_p4': [], 'normal_n5_switch': ['normal_n5_p0', 'normal_n5_p2'], 'reduce_n2_p0': 'maxpool', " +
		"'reduce_n2_p1': 'maxpool', 'reduce_n2_switch': ['reduce_n2_p0', 'reduce_n2_p1'], 'reduce_n3_p0': [], 'reduce_n3_p1': 'maxpool', " +
		"'reduce_n3_p2': 'skipconnect', 'reduce_n3_switch': ['reduce_n3_p1', 'reduce_n3_p2'], 'reduce_n4_p0': 'maxpool', " +
		"'reduce_n4_p1': [], 'reduce_n4_p2': 'skipconnect', 'reduce_n4_p3': [], 'reduce_n4_switch': ['reduce_n4_p0', 'reduce_n4_p2'], " +
		"'reduce_n5_p0': [], 'reduce_n5_p1': 'maxpool', 'reduce_n5_p2': 'skipconnect', 'reduce_n5_p3': [], 'reduce_n5_p4': [], " +
		"'reduce_n5_switch': ['reduce_n5_p1', 'reduce_n5_p2']}"
	config301 = "{'NetworkSelectorDatasetInfo:darts:edge_normal_0': 'sep_conv_3x3', 'NetworkSelectorDatasetInfo:darts:edge_normal_1': 'sep_conv_3x3', " +
		"'NetworkSelectorDatasetInfo:darts:edge_normal_2': 'sep_conv_3x3', 'NetworkSelectorDatasetInfo:darts:edge_normal_3': 'sep_conv_3x3', " +
		"'NetworkSelectorDatasetInfo:darts:inputs_node_normal_3': '0_1', 'NetworkSelectorDatasetInfo:darts:edge_normal_5': 'skip_connect', " +
		"'NetworkSelectorDatasetInfo:darts:edge_normal_6': 'sep_conv_3x3', 'NetworkSelectorDatasetInfo:darts:inputs_node_normal_4': '0_1', " +
		"'NetworkSelectorDatasetInfo:darts:edge_normal_9': 'skip_connect', 'NetworkSelectorDatasetInfo:darts:edge_normal_11': 'dil_conv_3x3', " +
		"'NetworkSelectorDatasetInfo:darts:inputs_node_normal_5': '0_2', 'NetworkSelectorDatasetInfo:darts:edge_reduce_0': 'max_pool_3x3', " +
		"'NetworkSelectorDatasetInfo:darts:edge_reduce_1': 'max_pool_3x3', 'NetworkSelectorDatasetInfo:darts:edge_reduce_3': 'max_pool_3x3', " +
		"'NetworkSelectorDatasetInfo:darts:edge_reduce_4': 'skip_connect', 'NetworkSelectorDatasetInfo:darts:inputs_node_reduce_3': '1_2', " +
		"'NetworkSelectorDatasetInfo:darts:edge_reduce_5': 'max_pool_3x3', 'NetworkSelectorDatasetInfo:darts:edge_reduce_7': 'skip_connect', " +
		"'NetworkSelectorDatasetInfo:darts:inputs_node_reduce_4': '0_2', 'NetworkSelectorDatasetInfo:darts:edge_reduce_10': 'max_pool_3x3', " +
		"'NetworkSelectorDatasetInfo:darts:edge_reduce_11': 'skip_connect', 'NetworkSelectorDatasetInfo:darts:inputs_node_reduce_5': '1_2'},"
	compactForm = "(((0, 3), (1, 3), (0, 3), (1, 3), (0, 2), (1, 3), (0, 2), (2, 5)), ((0, 0), (1, 0), (1, 0), (2, 2), (0, 0), (2, " +
		"2), (1, 0), (2, 2)))"
)

func TestParseErrors(t *testing.T) {
	js, err := json.Marshal(mustParse(t, secondOrder))
	if err != nil {
		t.Fatal(err)
	}
	object := string(js)
	for _, tc := range []struct{ from, old, new, says string }{
		{"", "", "", "no normal cell, want Genotype(normal="},
		{"[]", "", "", "no normal cell"},
		{"{}", "", "", "no normal cell"},
		{"sep_conv_3x3", "", "", `"sep_conv_3x3" is not the start of an architecture, want Genotype(normal=`},
		{secondOrder, "reduce=", "normal=", "normal is there twice"},
		{secondOrder, "reduce=", "reduction=", `the normal_concat of the genotype is ["range" "2" "6" "reduction"`},
		{secondOrder, "('sep_conv_3x3', 0), ", "", "the normal cell has 14 words, want 16"},
		{secondOrder, "dil_conv_3x3", "none", `normal/5/1/op is "none", want one of [max_pool_3x3`},
		{secondOrder, "('dil_conv_3x3', 2)", "('dil_conv_3x3', 5)", "normal/5/1/input is 5, want an earlier node, 0 to 4"},
		{secondOrder, "('dil_conv_3x3', 2)", "('dil_conv_3x3', -1)", "normal/5/1/input is -1"},
		{secondOrder, "('dil_conv_3x3', 2)", "('dil_conv_3x3', x)", `normal/5/1/input is "x", want an earlier node, 0 to 4`},
		{secondOrder, "('dil_conv_3x3', 2)", "('dil_conv_3x3', 0)", "both edges into node 5 of the normal cell read node 0"},
		{secondOrder, "range(2, 6)", "range(2, 5)", `the normal_concat of the genotype is ["range" "2" "5"], want the nodes 2 to 5`},
		{secondOrder, "reduce_concat=range(2, 6)", "reduce_concat=[4, 5]", "reduce_concat"},
		{object, "}", "", "a comma or } is missing"},
		{object, `"normal/2/0/op":`, `"normal/2/2/op":`, `the key "normal/2/0/op" is missing`},
		{object, `}`, `,"normal/6/0/op":"sep_conv_3x3"}`, `unknown key "normal/6/0/op"`},
		{object, `"normal/2/0/op":"sep_conv_3x3"`, `"normal/2/0/op":3`, "normal/2/0/op is 3, want one of [max_pool_3x3"},
		{object, `"normal/2/0/op":"sep_conv_3x3"`, `"normal/2/0/op":"none"`, `normal/2/0/op is "none"`},
		{object, `"normal/2/0/op":"sep_conv_3x3"`, `"normal/2/0/op":null`, "normal/2/0/op is null"},
		{object, `"reduce/5/0/input":2`, `"reduce/5/0/input":null`, "reduce/5/0/input is null"},
		{object, `"reduce/5/0/input":2`, `"reduce/5/0/input":1`, "both edges into node 5 of the reduce cell read node 1"},
		{object, `"reduce/5/0/input":2`, `"reduce/5/0/input":5`, "reduce/5/0/input is 5, want an earlier node, 0 to 4"},
		{object, `"reduce/5/0/input":2`, `"reduce/5/0/input":1.5`, "reduce/5/0/input is 1.5"},
		{object, `"reduce/5/0/input":2`, `"reduce/5/0/input":1e30`, "reduce/5/0/input is 1e30"},
	} {
		text := strings.Replace(tc.from, tc.old, tc.new, 1)
		if tc.old != "" && text == tc.from {
			t.Fatalf("%q does not hold %q", tc.from, tc.old)
		}
		a, err := Parse(text)
		if err == nil {
			t.Errorf("Parse(%q) = %v, want an error that says %q", text, a, tc.says)
		} else if !strings.Contains(err.Error(), tc.says) {
			t.Errorf("Parse(%q): %q does not say %q", text, err, tc.says)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(secondOrder)
	for _, form := range []string{hub, nds, switches, config301, compactForm, "x = " + secondOrder + "\n"} {
		f.Add(form)
	}
	for _, a := range samples(3) {
		js, err := json.Marshal(a)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(a.String())
		f.Add(string(js))
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			return
		}
		if b, err := Parse(a.String()); err != nil || a != b || !a.Valid() {
			t.Fatalf("%q: %v, %v", s, b, err)
		}
	})
}

// Any two numbers for every edge are either refused by Valid, or an architecture that all formats can write.
func FuzzRoundTrip(f *testing.F) {
	for _, a := range samples(3) {
		var edges []byte
		for _, v := range a.Values() {
			edges = append(edges, byte(v))
		}
		f.Add(edges)
	}
	f.Fuzz(func(t *testing.T, edges []byte) {
		if len(edges) != decisions {
			return
		}
		var a Arch
		a.edges(func(_ place, e *Edge) {
			*e = Edge{Op(edges[0]), edges[1]}
			edges = edges[2:]
		})
		js, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{a.String(), string(js)} {
			if b, err := Parse(s); (err == nil) != a.Valid() || err == nil && b != a {
				t.Fatalf("Parse(%q) = %v, %v; valid: %v", s, b, err, a.Valid())
			}
		}
	})
}
