package truth

import (
	"bufio"
	"io"
)

// nanReader replaces NaN, Infinity and -Infinity, which Python writes into JSON for the losses of diverged trainings, by
// null, which JSON knows.
type nanReader struct {
	in      *bufio.Reader
	pending string // put out next
	quoted  bool   // within a string
	escaped bool   // after a backslash in a string
}

func newNaNReader(in io.Reader) *nanReader { return &nanReader{in: bufio.NewReaderSize(in, 1<<16)} }

func (r *nanReader) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if r.pending != "" {
			k := copy(p[n:], r.pending)
			n, r.pending = n+k, r.pending[k:]
			continue
		}
		c, err := r.in.ReadByte()
		if err != nil {
			if n > 0 {
				return n, nil
			}
			return 0, err
		}
		switch {
		case r.escaped:
			r.escaped = false
		case r.quoted && c == '\\':
			r.escaped = true
		case c == '"':
			r.quoted = !r.quoted
		case r.quoted:
		case c == 'N' && r.follows("aN"), c == 'I' && r.follows("nfinity"), c == '-' && r.follows("Infinity"):
			r.pending = "null"
			continue
		}
		p[n] = c
		n++
	}
	return n, nil
}

// follows skips the rest of a word if it is next.
func (r *nanReader) follows(rest string) bool {
	next, err := r.in.Peek(len(rest))
	if err != nil || string(next) != rest {
		return false
	}
	r.in.Discard(len(rest))
	return true
}
