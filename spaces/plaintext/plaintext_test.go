package plaintext

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReader(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"", ""},
		{"a\nb", "a\nb"},
		{"\ufeffa,b\n", "a,b\n"},
		{"a\r\nb\rc\r\r\nd\n\re\r", "a\nb\nc\n\nd\n\ne\n"},
		{"\ufeff\"a\"\r\n", "\"a\"\n"},
	} {
		for _, in := range []io.Reader{strings.NewReader(tc.in), iotest.OneByteReader(strings.NewReader(tc.in)),
			iotest.DataErrReader(strings.NewReader(tc.in))} {
			got, err := io.ReadAll(NewReader(in, 100, 100))
			if err != nil || string(got) != tc.want {
				t.Errorf("%q is read as %q, %v; want %q", tc.in, got, err, tc.want)
			}
		}
		if err := iotest.TestReader(NewReader(strings.NewReader(tc.in), 100, 100), []byte(tc.want)); err != nil {
			t.Errorf("%q: %v", tc.in, err)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, tc := range []struct{ in, says string }{
		{"\xff\xfea\x00", "UTF-16"},
		{"\xfe\xff\x00a", "UTF-16"},
		{"a\x00b\x00", "UTF-16"},
		{"\x00a", "UTF-16"},
		{"PK\x03\x04 and so on", "zip archive"},
		{"abc\rde\x00f", "byte 7 is 0"},
		{strings.Repeat("x", 101), "more than 100 bytes"},
		{strings.Repeat("x\n", 200), "more than 300 bytes of text"},
	} {
		r := NewReader(strings.NewReader(tc.in), 100, 300)
		var err error
		for b := make([]byte, 10); err == nil; _, err = r.Read(b) {
			if strings.Contains(tc.in, "x\n") {
				r.NextRecord()
			}
		}
		if !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%.20q: %v, want an error that says %q", tc.in, err, tc.says)
		}
	}
	// A record of exactly the longest is read.
	if got, err := io.ReadAll(NewReader(strings.NewReader(strings.Repeat("x", 100)), 100, 300)); err != nil || len(got) != 100 {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
}

func TestLines(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want []string
	}{{"", nil}, {"\ufeffa\r\n\rb", []string{"a", "", "b"}}, {"a\n\n", []string{"a", ""}}} {
		var got []string
		for line, err := range Lines(strings.NewReader(tc.in)) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, line)
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("the lines of %q are %q, want %q", tc.in, got, tc.want)
		}
	}
	var last error
	n := 0
	for _, last = range Lines(strings.NewReader("a\n" + strings.Repeat("x", LongestLine+1<<16))) {
		n++
	}
	if last == nil || n != 2 || !strings.Contains(last.Error(), "1 MiB") {
		t.Errorf("%d lines, %v, want one and an error", n, last)
	}
	for line := range Lines(strings.NewReader("a\nb")) {
		if line == "b" {
			t.Error("it goes on after a break")
		}
		break
	}
}

func TestQuote(t *testing.T) {
	long := strings.Repeat("é", 150)
	for _, tc := range []struct{ in, quote, name string }{
		{"test acc", `"test acc"`, "test acc"},
		{`say "x" \`, `"say \"x\" \\"`, `say "x" \`},
		{"a\x1b[31m\x00\n\xff\u202e", `"a\x1b[31m\x00\n\xff\u202e"`, `a\x1b[31m\x00\n\xff\u202e`},
		{long, `"` + long[:200] + `"…`, long[:200] + "…"},
	} {
		if got := Quote(tc.in); got != tc.quote {
			t.Errorf("%q is quoted as %s, want %s", tc.in, got, tc.quote)
		}
		if got := Name(tc.in); got != tc.name {
			t.Errorf("%q is named %s, want %s", tc.in, got, tc.name)
		}
	}
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf("column%d", i))
	}
	if got := Names(many[:3]); got != `"column0", "column1", "column2"` {
		t.Error(got)
	}
	if got := Names(many); len(got) > 400 || !strings.HasSuffix(got, " more") {
		t.Errorf("%d characters: %s", len(got), got)
	}
}

// Whatever the text and the pieces in which it comes, the ends of its lines are those that replacing makes.
func FuzzReader(f *testing.F) {
	f.Add("\ufeffa,b\r\nc\rd\n", 3)
	f.Add("\r\r\n\n", 1)
	f.Fuzz(func(t *testing.T, s string, piece int) {
		r := NewReader(strings.NewReader(s), 1<<20, 1<<20)
		var got []byte
		var err error
		for p := make([]byte, 1+max(0, piece)%64); err == nil; {
			var n int
			n, err = r.Read(p)
			got = append(got, p[:n]...)
		}
		if err != io.EOF {
			return
		}
		want := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(s, "\ufeff"))
		if string(got) != want {
			t.Fatalf("%q is read as %q, want %q", s, got, want)
		}
		for _, q := range []string{Quote(s), Name(s)} {
			if len(q) > 10*most+10 || strings.ContainsAny(q, "\x00\x1b\r\n") {
				t.Fatalf("%q is shown as %q", s, q)
			}
		}
	})
}
