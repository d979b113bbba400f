package report

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/study"
	"github.com/oneshot-nas/oneshot/internal/files"
)

// Files of a study that a report is made from, besides the results.
const (
	ArchitecturesName = "architectures.json" // of Architectures
	SummaryName       = "summary.json"       // of Result: what is to stand first in the report of several studies
	configName        = "config.json"
	runName           = "run.json"
)

var (
	//go:embed web/page.html
	pageHTML string
	//go:embed web/page.css
	pageCSS string
	//go:embed web/page.js
	pageJS string
	//go:embed web/d3.min.js
	d3JS string
	//go:embed web/d3.LICENSE
	d3License string
	//go:embed web/plot.umd.min.js
	plotJS string
	//go:embed web/plot.LICENSE
	plotLicense string
)

// page is all that a report shows.
type page struct {
	Title            string
	Summary          *Result
	Claims           []*claim
	Studies          []*section
	Style            template.CSS
	D3, Plot, Script template.JS
}

// section is one study.
type section struct {
	dir           string
	ID, Title     string
	Facts         []facts
	Architectures template.HTML // the data as an element of the page
	Results       []*Result
}

// facts are a file of a study that says what its numbers depend on, or where they came from.
type facts struct {
	Title  string
	Fields []field
}

type field struct{ Name, Value string }

// claim is one of the paper's findings, with what each analysis in each study says of it.
type claim struct {
	ID, Claim string
	Verdicts  []verdict
}

type verdict struct {
	Study    *section
	Analysis string
	Finding
}

// pageName is the file of the page.
const pageName = "report.html"

// pageEnd is the end of the page: a checksum over what comes before it.
func pageEnd(page []byte) string {
	return fmt.Sprintf("<!-- crc32c %08x -->\n", crc32.Checksum(page, crc32.MakeTable(crc32.Castagnoli)))
}

// Build writes report.html to the folder of a study, or to a folder of several: see [HTML].
func Build(dir string) error {
	var b bytes.Buffer
	if err := HTML(&b, dir); err != nil {
		return err
	}
	b.WriteString(pageEnd(b.Bytes()))
	return study.WriteFile(filepath.Join(dir, pageName), func(w io.Writer) error {
		_, err := w.Write(b.Bytes())
		return err
	})
}

// Built says whether there is a page in a folder as [Build] has written it.
func Built(dir string) bool {
	page, err := files.Read(filepath.Join(dir, pageName))
	body := page[:max(0, len(page)-len(pageEnd(nil)))]
	return err == nil && string(page[len(body):]) == pageEnd(body)
}

