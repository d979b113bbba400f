package lab

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/study"
	"github.com/oneshot-nas/oneshot/spaces/truth"
	"github.com/oneshot-nas/oneshot/supernet"
)

// finished is a study whose scores are read as a table: each of its supernets is a run.
type finished struct {
	config *Config
	epochs int
	seeds  []uint64    // of the supernets
	losses [][]float64 // of training, by supernet and epoch; nil of one that has not all of them
	left   int         // architectures that some of the supernets have scored and others not, which are not in the table
}

// studyOf is the folder of the study that a path leads to, and which supernet of it alone: "" for the path of the study itself, a key for
// that of a supernet's folder or scores.csv. ok is false for any other path.
func studyOf(path string) (dir, only string, ok bool) {
	is := func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, study.ConfigName))
		return err == nil
	}
	if is(path) {
		return path, "", true
	}
	of, err := filepath.Abs(path)
	if err != nil {
		return "", "", false
	}
	if filepath.Base(of) == scoresFile {
		of = filepath.Dir(of)
	}
	above := filepath.Dir(of)
	dir = filepath.Dir(above)
	return dir, filepath.Base(of), filepath.Base(above) == supernetsFolder && is(dir)
}

// tableFiles are the files that a table is read from: of a study not what else is in it, such as who has it open.
func tableFiles(path string) []string {
	dir, _, ok := studyOf(path)
	if !ok {
		return []string{path}
	}
	names := []string{study.ConfigName}
	for _, name := range []string{variantFile, scoresFile, lossesFile} {
		found, _ := fs.Glob(os.DirFS(dir), supernetsFolder+"/*/"+name) // the pattern is a good one
		names = append(names, found...)
	}
	for i, name := range names {
		names[i] = filepath.Join(dir, name)
	}
	return names
}

// readFinished reads the scores of a study: with the weights after the last epoch and the study's kind of batch-norm statistics, by the
// supernets of its own recipe, which differ in the seed alone, or by the only one that is asked for. The study must not be open; nothing is
// added to it.
func (o *Options) readFinished(path, dir, only string) (t *truth.Truth, f *finished, err error) {
	c := new(Config)
	f = &finished{config: c}
	if err := study.ReadConfig(dir, c); err != nil {
		return nil, nil, err
	}
	if c.Name == "" || c.Space == "" {
		return nil, nil, fmt.Errorf("%s is a study of tables, which has no supernets", dir)
	}
	if c.Space != o.Space {
		return nil, nil, fmt.Errorf("%s is a study of %s, not of %s: say -space %s", dir, c.Space, o.Space, c.Space)
	}
	l := &Lab{Config: *c, place: dir}
	if l.family, err = familyOf(c.Space); err != nil {
		return nil, nil, err
	}
	if l.dir, err = study.Open(dir, c); err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	records, err := l.supernets()
	if err != nil {
		return nil, nil, err
	}
	records = slices.DeleteFunc(records, func(r *record) bool {
		if only != "" {
			return r.key() != only
		}
		return r.key() != (&record{Seed: r.Seed}).key()
	})
	slices.SortFunc(records, func(a, b *record) int { return cmp.Compare(a.Seed, b.Seed) })
	metric, _ := l.metric()
	column := scoreColumns(metric)[3]
	t = &truth.Truth{Source: path, Metric: column, Columns: []string{column}, LowerIsBetter: truth.IsLowerBetter(column)}
	for _, r := range records {
		if err := l.addRun(t, f, r); err != nil {
			return nil, nil, err
		}
	}
	if len(f.seeds) == 0 {
		return nil, nil, fmt.Errorf("%s has no scores by a supernet that is trained: any analysis that judges one finds them, such as correlation", path)
	}
	// Some may have scored more than others: analyses ask for what they need.
	f.left = len(t.Rows)
	t.Rows = slices.DeleteFunc(t.Rows, func(r truth.Row) bool { return len(r.Values) < len(f.seeds) })
	if f.left -= len(t.Rows); len(t.Rows) == 0 {
		return nil, nil, fmt.Errorf("%s has no architecture that all of its %s have scored", path, Plural(len(f.seeds), "supernet"))
	}
	return t, f, nil
}

// addRun adds what a supernet says to a table, if it has scored anything after its training.
func (l *Lab) addRun(t *truth.Truth, f *finished, r *record) error {
	dir := supernetsFolder + "/" + r.key() + "/"
	if _, err := os.Stat(l.dir.Path(dir + scoresFile)); err != nil { // opening would make it
		return nil
	}
	metric, _ := l.metric()
	scores, err := l.openRows(dir+scoresFile, scoreColumns(metric)...)
	if err != nil {
		return err
	}
	f.epochs = cmp.Or(r.Epochs, l.Config.Train.Epochs)
	at := []string{strconv.Itoa(f.epochs), string(l.Config.Eval.BN)}
	rowOf := make(map[string]int, len(t.Rows))
	for i, row := range t.Rows {
		rowOf[row.Architecture] = i
	}
	run := len(f.seeds)
	for i, row := range scores.Rows() {
		if !slices.Equal(row[1:3], at) {
			continue
		}
		value, _ := scores.get(row[:3]...)
		k, known := rowOf[row[0]]
		if !known {
			k = len(t.Rows)
			rowOf[row[0]], t.Rows = k, append(t.Rows, truth.Row{Architecture: row[0], Position: i + 2})
		}
		if len(t.Rows[k].Values) == run { // not there twice, or missing in a run before
			t.Rows[k].Values = append(t.Rows[k].Values, value)
		}
	}
	if !slices.ContainsFunc(t.Rows, func(row truth.Row) bool { return len(row.Values) > run }) {
		return nil
	}
	f.seeds = append(f.seeds, l.Config.Seed+r.Seed)
	losses, err := l.losses(dir+lossesFile, f.epochs)
	f.losses = append(f.losses, losses)
	return err
}

// losses are those of all epochs of a training, nil if the study has not got them.
func (l *Lab) losses(name string, epochs int) ([]float64, error) {
	if _, err := os.Stat(l.dir.Path(name)); err != nil { // opening would make it
		return nil, nil
	}
	t, err := l.dir.Table(name, lossColumns...)
	if err != nil {
		return nil, err
	}
	at, _, err := index(l.dir.Path(name), lossColumns[:2], t.Rows())
	if err != nil || len(at) != epochs {
		return nil, err
	}
	losses := make([]float64, epochs)
	for i := range losses {
		losses[i] = at[strconv.Itoa(i+1)]
	}
	return losses, nil
}

// ran says what the runs of the table are.
func (f *finished) ran() string {
	seeds := make([]string, len(f.seeds))
	for i, s := range f.seeds {
		seeds[i] = strconv.FormatUint(s, 10)
	}
	of := "seed "
	if len(seeds) > 1 {
		of = "seeds "
	}
	text := fmt.Sprintf("%s after %s, %s", Plural(len(seeds), "supernet"), Plural(f.epochs, "epoch"), of+strings.Join(seeds, ", "))
	if bn := f.config.Eval.BN; bn != supernet.NoBatchNorm {
		text += fmt.Sprintf(", batch norm: %s", bn)
	}
	if f.left > 0 {
		text += fmt.Sprintf("; left out as not scored by all of them: %d", f.left)
	}
	return text
}
