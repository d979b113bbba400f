package lab

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/experiments/study"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/supernet"
)

// The truth about the tiny recipes on generated data, one table a space with a row for each architecture, seed and epoch (curves.csv of
// the study that made it), and beside it where it comes from.
//
//go:embed truth
var truthFiles embed.FS

// Provenance is where an embedded table of the truth comes from.
type Provenance struct {
	Space         string   `json:"space"`
	Command       string   `json:"command"`
	Origin                 // of the program that made it
	Architectures int      `json:"architectures"`
	Trainings     int      `json:"trainings"`
	Identity      string   `json:"identity"` // of what the results depend on
	Depends       identity `json:"depends_on"`
}

// identity is what the results of networks alone depend on, but for the ISA, between which they differ as between seeds.
type identity struct {
	Space    string                    `json:"space"`
	Scale    Scale                     `json:"scale"`
	Alone    supernet.TrainConfig      `json:"stand_alone"`
	BN       supernet.BNPolicy         `json:"stand_alone_bn"`
	Augment  dataset.Augment           `json:"augment"`
	DropPath float64                   `json:"drop_path,omitempty"`
	Language *supernet.DARTSPTBOptions `json:"language,omitempty"`
	BPTT     int                       `json:"bptt,omitempty"`
	Vary     bool                      `json:"vary,omitempty"`
	TrainSet string                    `json:"train_set"`
	TruthSet string                    `json:"truth_set,omitempty"`
}

func (c *Config) identity() identity {
	alone := c.Alone
	alone.Seed = 0
	return identity{c.Space, c.Scale, alone, c.AloneBN, c.Augment, c.DropPath, c.Language, c.BPTT, c.Vary, c.TrainSet, c.TruthSet}
}

// exactIdentity is what they depend on to the last bit.
type exactIdentity struct {
	identity
	ISA string `json:"isa"`
}

func (c *Config) exactIdentity() exactIdentity { return exactIdentity{c.identity(), c.ISA} }

// hash names an identity.
func (i identity) hash() string {
	js, err := json.Marshal(i)
	if err != nil {
		panic(err) // numbers and strings
	}
	return fmt.Sprintf("%x", sha256.Sum256(js))
}

// embedded is a table of the truth that comes with the program.
type embedded struct {
	Provenance
	sum     string             // SHA-256 of the table
	archs   []spaces.Arch      // in the order of the table
	seeds   map[string]int     // how often each was trained
	results map[string]float64 // by architecture and seed
	epochs  map[string]float64 // by architecture, seed and epoch
	rows    [][]string         // of the table
}

// readEmbedded reads the embedded table of a space, nil if there is none.
func readEmbedded(space spaces.Space, name, metric string) (*embedded, error) {
	js, err := truthFiles.ReadFile("truth/" + name + ".json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	e := &embedded{seeds: make(map[string]int), results: make(map[string]float64)}
	if err := json.Unmarshal(js, &e.Provenance); err != nil {
		return nil, fmt.Errorf("truth/%s.json: %w", name, err)
	}
	file := "truth/" + name + ".csv.gz"
	packed, err := truthFiles.ReadFile(file)
	if err != nil {
		return nil, err
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	table, err := io.ReadAll(unpacked)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	e.sum = fmt.Sprintf("%x", sha256.Sum256(table))
	rows, err := csv.NewReader(bytes.NewReader(table)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	columns := curveColumns(metric)
	if e.epochs, _, err = index(file, columns, rows[1:]); err != nil {
		return nil, err
	}
	e.rows = rows[1:]
	last := len(columns) - 1
	for _, row := range e.rows {
		if row[2] == strconv.Itoa(e.Depends.Alone.Epochs) { // the end of a training
			e.results[rowKey(row[:2]...)], _ = strconv.ParseFloat(row[last], 64)
			if e.seeds[row[0]]++; e.seeds[row[0]] == 1 {
				a, err := space.Parse(row[0])
				if err != nil {
					return nil, fmt.Errorf("%s: %w", file, err)
				}
				e.archs = append(e.archs, a)
			}
		}
	}
	return e, nil
}

// name is what the configuration calls the table.
func (e *embedded) name() string { return "embedded, sha256 " + e.sum }

// errNotOwn refuses to export somebody else's truth.
var errNotOwn = errors.New("-export: only a truth that the study has made itself is written to be embedded; use -truth trained")

// ExportTruth writes the study's own truth to the folder that the command line names, if it does, in the form that is embedded:
// SPACE.csv.gz and SPACE.json. The command is the one that made it.
func (l *Lab) ExportTruth(command string) error {
	dir := l.export
	if dir == "" {
		return nil
	}
	if l.table != nil || l.embedded != nil {
		return errNotOwn
	}
	found, err := l.records()
	if err != nil {
		return err
	}
	metric, _ := l.metric()
	p := Provenance{Space: l.family.name, Command: command, Origin: ThisProgram(), Depends: l.Config.identity()}
	p.Identity = p.Depends.hash()
	var table bytes.Buffer
	w := csv.NewWriter(&table)
	w.Write(curveColumns(metric))
	byTraining := make(map[string][][]string)
	for _, row := range found.curves.Rows() {
		key := rowKey(row[:2]...)
		byTraining[key] = append(byTraining[key], row)
	}
	seen := make(map[string]bool)
	for _, t := range l.trainings(l.archs) {
		key := t.key()
		curve := byTraining[rowKey(key...)]
		if found.hasDiverged(t) {
			return fmt.Errorf("-export: %v has diverged with seed %d, and only a whole truth is written to be embedded", t.arch, t.seed)
		}
		if _, ok := found.results.get(key...); !ok || len(curve) != l.Config.Alone.Epochs {
			return fmt.Errorf("%v has not been trained with seed %d yet", t.arch, t.seed)
		}
		w.WriteAll(curve)
		p.Trainings++
		seen[key[0]] = true
	}
	p.Architectures = len(seen)
	w.Flush()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	err = study.WriteFile(filepath.Join(dir, p.Space+".csv.gz"), func(w io.Writer) error {
		z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := z.Write(table.Bytes()); err != nil {
			return err
		}
		return z.Close()
	})
	if err != nil {
		return err
	}
	return study.WriteFile(filepath.Join(dir, p.Space+".json"), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(p)
	})
}
