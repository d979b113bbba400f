//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package analysis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// long are the flags of a study that trains until it is stopped.
func long(dir string) []string { return quick(dir, "-epochs", "100000", "-checkpoint", "1h") }

// untilItTrains waits for a supernet to be trained in a study, that is for the first row of its curve, or the test's time runs out.
func untilItTrains(dir string) {
	for ; ; time.Sleep(10 * time.Millisecond) {
		if curves, _ := filepath.Glob(filepath.Join(dir, "supernets", "*", "curve.csv")); curves != nil {
			if curve, _ := os.ReadFile(curves[0]); bytes.Count(curve, []byte("\n")) > 1 {
				return
			}
		}
	}
}

// A terminal that is closed stops a study as Ctrl-C does: with a checkpoint.
func TestHangUp(t *testing.T) {
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("hanging up is ignored here, as under nohup")
	}
	dir := filepath.Join(t.TempDir(), "study")
	var out bytes.Buffer
	cmd := child("correlation", long(dir)...)
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	untilItTrains(dir)
	cmd.Process.Signal(syscall.SIGHUP)
	cmd.Wait()
	if status := cmd.ProcessState.ExitCode(); status != 130 || !strings.Contains(out.String(), "the same command goes on from here") {
		t.Errorf("status %d: %s", status, out.String())
	}
	if saved, _ := filepath.Glob(filepath.Join(dir, "supernets", "*", "supernet.safetensors")); len(saved) != 1 {
		t.Errorf("checkpoints %q, want one", saved)
	}
}

// Where the checkpoint of a stop cannot be written, for whatever reason, it is an error and not a stop.
func TestStopThatLosesTheTraining(t *testing.T) {
	for what, tc := range map[string]struct {
		hinder func(t *testing.T, dir string)
		env    string
		want   string
	}{
		"the directory was removed": {func(t *testing.T, dir string) {
			away := dir + " that was" // at once: where only its lock is gone, the command makes it again
			if err := errors.Join(os.Rename(dir, away), os.RemoveAll(away)); err != nil {
				t.Fatal(err)
			}
		}, "", "was removed while it was in use"},
		"the disk is full": {func(*testing.T, string) {}, fullEnv + "=5000", syscall.EFBIG.Error()},
	} {
		t.Run(what, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "study")
			var out bytes.Buffer
			cmd := child("correlation", long(dir)...)
			cmd.Env = append(cmd.Env, tc.env)
			cmd.Stderr = &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			untilItTrains(dir)
			tc.hinder(t, dir)
			cmd.Process.Signal(syscall.SIGTERM)
			cmd.Wait()
			status, said := cmd.ProcessState.ExitCode(), out.String()
			if status != 1 || !strings.Contains(said, tc.want) || !strings.Contains(said, "what was trained since the last checkpoint is lost") || strings.Contains(said, "goes on from here") {
				t.Errorf("status %d: %s", status, said)
			}
		})
	}
}

// A stop is only a stop if nothing else went wrong.
func TestStopped(t *testing.T) {
	other := errors.New("disk full")
	for _, tc := range []struct {
		err  error
		want bool
	}{
		{context.Canceled, true},
		{fmt.Errorf("correlation: %w", errors.Join(context.Canceled, nil)), true},
		{errors.Join(context.Canceled, other), false},
		{fmt.Errorf("correlation: %w", errors.Join(other, context.Canceled)), false},
		{other, false},
	} {
		if got := stopped(tc.err); got != tc.want {
			t.Errorf("%v: %v", tc.err, got)
		}
	}
}
