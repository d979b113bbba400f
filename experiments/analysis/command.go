package analysis

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/oneshot-nas/oneshot/experiments/console"
	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/experiments/study"
	"github.com/oneshot-nas/oneshot/internal/files"
)

// Main is the main function of the command of an analysis, or of the command all.
func Main(name string) {
	Exit(name, func(ctx context.Context) error { return Run(ctx, name, os.Args[1:], os.Stdout) })
}

// Exit runs a command and ends the process: with 130 if it was stopped by Ctrl-C, 1 for any other error, which it prints. At the first
// Ctrl-C, SIGTERM or SIGHUP (of a terminal that is closed; not under nohup) the context is cancelled and the command stops after the step at
// hand; the second ends the process at once. Who reads what it prints may go away: the command goes on, and what it finds is in its study.
func Exit(program string, run func(ctx context.Context) error) {
	signal.Ignore(syscall.SIGPIPE) // writing fails instead
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	go func() {
		<-ctx.Done()
		fmt.Fprintf(os.Stderr, "\n%s: stopping after the step at hand; once more ends it at once\n", program)
		stop()
	}()
	switch err := run(ctx); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case stopped(err):
		fmt.Fprintf(os.Stderr, "%s: stopped; the same command goes on from here\n", program)
		os.Exit(130)
	default:
		fmt.Fprintf(os.Stderr, "%s: %s\n", program, console.Message(err))
		os.Exit(1)
	}
}

// stopped says whether an error is that of a stop and of nothing else, such as a checkpoint that could not be saved.
func stopped(err error) bool {
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		return !slices.ContainsFunc(e.Unwrap(), func(err error) bool { return !stopped(err) })
	case interface{ Unwrap() error }:
		return stopped(e.Unwrap())
	}
	return err == context.Canceled
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
	several  bool // it is the command all
	args     []string
	out      io.Writer // keeps errors: results are written before they are printed, and printing that fails stops nothing
	serving  serving
}

// Run does what the arguments ask of an analysis, or of "all" of them. The name may have others before it, "oneshot topk", which is then
// what help calls the program. Help that was asked for is flag.ErrHelp. What could not be printed is an error when everything else is done.
func Run(ctx context.Context, name string, args []string, out io.Writer) error {
	return console.Print(out, func(out io.Writer) error { return run(ctx, name, args, out) })
}

func run(ctx context.Context, name string, args []string, out io.Writer) error {
	words := strings.Fields(name)
	which := words[len(words)-1]
	args = lab.WithNumber(args, lab.SkipBadFlag)
	c := &command{out: out, several: which == "all", args: asked(args)}
	if c.analyses = named(which); c.analyses == nil {
		return fmt.Errorf("no analysis is called %s; there are %s", which, strings.Join(Names(), ", "))
	}
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard) // an error is enough
	c.AddFlags(f)
	if own := c.analyses[0].Flags; own != nil && !c.several {
		a := *c.analyses[0]
		own(f, &c.Options, &a)
		c.analyses[0] = &a
	}
	c.serving.addFlags(f)
	version := f.Bool("version", false, "print the version and end")
	only := ""
	if c.several {
		f.StringVar(&only, "only", "", "`NAME,…`: some of the analyses")
		c.Space, f.Lookup("space").DefValue = "all", "all"
	}
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		c.help(name, f, slices.Contains(args, "-help") || slices.Contains(args, "--help"))
		return err
	case err != nil:
		return fmt.Errorf("%w; %s -h lists the flags", err, name)
	case *version:
		fmt.Fprintln(out, Version())
		return nil
	case f.NArg() > 0:
		return fmt.Errorf("unexpected argument %q; %s -h lists the flags", f.Arg(0), name)
	}
	if only != "" {
		if err := c.choose(strings.Split(only, ",")); err != nil {
			return err
		}
	}
	if err := c.CheckFlags(); err != nil {
		return err
	}
	if err := c.serving.check(&c.Options); err != nil {
		return err
	}
	return errors.Join(c.run(ctx), c.serving.close(false))
}

