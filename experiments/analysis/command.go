package analysis

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/experiments/study"
)

// Main is the main function of the command of an analysis, or of the command all.
func Main(name string) {
	Exit(name, func(ctx context.Context) error { return Run(ctx, name, os.Args[1:], os.Stdout) })
}

// Exit runs a command and ends the process: with 130 if it was stopped by Ctrl-C, 1 for any other error, which it prints. At the first
// Ctrl-C the context is cancelled and the command stops after the step at hand; the second ends the process at once.
func Exit(program string, run func(ctx context.Context) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() { <-ctx.Done(); stop() }()
	switch err := run(ctx); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(os.Stderr, "%s: stopped; the same command goes on from here\n", program)
		os.Exit(130)
	default:
		fmt.Fprintf(os.Stderr, "%s: %v\n", program, err)
		os.Exit(1)
	}
}

// Names lists the analyses in the order in which all runs them.
func Names() []string {
	var names []string
	for _, a := range ordered() {
		names = append(names, a.Name)
	}
	return names
}

// Title is what an analysis is about in a few words; "" if there is none of that name.
func Title(name string) string {
	for _, a := range analyses {
		if a.Name == name {
			return a.Title
		}
	}
	return ""
}

// command is a command line that has been read.
type command struct {
	lab.Options
	analyses []*Analysis
	spaces   []string // more than one: side by side
	out      io.Writer
}

// Run does what the arguments ask of an analysis, or of "all" of them. The name may have others before it, "oneshot topk", which is then
// what help calls the program. Help that was asked for is flag.ErrHelp.
func Run(ctx context.Context, name string, args []string, out io.Writer) error {
	words := strings.Fields(name)
	c := &command{out: out}
	if c.analyses = named(words[len(words)-1]); c.analyses == nil {
		return fmt.Errorf("no analysis is called %s; there are %s", name, strings.Join(Names(), ", "))
	}
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard) // an error is enough
	c.AddFlags(f)
	version := f.Bool("version", false, "print the version and end")
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		c.help(out, name, f, args)
		return err
	case err != nil:
		return fmt.Errorf("%w; %s -h lists the flags", err, name)
	case *version:
		_, err := fmt.Fprintln(out, Version())
		return err
	case f.NArg() > 0:
		return fmt.Errorf("unexpected argument %q; %s -h lists the flags", f.Arg(0), name)
	}
	return c.run(ctx)
}
