package analysis

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/experiments/study"
	"github.com/oneshot-nas/oneshot/internal/files"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/cpu"
)

// answeredName is the file beside result.json that says what the result depends on.
const answeredName = "answered.json"

// answered is what a result depends on. As long as all of it is the same, so is the result: it need not be found out again, which takes
// data, models and many resamples.
type answered struct {
	Question string           `json:"question"` // SHA-256 of the program, the command line and what is in the files that it names
	Tables   map[string]state `json:"tables"`   // of the study, which only grow
	Files    map[string]state `json:"files"`    // of the result
}

// state is a file as it was.
type state struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// question identifies what the program is asked: itself, the flags but for those that change no result, what computes, and what is in
// the files that flags name.
func (c *command) question(space string) (string, error) {
	program, err := programHash()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%x %s %v %v %s %q\n", program, cpu.Selected(), conv.Winograd(), cpu.BF16(), space, c.args)
	left := int64(hashedWhole)
	for _, path := range c.Inputs() {
		if err := hashInput(h, path, &left, nil); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// programHash is the SHA-256 of this program.
var programHash = sync.OnceValues(func() ([]byte, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	err = hashFile(h, program)
	return h.Sum(nil), err
})

// hashedWhole is how many bytes of inputs are hashed, which takes a second: of the files behind them, as a big set of pictures has, size,
// time of change, beginning and end count. What a study itself was trained on is hashed as a whole when it is loaded.
const hashedWhole = 1 << 30

// hashInput hashes a file, or the files of a folder and those below it by their names, through symbolic links. Of left bytes the contents
// count. What is not there is hashed as that: to say so is for who reads it.
func hashInput(h io.Writer, path string, left *int64, within []fs.FileInfo) error {
	info, err := os.Stat(path)
	if err != nil {
		fmt.Fprintf(h, "%q is missing\n", path)
		return nil
	}
	if info.IsDir() {
		if slices.ContainsFunc(within, func(f fs.FileInfo) bool { return os.SameFile(f, info) }) { // a link back
			return nil
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := hashInput(h, filepath.Join(path, e.Name()), left, append(within, info)); err != nil {
				return err
			}
		}
		return nil
	}
	fmt.Fprintf(h, "%q %d %v\n", path, info.Size(), info.Mode().Type())
	if !info.Mode().IsRegular() {
		return nil
	}
	if *left -= info.Size(); *left >= 0 {
		return hashFile(h, path)
	}
	fmt.Fprintln(h, info.ModTime().UnixNano())
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	const ends = 4 << 10
	for _, at := range []int64{0, max(0, info.Size()-ends)} {
		if _, err := io.Copy(h, io.NewSectionReader(file, at, ends)); err != nil {
			return err
		}
	}
	return nil
}

func hashFile(h io.Writer, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(h, file)
	return err
}

// stateOf describes contents.
func stateOf(b []byte) state { return state{int64(len(b)), fmt.Sprintf("%x", sha256.Sum256(b))} }

// filesOf describes the files of a result, by name, but for the note about them.
func filesOf(dir, analysis string) (map[string]state, error) {
	entries, err := os.ReadDir(filepath.Join(dir, analysis))
	if err != nil {
		return nil, err
	}
	found := make(map[string]state)
	for _, e := range entries {
		if !e.Type().IsRegular() || e.Name() == answeredName || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		b, err := files.Read(filepath.Join(dir, analysis, e.Name()))
		if err != nil {
			return nil, err
		}
		found[e.Name()] = stateOf(b)
	}
	return found, nil
}

// tablesOf describes the tables of a study, by name. Of those in before only the beginning counts, as it was then.
func tablesOf(dir string, before map[string]state) (map[string]state, error) {
	tables := make(map[string]state)
	names := []string{"truth.csv", "curves.csv", "diverged.csv", "proxies.csv"}
	scores, err := fs.Glob(os.DirFS(dir), "supernets/*/*.csv") // within the folder, whose name may look like a pattern itself
	if err != nil {
		return nil, err
	}
	names = append(names, scores...)
	for _, name := range names {
		b, err := files.Read(filepath.Join(dir, name))
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
		tables[name] = stateOf(b)
	}
	return tables, nil
}

// remember notes what results in a study depend on. It comes last: whoever finds the note finds everything else. In a study that may only
// be read there is nothing to note.
func remember(dir, question string, results []*report.Result) error {
	if !study.Writable(dir) {
		return nil
	}
	tables, err := tablesOf(dir, nil)
	if err != nil {
		return err
	}
	for _, r := range results {
		files, err := filesOf(dir, r.Analysis)
		if err != nil {
			return err
		}
		if err := study.WriteJSON(filepath.Join(dir, r.Analysis, answeredName), answered{question, tables, files}); err != nil {
			return err
		}
	}
	return nil
}

// recall returns the result of an analysis in a study, nil if there is none, or it may be another by now, or any of its files is not as it
// was written.
func recall(dir, analysis, question string) *report.Result {
	var a answered
	if err := study.ReadJSON(filepath.Join(dir, analysis, answeredName), &a); err != nil || a.Question != question {
		return nil
	}
	if now, err := tablesOf(dir, a.Tables); err != nil || !maps.Equal(now, a.Tables) {
		return nil
	}
	if now, err := filesOf(dir, analysis); err != nil || !maps.Equal(now, a.Files) || !report.Built(dir) {
		return nil
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

// asked are the arguments but for those that change no result: how it is reported, and who computes it.
func asked(args []string) []string {
	var kept []string
	for i := 0; i < len(args); i++ {
		name, _, whole := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		switch isFlag := strings.HasPrefix(args[i], "-"); {
		case isFlag && (name == "quiet" || name == "force" || name == "serve"):
		case isFlag && slices.Contains(servingFlags, name):
			if !whole {
				i++ // its value
			}
		default:
			kept = append(kept, args[i])
		}
	}
	return kept
}
