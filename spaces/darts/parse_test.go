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
		{object, "}", "", "unexpected end of JSON"},
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
