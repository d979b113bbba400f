package study

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// Table is a CSV file with a header line that grows by rows and loses none. Every row is one line of the file. Its
// methods are for one goroutine.
type Table struct {
	path    string
	columns []string
	file    *os.File
	size    int64 // bytes of the header and the complete rows
	rows    [][]string
}

// Table opens the table of that name, or makes it with the given columns. The columns of an existing table must be the
// same. A last line that is not complete, because the process died in the middle of writing it, is dropped; any other
// damage is an error. A table that is open already is that table. Close of the study closes it.
func (s *Study) Table(name string, columns ...string) (*Table, error) {
	t := &Table{path: s.Path(name), columns: slices.Clone(columns)}
	for _, opened := range s.tables {
		if opened.path == t.path && slices.Equal(opened.columns, columns) {
			return opened, nil
		}
	}
	header, err := line(columns)
	if err != nil {
		panic(fmt.Sprintf("study: columns of %s: %v", t.path, err))
	}
	if _, err := os.Stat(t.path); errors.Is(err, fs.ErrNotExist) {
		err := s.WriteFile(name, func(w io.Writer) error {
			_, err := w.Write(header)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if err := t.open(); err != nil {
		return nil, err
	}
	s.tables = append(s.tables, t)
	return t, nil
}

// open reads the table and leaves the file ready to append to.
func (t *Table) open() error {
	contents, err := os.ReadFile(t.path)
	if err != nil {
		return fmt.Errorf("study: %w", err)
	}
	if t.rows, t.size, err = parse(contents, t.columns); err != nil {
		return fmt.Errorf("study: %s: %w", t.path, err)
	}
	t.file, err = os.OpenFile(t.path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("study: %w", err)
	}
	if t.size < int64(len(contents)) {
		if err := t.file.Truncate(t.size); err != nil {
			t.file.Close()
			return fmt.Errorf("study: dropping an incomplete last line: %w", err)
		}
	}
	return nil
}

// parse returns the rows of a table and how many bytes its complete lines take.
func parse(contents []byte, columns []string) (rows [][]string, size int64, err error) {
	for number := 1; ; number++ {
		n := bytes.IndexByte(contents[size:], '\n') + 1
		if n == 0 {
			break
		}
		record, err := csv.NewReader(bytes.NewReader(contents[size : size+int64(n)])).Read()
		size += int64(n)
		switch {
		case number == 1 && (err != nil || !slices.Equal(record, columns)):
			return nil, 0, fmt.Errorf("line 1 is %.200q, want the columns %s; this is another table, use another directory",
				strings.Join(record, ","), strings.Join(columns, ","))
		case err != nil:
			return nil, 0, fmt.Errorf("line %d is damaged: %w; correct or delete it", number, err)
		case len(record) != len(columns):
			return nil, 0, fmt.Errorf("line %d has %d fields, want %d (%s); correct or delete it",
				number, len(record), len(columns), strings.Join(columns, ","))
		}
		if number > 1 {
			rows = append(rows, record)
		}
	}
	if size == 0 {
		return nil, 0, fmt.Errorf("no header line, want the columns %s; delete the file to start it anew", strings.Join(columns, ","))
	}
	return rows, size, nil
}

// Rows returns the rows of earlier runs and of this one, without the header. The caller must not change them.
func (t *Table) Rows() [][]string { return t.rows }

// Append adds a row, one value for each column, and returns when it is on the disk. On an error (a full disk, say) the
// table is as it was, and Append may be tried again. Values must not contain line breaks.
func (t *Table) Append(values ...string) error {
	if len(values) != len(t.columns) {
		panic(fmt.Sprintf("study: %d values for the %d columns %v of %s", len(values), len(t.columns), t.columns, t.path))
	}
	row, err := line(values)
	if err != nil {
		return fmt.Errorf("study: appending to %s: %w", t.path, err)
	}
	_, err = t.file.WriteAt(row, t.size)
	if err == nil {
		err = t.file.Sync()
	}
	if err != nil {
		// Should this fail too, the next row still goes to the same place, and the next run drops what is incomplete.
		_ = t.file.Truncate(t.size)
		return fmt.Errorf("study: appending to %s: %w", t.path, err)
	}
	t.size += int64(len(row))
	t.rows = append(t.rows, slices.Clone(values))
	return nil
}

// line encodes a row. That a line break ends a row, and only that, is what makes an incomplete one recognisable.
func line(values []string) ([]byte, error) {
	for _, v := range values {
		if strings.ContainsAny(v, "\r\n") {
			return nil, fmt.Errorf("value %q contains a line break", v)
		}
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.Write(values); err != nil {
		return nil, err
	}
	w.Flush()
	return b.Bytes(), w.Error()
}
