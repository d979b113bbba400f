package study

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/internal/files"
)

// Table is a CSV file with a header line that grows by rows and loses none. Every row is one line of the file, and its last field is a
// checksum over the row, the name of the table and the configuration of the study. Its methods are for one goroutine.
type Table struct {
	study   *Study
	path    string
	columns []string // without that of the checksum
	seal    uint32   // of the study and the name
	file    *os.File // nil in a study for reading
	size    int64    // bytes of the header and the complete rows
	rows    [][]string
}

// Table opens the table of that name, or makes it with the given columns. The columns of an existing table must be the
// same. A last line that is not complete, because the process died in the middle of writing it, is dropped; any other
// damage is a [*DamagedError]. A table that is open already is that table. Close of the study closes it.
//
// A table without checksums, of an earlier version of this package, is given them.
func (s *Study) Table(name string, columns ...string) (*Table, error) {
	t := &Table{study: s, path: s.Path(name), columns: slices.Clone(columns), seal: crc32.Update(s.seal, castagnoli, []byte(name))}
	for _, opened := range s.tables {
		if opened.path == t.path && slices.Equal(opened.columns, columns) {
			return opened, nil
		}
	}
	header, err := t.header()
	if err != nil {
		panic(fmt.Sprintf("study: columns of %s: %v", t.path, err))
	}
	if _, err := os.Stat(t.path); errors.Is(err, fs.ErrNotExist) {
		if s.ReadOnly() { // and without rows
			return t, nil
		}
		if err := s.WriteFile(name, func(w io.Writer) error { _, err := w.Write(header); return err }); err != nil {
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
	contents, err := files.Read(t.path)
	if err != nil {
		return fmt.Errorf("study: %w", err)
	}
	if !t.study.ReadOnly() {
		if contents, err = t.upgrade(contents); err != nil {
			return err
		}
	}
	if t.rows, t.size, err = t.parse(contents); err != nil || t.study.ReadOnly() {
		return err
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
func (t *Table) parse(contents []byte) (rows [][]string, size int64, err error) {
	header, err := t.header()
	if err != nil {
		return nil, 0, err
	}
	damaged := func(number int, remedy, format string, args ...any) ([][]string, int64, error) {
		return nil, 0, &DamagedError{t.path, fmt.Sprintf("line %d ", number) + fmt.Sprintf(format, args...), remedy}
	}
	const anew = "delete the line, and what it said is found anew"
	for number := 1; ; number++ {
		n := bytes.IndexByte(contents[size:], '\n') + 1
		if n == 0 {
			break
		}
		row := contents[size : size+int64(n)]
		size += int64(n)
		if number == 1 {
			if !bytes.Equal(row, header) {
				return damaged(1, "correct it or, if this is another table, use another directory", "is %.200q, want %q", bytes.TrimSpace(row), bytes.TrimSpace(header))
			}
			continue
		}
		body, sum := row[:max(0, n-sealed)], row[max(0, n-sealed):n-1]
		if want := t.sum(body); string(sum) != want {
			return damaged(number, anew, "does not go with its checksum: it was changed, or written in another study or table")
		}
		record, err := csv.NewReader(bytes.NewReader(body)).Read()
		if err != nil || len(record) != len(t.columns) {
			return damaged(number, anew, "has other fields than %s (%v)", strings.Join(t.columns, ","), err)
		}
		rows = append(rows, record)
	}
	if size == 0 {
		return nil, 0, &DamagedError{t.path, fmt.Sprintf("there is no header line, want %q", bytes.TrimSpace(header)), "delete the file to start it anew"}
	}
	return rows, size, nil
}

// sealed is how many bytes the checksum of a row takes, with the comma before it and the line break behind.
const sealed = len(",01234567\n")

// sum is the checksum of a row, as a field with the comma before it.
func (t *Table) sum(row []byte) string {
	return fmt.Sprintf(",%08x", crc32.Update(t.seal, castagnoli, row))
}

// upgrade gives a table of before there were checksums what it lacks.
func (t *Table) upgrade(contents []byte) ([]byte, error) {
	old, err := line(t.columns)
	if err != nil {
		return nil, err
	}
	rest, ok := bytes.CutPrefix(contents, append(old, '\n'))
	if !ok {
		return contents, nil
	}
	header, err := t.header()
	if err != nil {
		return nil, err
	}
	upgraded := header
	for number := 2; ; number++ {
		row, more, complete := bytes.Cut(rest, []byte("\n"))
		if !complete {
			break
		}
		rest = more
		record, err := csv.NewReader(bytes.NewReader(row)).Read()
		if err != nil || len(record) != len(t.columns) {
			return nil, &DamagedError{t.path, fmt.Sprintf("line %d has other fields than %s (%v)", number, strings.Join(t.columns, ","), err), "delete the line, and what it said is found anew"}
		}
		upgraded = append(append(append(upgraded, row...), t.sum(row)...), '\n')
	}
	return upgraded, WriteFile(t.path, func(w io.Writer) error { _, err := w.Write(upgraded); return err })
}

// Rows returns the rows of earlier runs and of this one, without the header and the checksums. The caller must not change them.
func (t *Table) Rows() [][]string { return t.rows }

// Append adds a row, one value for each column, and returns when it is on the disk. On an error (a full disk, say) the
// table is as it was, and Append may be tried again. Values must not contain line breaks.
func (t *Table) Append(values ...string) error {
	if len(values) != len(t.columns) {
		panic(fmt.Sprintf("study: %d values for the %d columns %v of %s", len(values), len(t.columns), t.columns, t.path))
	}
	row, err := line(values)
	if err == nil {
		err = t.study.Check()
	}
	if err == nil && !isAt(t.file, t.path) {
		err = errors.New("it was deleted or replaced while it was in use")
	}
	if err != nil {
		return fmt.Errorf("study: appending to %s: %w", t.path, err)
	}
	row = append(append(row, t.sum(row)...), '\n')
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

// header is the first line, with its end.
func (t *Table) header() ([]byte, error) {
	h, err := line(append(slices.Clone(t.columns), ChecksumField))
	return append(h, '\n'), err
}

// line encodes a row, without the line break at its end. That a line break ends a row, and only that, is what makes an incomplete one
// recognisable.
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
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), w.Error()
}
