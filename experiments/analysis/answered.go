package analysis

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/experiments/study"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/cpu"
)

// answeredName is the file beside result.json that says what the result depends on.
const answeredName = "answered.json"

// answered is what a result depends on. As long as all of it is the same, so is the result: it need not be found out again, which takes
// data, models and many resamples.
type answered struct {
	Question string           `json:"question"` // SHA-256 of the program, the command line and the files that it names
	Tables   map[string]table `json:"tables"`   // of the study, which only grow
}

// table is a CSV file as it was.
type table struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// question identifies what the program is asked: itself, the flags but for those that change no result, the instruction set, and names,
// sizes and times of the files that flags name.
func (c *command) question(space string) (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	file, err := os.Open(program)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if _, err := io.Copy(h, file); err != nil {
		return "", err
	}
	fmt.Fprintf(h, "%s %v %s %q\n", cpu.Selected(), conv.Winograd(), space, c.args)
	for _, path := range append([]string{c.Data, c.Truth, c.TruthAgain}, c.Scores...) {
		if path == "" {
			continue
		}
		err := filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := entry.Info()
			if err == nil {
				fmt.Fprintln(h, path, info.Size(), info.ModTime().UnixNano())
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // -truth may be a word
			return "", err
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// tablesOf describes the tables of a study, by name. Of those in before only the beginning counts, as it was then.
func tablesOf(dir string, before map[string]table) (map[string]table, error) {
	tables := make(map[string]table)
	names := []string{"truth.csv", "curves.csv", "proxies.csv"}
	scores, err := fs.Glob(os.DirFS(dir), "supernets/*/*.csv") // within the folder, whose name may look like a pattern itself
	if err != nil {
		return nil, err
	}
	names = append(names, scores...)
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if before != nil {
			was, ok := before[name]
			if !ok {
				continue
			}
			b = b[:min(was.Size, int64(len(b)))]
		}
		tables[name] = table{int64(len(b)), fmt.Sprintf("%x", sha256.Sum256(b))}
	}
	return tables, nil
}

// remember notes what results in a study depend on. It comes last: whoever finds the note finds everything else.
func remember(dir, question string, results []*report.Result) error {
	tables, err := tablesOf(dir, nil)
	if err != nil {
		return err
	}
	for _, r := range results {
		err := study.WriteFile(filepath.Join(dir, r.Analysis, answeredName), func(w io.Writer) error {
			e := json.NewEncoder(w)
			e.SetIndent("", " ")
			return e.Encode(answered{question, tables})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// forget removes that note, before another result is written.
func forget(dir, analysis string) error {
	err := os.Remove(filepath.Join(dir, analysis, answeredName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// recall returns the result of an analysis in a study, nil if there is none or it may be another by now.
func recall(dir, analysis, question string) *report.Result {
	b, err := os.ReadFile(filepath.Join(dir, analysis, answeredName))
	var a answered
	if err != nil || json.Unmarshal(b, &a) != nil || a.Question != question {
		return nil
	}
	if now, err := tablesOf(dir, a.Tables); err != nil || !maps.Equal(now, a.Tables) {
		return nil
	}
	for _, name := range []string{filepath.Join(analysis, "result.txt"), "report.html"} { // which somebody may have deleted since
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return nil
		}
	}
	r, err := report.Read(filepath.Join(dir, analysis, report.ResultName))
	if err != nil {
		return nil
	}
	return r
}

// recallAll returns the results of all analyses of the command line in one study, and where that is; nil if not all are there. A study that
// is not named is looked for among those beside it.
func (c *command) recallAll(named, question string) (dir string, results []*report.Result) {
	if c.Shard != "" || c.Merge || c.Export != "" { // which do more than answer
		return "", nil
	}
	dirs := []string{named}
	if named == "" {
		dirs, _ = filepath.Glob(filepath.Join("study", "*")) // the pattern is a good one
	}
	for _, dir := range dirs {
		results = nil
		for _, a := range c.analyses {
			if r := recall(dir, a.Name, question); r != nil {
				results = append(results, r)
			}
		}
		if len(results) == len(c.analyses) {
			return dir, results
		}
	}
	return "", nil
}

// asked are the arguments but for those that change no result.
func asked(args []string) []string {
	return slices.DeleteFunc(slices.Clone(args), func(arg string) bool {
		return strings.TrimLeft(arg, "-") == "quiet"
	})
}
