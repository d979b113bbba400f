package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/oneshot-nas/oneshot/supernet"
)

// TestMain lets the test binary be the command itself, so that tests can kill it.
func TestMain(m *testing.M) {
	if os.Getenv("CORRELATION_COMMAND") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// quick is a run of a second or two.
func quick(dir string, more ...string) []string {
	return append([]string{"-study", dir, "-quiet", "-channels", "4", "-archs", "4", "-epochs", "3", "-alone-epochs", "2",
		"-train-count", "320", "-score-count", "100", "-truth-count", "100", "-checkpoint", "20ms"}, more...)
}

func child(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "CORRELATION_COMMAND=1")
	return cmd
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// However often it is killed, a run ends with the same weights, scores, truth and results as one that is left alone.
func TestKilledAndResumed(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole")
	if err := command(context.Background(), quick(whole), new(bytes.Buffer)); err != nil {
		t.Fatal(err)
	}
	for what, signal := range map[string]os.Signal{"kill -9": os.Kill, "Ctrl-C": os.Interrupt} {
		t.Run(what, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "part")
			stopped := 0
			for life := 100 * time.Millisecond; ; life += 60 * time.Millisecond {
				cmd := child(quick(dir)...)
				var out bytes.Buffer
				cmd.Stdout, cmd.Stderr = &out, &out
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				timer := time.AfterFunc(life, func() { cmd.Process.Signal(signal) })
				err := cmd.Wait()
				timer.Stop()
				if err == nil {
					break
				}
				status := cmd.ProcessState.Sys().(syscall.WaitStatus)
				if !status.Signaled() && status.ExitStatus() != 130 {
					t.Fatalf("it failed by itself: %v\n%s", err, out.String())
				}
				stopped++
			}
			if stopped == 0 {
				t.Error("it was never stopped; the test shows nothing")
			}
			t.Logf("stopped %d times", stopped)
			for _, pattern := range []string{"*.tmp", ".*.tmp"} {
				if left, _ := filepath.Glob(filepath.Join(dir, pattern)); left != nil {
					t.Errorf("temporary files are left: %v", left)
				}
			}
			for _, f := range []string{"supernet.safetensors", "scores.csv", "truth.csv", "results.json", "scatter.svg"} {
				if !bytes.Equal(read(t, filepath.Join(whole, f)), read(t, filepath.Join(dir, f))) {
					t.Errorf("%s differs from that of the run that was left alone", f)
				}
			}
		})
	}
}

func TestAnotherConfigurationIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "study")
	if err := command(context.Background(), quick(dir), new(bytes.Buffer)); err != nil {
		t.Fatal(err)
	}
	err := command(context.Background(), quick(dir, "-lr", "0.3", "-seed", "9"), new(bytes.Buffer))
	if err == nil || !strings.Contains(err.Error(), "train.lr") || !strings.Contains(err.Error(), "seed") {
		t.Fatalf("error %v, want the differing fields named", err)
	}
	// The same configuration again: everything is there already, and nothing changes.
	before := read(t, filepath.Join(dir, "results.json"))
	if err := command(context.Background(), quick(dir), new(bytes.Buffer)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, read(t, filepath.Join(dir, "results.json"))) {
		t.Error("results.json changed")
	}
	var r map[string]any
	if err := json.Unmarshal(before, &r); err != nil || r["agreement"] == nil || r["config"] == nil {
		t.Errorf("results.json: %v, %v", r, err)
	}
}