// choose leaves the analyses of these names.
func (c *command) choose(names []string) error {
	for _, n := range names {
		if !slices.Contains(Names(), n) {
			return fmt.Errorf("-only %s: no analysis is called %s; there are %s", strings.Join(names, ","), n, strings.Join(Names(), ", "))
		}
	}
	c.analyses = slices.DeleteFunc(c.analyses, func(a *Analysis) bool { return !slices.Contains(names, a.Name) })
	return nil
}

// help prints the flags on a screen, or with a line for each.
func (c *command) help(name string, f *flag.FlagSet, long bool) {
	out := c.out
	fmt.Fprintf(out, "usage: %s [flags]\n", name)
	what := "Every analysis in every space, and what they say of the paper's findings."
	if a := c.analyses[0]; !c.several {
		what = a.Question
		if a.Tables != nil {
			fmt.Fprintf(out, "       %s -scores FILE -truth FILE [flags]   from tables\n", name)
		}
		if a.Rankings != nil {
			fmt.Fprintf(out, "       %s -scores STUDY,STUDY [flags]       from finished studies: with one another\n", name)
		}
	}
	if long {
		fmt.Fprintf(out, "%s\n\n", what)
		c.PrintFlags(out, f, "this command")
		return
	}
	which := "all"
	if !c.several {
		which = c.analyses[0].Name
	}
	c.PrintHelp(out, what, f, minutes[c.Recipe][which])
	fmt.Fprintf(out, "\n-help lists all flags and says more of each\n")
}

// named are the analyses of a name: one, or all.
func named(name string) []*Analysis {
	if name == "all" {
		return ordered()
	}
	for _, a := range analyses {
		if a.Name == name {
			return []*Analysis{a}
		}
	}
	return nil
}

func (c *command) run(ctx context.Context) error {
	if c.Space == "all" {
		return c.everywhere(ctx)
	}
	question, err := c.question(c.Space)
	if err != nil {
		return err
	}
	if dir, results := c.recallAll(c.Study, question); results != nil && !c.several {
		return c.reprint(dir, results[0])
	}
	if len(c.Scores) > 0 {
		return c.tables(ctx, question)
	}
	dir, results, err := c.study(ctx, &c.Options, (*report.Result).Print)
	if c.several && len(results) > 0 {
		found := make(map[string][]inSpace)
		for _, r := range results {
			found[r.Analysis] = []inSpace{{c.Space, r}}
		}
		err = errors.Join(err, c.summary(dir, results[0].Setting, found))
	}
	if len(results) == 0 {
		return err
	}
	page := report.Build(dir)
	if err == nil && page == nil {
		err = c.serving.finish()
	}
	if err == nil && page == nil {
		err = remember(dir, question, results)
	}
	if page == nil {
		page = c.written(dir)
	}
	return errors.Join(err, page)
}

// study answers the questions of the command line in one study, and prints each answer. What has been found when an analysis fails is
// kept, and the others still run; a cancelled context ends it all.
func (c *command) study(ctx context.Context, o *lab.Options, print func(*report.Result, io.Writer) error) (dir string, found []*report.Result, err error) {
	l, err := lab.Open(ctx, o, c.needs)
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	l.Describe(c.out)
	dir = l.Dir().Path(".")
	if c.serving.on {
		if err := c.serve(ctx, l); err != nil {
			return dir, nil, err
		}
	} else if o.Report == nil { // else it has been planned together with other spaces
		if err := c.plan(l); err != nil {
			return dir, nil, err
		}
	}
	var failed []error
	for _, a := range c.analyses {
		r, err := a.answer(ctx, l)
		if err == nil {
			r, err = c.publish(r, dir, print)
		}
		switch {
		case ctx.Err() != nil && err != nil: // the stop itself or, if that went wrong, why
			return dir, nil, errors.Join(append(failed, err)...)
		case errors.Is(err, ErrShard):
			fmt.Fprintln(c.out, err)
			return dir, nil, nil
		case err != nil && c.several:
			failed = append(failed, fmt.Errorf("%s: %w", a.Name, err))
		case err != nil:
			return dir, nil, err
		default:
			found = append(found, r)
		}
	}
	if err := l.WriteArchitectures(ctx); err != nil {
		failed = append(failed, err)
	}
	return dir, found, errors.Join(failed...)
}

