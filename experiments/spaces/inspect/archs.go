package inspect

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/all"
	"github.com/oneshot-nas/oneshot/spaces/plaintext"
)

// each calls do with every architecture of the arguments or, if there is none, of standard input, and the space that it is of. An error
// says which argument or line it is about.
func (c *call) each(do func(s spaces.Space, a spaces.Arch) error) error {
	for i, text := range c.args {
		s, a, err := c.parse(text)
		if err == nil {
			err = do(s, a)
		}
		if err != nil {
			return about(fmt.Sprintf("architecture %d", i+1), err)
		}
	}
	if len(c.args) > 0 {
		return nil
	}
	read, err := c.lines(do)
	if err == nil && read == 0 {
		err = errors.New("no architecture: there is none among the arguments, and standard input is empty")
	}
	return err
}

// about says which architecture an error is about; one of printing, as to a pipe that nobody reads any more, is about none.
func about(what string, err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}

// lines calls do with every architecture of standard input and returns their number. Each has a line of its own, or several as long as
// a bracket is open.
func (c *call) lines(do func(s spaces.Space, a spaces.Arch) error) (read int, err error) {
	var text strings.Builder
	n, first, depth := 0, 0, 0 // the line, that where text begins, the brackets that are open after it
	for line, err := range plaintext.Lines(c.in) {
		n++
		if err != nil {
			return read, fmt.Errorf("standard input, line %d: %w", n, err)
		}
		if text.Len() == 0 {
			if first = n; strings.TrimSpace(line) == "" {
				continue
			}
		}
		text.WriteString(line + "\n")
		depth += brackets(line)
		if depth > 0 && n > first && text.Len() < plaintext.LongestLine {
			continue
		}
		s, a, err := c.parse(strings.TrimSpace(text.String()))
		if err != nil && depth > 0 && n == first {
			continue
		}
		if err == nil {
			err = do(s, a)
		}
		if err != nil {
			return read, about(fmt.Sprintf("standard input, line %d", first), err)
		}
		read++
		text.Reset()
		depth = 0
	}
	if text.Len() > 0 {
		_, _, err := c.parse(strings.TrimSpace(text.String()))
		return read, fmt.Errorf("standard input, line %d, where a bracket is opened that is never closed: %w", first, err)
	}
	return read, nil
}

// brackets returns how many more brackets a line opens than it closes.
func brackets(line string) (depth int) {
	for _, r := range line {
		switch r {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
	}
	return depth
}

// isTerminal reports whether somebody would have to type what is read.
func isTerminal(in io.Reader) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// parse reads an architecture with the space of the call or, if that was not said, with the one that can.
func (c *call) parse(text string) (spaces.Space, spaces.Arch, error) {
	if c.space != nil {
		a, err := c.space.Parse(text)
		return c.space, a, err
	}
	var space spaces.Space
	var arch spaces.Arch
	for _, s := range all.Spaces() {
		a, err := s.Parse(text)
		switch {
		case err != nil:
		case space == nil:
			space, arch = s, a
		case a.String() != arch.String(): // which it is not in a part of a space
			return nil, nil, fmt.Errorf("%.120q can be of %s and of %s: -space says which", text, space.Name(), s.Name())
		}
	}
	if space == nil {
		return nil, nil, fmt.Errorf("%.120q is an architecture of no search space; with -space %s the error says what that one reads",
			text, strings.Join(all.Names(), "|"))
	}
	return space, arch, nil
}
