package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/oneshot-nas/oneshot/experiments/analysis"
	"github.com/oneshot-nas/oneshot/experiments/console"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/experiments/spaces/inspect"
)

func main() {
	analysis.Exit("oneshot", func(ctx context.Context) error { return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr) })
}

// run does what the arguments say. What could not be printed is an error.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) error {
	return console.Print(out, func(out io.Writer) error { return command(ctx, args, in, out, errs) })
}

func command(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) error {
	if len(args) == 0 {
		usage(errs)
		return errors.New("which command?")
	}
	name, args := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		if len(args) == 0 {
			usage(out)
			return nil
		}
		return command(ctx, []string{args[0], "-h"}, in, out, errs)
	case "version", "-version", "--version":
		_, err := fmt.Fprintln(out, analysis.Version())
		return err
	case "spaces":
		return named(name, inspect.Run("oneshot spaces", args, in, out, errs))
	case "report":
		return named(name, build(args, out))
	case "worker":
		return named(name, analysis.RunWorker(ctx, "oneshot worker", args, out))
	}
	if name != "all" && !slices.Contains(analysis.Names(), name) {
		return fmt.Errorf("there is no command %q; see oneshot help", name)
	}
	return named(name, analysis.Run(ctx, "oneshot "+name, args, out))
}

// named says which command an error is from.
func named(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// build makes the page of a study anew.
func build(args []string, out io.Writer) error {
	f := flag.NewFlagSet("oneshot report", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	help := "usage: oneshot report DIR\nmake DIR/report.html of the results in a study directory, or in a folder of studies\n"
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, help)
		return err
	} else if err != nil {
		return err
	}
	if f.NArg() != 1 {
		return errors.New("want one study directory; see oneshot report -h")
	}
	if err := report.Build(f.Arg(0)); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, filepath.Join(f.Arg(0), "report.html"))
	return err
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "usage: oneshot COMMAND [flags]            COMMAND -h tells the flags")
	fmt.Fprintln(w, "\nquestions, each answered by training supernets or, with -scores and -truth, from tables:")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, name := range analysis.Names() {
		fmt.Fprintf(t, "  %s\t%s\n", name, analysis.Title(name))
	}
	fmt.Fprintln(t, "  all\tall of these in all spaces, and the findings of the paper")
	fmt.Fprintln(t, "\nbesides:\t")
	fmt.Fprintln(t, "  spaces\tdescribe, convert, sample, enumerate, draw and count architectures")
	fmt.Fprintln(t, "  worker -connect URL\tdo work for commands with -serve, on this machine or another")
	fmt.Fprintln(t, "  report DIR\tmake the page of a study anew")
	fmt.Fprintln(t, "  version\twhich program this is")
	t.Flush()
}
