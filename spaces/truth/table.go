package truth

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces/plaintext"
)

// largestTable bounds what a table may unpack to, in bytes. All 423,624 cells of NAS-Bench-101 take a tenth of it.
const largestTable = 1 << 30

// table reads a CSV table record by record.
type table struct {
	path   string
	text   *plaintext.Reader
	csv    *csv.Reader
	header []string
	arch   int // position of the column architecture
	line   int // of the last record; 1 is the header

	sign     rune // of decimals, once a number has had one
	signLine int  // where that was
}

func newTable(in io.Reader, path string) (*table, error) {
	t := &table{path: path, text: plaintext.NewReader(in, plaintext.LongestLine, largestTable), line: 1}
	const longestHeader = 1 << 16
	lines := bufio.NewReaderSize(t.text, longestHeader)
	first, err := lines.Peek(longestHeader)
	if len(first) == 0 && err != nil {
		return nil, t.readError("the header", err)
	}
	first, _, _ = bytes.Cut(bytes.TrimLeft(first, "\n"), []byte("\n"))
	t.csv = csv.NewReader(lines)
	t.csv.FieldsPerRecord = -1 // checked by next, with a message that says what is wrong
	format(t.csv, separator(string(first)))
	if t.header, err = t.csv.Read(); err != nil {
		return nil, t.readError("the header", err)
	}
	trim(t.header)
	if t.arch = columnOf(t.header, "architecture"); t.arch < 0 {
		return nil, fmt.Errorf("truth: %s: no column architecture among %s; columns are separated by commas, semicolons or tabs", path,
			plaintext.Names(t.header))
	}
	return t, nil
}

// separator is what separates the columns of a table with this header: the first of a comma, a semicolon and a tab by which one of several
// columns is called architecture.
func separator(header string) rune {
	for _, comma := range []rune{',', ';', '\t'} {
		r := csv.NewReader(strings.NewReader(header))
		format(r, comma)
		if columns, err := r.Read(); err == nil && len(columns) > 1 {
			if trim(columns); columnOf(columns, "architecture") >= 0 {
				return comma
			}
		}
	}
	return ','
}

// format sets a reader up for tables with a separator. Where that is not a comma, fields with commas, such as JSON objects, need no quotes,
// and people write none, although there are quotes inside.
func format(r *csv.Reader, separator rune) {
	r.Comma = separator
	r.TrimLeadingSpace = separator != '\t'
	r.LazyQuotes = separator != ','
}

// columnOf is the position of a column, in any case; -1 if there is none.
func columnOf(header []string, name string) int {
	return slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(h, name) })
}

func trim(fields []string) {
	for i, f := range fields {
		fields[i] = strings.TrimSpace(f)
	}
}

// next returns a record as long as the header, or io.EOF.
func (t *table) next() ([]string, error) {
	t.text.NextRecord()
	record, err := t.csv.Read()
	if errors.Is(err, io.EOF) {
		if t.line == 1 {
			return nil, fmt.Errorf("truth: %s: no rows below the header %s", t.path, plaintext.Names(t.header))
		}
		return nil, io.EOF
	} else if err != nil {
		return nil, t.readError(fmt.Sprintf("after line %d", t.line), err)
	}
	t.line, _ = t.csv.FieldPos(0)
	if len(record) != len(t.header) {
		hint := ""
		if len(record) > len(t.header) && t.csv.Comma == ',' {
			hint = "; a field with a comma in it, such as a list or a number with a decimal comma, wants quotes, or semicolons or tabs between the columns"
		}
		return nil, t.errorf("%d fields, want the %d of the header %s%s", len(record), len(t.header), plaintext.Names(t.header), hint)
	}
	trim(record)
	return record, nil
}

// Errors that a caller may say more about.
var (
	// ErrNotFinite is about a field that people leave where there is no result: a training has diverged, or there was none. [CSV.SkipBad]
	// leaves it out.
	ErrNotFinite = errors.New("want a finite number")
	// ErrWhichColumn is about a table with several columns, none of which has a usual name: [CSV.Columns] names one.
	ErrWhichColumn = errors.New("name the column")
)

// number reads a field of a column. A decimal comma is read where commas do not separate columns, and only if no other number of the table
// has a decimal point: 1,234 may be more than a thousand.
func (t *table) number(column int, text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	sign := '.'
	if err != nil && strings.Count(text, ",") == 1 && !strings.Contains(text, ".") {
		if t.csv.Comma != ';' {
			return 0, fmt.Errorf("column %s is %s, want a number with a decimal point; decimal commas are read where semicolons separate the columns",
				plaintext.Name(t.header[column]), plaintext.Quote(text))
		}
		sign = ','
		v, err = strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
	}
	switch {
	case err != nil && !isMissing(text), math.IsNaN(v) && !isMissing(text):
		return 0, fmt.Errorf("column %s is %s, want a finite number", plaintext.Name(t.header[column]), plaintext.Quote(text))
	case err != nil, math.IsNaN(v), math.IsInf(v, 0):
		return 0, fmt.Errorf("column %s is %s, %w", plaintext.Name(t.header[column]), plaintext.Quote(text), ErrNotFinite)
	case !strings.ContainsRune(text, '.') && sign == '.': // a whole number
	case t.sign == 0:
		t.sign, t.signLine = sign, t.line
	case t.sign != sign:
		return 0, fmt.Errorf("column %s is %s, but line %d has a number with a decimal %q: which of them is the decimal sign?",
			plaintext.Name(t.header[column]), plaintext.Quote(text), t.signLine, t.sign)
	}
	return v, nil
}

// isMissing says whether a field is what programs write where there is no number.
func isMissing(text string) bool {
	switch strings.ToLower(strings.TrimLeft(text, "+-")) {
	case "", "nan", "inf", "infinity", "null", "none", "na", "n/a", "<na>", "nil":
		return true
	}
	return false
}

// errorf is an error about the last record.
func (t *table) errorf(format string, args ...any) error {
	return fmt.Errorf("truth: %s:%d: "+format, append([]any{t.path, t.line}, args...)...)
}

// readError is an error from below; what is wrong with quotes names its line itself.
func (t *table) readError(where string, err error) error {
	if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
		return fmt.Errorf("truth: %s: %w", t.path, err)
	}
	return fmt.Errorf("truth: %s: %s: %w", t.path, where, err)
}
