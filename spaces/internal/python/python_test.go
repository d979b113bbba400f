package python

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestValues(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": [1, 2.5e3, -0.5], "b": null, "c": {"d\n": true}}`: `[{"a":[1,2.5e3,-0.5],"b":null,"c":{"d\n":true}}]`,
		`{'a': (1, 'it\'s', "o'k"), 108: None, 'x': u'é'}`:       `[{"a":[1,"it's","o'k"],"108":null,"x":"é"}]`,
		"array([[0, 1],\n       [0, 0]], dtype=int8)":            `[[[0,1],[0,0]]]`,
		"[[0 1]\n [0 0]]":                        `[[[0,1],[0,0]]]`,
		"[[0. 1.]\n [.5 0]] ['input', 'output']": `[[[0,1],[0.5,0]],["input","output"]]`,
		"(1,)":                                   `[[1]]`,
		"() [] {}":                               `[[],[],{}]`,
		"range(2, 6), range(3)":                  `[[2,3,4,5],[0,1,2]]`,
		"Genotype(normal=[('sep_conv_3x3', np.int64(0))], normal_concat=range(2, 4))": `[{"normal":[["sep_conv_3x3",0]],"normal_concat":[2,3]}]`,
		"OrderedDict([('a', 1), ('b', [])]) OrderedDict({'a': 1})":                    `[{"a":1,"b":[]},{"a":1}]`,
		"api.ModelSpec(matrix=[[0, 1]], # the graph\n  ops=[INPUT, OUTPUT],)":         `[{"matrix":[[0,1]],"ops":["INPUT","OUTPUT"]}]`,
		"{'x': nan, 'y': -inf, 'z': np.float64(0.5), 'n': 1_000}":                     `[{"x":null,"y":null,"z":0.5,"n":1000}]`,
		"[True False]": `[[true,false]]`,
		"":             `null`,
	} {
		values, err := Values(text)
		got, _ := json.Marshal(values)
		if err != nil || string(got) != want {
			t.Errorf("Values(%q) = %s, %v, want %s", text, got, err, want)
		}
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"[1, 2":              `the text ends after "[1, 2"`,
		"{'a' 1}":            `a colon is missing after "{'a' "`,
		"{'a': 1 'b': 2}":    "a comma or } is missing",
		"{'a': 1, \"a\": 2}": `the key "a" is there twice`,
		"f(a=1, a=2)":        `the key "a" is there twice`,
		"f(1 2)":             "a comma or ) is missing",
		"'abc":               "a string does not end at the start",
		"[1.2.3]":            `"1.2.3" is not a number`,
		"[1, %s]":            `after "[1, "`, "[+infinity]": `"+infinity" is not a number`,
		"[0x10]":                   `"0x10" is not a number`,
		"]":                        `']' is not the start of a value at the start`,
		"range(1, 10000000)":       "is longer than anything",
		"range('a')":               "want integers",
		"OrderedDict([(1, 2, 3)])": "3 values, want pairs",
		strings.Repeat("[", 1000):  "more than 100 values within each other",
	} {
		if v, err := Values(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Values(%.40q) = %s, %v, want %q", text, v, err, want)
		}
	}
	if _, err := Object("[1]"); err == nil || !strings.Contains(err.Error(), "[1] is not an object") {
		t.Errorf("a list is an object: %v", err)
	}
	if _, err := Value("1 2"); err == nil || !strings.Contains(err.Error(), "2 values, want one") {
		t.Errorf("two values are one: %v", err)
	}
}

func TestCall(t *testing.T) {
	for text, want := range map[string]string{
		"x = Genotype(a=[(1, 2)], b=3) # (": "a=[(1, 2)], b=3",
		"genotypes.Genotype (a)":            "a",
		"Genotype()":                        "",
		"Genotype = namedtuple('Genotype', 'a b')\nX = Genotype(\n1)": "\n1",
		"MyGenotype(1) Genotype(2)":                                   "2",
	} {
		if got, found, err := Call(text, "Genotype"); got != want || !found || err != nil {
			t.Errorf("the arguments in %q are %q, %v, %v, want %q", text, got, found, err, want)
		}
	}
	if _, found, err := Call("MyGenotype(1), Genotype", "Genotype"); found || err != nil {
		t.Errorf("found a call: %v", err)
	}
	for text, want := range map[string]string{"Genotype(1) Genotype(2)": "is there twice", "Genotype((1)": "there are 1 ) too few"} {
		if _, _, err := Call(text, "Genotype"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// What is read is JSON, and JSON is read as it is.
func FuzzValues(f *testing.F) {
	f.Add("{'a': (1., 'x'), 2: array([[0 1]], dtype=int8)}")
	f.Add("Genotype(normal=[('skip_connect', 0)], concat=range(2, 6)) # done")
	f.Add(`{"a": "\ud83d\ude00", "b": [1e9, -0, null]}`)
	f.Add("OrderedDict([(u'a', -inf)])")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := Values(text)
		if err != nil {
			return
		}
		for _, v := range values {
			if !json.Valid(v) {
				t.Fatalf("%q is read as %q, which is not JSON", text, v)
			}
			if again, err := Value(string(v)); err != nil || string(again) != string(v) {
				t.Fatalf("%q, read from %q, is read as %q, %v", v, text, again, err)
			}
		}
	})
}
