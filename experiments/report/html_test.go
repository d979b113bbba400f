package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/spaces/cellgraph"
	"github.com/oneshot-nas/oneshot/experiments/study"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

// architectures are n of NAS-Bench-201 with numbers that are made up.
func architectures(n int) *Architectures {
	rng := rand.New(rand.NewPCG(1, 2))
	a := &Architectures{
		Space: "NAS-Bench-201",
		Columns: []ArchitectureColumn{
			{"truth", "accuracy trained alone", TruthColumn, "%"},
			{"supernet", "accuracy with shared weights", ScoreColumn, "%"},
			{"params", "parameters", CountColumn, ""},
			{"synflow", "synflow", ProxyColumn, ""},
		},
		Curves: map[string]map[string]figure.Values{},
	}
	space := nasbench201.New()
	for i := range n {
		arch := space.Sample(rng)
		var svg bytes.Buffer
		cellgraph.WriteSVG(&svg, cellgraph.Of(arch))
		truth := 50 + 30*rng.Float64()
		proxy := truth + 20*rng.NormFloat64()
		if i%10 == 0 {
			proxy = math.NaN()
		}
		a.Rows = append(a.Rows, ArchitectureRow{arch.String(), figure.Values{truth, truth/2 + 4*rng.NormFloat64(), 1e5 + 1e4*truth, proxy}, svg.String()})
		if i < 40 {
			curve := figure.Values{}
			for epoch := range 8 {
				curve = append(curve, truth*(1-math.Exp(-float64(epoch+1)/2)))
			}
			a.Curves[arch.String()] = map[string]figure.Values{"1": curve}
		}
	}
	return a
}

