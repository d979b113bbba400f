package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"
)

// browser returns a command that runs Chromium, without a window, on the page at path.
func browser(t *testing.T, path string, args ...string) *exec.Cmd {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		program, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		// No sandbox: tests may be run by root, in a container, and open pages of our own only.
		args = append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + t.TempDir(), "--window-size=1280,1000",
			"--virtual-time-budget=20000"}, args...)
		return exec.CommandContext(t.Context(), program, append(args, "file://"+path)...)
	}
	t.Skip("no Chromium to try the page in (apt-get install chromium)")
	return nil
}

func TestInBrowser(t *testing.T) {
	const n = 300
	dir := t.TempDir()
	writeStudy(t, dir, n)
	if err := Build(dir); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	drive, err := os.ReadFile("testdata/drive.js")
	if err != nil {
		t.Fatal(err)
	}
	// The page under test, with ears before it and a reader after it.
	const ears = `<script>window.seen=[];addEventListener("error",e=>seen.push(e.message));addEventListener("unhandledrejection",e=>seen.push(""+e.reason));
for(const k of ["error","warn"])console[k]=(...a)=>seen.push(k+": "+a.join(" "));addEventListener("securitypolicyviolation",e=>seen.push("loads "+e.blockedURI))</script>`
	driven := strings.Replace(string(page), "<head>", "<head>"+ears, 1)
	driven = strings.Replace(driven, "</body>", "<script>"+string(drive)+"</script></body>", 1)
	path := filepath.Join(dir, "driven.html")
	if err := os.WriteFile(path, []byte(driven), 0o666); err != nil {
		t.Fatal(err)
	}
	dom, err := browser(t, path, "--dump-dom").Output()
	if err != nil {
		t.Fatalf("%v: %s", err, err.(*exec.ExitError).Stderr)
	}
	found := regexp.MustCompile(`(?s)<pre id="outcome">(.*?)</pre>`).FindSubmatch(dom)
	if found == nil {
		t.Fatal("the page did not get ready")
	}
	var got struct {
		Errors                                 []string
		Dots, Curves, Columns, Rows            int
		Hovered                                string
		Drawing, CurvesOver, Out, SelectedRows int
		Selected, XLabel, AfterChoice          string
		Colors                                 int
		Theme                                  []string
		Sorted                                 []float64
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(string(found[1]))), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Errors) > 0 {
		t.Fatalf("the console: %s", strings.Join(got.Errors, "\n"))
	}
	a := architectures(n)
	left := n - got.Out // of the middle
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"dots", got.Dots, n}, {"curves", got.Curves, 40}, {"columns to choose from", got.Columns, 4}, {"rows in the table", got.Rows, 100},
		{"architecture shown under the pointer", got.Hovered, a.Rows[5].Arch}, {"its curves", got.CurvesOver, 1}, {"its drawing is there", got.Drawing > 0, true},
		{"some are selected", left > 0 && got.Out > 0, true}, {"rows of the selection", got.SelectedRows, min(100, left)},
		{"what is said of the selection", strings.HasPrefix(got.Selected, fmt.Sprintf("%d of %d architectures: Spearman ρ 0.", left, n)), true},
		{"label of the x axis", got.XLabel, "parameters"}, {"all are selected again", strings.HasPrefix(got.AfterChoice, "all 300 architectures"), true},
		{"colours", got.Colors > 100, true}, {"two rows", len(got.Sorted), 2}, {"background before and after a change of theme", got.Theme, []string{"rgb(255, 255, 255)", "rgb(23, 25, 28)"}},
	} {
		if d := diff.Diff(c.want, c.got); d != "" {
			t.Errorf("%s: %s", c.what, d)
		}
	}
	best := slices.SortedFunc(slices.Values(a.Rows), func(a, b ArchitectureRow) int { return cmp.Compare(b.Values[0], a.Values[0]) })
	for i, v := range got.Sorted {
		if want := best[i].Values[0]; math.Abs(v-want) > 1e-3 {
			t.Errorf("sorted by truth, row %d has %v, want %v", i, v, want)
		}
	}
}
