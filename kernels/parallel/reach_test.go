package parallel_test

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/oneshot-nas/oneshot"

// TestNoChunkReachesRun reads the module's sources and shows that no chunk can call Run, nor lock a Mutex, whatever the size of its work:
// running kernels would find only those chunks whose operands are long enough. It follows every mention of a function, whether it is called
// there or kept in a variable, a field or a parameter, for every instruction set.
func TestNoChunkReachesRun(t *testing.T) {
	for name, context := range map[string]build.Context{
		"amd64": {GOARCH: "amd64"}, "arm64": {GOARCH: "arm64"}, "purego": {GOARCH: "amd64", BuildTags: []string{"purego"}},
	} {
		t.Run(name, func(t *testing.T) {
			context.GOOS, context.Compiler = "linux", "gc"
			r := newReader(context)
			for _, dir := range []string{"kernels", "autograd", "nn", "supernet"} {
				if err := r.readAll(dir); err != nil {
					t.Fatal(err)
				}
			}
			if len(r.chunks) < 20 {
				t.Fatalf("found only %d kinds of tasks", len(r.chunks))
			}
			for _, chunk := range r.chunks {
				if way := r.wayToThePool(chunk); way != nil {
					t.Errorf("a chunk gets to the pool: %s", strings.Join(way, " > "))
				}
			}
		})
	}
}

// TestReachIsFollowed: the test above sees what it is there for.
func TestReachIsFollowed(t *testing.T) {
	r := newReader(build.Context{GOOS: "linux", GOARCH: "amd64", Compiler: "gc"})
	if err := r.readAll("kernels"); err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		of, name string
		reaches  bool
	}{
		{"vec", "Add", true}, {"vec", "ReLUBackward", true}, {"vec", "LocalReLUBackward", false}, {"norm", "Stats", true},
		{"norm", "AddStats", false}, {"gemm", "Mul", true}, {"softmax", "LogSoftmax", true}, {"conv", "Forward", true},
	} {
		o := r.packages[module+"/kernels/"+f.of].Scope().Lookup(f.name)
		if got := r.wayToThePool(o) != nil; got != f.reaches {
			t.Errorf("%s.%s reaches the pool: %v, want %v", f.of, f.name, got, f.reaches)
		}
	}
}

// reader reads packages of the module, and notes what objects mention what others. Packages from elsewhere are taken for empty: they
// do not know the pool, and what the type checker says about them is not listened to.
type reader struct {
	context  build.Context
	fset     *token.FileSet
	packages map[string]*types.Package
	mentions map[types.Object][]types.Object
	chunks   []types.Object
}

func newReader(context build.Context) *reader {
	return &reader{context: context, fset: token.NewFileSet(), packages: map[string]*types.Package{}, mentions: map[types.Object][]types.Object{}}
}

const root = "../.."

// readAll reads the packages below a directory of the module.
func (r *reader) readAll(dir string) error {
	return filepath.WalkDir(filepath.Join(root, dir), func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() || e.Name() == "testdata" {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err == nil {
			_, err = r.Import(path.Join(module, filepath.ToSlash(rel)))
		}
		if _, ok := err.(*build.NoGoError); ok {
			return nil
		}
		return err
	})
}

// Import reads a package of the module.
func (r *reader) Import(name string) (*types.Package, error) {
	if name == "unsafe" {
		return types.Unsafe, nil
	}
	if p := r.packages[name]; p != nil {
		return p, nil
	}
	dir, ours := strings.CutPrefix(name, module)
	if !ours {
		p := types.NewPackage(name, path.Base(name))
		p.MarkComplete()
		r.packages[name] = p
		return p, nil
	}
	list, err := r.context.ImportDir(filepath.Join(root, filepath.FromSlash(dir)), 0)
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, f := range list.GoFiles {
		file, err := parser.ParseFile(r.fset, filepath.Join(list.Dir, f), nil, 0)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}, Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: r, Error: func(error) {}}
	p, _ := config.Check(name, r.fset, files, info)
	r.packages[name] = p
	for _, f := range files {
		r.note(info, f)
	}
	return p, nil
}