// writeStudy makes a study with what a report is made from.
func writeStudy(t *testing.T, dir string, n int) {
	t.Helper()
	if err := example().Write(dir); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{
		ArchitecturesName: architectures(n),
		configName:        map[string]any{"space": "nasbench201", "recipe": map[string]any{"epochs": 10}},
		runName:           map[string]any{"go": "go1.26", "note": "<script>alert(1)</script>"},
	} {
		if err := study.WriteJSON(filepath.Join(dir, name), v); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBuild(t *testing.T) {
	dir := t.TempDir()
	writeStudy(t, dir, 20)
	if err := Build(dir); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(first)
	for _, want := range []string{
		"<title>NAS-Bench-201</title>", "The top of the ranking", "Does the supernet find the best?", "recipe.epochs", "? undecided",
		`0.352 <span class="interval">[0.101, 0.545]</span>`, "ties: expected", "n = 40", `<p class="warning">Warning: 40 architectures, not 300</p>`, d3License, plotLicense, "&lt;script&gt;alert(1)",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not have %.80q", want)
		}
	}
	if got := strings.Count(page, "<svg style="); got != 4 {
		t.Errorf("%d figures, want 4", got)
	}
	for _, loads := range []string{`src="`, `href="http`, "<link", "@import"} {
		if strings.Contains(strings.NewReplacer(d3JS, "", plotJS, "").Replace(page), loads) {
			t.Errorf("the page loads something: %s", loads)
		}
	}
	if err := Build(dir); err != nil {
		t.Fatal(err)
	}
	if again, _ := os.ReadFile(filepath.Join(dir, "report.html")); !bytes.Equal(first, again) {
		t.Error("the same study gives two pages")
	}
	if !Built(dir) {
		t.Error("the page is not as Build has written it")
	}
	spoilt := bytes.Clone(first)
	spoilt[len(spoilt)/2] ^= 1
	for what, page := range map[string][]byte{"a flipped bit": spoilt, "a cut page": first[:len(first)-9], "no page": nil} {
		if err := os.WriteFile(filepath.Join(dir, pageName), page, 0o666); err != nil {
			t.Fatal(err)
		}
		if Built(dir) {
			t.Errorf("%s is not seen", what)
		}
	}
	// What the page is made from is checked too.
	for _, name := range []string{ArchitecturesName, "topk/" + ResultName} {
		path := filepath.Join(dir, name)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		spoilt := bytes.Clone(good)
		spoilt[bytes.IndexAny(spoilt, "123456789")] ^= 1
		if err := os.WriteFile(path, spoilt, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := Build(dir); err == nil || !strings.Contains(err.Error(), path+" is damaged") {
			t.Errorf("a flipped digit in %s: error %v", name, err)
		}
		if err := os.WriteFile(path, good, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBuildOfSeveralStudies(t *testing.T) {
	dir := t.TempDir()
	for _, space := range []string{"nasbench201", "darts"} {
		writeStudy(t, filepath.Join(dir, space), 5)
		os.Remove(filepath.Join(dir, space, ArchitecturesName))
	}
	summary := &Result{Title: "All spaces", Question: "What holds?"}
	encoded, err := json.Marshal(summary)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, SummaryName), encoded, 0o666); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := HTML(&b, dir); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{"<title>All spaces</title>", "What holds?", `id="darts"`, `id="nasbench201-topk"`, `<td>darts</td><td><a href="#darts-topk">`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not have %q", want)
		}
	}
	if n := strings.Count(page, "(ii) the best are not found</th>"); n != 1 {
		t.Errorf("the finding of both spaces has %d headings, want 1", n)
	}
}

func TestBuildFails(t *testing.T) {
	dir := t.TempDir()
	if err := Build(dir); err == nil || !strings.Contains(err.Error(), "holds no study") {
		t.Errorf("error %v of an empty folder", err)
	}
	for name, c := range map[string]struct{ contents, want string }{
		ArchitecturesName: {`{"columns":[{"name":"a"}],"rows":[{"arch":"x","values":[1,2]}]}`, "x has 2 values for 1 columns"},
		configName:        {`{`, configName},
		SummaryName:       {`{`, SummaryName},
	} {
		dir := t.TempDir()
		if err := example().Write(dir); err != nil {
			t.Fatal(err)
		}
		os.WriteFile(filepath.Join(dir, name), []byte(c.contents), 0o666)
		if err := Build(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one that says %q", err, c.want)
		}
		if _, err := os.Stat(filepath.Join(dir, "report.html")); err == nil {
			t.Error("a report was written all the same")
		}
	}
}

func TestLibraries(t *testing.T) {
	readme, err := os.ReadFile("web/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, script := range map[string]string{"d3.min.js": d3JS, "plot.umd.min.js": plotJS} {
		sum := sha256.Sum256([]byte(script))
		if !strings.Contains(string(readme), hex.EncodeToString(sum[:])) {
			t.Errorf("%s has the sum %x, which web/README.md does not have", name, sum)
		}
		if strings.Contains(script, "</script") {
			t.Errorf("%s would end its element", name)
		}
	}
}

// Fields of any document are read, and a text that is none of ours stays text.
func TestFields(t *testing.T) {
	var tree any
	if err := json.Unmarshal([]byte(`{"b":{"c":[1,2],"a":"x"},"a":null,"long":"`+strings.Repeat("é", 400)+`"}`), &tree); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(fields("", tree))
	if want := "[{a null} {b.a x} {b.c [1,2]} {long " + strings.Repeat("é", 300) + "…}]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestCells(t *testing.T) {
	table := &Table{Columns: []Column{Text("a"), Real("b", 1)}}
	for want, got := range map[string]any{
		"<td>&lt;b&gt;</td>": cellHTML(table, 0, "<b>"),
		`<td class="number">1.2 <span class="interval">[1.0, 2.0]</span></td>`: cellHTML(table, 1, Estimate{1.23, 1, 2}),
		`<td class="number">–</td>`:                                            cellHTML(table, 1, nil),
	} {
		if fmt.Sprint(got) != want {
			t.Errorf("%s, want %s", got, want)
		}
		if _, err := io.ReadAll(strings.NewReader(want)); err != nil || xml.Unmarshal([]byte(want), new(struct{})) != nil {
			t.Errorf("%s is not well-formed", want)
		}
	}
}
