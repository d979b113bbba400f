package plaintext

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strings"
)

// LongestLine is the usual bound of a record, such as a row of a table, in bytes. The longest notation of an architecture has some
// kilobytes.
const LongestLine = 1 << 20

// Reader hands out a text in UTF-8 whose lines end in "\n".
type Reader struct {
	in            *bufio.Reader
	longest, left int64 // bytes of a record; of the record at hand, still to be handed out
	largest, size int64 // bytes of the whole; so far
	begun         bool
	afterCR       bool
}

// NewReader returns a reader of a text whose records have at most longest bytes, and which has at most largest. It reads ahead.
func NewReader(in io.Reader, longest, largest int64) *Reader {
	return &Reader{in: bufio.NewReader(in), longest: longest, left: longest, largest: largest}
}

// NextRecord says that another record begins. Who reads ahead, such as a decoder, need not say where: a record may have as many bytes as
// the reader was made for and those that were read ahead.
func (r *Reader) NextRecord() { r.left = r.longest }

// Read implements io.Reader. Text that is refused is an error that says what it is and what to do.
func (r *Reader) Read(p []byte) (int, error) {
	if !r.begun {
		r.begun = true
		if err := r.begin(); err != nil {
			return 0, err
		}
	}
	for len(p) > 0 {
		if r.left <= 0 {
			if _, err := r.in.Peek(1); err != nil {
				return 0, err // there is no more
			}
			return 0, fmt.Errorf("a record of more than %s, which is the most that is read; is a quote not closed?", bytesText(r.longest))
		}
		n, err := r.in.Read(p[:min(int64(len(p)), r.left)])
		r.left -= int64(n)
		if r.size += int64(n); r.size > r.largest {
			return 0, fmt.Errorf("more than %s of text, which is the most that is read", bytesText(r.largest))
		}
		if i := bytes.IndexByte(p[:n], 0); i >= 0 {
			return 0, fmt.Errorf("byte %d is 0: this is no text", r.size-int64(n-i)+1)
		}
		if n = r.endLines(p[:n]); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, nil
}

// begin drops a byte-order mark, and tells by the first bytes what is no text in UTF-8.
func (r *Reader) begin() error {
	first, err := r.in.Peek(4)
	if err != nil && err != io.EOF {
		return err
	}
	zero := func(i int) bool { return i < len(first) && first[i] == 0 }
	switch {
	case bytes.HasPrefix(first, []byte("\xef\xbb\xbf")):
		r.in.Discard(3)
	case bytes.HasPrefix(first, []byte("\xff\xfe")), bytes.HasPrefix(first, []byte("\xfe\xff")), len(first) > 1 && zero(0) != zero(1):
		return errors.New("this is text in UTF-16: save it in UTF-8 (spreadsheets call it CSV UTF-8), or convert it: iconv -f UTF-16 -t UTF-8")
	case bytes.HasPrefix(first, []byte("PK\x03\x04")):
		return errors.New("this is a zip archive, such as a spreadsheet saves (.xlsx, .ods): save it as CSV in UTF-8, or unpack it")
	}
	return nil
}

// endLines makes "\n" of "\r\n" and "\r", in place, and returns how many bytes are left.
func (r *Reader) endLines(p []byte) int {
	if !r.afterCR && bytes.IndexByte(p, '\r') < 0 {
		return len(p)
	}
	n := 0
	for _, c := range p {
		if c == '\n' && r.afterCR {
			r.afterCR = false
			continue
		}
		if r.afterCR = c == '\r'; r.afterCR {
			c = '\n'
		}
		p[n] = c
		n++
	}
	return n
}

// Lines returns the lines of a text without their ends, none longer than [LongestLine]. An error comes last.
func Lines(in io.Reader) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		text := NewReader(in, LongestLine, math.MaxInt64)
		lines := bufio.NewReader(text)
		for {
			text.NextRecord()
			line, err := lines.ReadString('\n')
			if err != nil && err != io.EOF {
				yield("", err)
				return
			}
			if line != "" && !yield(strings.TrimSuffix(line, "\n"), nil) || err != nil {
				return
			}
		}
	}
}

// bytesText is a number of bytes for people.
func bytesText(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}} {
		if n >= unit.size && n%unit.size == 0 {
			return fmt.Sprintf("%d %s", n/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
