package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/oneshot-nas/oneshot/supernet"
)

// options is what the command line says.
type options struct {
	config      config
	study       string
	data        string
	scores      string
	truth       string
	scoreColumn string
	truthColumn string
	connected   bool
	quiet       bool
	checkpoint  time.Duration
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
	o, err := parse(args)
	if err != nil {
		return err
	}
	if o.scores != "" {
		return compare(out, o)
	}
	return run(ctx, out, o)
}

// parse reads the flags: a recipe, and what overrides it.
func parse(args []string) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("correlation", flag.ContinueOnError)
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "usage: correlation [flags]                       train a supernet and compare its ranking with the truth")
		fmt.Fprintln(f.Output(), "       correlation -scores FILE -truth FILE      compare two tables")
		f.PrintDefaults()
	}
	space := f.String("space", "nasbench201", "search space; nasbench201 is the one there is")
	name := f.String("recipe", "tiny", "tiny (minutes), small (hours) or paper (the published protocol)")
	f.StringVar(&o.data, "data", "", "folder with CIFAR-10's or CIFAR-100's binary files, or with pictures in train/CLASS and test/CLASS (default: generated images)")
	f.StringVar(&o.truth, "truth", "", "CSV table of true accuracies, plain or .gz (default: train the architectures alone)")
	f.StringVar(&o.scores, "scores", "", "CSV table of scores: only compare it with -truth")
	f.StringVar(&o.scoreColumn, "score-column", "", "column of -scores (default: found by name)")
	f.StringVar(&o.truthColumn, "truth-column", "", "column of -truth (default: found by name)")
	f.BoolVar(&o.connected, "connected", false, "with -scores: only architectures whose output depends on the input")
	f.StringVar(&o.study, "study", "", "study directory (default: study/correlation-RECIPE-HASH, a hash of the configuration)")
	f.BoolVar(&o.quiet, "quiet", false, "no progress on standard error")
	f.DurationVar(&o.checkpoint, "checkpoint", time.Minute, "time between checkpoints")
	seed := f.Uint64("seed", 1, "of everything random")
	epochs := f.Int("epochs", 0, "of the supernet")
	aloneEpochs := f.Int("alone-epochs", 0, "of each stand-alone training")
	archs := f.Int("archs", 0, "architectures to score")
	channels := f.Int("channels", 0, "C of the first stage")
	cells := f.Int("cells", 0, "N per stage")
	batch := f.Int("batch", 0, "images per training step")
	lr := f.Float64("lr", 0, "learning rate at the start")
	bn := f.String("bn", "", "batch-norm statistics of the evaluation: recalibrate, batch or running")
	images := f.Int("images", 0, "training images to use")
	scoreImages := f.Int("score-images", 0, "images to score architectures on")
	truthImages := f.Int("truth-images", 0, "generated images to find the truth on")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q; see -help", f.Arg(0))
	}
	if *space != "nasbench201" {
		return nil, fmt.Errorf("-space %s: want nasbench201", *space)
	}
	if o.scores != "" && o.truth == "" {
		return nil, errors.New("-scores needs -truth, the table to compare it with")
	}
	c, err := recipe(*name)
	if err != nil {
		return nil, err
	}
	c.Seed = *seed
	var bad error
	positive := func(flag string, v int, to ...*int) {
		if v < 1 {
			bad = fmt.Errorf("-%s %d: want at least 1", flag, v)
		}
		for _, p := range to {
			*p = v
		}
	}
	f.Visit(func(fl *flag.Flag) {
		switch fl.Name {
		case "epochs":
			positive(fl.Name, *epochs, &c.Train.Epochs)
		case "alone-epochs":
			positive(fl.Name, *aloneEpochs, &c.Alone.Epochs)
		case "archs":
			positive(fl.Name, *archs, &c.Archs)
		case "channels":
			positive(fl.Name, *channels, &c.Channels)
		case "cells":
			positive(fl.Name, *cells, &c.Cells)
		case "batch":
			positive(fl.Name, *batch, &c.Train.Batch, &c.Alone.Batch)
		case "images":
			positive(fl.Name, *images, &c.TrainCount)
		case "score-images":
			positive(fl.Name, *scoreImages, &c.ScoreCount)
		case "truth-images":
			positive(fl.Name, *truthImages, &c.TruthCount)
		case "lr":
			c.Train.LR, c.Train.LRMin, c.Alone.LR = *lr, *lr*c.Train.LRMin/c.Train.LR, *lr
		case "bn":
			var policy supernet.BNPolicy
			if policy, bad = supernet.ParseBNPolicy(*bn); bad == nil {
				c.Eval.BN = policy
			}
		}
	})
	if bad != nil {
		return nil, bad
	}
	c.Train.Seed, c.Alone.Seed, c.Eval.Seed = c.Seed, c.Seed+1, c.Seed
	o.config = c
	return o, nil
}
