package console

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"testing"
)

// full takes so many bytes, as a disk.
type full struct {
	bytes.Buffer
	left int
}

var errFull = errors.New("no space left on device")

func (f *full) Write(b []byte) (int, error) {
	if len(b) > f.left {
		return 0, errFull
	}
	f.left -= len(b)
	return f.Buffer.Write(b)
}

func TestPrint(t *testing.T) {
	failed := errors.New("failed")
	for name, c := range map[string]struct {
		room  int
		ends  error // of the command
		wants []error
		says  string
	}{
		"all of it":               {100, nil, nil, ""},
		"an error":                {100, failed, []error{failed}, "failed"},
		"help":                    {100, flag.ErrHelp, []error{flag.ErrHelp}, flag.ErrHelp.Error()},
		"a full disk":             {10, nil, []error{errFull}, "printing: no space left on device"},
		"help on a full disk":     {10, flag.ErrHelp, []error{errFull}, "printing: no space left on device"},
		"an error on a full disk": {10, failed, []error{failed, errFull}, "failed\nprinting: no space left on device"},
		"a command that looks":    {10, fmt.Errorf("line 2: %w", errFull), []error{errFull}, "line 2: no space left on device"},
	} {
		disk := &full{left: c.room}
		err := Print(disk, func(out io.Writer) error {
			fmt.Fprintln(out, "12345")
			fmt.Fprintln(out, "1234567890")
			fmt.Fprintln(out, "1") // for which there would be room: but it would stand in a wrong place
			return c.ends
		})
		for _, want := range c.wants {
			if !errors.Is(err, want) {
				t.Errorf("%s: error %v, want one that is %v", name, err, want)
			}
		}
		if want := "12345\n"; c.room == 10 && disk.String() != want {
			t.Errorf("%s: printed %q, want %q", name, disk.String(), want)
		}
		if got := fmt.Sprint(err); err != nil && got != c.says || err == nil && c.says != "" {
			t.Errorf("%s: says %q, want %q", name, got, c.says)
		}
	}
}

func TestPrintEscapes(t *testing.T) {
	var b bytes.Buffer
	err := Print(&b, func(out io.Writer) error {
		const text = "pictures of \x1b[2Jbirds\x00\r\x7f\n\tτ-b 0.5\n"
		n, err := out.Write([]byte(text))
		if n != len(text) {
			t.Errorf("%d bytes, want %d", n, len(text))
		}
		return err
	})
	if want := "pictures of \\x1b[2Jbirds\\x00\\x0d\\x7f\n\tτ-b 0.5\n"; b.String() != want || err != nil {
		t.Errorf("printed %q, want %q; error %v", b.String(), want, err)
	}
}

func TestMessage(t *testing.T) {
	for in, want := range map[string]string{
		"a\nb\tc":                         "a\nb\tc",
		"x\x1b[31m\x00\u009b2J\xff\r\x7f": `x\x1b[31m\x00\u009b2J\xff\r\x7f`,
		"τ “quoted” …":                    "τ “quoted” …",
		strings.Repeat("ä", 1_500_000):    strings.Repeat("ä", 1000) + "… (1499000 characters more)",
		strings.Repeat("a\n", 100):        strings.Repeat("a\n", 60) + "… and 41 lines more",
	} {
		if got := Message(errors.New(in)); got != want {
			t.Errorf("%.60q becomes %.60q, want %.60q", in, got, want)
		}
	}
}
