package asm

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestIncludersImport: a package that does not import this one would keep the machine code of headers as they were.
func TestIncludersImport(t *testing.T) {
	include := regexp.MustCompile(`#include "\.\./internal/asm/\w+_(\w+)\.h"`)
	files, err := filepath.Glob("../../*/*.[sh]")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range include.FindAllStringSubmatch(string(text), -1) {
			found++
			table := filepath.Join(filepath.Dir(file), "kernels_"+m[1]+".go")
			if text, err := os.ReadFile(table); err != nil || !strings.Contains(string(text), `kernels/internal/asm"`) {
				t.Errorf("%s includes a header of this package, which %s does not import (%v)", file, table, err)
			}
		}
	}
	if found == 0 {
		t.Error("nothing includes a header of this package")
	}
}
