package study

import (
	"strings"
	"testing"
)

// A field that is twice in a configuration says two things: which of them is meant cannot be known.
func TestFieldsOnce(t *testing.T) {
	for document, field := range map[string]string{
		`{"a": 1, "a": 1}`:                         "a",
		`{"a": 1, "b": {"c": [], "d": 2, "c": 3}}`: "b.c",
		`{"a": [{"x": 1}, {"x": 1, "x": 2}]}`:      "a.x",
		`{"a": 1, "\u0061": 2}`:                    "a",
		`{"a": {"b": 1}, "b": 1, "c": {"b": 1}}`:   "",
		`{"a": [{"x": 1}, {"x": 2}], "x": "x"}`:    "",
	} {
		_, err := flatten([]byte(document))
		if (err == nil) != (field == "") || err != nil && !strings.Contains(err.Error(), `"`+field+`" is there twice`) {
			t.Errorf("%s: %v, want one about %q", document, err, field)
		}
	}
	for _, document := range []string{"", "{", `{"a"`, `{"a": [}`, `{"a": 1} {}`, "nul"} {
		if _, err := flatten([]byte(document)); err == nil {
			t.Errorf("%q was accepted", document)
		}
	}
}
