package bench

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport lists, for each top-level folder, which others it may import: data flows one way. Examples are a folder of their own: they
// show what one can do without kernels.
var mayImport = map[string][]string{
	"internal":    {"internal", "kernels"}, // how files are opened and written, and what benchmarks compare with
	"kernels":     {"kernels"},
	"tensor":      {"tensor", "kernels", "internal"},
	"dataset":     {"dataset", "tensor", "internal"},
	"autograd":    {"autograd", "tensor", "kernels"},
	"nn":          {"nn", "autograd", "tensor", "kernels", "internal"},
	examples:      {examples, "dataset", "nn", "autograd", "tensor"},
	"spaces":      {"spaces", "internal"},
	"supernet":    {"supernet", "spaces", "nn", "autograd", "tensor", "kernels"},
	"experiments": {"experiments", "supernet", "spaces", "dataset", "nn", "autograd", "tensor", "kernels", "internal"},
	"bench":       {"bench", "internal", "experiments", "supernet", "spaces", "dataset", "nn", "autograd", "tensor", "kernels"},
}

const examples = "nn/examples"

// outside lists the modules that the engine may use besides the standard library; data sets may decode pictures, experiments may
// use more.
var outside = []string{"github.com/klauspost/cpuid/v2", "golang.org/x/sys"}

// folder is the top-level folder of a path, or examples.
func folder(path string) string {
	if strings.HasPrefix(path, examples+"/") {
		return examples
	}
	top, _, _ := strings.Cut(path, "/")
	return top
}

func TestImportDirection(t *testing.T) {
	const module = "github.com/oneshot-nas/oneshot/"
	seen := make(map[string]bool)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != ".." || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		rel := strings.TrimPrefix(filepath.ToSlash(path), "../")
		top := folder(rel)
		allowed, known := mayImport[top]
		if !known {
			t.Errorf("%s: Go files live in one of the known top-level folders", rel)
			return nil
		}
		seen[top] = true
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if in, ok := strings.CutPrefix(imp, module); ok {
				if to := folder(in); !slices.Contains(allowed, to) {
					t.Errorf("%s imports %s: %s may import only %v", rel, imp, top, allowed)
				}
			} else if first, _, _ := strings.Cut(imp, "/"); strings.Contains(first, ".") && top != "experiments" {
				may := outside
				if top == "dataset" {
					may = []string{"golang.org/x/image"}
				}
				if !slices.ContainsFunc(may, func(m string) bool { return imp == m || strings.HasPrefix(imp, m+"/") }) {
					t.Errorf("%s imports %s: %s may use only %v", rel, imp, top, may)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for top := range mayImport {
		if !seen[top] {
			t.Errorf("no Go files found in %s: is the test run from its folder?", top)
		}
	}
}
