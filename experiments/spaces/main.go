package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/all"
)

func main() {
	switch err := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	default:
		fmt.Fprintln(os.Stderr, "spaces:", err)
		os.Exit(1)
	}
}

// command is a subcommand. Its run sees the flags that define has added, already parsed.
type command struct {
	name, args, help string
	define           func(f *flag.FlagSet) (run func(c *call) error)
}

// call is one use of a command.
type call struct {
	space spaces.Space // nil only for describe
	args  []string     // what follows the flags
	in    io.Reader
	out   io.Writer
}

var commands = []command{describe, convert, sample, enumerate, neighbours, draw, count}

func run(args []string, in io.Reader, out, errs io.Writer) error {
	if len(args) == 0 {
		usage(errs)
		return errors.New("which command?")
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		usage(out)
		return nil
	}
	for _, c := range commands {
		if c.name == args[0] {
			return c.call(args[1:], in, out, errs)
		}
	}
	usage(errs)
	return fmt.Errorf("there is no command %q", args[0])
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "usage: spaces COMMAND -space SPACE [flags] [ARCH ...]")
	fmt.Fprintf(w, "\nCommands (spaces COMMAND -h tells the flags):\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-12s%s\n", c.name, c.help)
	}
	fmt.Fprintf(w, "\nSpaces: %s\n", strings.Join(all.Names(), ", "))
}

func (c command) call(args []string, in io.Reader, out, errs io.Writer) error {
	f := flag.NewFlagSet("spaces "+c.name, flag.ContinueOnError)
	f.SetOutput(errs)
	f.Usage = func() {
		fmt.Fprintf(errs, "usage: spaces %s -space SPACE [flags]%s\n%s\n", c.name, c.args, c.help)
		f.PrintDefaults()
	}
	name := f.String("space", "", "search space: "+strings.Join(all.Names(), ", "))
	run := c.define(f)
	if err := f.Parse(args); err != nil {
		return err
	}
	if c.args == "" && f.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; see spaces %s -h", f.Arg(0), c.name)
	}
	call := &call{args: f.Args(), in: in, out: out}
	if *name == "" {
		if c.name == describe.name && f.NArg() == 0 {
			return run(call)
		}
		return fmt.Errorf("which search space? -space %s", strings.Join(all.Names(), "|"))
	}
	var err error
	if call.space, err = all.New(*name); err != nil {
		return err
	}
	return run(call)
}
