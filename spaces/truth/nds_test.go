package truth

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

const (
	cellNet  = `{"width": 32, "depth": 14, "genotype": {"normal": [["sep_conv_3x3", 0], ["skip_connect", 1]], "normal_concat": [2], "reduce": [["max_pool_3x3", 1], ["none", 0]], "reduce_concat": [2, 3]}}`
	stageNet = `{"block_type": "res_basic_block", "ds": [1, 2, 3], "ws": [16, 32, 64]}`
)

func runNDS(net string, errors string) string {
	return fmt.Sprintf(`{"job_id": "1", "net": %s, "train_ep_loss": [1.5, NaN, -Infinity, Infinity], "optim": {"note": "NaN \" \\"}, "test_ep_top1": %s}`, net, errors)
}

func TestReadNDS(t *testing.T) {
	runs := []string{runNDS(cellNet, "[90, NaN, 10.5]"), runNDS(stageNet, "[20]"), runNDS(cellNet, "[90, 11.5]")}
	for _, content := range []string{
		"[" + strings.Join(runs, ", ") + "]",
		`{"top": [` + runs[0] + "," + runs[1] + `], "mid": [` + runs[2] + "]}",
		"\ufeff[" + strings.Join(runs, ",\r\n") + "]\r\n \r\n",
	} {
		tab, err := ReadNDS(file(t, "DARTS.json", []byte(content)))
		if err != nil {
			t.Fatal(err)
		}
		if len(tab.Rows) != 2 || tab.Unit != "%" || tab.LowerIsBetter || !slices.Equal(tab.Scores(), []float64{89, 80}) {
			t.Fatalf("read %+v", tab)
		}
		if r := tab.Rows[0]; r.Architecture != strings.ReplaceAll(cellNet, " ", "") || !slices.Equal(r.Values, []float64{89.5, 88.5}) ||
			r.Position != 1 {
			t.Errorf("first row %+v", r)
		}
		g, err := Genotype(tab.Rows[0].Architecture)
		want := "Genotype(normal=[('sep_conv_3x3', 0), ('skip_connect', 1)], normal_concat=[2], reduce=[('max_pool_3x3', 1), ('none', 0)], reduce_concat=[2, 3])"
		if err != nil || g != want {
			t.Errorf("genotype %s, %v, want %s", g, err, want)
		}
		_, err = Genotype(tab.Rows[1].Architecture)
		wantError(t, err, "no genotype", "res_basic_block")
	}
}

func TestNDSErrors(t *testing.T) {
	for _, tc := range []struct{ content, says string }{
		{"", "is empty"},
		{"[]", "no runs"},
		{"{}", "no runs"},
		{"7", "7, want an array"},
		{`{"top": 7}`, "7, want an array"},
		{"[" + runNDS(stageNet, "[20]"), "after 1 runs: unexpected EOF"},
		{"[" + runNDS(stageNet, "[20]") + ", 5]", "after 1 runs"},
		{`[{"test_ep_top1": [1]}]`, `no object "net"`},
		{`[{"net": 5, "test_ep_top1": [1]}]`, `no object "net"`},
		{`[{"net": {}}]`, "no errors"},
		{"[" + runNDS(stageNet, "[20, NaN]") + "]", "last error"},
		{"[" + runNDS(stageNet, "[101]") + "]", "last error"},
		{"[" + runNDS(stageNet, `["x"]`) + "]", "string"},
		{"architecture,accuracy\n", "invalid character"},
		{"[" + runNDS(stageNet, "[20]") + "]\n[" + runNDS(cellNet, "[20]") + "]",
			"after 1 runs: another document begins, with [: want one"},
		{"[" + runNDS(stageNet, "[20]") + "] and more", "after the end of the document"},
		{"[" + runNDS(stageNet, "[20]") + "]]", "after the end of the document"},
		{`"` + strings.Repeat("x", 1<<20) + `"`, "xxx…, want an array"},
		{`[{"net": "` + strings.Repeat("x", longestRun+1<<20), "16 MiB"},
		{"\xff\xfe[\x00]\x00", "UTF-16"},
	} {
		_, err := ReadNDS(file(t, "DARTS.json", []byte(tc.content)))
		if wantError(t, err, tc.says, "DARTS.json"); len(err.Error()) > 500 {
			t.Errorf("an error of %d characters", len(err.Error()))
		}
	}
	for net, says := range map[string]string{
		"{":                                  "unexpected end",
		`{"genotype": {"normal": [[1]]}}`:    "not a pair",
		`{"genotype": {"normal": [[1, 1]]}}`: "string",
		`{"genotype": {"normal": [], "normal_concat": ["x"]}}`:     "string",
		`{"genotype": {"normal": [], "normal_concat": [2]}}`:       `no genotype with a list "reduce"`,
		`{"genotype": {"normal": [["a", 0]], "normal_concat": 5}}`: "unmarshal number",
	} {
		_, err := Genotype(net)
		wantError(t, err, says)
	}
}

// Whatever the pieces in which it is read.
func TestNaNReader(t *testing.T) {
	const in = `[NaN, -Infinity, Infinity, -1, "NaN \" Infinity", "\\", NaN] N Na`
	const want = `[null, null, null, -1, "NaN \" Infinity", "\\", null] N Na`
	for _, r := range []io.Reader{newNaNReader(strings.NewReader(in)),
		iotest.OneByteReader(newNaNReader(iotest.OneByteReader(strings.NewReader(in))))} {
		if out, err := io.ReadAll(r); err != nil || string(out) != want {
			t.Errorf("read %s, %v, want %s", out, err, want)
		}
	}
}

func FuzzReadNDS(f *testing.F) {
	f.Add("[" + runNDS(cellNet, "[90, NaN, 10.5]") + "]")
	f.Add(`{"top": [` + runNDS(stageNet, "[20]") + `]}`)
	f.Fuzz(func(t *testing.T, s string) {
		tab, err := readNDS(strings.NewReader(s), "t.json")
		if err != nil {
			return
		}
		for _, r := range tab.Rows {
			if m := r.Mean(); !(m >= 0 && m <= 100) {
				t.Fatalf("%q: accuracy %v", s, m)
			}
			if g, err := Genotype(r.Architecture); err == nil && g == "" {
				t.Fatalf("%q: empty genotype", s)
			}
		}
	})
}
