package analysis

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/oneshot-nas/oneshot/experiments/cluster"
	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/study"
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
	own, err := ownFolder(w.Dir)
	if err != nil {
		return err
	}
	w.Dir = own.Path(".")
	o.Program, o.Log = lab.MyProgram(), os.Stderr
	if w.Quiet {
		o.Log = io.Discard
	}
	err = cluster.Work(ctx, o, &w)
	return errors.Join(err, w.Close(), own.Close(), os.RemoveAll(filepath.Clean(w.Dir)))
}

const ownFolders = "oneshot-worker-"

// ownFolder makes a folder that is this worker's alone, as several may be told the same, and that is locked while it lives: those in the same place
// that nobody holds are of workers that were killed, and are removed.
func ownFolder(in string) (*study.Study, error) {
	if in == "" {
		in = os.TempDir()
	}
	type config struct{} // the folder of a worker says nothing
	entries, err := os.ReadDir(in)
	if err != nil {
		return nil, err
	}
	const young = time.Minute // it may just be about to be locked
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !e.IsDir() || !strings.HasPrefix(e.Name(), ownFolders) || time.Since(info.ModTime()) < young {
			continue
		}
		left := filepath.Join(in, e.Name())
		if s, err := study.Open(left, config{}); err == nil {
			_ = errors.Join(s.Close(), os.RemoveAll(left)) // another user's stays
		}
	}
	dir, err := os.MkdirTemp(in, ownFolders)
	if err != nil {
		return nil, err
	}
	return study.Open(dir, config{})
}

// WorkerMain is the main function of the command worker.
func WorkerMain() {
	Exit("worker", func(ctx context.Context) error { return RunWorker(ctx, "worker", os.Args[1:], os.Stdout) })
}
