package truth

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/spaces/nasbenchmacro"
	"github.com/oneshot-nas/oneshot/spaces/proxylessnas"
)

// file writes a file into a folder of its own and returns its path.
func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func zipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(content)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// wantError checks that an error says all of the given things.
func wantError(t *testing.T, err error, says ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one that says %q", says)
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("error %q does not say %q", err, s)
		}
	}
}

func TestReadCSV(t *testing.T) {
	const table = "id,architecture,test_1,test_2,mean_test_ppl\n7,x,1,2.5,60\n8,\"y,z\",3,,50\n"
	for _, content := range [][]byte{[]byte(table), zipped(t, []byte(table)), []byte("\ufeff" + table),
		[]byte(strings.ReplaceAll(table, "\n", "\r\n"))} {
		tab, err := ReadCSV(file(t, "t.csv", content), "test_1", "test_2")
		if err != nil {
			t.Fatal(err)
		}
		if len(tab.Rows) != 2 || tab.Metric != "test_1" || tab.LowerIsBetter {
			t.Fatalf("read %+v", tab)
		}
		r := tab.Rows[1]
		if r.Architecture != "y,z" || !slices.Equal(r.Values, []float64{3}) || r.Position != 3 {
			t.Errorf("second row %+v", r)
		}
		if s := tab.Scores(); !slices.Equal(s, []float64{1.75, 3}) {
			t.Errorf("scores %v", s)
		}
	}
	tab, err := ReadCSV(file(t, "t.csv", []byte(table)), "mean_test_ppl")
	if err != nil {
		t.Fatal(err)
	}
	if s := tab.Scores(); !tab.LowerIsBetter || tab.Unit != "perplexity" || !slices.Equal(s, []float64{-60, -50}) {
		t.Errorf("scores %v of %+v", s, tab)
	}
}

func TestDefaultColumn(t *testing.T) {
	for _, tc := range []struct{ table, metric, unit string }{
		{"architecture,params,accuracy,flops\na,1,0.5,2\n", "accuracy", "fraction"},
		{"test_accuracy,architecture\n93,a\n", "test_accuracy", "%"},
		{"architecture,valid_ppl,test_ppl\na,60,59\n", "valid_ppl", "perplexity"},
		{"architecture,anything\na,1\n", "anything", ""},
		{"Seed,architecture,top1_err\n1,a,7\n", "top1_err", "%"},
		{"architecture,seed\na,7\n", "seed", ""},
		{"architecture,params,Test_Error\na,7,0.2\n", "Test_Error", "fraction"},
		{"params,test_2,architecture,test_1,mean\n7,2,a,1,1.5\n", "test_1", ""},
	} {
		tab, err := ReadCSV(file(t, "t.csv", []byte(tc.table)))
		if err != nil {
			t.Fatal(err)
		}
		if tc.metric == "test_1" && !slices.Equal(tab.Rows[0].Values, []float64{1, 2}) {
			t.Errorf("%q: runs %v, want both in their order", tc.table, tab.Rows[0].Values)
		}
		if tab.Metric != tc.metric || tab.Unit != tc.unit {
			t.Errorf("%q: metric %q in %q, want %q in %q", tc.table, tab.Metric, tab.Unit, tc.metric, tc.unit)
		}
	}
}

// The truth of a study has a row for each architecture and seed, seed by seed.
func TestSeedsAreRuns(t *testing.T) {
	tab, err := ReadCSV(file(t, "truth.csv", []byte("architecture,seed,test_perplexity\na,2,60\nb,2,70\na,3,62\n")))
	if err != nil {
		t.Fatal(err)
	}
	if len(tab.Rows) != 2 || !slices.Equal(tab.Rows[0].Values, []float64{60, 62}) || !slices.Equal(tab.Rows[1].Values, []float64{70}) ||
		!tab.LowerIsBetter {
		t.Errorf("read %+v, want two runs of a and one of b, lower is better", tab)
	}
}

