package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces"
)

var convert = command{
	name: "convert", args: " [ARCH ...]", help: "print architectures in another format, one a line",
	define: func(f *flag.FlagSet) func(*call) error {
		to := f.String("to", "string", "format: "+strings.Join(formatNames(), ", "))
		return func(c *call) error {
			return c.each(func(a spaces.Arch) error {
				text, err := format(a, *to)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(c.out, text)
				return err
			})
		}
	},
}

// formats print an architecture, or report false where its space does not have the format.
var formats = []struct {
	name  string
	print func(a spaces.Arch) (string, bool)
}{
	{"string", func(a spaces.Arch) (string, bool) { return a.String(), true }},
	{"canonical", func(a spaces.Arch) (string, bool) { return a.Canonical().String(), true }},
	{"hash", func(a spaces.Arch) (string, bool) { return a.Hash(), true }},
	{"values", func(a spaces.Arch) (string, bool) { return strings.Trim(fmt.Sprint(a.Values()), "[]"), true }},
	{"json", func(a spaces.Arch) (string, bool) {
		m, ok := a.(json.Marshaler)
		if !ok {
			return "", false
		}
		b, err := m.MarshalJSON()
		return string(b), err == nil
	}},
	{"index", func(a spaces.Arch) (string, bool) {
		x, ok := a.(interface{ Index() int })
		if !ok {
			return "", false
		}
		return fmt.Sprint(x.Index()), true
	}},
	{"tunas", func(a spaces.Arch) (string, bool) {
		x, ok := a.(interface{ TuNAS() string })
		if !ok {
			return "", false
		}
		return x.TuNAS(), true
	}},
}

func formatNames() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// format prints an architecture; the error lists the formats that its space has.
func format(a spaces.Arch, to string) (string, error) {
	var names []string
	for _, f := range formats {
		text, ok := f.print(a)
		if ok && f.name == to {
			return text, nil
		} else if ok {
			names = append(names, f.name)
		}
	}
	return "", fmt.Errorf("no format %q for this architecture, want one of %s", to, strings.Join(names, ", "))
}