// note walks a file: a function mentions what its body does, and what a value is assigned to mentions what the value does.
func (r *reader) note(info *types.Info, file *ast.File) {
	object := func(id *ast.Ident) types.Object {
		if o := info.Defs[id]; o != nil {
			return o
		}
		return origin(info.Uses[id])
	}
	mention := func(from types.Object, in ast.Node) {
		if from == nil || in == nil {
			return
		}
		ast.Inspect(in, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if o := origin(info.Uses[id]); o != nil && holdsFunction(o.Type()) {
					r.mentions[from] = append(r.mentions[from], o)
				}
			}
			return true
		})
	}
	assign := func(to ast.Expr, value ast.Node) {
		switch to := to.(type) {
		case *ast.Ident:
			mention(object(to), value)
		case *ast.SelectorExpr:
			mention(object(to.Sel), value)
		case *ast.IndexExpr:
			if id, ok := to.X.(*ast.Ident); ok {
				mention(object(id), value)
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			f := info.Defs[n.Name]
			if n.Body != nil {
				mention(f, n.Body)
			}
			if n.Recv != nil && n.Name.Name == "Chunk" {
				r.chunks = append(r.chunks, f)
			}
		case *ast.AssignStmt:
			for i, to := range n.Lhs {
				assign(to, n.Rhs[min(i, len(n.Rhs)-1)])
			}
		case *ast.ValueSpec:
			for i, id := range n.Names {
				if len(n.Values) > 0 {
					mention(info.Defs[id], n.Values[min(i, len(n.Values)-1)])
				}
			}
		case *ast.CompositeLit:
			fields, _ := under(info.Types[n].Type).(*types.Struct)
			for i, e := range n.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					if id, ok := kv.Key.(*ast.Ident); ok {
						mention(object(id), kv.Value)
					}
				} else if fields != nil && i < fields.NumFields() {
					mention(fields.Field(i), e)
				}
			}
		case *ast.CallExpr:
			signature, _ := under(info.Types[n.Fun].Type).(*types.Signature)
			if signature == nil {
				break
			}
			// The parameters of a declared function; its type has those that its body mentions.
			for i, arg := range n.Args {
				if last := signature.Params().Len() - 1; last >= 0 {
					mention(signature.Params().At(min(i, last)), arg)
				}
			}
		}
		return true
	})
}

// holdsFunction reports whether a value of type t is a function, or some of them. Structs are none: what matters is which of their fields
// is mentioned.
func holdsFunction(t types.Type) bool {
	switch t := under(t).(type) {
	case *types.Signature:
		return true
	case interface{ Elem() types.Type }:
		return holdsFunction(t.Elem())
	}
	return false
}

func under(t types.Type) types.Type {
	if t == nil {
		return nil
	}
	return t.Underlying()
}

// origin returns the generic function or variable of an instance.
func origin(o types.Object) types.Object {
	switch o := o.(type) {
	case *types.Func:
		return o.Origin()
	case *types.Var:
		return o.Origin()
	}
	return o
}

// wayToThePool returns by which mentions from leads to Run or to the lock of a Mutex, nil if it does not.
func (r *reader) wayToThePool(from types.Object) []string {
	seen := map[types.Object]bool{}
	var find func(o types.Object) []string
	find = func(o types.Object) []string {
		name := o.Name()
		if f, ok := o.(*types.Func); ok {
			name = strings.ReplaceAll(f.FullName(), module+"/", "")
		}
		if name == "kernels/parallel.Run" || name == "(*kernels/parallel.Mutex).Lock" {
			return []string{name}
		}
		if seen[o] {
			return nil
		}
		seen[o] = true
		for _, next := range r.mentions[o] {
			if way := find(next); way != nil {
				return slices.Insert(way, 0, name)
			}
		}
		return nil
	}
	return find(from)
}
