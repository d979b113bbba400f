package study

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/internal/files"
)

const (
	// ConfigName is the file that makes a folder a study.
	ConfigName = "config.json"
	lockName   = ".lock"
)

// Shards is the folder in which a study may have parts of itself, studies of their own, that were made before it.
const Shards = "shards"

// Study is an open study directory. Its methods are for one goroutine.
type Study struct {
	dir     string
	lock    *lock // nil: nothing in the directory may be written
	resumed bool
	seal    uint32 // of the configuration
	tables  []*Table
}

// Open locks the study in dir and compares its configuration with config, or makes a new study (and directory) if there
// is none. The error is a [*ConfigError] if the configurations differ, a [*LockedError] if the study is open already.
// The caller must Close the study.
//
// A study in a directory that may not be written is opened for reading: what is in it can be gone through, and writing it again with the
// same contents is no error. See [Study.ReadOnly].
func Open(dir string, config any) (*Study, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("study: making the directory: %w", err)
	}
	if err := checkContents(dir); err != nil {
		return nil, err
	}
	s := &Study{dir: dir}
	var err error
	if s.lock, err = takeLock(dir); err != nil {
		var locked *LockedError
		if _, missing := os.Stat(filepath.Join(dir, ConfigName)); missing != nil || errors.As(err, &locked) || Writable(dir) {
			return nil, err
		}
	}
	if err := s.configure(config); err != nil {
		s.Close()
		return nil, err
	}
	if s.lock == nil {
		return s, nil
	}
	// What others left in a part of the study that is a study of its own is theirs.
	if err := files.RemoveLeftovers(dir, isStudy); err != nil {
		s.Close()
		return nil, fmt.Errorf("study: removing temporary files: %w", err)
	}
	return s, nil
}

// isStudy says whether somebody has opened a study in a folder.
func isStudy(folder string) bool {
	_, err := os.Lstat(filepath.Join(folder, lockName))
	return err == nil
}

// ReadOnly says that the study's directory may not be written.
func (s *Study) ReadOnly() bool { return s.lock == nil }

// errReadOnly is what writing something new into a study for reading is.
var errReadOnly = errors.New("the study may only be read; what is missing in it can be found in a copy that may be written")

// Check makes sure that the study may be written, and by nobody else. What writes to it does so by itself; who is about to compute for
// long asks before.
func (s *Study) Check() error {
	if s.lock == nil {
		return fmt.Errorf("study: %s: %w", s.dir, errReadOnly)
	}
	return s.lock.check()
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
		case name == ConfigName:
			return nil
		case name != lockName && name != Shards && !files.IsLeftover(name):
			others = append(others, name)
		}
	}
	if others != nil {
		return fmt.Errorf("study: %s is not a study: it has no %s but holds %s; name a new or empty directory", dir, ConfigName, some(others))
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

// configRemedy is what helps where the configuration is damaged: without it nobody knows what the rest is about.
const configRemedy = "restore it, or use another directory"

// configure writes the configuration of a new study and checks that of an old one.
func (s *Study) configure(config any) error {
	asked, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return fmt.Errorf("study: configuration for %s: %w", s.dir, err)
	}
	leaves, err := flatten(asked)
	if err != nil {
		return fmt.Errorf("study: configuration for %s: %w", s.dir, err)
	}
	for _, field := range slices.Sorted(maps.Keys(leaves)) {
		s.seal = crc32.Update(s.seal, castagnoli, fmt.Appendf(nil, "%q %s\n", field, leaves[field]))
	}
	path := filepath.Join(s.dir, ConfigName)
	var held json.RawMessage
	err = ReadJSON(path, &held)
	if errors.Is(err, fs.ErrNotExist) {
		return WriteJSON(path, json.RawMessage(asked))
	}
	if damaged := new(DamagedError); errors.As(err, &damaged) {
		damaged.Remedy = configRemedy
	}
	if err != nil {
		return err
	}
	differences, err := compare(held, asked)
	if err != nil {
		return &DamagedError{path, err.Error(), configRemedy}
	}
	if len(differences) > 0 {
		return &ConfigError{Dir: s.dir, Differences: differences}
	}
	s.resumed = true
	return nil
}

// ReadConfig reads the configuration of a study, open or not, into config.
func ReadConfig(dir string, config any) error {
	path := filepath.Join(dir, ConfigName)
	return ReadJSON(path, config)
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
	return s.Replace(name, func(path string) error { return WriteFile(path, write) })
}

// WriteJSON replaces the file of that name by v; see the function [WriteJSON].
func (s *Study) WriteJSON(name string, v any) error {
	return s.Replace(name, func(path string) error { return WriteJSON(path, v) })
}

// Replace calls a function that replaces the file of that name, at path, as a whole: [WriteFile] or another that goes about it as that
// does. It makes the folder if necessary, and sees to it that the study is still held by this process and nobody else.
func (s *Study) Replace(name string, replace func(path string) error) error {
	path := s.Path(name)
	if s.ReadOnly() {
		if replace(path) != nil { // or the file has these contents already
			return s.Check()
		}
		return nil
	}
	if err := s.Check(); err != nil {
		return err
	}
	if err := s.makeFolder(filepath.Dir(name)); err != nil {
		return err
	}
	return replace(path)
}

// Close closes the tables and releases the lock.
func (s *Study) Close() error {
	var errs []error
	for _, t := range s.tables {
		if t.file != nil {
			errs = append(errs, t.file.Close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.release())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("study: closing %s: %w", s.dir, err)
	}
	return nil
}
