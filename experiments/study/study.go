package study

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	configName = "config.json"
	lockName   = ".lock"
)

// Shards is the folder in which a study may have parts of itself, studies of their own, that were made before it.
const Shards = "shards"

// Study is an open study directory. Its methods are for one goroutine.
type Study struct {
	dir     string
	lock    *os.File
	resumed bool
	tables  []*Table
}

// Open locks the study in dir and compares its configuration with config, or makes a new study (and directory) if there
// is none. The error is a [*ConfigError] if the configurations differ, a [*LockedError] if the study is open already.
// The caller must Close the study.
func Open(dir string, config any) (*Study, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("study: making the directory: %w", err)
	}
	if err := checkContents(dir); err != nil {
		return nil, err
	}
	lock, err := takeLock(dir)
	if err != nil {
		return nil, err
	}
	s := &Study{dir: dir, lock: lock}
	if err := s.configure(config); err != nil {
		s.Close()
		return nil, err
	}
	if err := removeTemporary(dir); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// checkContents refuses a directory that is somebody else's.
func checkContents(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("study: %w", err)
	}
	var others []string
	for _, e := range entries {
		switch name := e.Name(); {
		case name == configName:
			return nil
		case name != lockName && name != temporary(configName) && name != Shards:
			others = append(others, name)
		}
	}
	if others != nil {
		return fmt.Errorf("study: %s is not a study: it has no %s but holds %s; name a new or empty directory", dir, configName, some(others))
	}
	return nil
}

// some lists the first few names.
func some(names []string) string {
	const few = 3
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}

// configure writes the configuration of a new study and checks that of an old one.
func (s *Study) configure(config any) error {
	asked, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return fmt.Errorf("study: configuration for %s: %w", s.dir, err)
	}
	path := filepath.Join(s.dir, configName)
	held, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return WriteFile(path, func(w io.Writer) error {
			_, err := w.Write(append(asked, '\n'))
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("study: %w", err)
	}
	differences, err := compare(held, asked)
	if err != nil {
		return fmt.Errorf("study: %s is damaged: %w; restore it, or use another directory", path, err)
	}
	if len(differences) > 0 {
		return &ConfigError{Dir: s.dir, Differences: differences}
	}
	s.resumed = true
	return nil
}

// ReadConfig reads the configuration of a study, open or not, into config.
func ReadConfig(dir string, config any) error {
	path := filepath.Join(dir, configName)
	held, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("study: %w", err)
	}
	if err := json.Unmarshal(held, config); err != nil {
		return fmt.Errorf("study: %s: %w", path, err)
	}
	return nil
}

// Resumed tells whether the study was there before Open.
func (s *Study) Resumed() bool { return s.resumed }

// Path returns where the file of that name is, for reading and for programs that do their own atomic writing. A name
// may have folders, "figures/scatter.svg", and must not lead out of the study.
func (s *Study) Path(name string) string {
	if !filepath.IsLocal(name) {
		panic(fmt.Sprintf("study: %q leads out of the study directory", name))
	}
	return filepath.Join(s.dir, name)
}

// WriteFile replaces the file of that name by what write produces, making its folder if necessary; see the function
// [WriteFile].
func (s *Study) WriteFile(name string, write func(io.Writer) error) error {
	path := s.Path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("study: making the directory: %w", err)
	}
	return WriteFile(path, write)
}

// WriteJSON replaces the file of that name by v, indented. JSON has no NaN: encode an undefined number as a nil pointer.
func (s *Study) WriteJSON(name string, v any) error {
	return s.WriteFile(name, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(v)
	})
}

// Close closes the tables and releases the lock.
func (s *Study) Close() error {
	var errs []error
	for _, t := range s.tables {
		errs = append(errs, t.file.Close())
	}
	errs = append(errs, s.lock.Close()) // which releases it
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("study: closing %s: %w", s.dir, err)
	}
	return nil
}
