package inspect

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/console"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/all"
)

// command is a subcommand. Its run sees the flags that define has added, already parsed.
type command struct {
	name, args, help string
	define           func(f *flag.FlagSet) (run func(c *call) error)
}

// call is one use of a command.
type call struct {
	space spaces.Space // nil if it was not said, which commands that take architectures can do without
	args  []string     // what follows the flags
	in    io.Reader
	out   io.Writer
}

var commands = []command{describe, convert, sample, enumerate, neighbours, draw, count}

// Run does what the arguments after the name of the program say: "spaces", or what a larger program calls this part of it. Help that was
// asked for is flag.ErrHelp. What could not be printed is an error.
func Run(name string, args []string, in io.Reader, out, errs io.Writer) error {
	return console.Print(out, func(out io.Writer) error { return run(name, args, in, out, errs) })
}

func run(name string, args []string, in io.Reader, out, errs io.Writer) error {
	if len(args) == 0 {
		usage(name, errs)
		return errors.New("which command?")
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		usage(name, out)
		return nil
	}
	for _, c := range commands {
		if c.name == args[0] {
			return c.call(name, args[1:], in, out, errs)
		}
	}
	return fmt.Errorf("there is no command %q; see %s help", args[0], name)
}

func usage(name string, w io.Writer) {
	fmt.Fprintf(w, "usage: %s COMMAND -space SPACE [flags] [ARCH ...]\n", name)
	fmt.Fprintf(w, "\ncommands (%s COMMAND -h tells the flags):\n", name)
	for _, c := range commands {
		fmt.Fprintf(w, "  %-12s%s\n", c.name, c.help)
	}
	fmt.Fprintln(w, "\nspaces, the five of the paper (arXiv 2010.08219) and a sixth:")
	t := columns(w)
	for _, s := range all.Spaces() {
		fmt.Fprintf(t, "  %s\t%s\n", s.Name(), notes[s.Name()])
	}
	t.Flush()
	fmt.Fprintln(w, "\nARCH is an architecture; without one they are read from standard input, one a line\n"+
		"(or on several, while a bracket is open). Its formats:")
	printFormats(w)
}

func (c command) call(program string, args []string, in io.Reader, out, errs io.Writer) error {
	f := flag.NewFlagSet(program+" "+c.name, flag.ContinueOnError)
	f.SetOutput(errs)
	f.Usage = func() {
		fmt.Fprintf(f.Output(), "usage: %s %s -space SPACE [flags]%s\n%s\n\n", program, c.name, c.args, c.help)
		f.PrintDefaults()
		if c.name == convert.name {
			fmt.Fprintln(f.Output(), "\nformats:")
			printFormats(f.Output())
		}
	}
	if slices.ContainsFunc(args, isHelp) {
		f.SetOutput(out) // asked for
	}
	where := ""
	if c.args != "" {
		where = "; not needed where only one of them reads the architectures"
	}
	space := f.String("space", "", "search `SPACE`: "+strings.Join(all.Names(), ", ")+where)
	run := c.define(f)
	if err := f.Parse(args); err != nil {
		return err
	}
	if c.args == "" && f.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; see %s %s -h", f.Arg(0), program, c.name)
	}
	call := &call{args: f.Args(), in: in, out: out}
	if *space == "" {
		if c.args != "" {
			return run(call)
		}
		return fmt.Errorf("which search space? -space %s", strings.Join(all.Names(), "|"))
	}
	var err error
	if call.space, err = all.New(*space); err != nil {
		return err
	}
	return run(call)
}

func isHelp(arg string) bool { return slices.Contains([]string{"-h", "-help", "--help"}, arg) }
