package analysis

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/oneshot-nas/oneshot/experiments/cluster"
	"github.com/oneshot-nas/oneshot/experiments/lab"
)

const workerHelp = `usage: %s -connect URL [flags]
Do pieces of the studies that commands with -serve hand out: trainings of networks alone and of supernets, scores, proxies. It ends when there
are none left. Ctrl-C gives back the piece at hand, with a checkpoint from which another worker goes on.

`

// RunWorker does pieces of the studies of others, as the arguments say.
func RunWorker(ctx context.Context, name string, args []string, out io.Writer) (err error) {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	var o cluster.WorkOptions
	var w lab.Worker
	o.Connection.AddFlags(f)
	f.StringVar(&o.Session, "session", "", "`NAME` of the session to work for (default: any that there is)")
	f.StringVar(&w.Data, "data", "", "`FOLDER` with the data, where they are not generated; they must be the study's to the bit")
	f.StringVar(&w.Dir, "dir", "", "`FOLDER` for the worker's own files, which are removed in the end (default: a temporary one)")
	f.DurationVar(&w.Checkpoint, "checkpoint", time.Minute, "`TIME` between checkpoints")
	f.DurationVar(&o.Wait, "wait", 10*time.Minute, "`TIME` to wait for a server that is away, or for work where there has been none")
	f.BoolVar(&w.Quiet, "quiet", false, "no progress on standard error")
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(out, workerHelp, name)
		f.SetOutput(out)
		f.PrintDefaults()
		return err
	case err != nil:
		return fmt.Errorf("%w; %s -h lists the flags", err, name)
	case f.NArg() > 0:
		return fmt.Errorf("unexpected argument %q; %s -h lists the flags", f.Arg(0), name)
	case o.URL == "":
		return errors.New("-connect is missing: the URL that a command with -serve prints, nats://HOST:4222")
	}
	if err := o.Check(); err != nil {
		return err
	}
	if w.Dir != "" {
		if err := os.MkdirAll(w.Dir, 0o777); err != nil {
			return fmt.Errorf("-dir: %w", err)
		}
	}
	// A folder of its own in any case: several workers may be told the same.
	if w.Dir, err = os.MkdirTemp(w.Dir, "oneshot-worker-"); err != nil {
		return err
	}
	o.Program, o.Log = lab.MyProgram(), os.Stderr
	if w.Quiet {
		o.Log = io.Discard
	}
	err = cluster.Work(ctx, o, &w)
	return errors.Join(err, w.Close(), os.RemoveAll(filepath.Clean(w.Dir)))
}

// WorkerMain is the main function of the command worker.
func WorkerMain() {
	Exit("worker", func(ctx context.Context) error { return RunWorker(ctx, "worker", os.Args[1:], os.Stdout) })
}
