package inspect

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/all"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

var convert = command{
	name: "convert", args: " [ARCH ...]", help: "print architectures in another format, one a line",
	define: func(f *flag.FlagSet) func(*call) error {
		to := f.String("to", "string", "`FORMAT`")
		return func(c *call) error {
			return c.each(func(s spaces.Space, a spaces.Arch) error {
				text, err := format(s, a, *to)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(c.out, text)
				return err
			})
		}
	},
}

// formats print an architecture; nothing where its space does not have the format.
var formats = []struct {
	name, help string
	print      func(s spaces.Space, a spaces.Arch) string
}{
	{"string", "what papers and benchmarks write", func(_ spaces.Space, a spaces.Arch) string { return a.String() }},
	{"json", "{\"decision\":\"value\", …}, by the names that describe lists; the same for all spaces", spaces.DecisionsJSON},
	{"canonical", "string of the representative of all that compute the same function", func(_ spaces.Space, a spaces.Arch) string { return a.Canonical().String() }},
	{"hash", "equal exactly for those; cannot be read", func(_ spaces.Space, a spaces.Arch) string { return a.Hash() }},
	{"table", "JSON of the authors' tables, with names, indices or one-hot lists", func(_ spaces.Space, a spaces.Arch) string {
		if m, ok := a.(json.Marshaler); ok {
			if b, err := m.MarshalJSON(); err == nil {
				return string(b)
			}
		}
		return ""
	}},
	{"index", "the benchmark's own, 0 to 15,624", func(_ spaces.Space, a spaces.Arch) string {
		if x, ok := a.(interface{ Index() int }); ok {
			return fmt.Sprint(x.Index())
		}
		return ""
	}},
	{"ordinal", "place among what enumerate -whole lists, from 0; cannot be read", func(_ spaces.Space, a spaces.Arch) string {
		if x, ok := a.(interface{ Ordinal() int }); ok {
			return fmt.Sprint(x.Ordinal())
		}
		return ""
	}},
	{"naslib", "six numbers, NASLib's op_indices", func(_ spaces.Space, a spaces.Arch) string {
		if x, ok := a.(nasbench201.Arch); ok {
			return "(" + strings.ReplaceAll(strings.Trim(fmt.Sprint(x.NASLib()), "[]"), " ", ", ") + ")"
		}
		return ""
	}},
	{"tunas", "numbers separated by colons, as TuNAS writes them", func(_ spaces.Space, a spaces.Arch) string {
		if x, ok := a.(interface{ TuNAS() string }); ok {
			return x.TuNAS()
		}
		return ""
	}},
	{"values", "indices of the values of all decisions, -1 where one does not arise; cannot be read", func(_ spaces.Space, a spaces.Arch) string {
		return strings.Trim(fmt.Sprint(a.Values()), "[]")
	}},
}

// format prints an architecture; the error lists the formats that its space has.
func format(s spaces.Space, a spaces.Arch, to string) (string, error) {
	var names []string
	for _, f := range formats {
		text := f.print(s, a)
		if text != "" && f.name == to {
			return text, nil
		} else if text != "" {
			names = append(names, f.name)
		}
	}
	return "", fmt.Errorf("%s has no format %q, want one of %s", s.Name(), to, strings.Join(names, ", "))
}

// printFormats lists the formats, with the spaces that have them where not all do.
func printFormats(w io.Writer) {
	t := columns(w)
	for _, f := range formats {
		var having, lacking []string
		for _, s := range all.Spaces() {
			if f.print(s, s.Sample(rand.New(rand.NewPCG(1, 0)))) != "" {
				having = append(having, s.Name())
			} else {
				lacking = append(lacking, s.Name())
			}
		}
		where := ""
		switch n := len(all.Spaces()); {
		case 2*len(having) < n:
			where = "; only " + strings.Join(having, ", ")
		case len(having) < n:
			where = "; not " + strings.Join(lacking, ", ")
		}
		fmt.Fprintf(t, "  %s\t%s%s\n", f.name, f.help, where)
	}
	t.Flush()
}
