package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/oneshot-nas/oneshot/experiments/lab"
)

// options is what the command line says.
type options struct {
	lab.Options
	scores, scoreColumn string
	connected           bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() { <-ctx.Done(); stop() }() // a second Ctrl-C ends the process at once
	switch err := command(ctx, os.Args[1:], os.Stdout); {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "correlation: stopped; the same command goes on from here")
		os.Exit(130)
	default:
		fmt.Fprintln(os.Stderr, "correlation:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string, out io.Writer) error {
	o := &options{}
	f := flag.NewFlagSet("correlation", flag.ContinueOnError)
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "usage: correlation [flags]                    train a supernet and compare its ranking with the truth")
		fmt.Fprintln(f.Output(), "       correlation -space all [flags]         the same in every space, side by side")
		fmt.Fprintln(f.Output(), "       correlation -scores FILE -truth FILE   compare two tables")
		fmt.Fprintln(f.Output())
		o.PrintFlags(f.Output(), f, "two tables")
	}
	o.AddFlags(f)
	f.StringVar(&o.scores, "scores", "", "`FILE`, a CSV table of scores: only compare it with -truth")
	f.StringVar(&o.scoreColumn, "score-column", "", "`NAME` of its column (default: found by name)")
	f.BoolVar(&o.connected, "connected", false, "only architectures whose output depends on the input")
	if err := f.Parse(args); err != nil {
		return err
	}
	switch {
	case f.NArg() > 0:
		return fmt.Errorf("unexpected argument %q; see -help", f.Arg(0))
	case o.Truth == "" && o.TruthColumn != "":
		return errors.New("-truth-column names a column of -truth, which is missing")
	case o.scores == "" && (o.scoreColumn != "" || o.connected):
		return errors.New("-score-column and -connected are about -scores, which is missing")
	case o.scores != "":
		return compareTables(out, o)
	case o.Space == "all":
		return all(ctx, out, o)
	}
	_, err := run(ctx, out, &o.Options)
	return err
}

// compareTables prints the statistics of two tables joined by architecture.
func compareTables(out io.Writer, o *options) error {
	t, err := lab.JoinTables(&o.Options, o.scores, o.scoreColumn, o.connected)
	if err != nil {
		return err
	}
	fmt.Fprint(out, t.Joined)
	t.Comparison.Print(out)
	return nil
}

// results is results.json: what was found, with all that is needed to judge it.
type results struct {
	Config lab.Config `json:"config"`
	*lab.Comparison
}

// run studies one space: each part goes on where an earlier run of the study has stopped.
func run(ctx context.Context, out io.Writer, o *lab.Options) (r *results, err error) {
	l, err := lab.Open(o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	l.Describe(out)
	archs := l.Archs()
	scores, err := l.Scores(ctx, lab.Variant{}, archs)
	if err != nil {
		return nil, err
	}
	truth, err := l.Truth(ctx, archs)
	if err != nil {
		return nil, err
	}
	r = &results{Config: l.Config}
	if r.Comparison, err = l.Compare(archs, scores, truth); err != nil {
		return nil, err
	}
	r.Print(out)
	if err := l.Dir().WriteJSON("results.json", r); err != nil {
		return nil, err
	}
	if err := l.DrawScatter(scores, truth); err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "\nwritten to %s: scores.csv, truth.csv, results.json, scatter.svg, scatter.png\n", l.Dir().Path("."))
	return r, nil
}

// all studies every space and puts them side by side.
func all(ctx context.Context, out io.Writer, o *options) error {
	if o.Data != "" || o.Truth != "" || o.TruthAgain != "" {
		return errors.New("-space all studies every space with its own generated data; -data and -truth belong to one space")
	}
	if o.Study == "" {
		o.Study = filepath.Join("study", fmt.Sprintf("all-%s-%d", o.Recipe, o.Seed))
	}
	within := func(name string) *lab.Options {
		return o.WithSpace(name, func(dir, space string) string { return filepath.Join(dir, space) })
	}
	for _, name := range lab.Spaces() {
		if err := within(name).Check(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	var found []*results
	for _, name := range lab.Spaces() {
		fmt.Fprintf(out, "== %s\n", name)
		r, err := run(ctx, out, within(name))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintln(out)
		found = append(found, r)
	}
	var rows []lab.SideBySide
	for _, r := range found {
		rows = append(rows, lab.SideBySide{Space: r.Config.Space, Recipe: r.Config.Name, Comparison: r.Comparison})
	}
	lab.PrintSideBySide(out, rows)
	if err := lab.WriteSideBySide(o.Study, rows); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nwritten to %s: a study for each space, spaces.csv, spaces.svg, spaces.png\n", o.Study)
	return nil
}
