package inspect

import (
	"errors"
	"fmt"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/plaintext"
)

// each calls do with every architecture of the arguments or, if there is none, of the lines of standard input. An error says
// which argument or line it is about.
func (c *call) each(do func(a spaces.Arch) error) error {
	parse := func(what string, n int, text string) error {
		a, err := c.space.Parse(text)
		if err == nil {
			err = do(a)
		}
		if err != nil {
			return fmt.Errorf("%s %d: %w", what, n, err)
		}
		return nil
	}
	for i, text := range c.args {
		if err := parse("architecture", i+1, text); err != nil {
			return err
		}
	}
	if len(c.args) > 0 {
		return nil
	}
	read, n := 0, 0
	for line, err := range plaintext.Lines(c.in) {
		n++
		if err != nil {
			return fmt.Errorf("standard input, line %d: %w", n, err)
		}
		if text := strings.TrimSpace(line); text != "" {
			if err := parse("standard input, line", n, text); err != nil {
				return err
			}
			read++
		}
	}
	if read == 0 {
		return errors.New("no architecture: there is none among the arguments, and standard input is empty")
	}
	return nil
}