// HTML writes a page on all that is found in a folder: a study, with the results of its analyses, its configuration and its
// architectures, or a folder of studies, a section for each. The page needs nothing but itself.
func HTML(w io.Writer, dir string) error {
	p := &page{Style: template.CSS(themeCSS() + pageCSS), D3: library(d3License, d3JS), Plot: library(plotLicense, plotJS), Script: template.JS(pageJS)}
	sections, err := readSections(dir)
	if err != nil {
		return err
	}
	p.Studies = sections
	path, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	p.Title = filepath.Base(path)
	if len(sections) == 1 {
		p.Title = sections[0].Title
	}
	switch p.Summary, err = Read(filepath.Join(dir, SummaryName)); {
	case err == nil:
		p.Title = p.Summary.Title
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	p.Claims = claims(sections)
	t, err := template.New("page").Funcs(template.FuncMap{"verdict": verdictHTML, "cell": cellHTML, "drawing": drawingHTML}).Parse(pageHTML)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := t.Execute(w, p); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// library is a script under its licence.
func library(license, script string) template.JS {
	return template.JS("/*\n" + license + "*/\n" + script)
}

// themeCSS defines the colours of figures for light and dark pages. What is printed is light.
func themeCSS() string {
	var light, dark strings.Builder
	for _, c := range figure.Theme() {
		fmt.Fprintf(&light, " %s: %s;", c.Property, c.Light)
		fmt.Fprintf(&dark, " %s: %s;", c.Property, c.Dark)
	}
	return fmt.Sprintf(`:root { color-scheme: light; --dark: 0;%s }
@media screen and (prefers-color-scheme: dark) { :root:not([data-theme=light]) { color-scheme: dark; --dark: 1;%s } }
@media screen { :root[data-theme=dark] { color-scheme: dark; --dark: 1;%[2]s } }
`, light.String(), dark.String())
}

// readSections reads the study in a folder, and those in the folders below it. There must be one.
func readSections(dir string) ([]*section, error) {
	var all []*section
	folders, err := filepath.Glob(filepath.Join(escapeGlob(dir), "*", configName))
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	deeper, err := filepath.Glob(filepath.Join(escapeGlob(dir), "*", "*", ResultName))
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	dirs := map[string]bool{}
	for _, path := range folders {
		dirs[filepath.Dir(path)] = true
	}
	for _, path := range deeper {
		dirs[filepath.Dir(filepath.Dir(path))] = true
	}
	for _, d := range append([]string{dir}, slices.Sorted(maps.Keys(dirs))...) {
		s, err := readSection(d)
		if err != nil {
			return nil, err
		}
		if s != nil {
			all = append(all, s)
		}
	}
	if len(all) > 1 && filepath.Dir(all[1].dir) == all[0].dir {
		all[0].Title = "All spaces side by side"
	}
	if all == nil {
		return nil, fmt.Errorf("report: %s holds no study: neither %s, nor %s or NAME/%s, nor folders that do", dir, configName, ArchitecturesName, ResultName)
	}
	return all, nil
}

// escapeGlob makes a path a pattern for itself.
func escapeGlob(path string) string {
	if filepath.Separator == '\\' { // where patterns have no escape
		return path
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// readSection reads a study, nil if there is none in the folder.
func readSection(dir string) (*section, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	s := &section{dir: path, ID: filepath.Base(path), Title: filepath.Base(path)}
	found := false
	for _, f := range []struct{ name, title string }{{configName, "what the numbers depend on"}, {runName, "where they came from"}} {
		var tree map[string]any
		switch err := study.ReadJSON(filepath.Join(dir, f.name), &tree); {
		case err == nil:
			found = true
			delete(tree, study.ChecksumField)
			s.Facts = append(s.Facts, facts{f.title, fields("", tree)})
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	var a Architectures
	switch err := study.ReadJSON(filepath.Join(dir, ArchitecturesName), &a); {
	case err == nil:
		found = true
		if a.Space != "" {
			s.Title = a.Space
		}
		if s.Architectures, err = a.element(); err != nil {
			return nil, fmt.Errorf("report: %s: %w", filepath.Join(dir, ArchitecturesName), err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	for _, e := range entries {
		r, err := Read(filepath.Join(dir, e.Name(), ResultName))
		switch {
		case err == nil:
			found = true
			s.Results = append(s.Results, r)
		case e.IsDir() && !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("%w; delete it, or run %s again", err, e.Name())
		}
	}
	slices.SortStableFunc(s.Results, func(a, b *Result) int { return place(a.Analysis, questions) - place(b.Analysis, questions) })
	if !found {
		return nil, nil
	}
	return s, nil
}

// The order in which one asks, and in which the paper has its findings.
var (
	questions = []string{"correlation", "topk", "pruning", "bias", "capacity", "search", "groundtruth"}
	numerals  = []string{"i", "ii", "iii", "iv", "v"}
)

// place is where a name stands in an order. Others come after those that are in it.
func place(name string, order []string) int {
	if i := slices.Index(order, name); i >= 0 {
		return i
	}
	return len(order)
}

// fields are the leaves of a JSON document, by their paths.
func fields(path string, tree any) []field {
	object, ok := tree.(map[string]any)
	if !ok {
		const most = 300 // characters: a list of ten thousand architectures is not for reading
		text, isText := tree.(string)
		if !isText {
			encoded, err := json.Marshal(tree)
			if err != nil {
				panic(err) // it was JSON before
			}
			text = string(encoded)
		}
		if runes := []rune(text); len(runes) > most {
			text = string(runes[:most]) + "…"
		}
		return []field{{path, text}}
	}
	var all []field
	for _, name := range slices.Sorted(maps.Keys(object)) {
		below := name
		if path != "" {
			below = path + "." + name
		}
		all = append(all, fields(below, object[name])...)
	}
	return all
}

// claims collects what the results say of each of the paper's findings.
func claims(sections []*section) []*claim {
	var all []*claim
	for _, s := range sections {
		for _, r := range s.Results {
			for _, f := range r.Findings {
				i := slices.IndexFunc(all, func(c *claim) bool { return c.ID == f.ID && c.Claim == f.Claim })
				if i < 0 {
					i = len(all)
					all = append(all, &claim{ID: f.ID, Claim: f.Claim})
				}
				all[i].Verdicts = append(all[i].Verdicts, verdict{s, r.Analysis, f})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *claim) int { return place(a.ID, numerals) - place(b.ID, numerals) })
	return all
}

// element is the data as part of a page, compressed: drawings repeat themselves.
func (a *Architectures) element() (template.HTML, error) {
	for _, r := range a.Rows {
		if len(r.Values) != len(a.Columns) {
			return "", fmt.Errorf("architecture %s has %d values for %d columns", r.Arch, len(r.Values), len(a.Columns))
		}
	}
	if len(a.Columns) == 0 || len(a.Rows) == 0 {
		return "", errors.New("no columns or no rows")
	}
	encoded, err := json.Marshal(a)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	z.Write(encoded) // errors are those of the buffer, which has none
	z.Close()
	return template.HTML(`<script type="application/gzip">` + base64.StdEncoding.EncodeToString(b.Bytes()) + "</script>"), nil
}

// verdictHTML says a verdict in words, a sign and a colour.
func verdictHTML(v Verdict) template.HTML {
	sign := map[Verdict]string{Reproduced: "✓", NotReproduced: "✗", Undecided: "?"}[v]
	class := strings.ReplaceAll(string(v), " ", "-")
	return template.HTML(fmt.Sprintf(`<span class="verdict %s">%s %s</span>`, template.HTMLEscapeString(class), sign, template.HTMLEscapeString(string(v))))
}

// cellHTML is the value in column j of a table.
func cellHTML(t *Table, j int, v any) template.HTML {
	value, interval := t.Columns[j].written(v)
	value = template.HTMLEscapeString(value)
	if t.Columns[j].Kind == Texts {
		return template.HTML("<td>" + value + "</td>")
	}
	if interval != "" {
		value += ` <span class="interval">` + interval + "</span>"
	}
	return template.HTML(`<td class="number">` + value + "</td>")
}

// drawingHTML is a figure in the colours of the page.
func drawingHTML(f figure.Figure) (template.HTML, error) {
	svg, err := figure.Inline(f)
	return template.HTML(svg), err
}
