package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/experiments/analysis"
)

func oneshot(in string, args ...string) (out, errs string, err error) {
	var o, e bytes.Buffer
	err = run(context.Background(), args, strings.NewReader(in), &o, &e)
	return o.String(), e.String(), err
}

func TestUsage(t *testing.T) {
	out, _, err := oneshot("", "help")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(analysis.Names(), "all", "spaces", "worker", "report", "version") {
		if !strings.Contains(out, "\n  "+name) {
			t.Errorf("nothing about %s:\n%s", name, out)
		}
	}
	if n := strings.Count(out, "\n"); n > 24 {
		t.Errorf("%d lines", n)
	}
}

// Each command answers to -h with help on standard output, in which it is called as the user calls it.
func TestHelpOfCommands(t *testing.T) {
	for _, name := range append(analysis.Names(), "all", "report", "worker", "spaces") {
		for _, args := range [][]string{{name, "-h"}, {"help", name}} {
			out, _, err := oneshot("", args...)
			if err != nil && !errors.Is(err, flag.ErrHelp) || !strings.HasPrefix(out, "usage: oneshot "+name) {
				t.Errorf("%q: %v, %.60q", args, err, out)
			}
		}
	}
}

func TestCommands(t *testing.T) {
	out, _, err := oneshot("22212220\n", "spaces", "convert", "-space", "nasbenchmacro", "-to", "json")
	if err != nil || !strings.HasPrefix(out, `{"layer0":"MB6_K5"`) {
		t.Errorf("spaces: %q, %v", out, err)
	}
	if out, _, err := oneshot("", "version"); err != nil || !strings.HasPrefix(out, "oneshot ") {
		t.Errorf("version: %q, %v", out, err)
	}
	for want, args := range map[string][]string{
		"which command":                    nil,
		`no command "paint"`:               {"paint"},
		"report: want one":                 {"report"},
		"spaces: there is no":              {"spaces", "paint"},
		"flag provided but not":            {"all", "-what"},
		"there are " + analysis.Names()[0]: {"all", "-only", "magic"},
	} {
		if _, _, err := oneshot("", args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", args, err, want)
		}
	}
}