// All spaces side by side, with and without a named folder; a second run finds everything.
func TestAllSpaces(t *testing.T) {
	t.Chdir(t.TempDir())
	size := []string{"-space", "all", "-quiet", "-channels", "4", "-cells", "1", "-image", "16", "-hidden", "8", "-width", "0.1", "-depth", "1", "-batch", "16",
		"-archs", "4", "-epochs", "1", "-alone-epochs", "1", "-train-count", "160", "-score-count", "64", "-truth-count", "64"}
	for _, tc := range []struct {
		folder string
		args   []string
	}{{filepath.Join("study", "all-tiny-1"), size}, {"named", append([]string{"-study", "named"}, size...)}} {
		var first, second bytes.Buffer
		for _, out := range []*bytes.Buffer{&first, &second} {
			if err := command(context.Background(), tc.args, out); err != nil {
				t.Fatal(err)
			}
		}
		if first.String() != second.String() {
			t.Errorf("%s: the second run prints other results", tc.folder)
		}
		table := string(read(t, filepath.Join(tc.folder, "spaces.csv")))
		for _, space := range []string{"darts", "dartsptb", "nasbench101", "nasbench201", "nasbenchmacro", "proxylessnas"} {
			if !strings.Contains(table, "\n"+space+",tiny,supernet,4,") || !bytes.Contains(read(t, filepath.Join(tc.folder, "spaces.svg")), []byte(">"+space+"<")) {
				t.Errorf("%s is not in table and figure:\n%s", space, table)
			}
			read(t, filepath.Join(tc.folder, space, "results.json"))
		}
	}
	if err := command(context.Background(), append(size, "-sampler", "fair"), new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "nasbench101") {
		t.Errorf("fair sampling in all spaces: error %v, want one that names the space without it", err)
	}
}

// The published one-shot supernet against the published truth.
func TestPublishedTables(t *testing.T) {
	data := os.Getenv("ONESHOT_DATA")
	scores, truth := filepath.Join(data, "truth", "nb201-oneshot.csv"), filepath.Join(data, "truth", "nb201-cifar10.csv")
	if _, err := os.Stat(scores); data == "" || err != nil {
		t.Skip("no truth/nb201-oneshot.csv: set ONESHOT_DATA to the folder with the data")
	}
	for _, tc := range []struct {
		args []string
		want []string
	}{
		{nil, []string{"15625 architectures", "0.4849", "0.6771", "0.102", "0.000"}},
		{[]string{"-connected"}, []string{"15284 architectures", "0.4661", "0.6566", "0.090", "0.000"}},
	} {
		var out bytes.Buffer
		if err := command(context.Background(), append([]string{"-scores", scores, "-truth", truth}, tc.args...), &out); err != nil {
			t.Fatal(err)
		}
		for _, w := range tc.want {
			if !strings.Contains(out.String(), w) {
				t.Errorf("%v: no %q in\n%s", tc.args, w, out.String())
			}
		}
	}
}

func TestBadFlags(t *testing.T) {
	for _, args := range [][]string{{"-recipe", "huge"}, {"-epochs", "0"}, {"-archs", "-3"}, {"-bn", "nothing"}, {"-space", "chess"}, {"extra"}, {"-scores", "x.csv"},
		{"-sampler", "best"}, {"-variant", "full"}, {"-keep", "edge"}, {"-keep", "9_9=none"}, {"-space", "all", "-data", "x"}, {"-truth-again", "x.csv"}, {"-truth-column", "x"}, {"-score-column", "x"}, {"-connected"},
		{"-space", "nasbench101", "-channels", "3"}} {
		if err := command(context.Background(), append(quick(filepath.Join(t.TempDir(), "study")), args...), new(bytes.Buffer)); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
}

// A rate at which training diverges ends with an error that says where, and publishes nothing.
func TestDivergence(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "study")
	var out bytes.Buffer
	err := command(context.Background(), quick(dir, "-lr", "1e30"), &out)
	var diverged *supernet.DivergedError
	if !errors.As(err, &diverged) || !strings.Contains(err.Error(), "learning rate") {
		t.Fatalf("error %v, want one about divergence\n%s", err, out.String())
	}
	for _, f := range []string{"results.json", "scatter.svg"} {
		if _, err := os.Stat(filepath.Join(dir, f)); err == nil {
			t.Errorf("%s was written", f)
		}
	}
}