// needs says what a study lacks for the questions of the command line.
func (c *command) needs(l *lab.Lab) error {
	for _, a := range c.analyses {
		if a.Needs == nil {
			continue
		}
		err := a.Needs(l)
		if err != nil && c.several {
			err = fmt.Errorf("%s: %w; -only leaves %s out", a.Name, err, a.Name)
		}
		if err != nil {
			return err
		}
	}
	return l.Room(c.scorings(l)...)
}

// plan announces what the analyses will need.
func (c *command) plan(l *lab.Lab) error { return l.Plan(c.scorings(l)...) }

// scorings are the scores that the analyses will ask for, as far as that is known.
func (c *command) scorings(l *lab.Lab) (scorings []lab.Scoring) {
	for _, a := range c.analyses {
		if a.Tables == nil && a.Scorings == nil {
			continue // it looks at no supernet
		}
		for _, v := range l.Seeds() {
			scorings = append(scorings, lab.Scoring{Variant: v})
		}
		if a.Scorings != nil {
			scorings = append(scorings, a.Scorings(l)...)
		}
	}
	return scorings
}

// answer asks the question of an open study.
func (a *Analysis) answer(ctx context.Context, l *lab.Lab) (*report.Result, error) {
	study := a.Study
	if study == nil {
		study = a.fromTables
	}
	answer, err := study(ctx, l)
	if err != nil {
		return nil, err
	}
	return lab.UnlessStopped(ctx, answer)
}

// fromTables is the study of an analysis to which the tables of a study's own supernets are enough.
func (a *Analysis) fromTables(ctx context.Context, l *lab.Lab) (answer func() (*report.Result, error), err error) {
	e, err := l.Evidence(ctx)
	if err != nil {
		return nil, err
	}
	return func() (*report.Result, error) { return a.Tables(e) }, nil
}

// publish writes a result to a study and prints it. It returns what can be read there: numbers with the digits that files have, so that
// what is made of several results is the same whether they are found now or were before.
func (c *command) publish(r *report.Result, dir string, print func(*report.Result, io.Writer) error) (*report.Result, error) {
	p := lab.ThisProgram()
	r.Origin = map[string]string{"module": p.Module, "revision": p.Revision, "go": p.Go, "machine": p.Machine, "time": time.Now().UTC().Format(time.RFC3339)}
	r.Figures = slices.DeleteFunc(r.Figures, func(f figure.Figure) bool {
		lines, ok := f.(*figure.Lines)
		return ok && lines.Empty() // of statistics that are undefined, as for architectures that are all equally good
	})
	note, path := filepath.Join(dir, r.Analysis, answeredName), filepath.Join(dir, r.Analysis, report.ResultName)
	if old, err := report.Read(path); err == nil && sameAnswer(old, r) {
		r.Origin = old.Origin // a result that is only found again stays as it was
	}
	if err := study.Remove(note); err != nil { // before anything that it is about changes
		return nil, err
	}
	if err := r.Write(dir); err != nil {
		return nil, err
	}
	_ = print(r, c.out) // errors are kept
	return report.Read(path)
}

// sameAnswer says whether two results differ in nothing but where they come from.
func sameAnswer(a, b *report.Result) bool {
	x, y := *a, *b
	x.Origin, y.Origin = nil, nil
	p, err := json.Marshal(&x)
	q, other := json.Marshal(&y)
	return err == nil && other == nil && bytes.Equal(p, q)
}

// written says where everything is, also if that could not be printed.
func (c *command) written(dir string) error {
	if _, err := fmt.Fprintf(c.out, "\nwritten to %s: tables, figures, report.html\n", dir); err != nil {
		return fmt.Errorf("printing: %w; all of it is in %s", err, dir)
	}
	return nil
}

// reprint prints what an earlier run has found.
func (c *command) reprint(dir string, r *report.Result) error {
	fmt.Fprintf(c.out, "study    %s, finished %s\n\n", dir, r.Origin["time"])
	text, err := files.Read(filepath.Join(dir, r.Analysis, "result.txt"))
	if err != nil {
		return err
	}
	c.out.Write(text)
	return c.written(dir)
}
