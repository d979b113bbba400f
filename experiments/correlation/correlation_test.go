package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
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
		"-images", "320", "-score-images", "100", "-truth-images", "100", "-checkpoint", "20ms"}, more...)
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

const archA, archB, archC = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|", "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|",
	"|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"

// Tables are joined by architecture whatever their order and notation, and what does not join is reported.
func TestJoin(t *testing.T) {
	write := func(name, text string) string {
		p := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return p
	}
	truth := write("truth.csv", "architecture,accuracy\n"+archA+",1\n"+archB+",3\n"+archC+",2\n")
	scores := write("scores.csv", "score,architecture\n7,"+archC+"\n9,"+archB+"\n8,14\n")
	a, err := readTable(scores, "")
	if err != nil {
		t.Fatal(err)
	}
	b, err := readTable(truth, "")
	if err != nil {
		t.Fatal(err)
	}
	if x, y := join(a, b); !slices.Equal(x, []float64{7, 9}) || !slices.Equal(y, []float64{2, 3}) {
		t.Errorf("joined %v and %v", x, y)
	}
	if m := missing(a, b); !strings.HasPrefix(m, "1 not in") {
		t.Errorf("missing: %s", m)
	}
	for what, text := range map[string]string{
		"twice, in two notations": fmt.Sprintf("architecture,accuracy\n%s,1\n%d,2\n", archA, b.archs[0].Index()),
		"bad architecture":        "architecture,accuracy\nx,1\n",
	} {
		p := write("bad.csv", text)
		if _, err := readTable(p, ""); err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("%s: error %v", what, err)
		}
	}
}

func TestBadFlags(t *testing.T) {
	for _, args := range [][]string{{"-recipe", "huge"}, {"-epochs", "0"}, {"-archs", "-3"}, {"-bn", "none"}, {"-space", "darts"}, {"extra"}, {"-scores", "x.csv"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
}
