package study

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// ConfigError says that a study was made with another configuration.
type ConfigError struct {
	Dir         string
	Differences []Difference // by field, at least one
}

// Difference is a field that two configurations disagree on. Field is the JSON name, with dots into nested structs;
// Study and Asked are the values as JSON, or "absent".
type Difference struct {
	Field, Study, Asked string
}

func (e *ConfigError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "study: %s was made with another configuration:", e.Dir)
	for _, d := range e.Differences {
		fmt.Fprintf(&b, "\n  %s: %s in the study, %s asked for", d.Field, d.Study, d.Asked)
		const fingerprint = "sha256 " // of a file's contents, behind its name
		if name, _, ok := strings.Cut(d.Study, fingerprint); ok && strings.HasPrefix(d.Asked, name+fingerprint) {
			b.WriteString(" (of the same name, but with other contents)")
		}
	}
	b.WriteString("\nask for what the study has, or use another directory")
	return b.String()
}

// Differences are the fields in which two configurations differ; the first is called that of the study.
func Differences(held, asked any) ([]Difference, error) {
	h, err := json.Marshal(held)
	if err != nil {
		return nil, err
	}
	a, err := json.Marshal(asked)
	if err != nil {
		return nil, err
	}
	return compare(h, a)
}

// compare returns the fields in which two JSON documents differ. The error is about held.
func compare(held, asked []byte) ([]Difference, error) {
	h, err := flatten(held)
	if err != nil {
		return nil, err
	}
	a, err := flatten(asked)
	if err != nil {
		return nil, err
	}
	fields := maps.Clone(h)
	maps.Copy(fields, a)
	var differences []Difference
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if h[field] != a[field] {
			differences = append(differences, Difference{field, orAbsent(h[field]), orAbsent(a[field])})
		}
	}
	return differences, nil
}

func orAbsent(value string) string {
	if value == "" {
		return "absent"
	}
	return value
}

// flatten maps the dotted path of every leaf, but for the document's checksum, to its JSON text. Lists are leaves.
func flatten(document []byte) (map[string]string, error) {
	if err := eachOnce(json.NewDecoder(bytes.NewReader(document)), ""); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber() // a seed of 64 bits does not fit a float64
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON value")
	}
	leaves := map[string]string{}
	if object, ok := tree.(map[string]any); ok {
		delete(object, ChecksumField)
	}
	return leaves, collect(leaves, "", tree)
}

// eachOnce reads a JSON value and says which field is twice in one of its objects, of which decoding would take the last in silence.
func eachOnce(d *json.Decoder, path string) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	start, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	fields := make(map[string]bool)
	for d.More() {
		below := path
		if start == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			if below = name.(string); path != "" {
				below = path + "." + below
			}
			if fields[below] {
				return fmt.Errorf("the field %.100q is there twice: delete one of the two", below)
			}
			fields[below] = true
		}
		if err := eachOnce(d, below); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

func collect(leaves map[string]string, path string, node any) error {
	object, ok := node.(map[string]any)
	if !ok || len(object) == 0 {
		text, err := json.Marshal(node)
		leaves[path] = string(text)
		return err
	}
	for name, child := range object {
		if path != "" {
			name = path + "." + name
		}
		if err := collect(leaves, name, child); err != nil {
			return err
		}
	}
	return nil
}
