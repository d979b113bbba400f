// Package console is how commands speak to people: what they print, and how they say what is wrong.
//
// Names of files, classes and columns are somebody else's: control characters in them are escaped, so that they can neither steer a
// terminal nor write a line of their own.
package console

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Print runs a command that prints to out, and returns its error. The command need not look at errors of printing: the first is kept,
// nothing more is written, and what could not be read by anybody is an error of the command in the end, also if all that was asked for is
// help ([flag.ErrHelp]). Control characters but for tab and line feed are escaped.
func Print(out io.Writer, command func(out io.Writer) error) error {
	w := &writer{to: out}
	err := command(w)
	switch {
	case w.err == nil || err != nil && errors.Is(err, w.err):
		return err
	case errors.Is(err, flag.ErrHelp):
		err = nil
	}
	return errors.Join(err, fmt.Errorf("printing: %w", w.err))
}

// writer escapes, and keeps the first error.
type writer struct {
	to  io.Writer
	err error
}

func (w *writer) Write(b []byte) (int, error) {
	if w.err == nil {
		_, w.err = w.to.Write(escaped(b))
	}
	if w.err != nil {
		return 0, w.err
	}
	return len(b), nil
}

// escaped is b, with control characters as \x1b.
func escaped(b []byte) []byte {
	var out []byte // nil as long as nothing had to be escaped
	from := 0
	for i, c := range b {
		if c >= ' ' && c != 0x7f || c == '\n' || c == '\t' {
			continue
		}
		out = fmt.Appendf(append(out, b[from:i]...), `\x%02x`, c)
		from = i + 1
	}
	if from == 0 {
		return b
	}
	return append(out, b[from:]...)
}

const (
	mostLines = 60   // of a message
	mostLine  = 1000 // characters
)

// Message is what an error says, as a terminal is to show it: control characters and what is not UTF-8 are escaped, lines are cut after a
// thousand characters, and the message after sixty lines.
func Message(err error) string {
	lines := strings.Split(err.Error(), "\n")
	left := 0
	if len(lines) > mostLines {
		left, lines = len(lines)-mostLines, lines[:mostLines]
	}
	for i, line := range lines {
		lines[i] = Line(line)
	}
	if left > 0 {
		lines = append(lines, fmt.Sprintf("… and %d lines more", left))
	}
	return strings.Join(lines, "\n")
}

// Line is the beginning of somebody's text, on one line: as a terminal is to show a name.
func Line(line string) string {
	var b strings.Builder
	n := 0
	for i, r := range line {
		if n++; n > mostLine {
			fmt.Fprintf(&b, "… (%d characters more)", utf8.RuneCountInString(line[i:]))
			break
		}
		_, size := utf8.DecodeRuneInString(line[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, line[i])
		case r == '\t' || !unicode.IsControl(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}
