package truth

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// table reads a CSV table record by record.
type table struct {
	path   string
	csv    *csv.Reader
	header []string
	arch   int // position of the column architecture
	line   int // of the last record; 1 is the header
}

func newTable(in io.Reader, path string) (*table, error) {
	t := &table{path: path, csv: csv.NewReader(in), line: 1}
	t.csv.FieldsPerRecord = -1 // checked by next, with a message that says what is wrong
	var err error
	if t.header, err = t.csv.Read(); err != nil {
		return nil, fmt.Errorf("truth: %s: %w", path, err)
	}
	t.header[0] = strings.TrimPrefix(t.header[0], "\ufeff") // the mark that spreadsheets put first
	if t.arch = slices.Index(t.header, "architecture"); t.arch < 0 {
		return nil, fmt.Errorf("truth: %s: no column architecture among %q", path, t.header)
	}
	return t, nil
}

// next returns a record as long as the header, or io.EOF.
func (t *table) next() ([]string, error) {
	record, err := t.csv.Read()
	if errors.Is(err, io.EOF) {
		if t.line == 1 {
			return nil, fmt.Errorf("truth: %s: no rows below the header %q", t.path, t.header)
		}
		return nil, io.EOF
	} else if err != nil {
		return nil, fmt.Errorf("truth: %s: %w", t.path, err)
	}
	t.line, _ = t.csv.FieldPos(0)
	if len(record) != len(t.header) {
		return nil, t.errorf("%d fields, want the %d of the header %q", len(record), len(t.header), t.header)
	}
	return record, nil
}

// errorf is an error about the last record.
func (t *table) errorf(format string, args ...any) error {
	return fmt.Errorf("truth: %s:%d: "+format, append([]any{t.path, t.line}, args...)...)
}