// What spreadsheets, editors and other languages write is read as the same table.
func TestDialects(t *testing.T) {
	const quoted = "\"architecture\",\"valid_ppl\",\"note\"\n\"y,z\",60.5,x\nb,58,\n"
	for name, content := range map[string]string{
		"plain":                   "architecture,valid_ppl,note\n\"y,z\",60.5,x\nb,58,\n",
		"quoted":                  quoted,
		"byte-order mark, quoted": "\ufeff" + quoted,
		"lone CR":                 strings.ReplaceAll(quoted, "\n", "\r"),
		"CRLF, byte-order mark":   "\ufeff" + strings.ReplaceAll(quoted, "\n", "\r\n"),
		"semicolons":              "architecture;valid_ppl;note\ny,z;60,5;x\nb;58;\n",
		"semicolons, point":       "\ufeffarchitecture;valid_ppl;note\n\"y,z\";60.5;x\nb;58;\n",
		"tabs":                    "architecture\tvalid_ppl\tnote\ny,z\t60.5\tx\nb\t58\t\n",
		"blanks after commas":     "architecture, valid_ppl, note\n \"y,z\", 60.5, x\nb, 58 , \n",
		"capitals, blank lines":   "\n\nArchitecture,valid_ppl,note\n\n\"y,z\",60.5,x\nb,58,\n\n",
	} {
		tab, err := ReadCSV(file(t, "t.csv", []byte(content)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s := tab.Scores(); len(tab.Rows) != 2 || tab.Rows[0].Architecture != "y,z" || tab.Rows[1].Architecture != "b" ||
			!slices.Equal(s, []float64{-60.5, -58}) {
			t.Errorf("%s: read %+v, scores %v", name, tab, s)
		}
	}
	// Where commas separate nothing, JSON needs no quotes.
	tab, err := ReadCSV(file(t, "t.csv", []byte("architecture\taccuracy\n{\"a\":0,\"b\":1}\t0.5\n")))
	if err != nil || tab.Rows[0].Architecture != `{"a":0,"b":1}` {
		t.Errorf("read %+v, %v", tab, err)
	}
}

// Several rows of an architecture are its runs, as are several columns, by name or pattern.
func TestSeveralRuns(t *testing.T) {
	for name, tc := range map[string]struct {
		content     string
		columns     []string
		description string
	}{
		"long": {"architecture,accuracy,flops\na,1,7\nb,5,8\na,2,7\na,6,7\n", nil,
			"column accuracy, higher is better; 1 to 3 runs of each"},
		"long, seeds": {"Seed,architecture,accuracy\n1,a,1\n1,b,5\n2,a,2\n3,a,6\n", nil,
			"column accuracy, higher is better; 1 to 3 runs of each"},
		"wide": {"architecture,s0,s1,s2\na,1,2,6\nb,5,,\n", []string{"s0", "s1", "s2"},
			"columns s0, s1, s2, higher taken as better, as the name does not say; 1 to 3 runs of each"},
		"pattern": {"architecture,seed_1,mean,seed_2,seed_10,s5,s6\na,1,0,2,6,0,0\nb,5,0,,,0,0\n", []string{"seed_*"},
			"columns seed_1, seed_2, seed_10, higher taken as better, as the name does not say; 1 to 3 runs of each"},
		"two patterns": {"architecture,acc_a1,acc_a2,acc_b,acc_b2,acc_b3\na,1,2,6,3,3\nb,5,,,,\n",
			[]string{"acc_a*", "acc_b", "acc_b?"}, "columns acc_a1, acc_a2, acc_b, … acc_b3, higher is better; 1 to 5 runs of each"},
	} {
		tab, err := ReadCSV(file(t, "t.csv", []byte(tc.content)), tc.columns...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s := tab.Scores(); len(tab.Rows) != 2 || !slices.Equal(s, []float64{3, 5}) ||
			!slices.Equal(tab.Rows[0].Values[:3], []float64{1, 2, 6}) {
			t.Errorf("%s: read %+v, scores %v", name, tab, s)
		}
		if got := tab.Description(); got != tc.description {
			t.Errorf("%s: %s, want %s", name, got, tc.description)
		}
	}
}

// What is no finite number is refused, or left out and counted.
func TestSkipBad(t *testing.T) {
	const content = "architecture,accuracy,p,q\na,1,1,1\nb,nan,1,\nc,,,\nd,-Inf,inf,7\ne,5,None,5\n"
	for _, tc := range []struct {
		columns []string
		skip    int
		archs   []string
		skipped []int
		says    []string
	}{
		{nil, 0, nil, nil, []string{"t.csv:3", `"nan"`, "finite"}},
		{nil, 2, nil, nil, []string{"t.csv:5", `"-Inf"`, "more than the 2"}},
		{nil, 3, []string{"a", "e"}, []int{3, 4, 5}, nil},
		{[]string{"p", "q"}, 3, []string{"a", "b", "d", "e"}, []int{4, 5, 6}, nil},
		{[]string{"p", "q"}, 2, nil, nil, []string{"t.csv:6", `"None"`}},
	} {
		tab, err := CSV{Columns: tc.columns, SkipBad: tc.skip}.Read(file(t, "t.csv", []byte(content)))
		if tc.says != nil {
			if wantError(t, err, tc.says...); !errors.Is(err, ErrNotFinite) {
				t.Errorf("%v is not about a number that is not finite", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var archs []string
		for _, r := range tab.Rows {
			archs = append(archs, r.Architecture)
		}
		if !slices.Equal(archs, tc.archs) || !slices.Equal(tab.Skipped, tc.skipped) ||
			!strings.Contains(tab.Description(), "left out as no finite numbers: 3, such as on line") {
			t.Errorf("%v: %q, skipped %v; %s", tc, archs, tab.Skipped, tab.Description())
		}
	}
	_, err := CSV{SkipBad: 9}.Read(file(t, "t.csv", []byte("architecture,accuracy\na,nan\n")))
	wantError(t, err, "t.csv", "no row")
	_, err = CSV{SkipBad: 9}.Read(file(t, "t.csv", []byte("architecture,accuracy\na,good\n")))
	if wantError(t, err, "t.csv:2", "good"); errors.Is(err, ErrNotFinite) {
		t.Error("a word is no missing number")
	}
}

// A table that unpacks to much more than it is does not fill the memory.
func TestBomb(t *testing.T) {
	whole := zipped(t, append([]byte("architecture,accuracy\n"), bytes.Repeat([]byte{'x'}, 32<<20)...))
	path := file(t, "bomb.csv.gz", whole)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := ReadCSV(path)
	runtime.ReadMemStats(&after)
	wantError(t, err, "bomb.csv.gz", "1 MiB")
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 12<<20 {
		t.Errorf("%d bytes allocated to refuse %d", taken, len(whole))
	}
}

// The mean of large numbers is finite, as they are.
func TestMeanOfLargeNumbers(t *testing.T) {
	if m := Mean([]float64{1.5e308, 1.5e308, 0}); math.Abs(m-1e308) > 1e294 {
		t.Errorf("the mean is %v, want 1e308", m)
	}
	a, b := 0.1, 0.2
	if m := Mean([]float64{a, b}); m != (a+b)/2 {
		t.Errorf("the mean is %v", m)
	}
}

func TestFingerprint(t *testing.T) {
	prints := make(map[string]string)
	for _, content := range []string{"architecture,accuracy\na,1\nb,2\n", "architecture,accuracy\na,1\nb,3\n",
		"architecture,accuracy\na,1\nc,2\n",
		"architecture,accuracy\nb,2\na,1\n", "architecture,score\na,1\nb,2\n"} {
		tab, err := ReadCSV(file(t, "t.csv", []byte(content)))
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := prints[tab.Fingerprint()]; ok {
			t.Errorf("%q has the fingerprint of %q", content, other)
		}
		prints[tab.Fingerprint()] = content
	}
}

func TestCSVErrors(t *testing.T) {
	for _, tc := range []struct {
		table   string
		columns []string
		says    []string
	}{
		{"", nil, []string{"is empty"}},
		{"arch,accuracy\na,1\n", nil, []string{"no column architecture", `"arch"`}},
		{"architecture,accuracy\n", nil, []string{"no rows"}},
		{"architecture,accuracy\na,1\nb,2,3\n", nil, []string{"t.csv:3", "3 fields", "2 of the header"}},
		{"architecture,accuracy\na,1\nb\n", nil, []string{"t.csv:3", "1 fields"}},
		{"architecture,dataset,accuracy\na,x,1\n\na,y,2\n", nil, []string{"t.csv:4", "on line 2 already", `dataset "x"`, `"y"`}},
		{"architecture,accuracy,Epochs\na,1,12\na,2,200\n", []string{"accuracy"}, []string{"t.csv:3", "Epochs", `"12"`, `"200"`}},
		{"architecture,seed,accuracy\na,1,1\na,2,2\na,1,3\n", nil, []string{"t.csv:4", "on line 2 already", "seed"}},
		{"architecture,accuracy\na,NaN\n", nil, []string{"t.csv:2", "accuracy", "NaN", "finite"}},
		{"architecture,accuracy\na,+Inf\n", nil, []string{"finite"}},
		{"architecture,accuracy\na,good\n", nil, []string{"t.csv:2", `"good"`}},
		{"architecture,accuracy\na,\n", nil, []string{"t.csv:2", "finite"}},
		{"architecture,accuracy\n\"a,1\n", nil, []string{"line 2"}},
		{"architecture,p,q\na,1,2\n", nil, []string{"which of the columns"}},
		{"architecture,p,q\na,1,2\n", []string{"r"}, []string{"no column r"}},
		{"architecture,p,q\na,1,2\n", []string{"p", "p"}, []string{"twice"}},
		{"architecture,p,q\na,,\n", []string{"p", "q"}, []string{"t.csv:2", "empty"}},
		{"architecture,p,q\na,1,2\n", []string{"architecture"}, []string{"no numbers"}},
		{"architecture,p,q\na,1,2\n", []string{"r*"}, []string{"no column r*", `"p", "q"`}},
		{"architecture,p,q\na,1,2\n", []string{"p", "?"}, []string{"column p is named twice"}},
		{"architecture,p,q\na,1,2\n", []string{"[p"}, []string{"[p", "syntax"}},
		{"architecture\na\n", nil, []string{"no column beside"}},
		{"architecture,accuracy,accuracy\na,1,2\n", nil, []string{"two columns are called accuracy"}},
		{"architecture,p,p\na,1,2\n", []string{"p*"}, []string{"two columns are called p"}},
		{"architecture;accuracy\na;1,5\nb;1.5\n", nil, []string{"t.csv:3", "line 2", "decimal ','"}},
		{"architecture\taccuracy\na\t1,5\n", nil, []string{"t.csv:2", `"1,5"`, "semicolons"}},
		{"architecture,accuracy\na,\"1,5\"\n", nil, []string{"t.csv:2", `"1,5"`, "decimal point"}},
		{"architecture,accuracy\na,1,5\n", nil, []string{"t.csv:2", "3 fields", "quotes", "decimal comma"}},
		{"architecture accuracy\na 1\n", nil, []string{"architecture accuracy", "commas, semicolons or tabs"}},
		{"\xff\xfea\x00r\x00", nil, []string{"the header", "UTF-16", "UTF-8"}},
		{"PK\x03\x04", nil, []string{"zip"}},
		{"architecture,accuracy\na,1\nb\x00,2\n", nil, []string{"the header", "is 0"}},
		{"architecture,accuracy\na,1\n" + strings.Repeat("x", 2<<20) + ",1\n", nil, []string{"after line 2", "1 MiB"}},
		{"architecture,accuracy\na,1\n\"" + strings.Repeat("x\n", 1<<20) + ",1\n", nil, []string{"after line 2", "1 MiB", "quote"}},
		{strings.Repeat("x", 2<<20) + ",1\n", nil, []string{"the header", "1 MiB"}},
		{strings.Repeat("x", 1<<19) + ",1\n", nil, []string{"no column architecture"}},
		{"architecture,accuracy\na,1\nb," + strings.Repeat("x", 1<<19) + "\n", nil, []string{"t.csv:3", "finite"}},
		{"architecture" + strings.Repeat(",col", 1<<17) + "\na\n", nil, []string{"which of the columns", "more"}},
		{"architecture,acc\x1b[31m\na,\x1b[2J\x00\n", nil, []string{"is 0"}},
		{"architecture,acc\x1b[31m\na,\x1b[2J\n", nil, []string{`acc\x1b[31m`, `"\x1b[2J"`}},
		{"architecture,acc,ppl\na,1,2\n", []string{"acc", "ppl"}, []string{"lower is better"}},
	} {
		_, err := ReadCSV(file(t, "t.csv", []byte(tc.table)), tc.columns...)
		wantError(t, err, append(tc.says, "t.csv")...)
		if text := strings.ReplaceAll(err.Error(), t.TempDir(), ""); len(text) > 800 || strings.ContainsAny(text, "\x1b\x00\n\r") {
			t.Errorf("an error of %d characters: %q", len(text), text)
		}
	}
	_, err := ReadCSV(filepath.Join(t.TempDir(), "none.csv"))
	wantError(t, err, "none.csv", "column architecture")
	whole := zipped(t, []byte(strings.Repeat("architecture,accuracy\n", 1000)))
	_, err = ReadCSV(file(t, "cut.csv.gz", whole[:len(whole)-9]))
	wantError(t, err, "cut.csv.gz")
}

func TestArchs(t *testing.T) {
	const x = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
	tab, err := ReadCSV(file(t, "t.csv", []byte("architecture,accuracy\n"+x+",1\n1,2\n")))
	if err != nil {
		t.Fatal(err)
	}
	archs, err := tab.Archs(nasbench201.New())
	if err != nil {
		t.Fatal(err)
	}
	if len(archs) != 2 || archs[0].String() != x || archs[1] != nasbench201.FromIndex(1) {
		t.Errorf("read %v", archs)
	}
	tab.Rows[1].Architecture = fmt.Sprint(nasbench201.Arch{}.Index())
	_, err = tab.Archs(nasbench201.New())
	wantError(t, err, "t.csv:3", "stood at 2 already", x)
	tab.Rows[1].Architecture = "what"
	_, err = tab.Archs(nasbench201.New())
	wantError(t, err, "t.csv:3", "what")
}

// A part of a space, a list, and a subspace: rows outside are left out; what the space cannot read is an error.
func TestWithin(t *testing.T) {
	tab, err := ReadCSV(file(t, "t.csv", fmt.Appendf(nil, "architecture,accuracy\n%v,10\n%v,20\n%v,70\n",
		nasbench201.FromOrdinal(1), nasbench201.FromOrdinal(2), nasbench201.FromOrdinal(7))))
	if err != nil {
		t.Fatal(err)
	}
	part, err := spaces.Keep(nasbench201.New(), map[string][]string{"2_3": {"skip_connect", "nor_conv_3x3"}})
	if err != nil {
		t.Fatal(err)
	}
	list, err := spaces.List(nasbench201.New(), []spaces.Arch{nasbench201.FromOrdinal(1), nasbench201.FromOrdinal(9)})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		space spaces.Space
		want  []float64
	}{{nasbench201.New(), []float64{10, 20, 70}}, {part, []float64{10}}, {list, []float64{10}}} {
		within, err := tab.Within(tc.space)
		if err != nil {
			t.Fatal(err)
		}
		if s := within.Scores(); !slices.Equal(s, tc.want) || within.Metric != tab.Metric || len(tab.Rows) != 3 {
			t.Errorf("within the space are %v, want %v", s, tc.want)
		}
	}
	deep, err := ReadCSV(file(t, "t.csv", []byte("architecture,accuracy\n0:0:6:6:0:6:6:6:0:6:6:6:0:6:6:6:0:6:6:6:0,1\n0:6:6:6:0:6:6:6:0:6:6:6:0:6:6:6:0:6:6:6:0,2\n")))
	if err != nil {
		t.Fatal(err)
	}
	shallow := proxylessnas.New()
	shallow.Depth = 1
	if within, err := deep.Within(shallow); err != nil || !slices.Equal(within.Scores(), []float64{2}) {
		t.Errorf("within the shallow space: %v, %v", within, err)
	}
	_, err = deep.Within(nasbench201.New())
	wantError(t, err, "t.csv:2", "nasbench201")
	tab.Rows = tab.Rows[1:]
	_, err = tab.Within(list)
	wantError(t, err, "none of the 2", "t.csv", "nasbench201")
}

// Two seeds of a space in which different strings are one function: their averages, in the order of the first table.
func TestJoin(t *testing.T) {
	read := func(name, s string) *Truth {
		tab, err := ReadCSV(file(t, name, []byte(s)))
		if err != nil {
			t.Fatal(err)
		}
		return tab
	}
	space := nasbenchmacro.New()
	a := read("a.csv", "architecture,valid_ppl\n00000020,60\n11111111,50\n00000002,58\n22222222,40\n")
	b := read("b.csv", "architecture,valid_ppl\n22222222,41\n00000002,61\n12121212,70\n")
	archs, x, y, err := Join(space, a, b)
	if err != nil {
		t.Fatal(err)
	}
	if len(archs) != 2 || archs[0].String() != "00000020" || archs[1].String() != "22222222" || !slices.Equal(x, []float64{-59, -40}) ||
		!slices.Equal(y, []float64{-61, -41}) {
		t.Errorf("joined %v, %v, %v", archs, x, y)
	}
	_, _, _, err = Join(space, a, read("c.csv", "architecture,valid_ppl\n12121212,70\n"))
	wantError(t, err, "a.csv", "c.csv", "no architecture")
	bad := read("d.csv", "architecture,valid_ppl\nwhat,70\n")
	_, _, _, err = Join(space, a, bad)
	wantError(t, err, "d.csv:2", "what")
	_, _, _, err = Join(space, bad, a)
	wantError(t, err, "d.csv:2", "what")
}

func TestMerge(t *testing.T) {
	read := func(s string) *Truth {
		tab, err := ReadCSV(file(t, "t.csv", []byte(s)))
		if err != nil {
			t.Fatal(err)
		}
		return tab
	}
	a, b := read("architecture,accuracy\nx,10\ny,20\n"), read("architecture,accuracy\ny,40\nz,50\n")
	m, err := Merge(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if s := m.Scores(); len(m.Rows) != 3 || !slices.Equal(s, []float64{10, 30, 50}) || m.Rows[1].Architecture != "y" {
		t.Errorf("merged %+v", m)
	}
	if len(a.Rows[1].Values) != 1 {
		t.Error("Merge changed its argument")
	}
	_, err = Merge(a, read("architecture,valid_ppl\nx,60\n"))
	wantError(t, err, "accuracy", "valid_ppl", "same metric")
	_, err = Merge()
	wantError(t, err, "no tables")
}

func FuzzReadCSV(f *testing.F) {
	f.Add("architecture,accuracy\na,1\nb,2\n")
	f.Add("architecture,p,valid_ppl\n\"a\nb\",1,60\n")
	f.Fuzz(func(t *testing.T, s string) {
		tab, err := CSV{}.read(strings.NewReader(s), "t.csv")
		if err != nil {
			return
		}
		if len(tab.Rows) == 0 || len(tab.Scores()) != len(tab.Rows) {
			t.Fatalf("%q: %d rows, scores %v", s, len(tab.Rows), tab.Scores())
		}
	})
}

func TestArchitectures(t *testing.T) {
	rows, err := Architectures(file(t, "t.csv", []byte("x,architecture\n,b\n1,a\n2,b\n")))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 || rows[0].Architecture != "b" || rows[2].Position != 4 {
		t.Errorf("read %+v", rows)
	}
	_, err = Architectures(file(t, "t.csv", []byte("architecture\na\nb,c\n")))
	wantError(t, err, "t.csv:3", "2 fields")
}
