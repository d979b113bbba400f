package analysis

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/oneshot-nas/oneshot/experiments/study"
)

// TestMain lets the test binary be a command itself, so that tests can kill it.
func TestMain(m *testing.M) {
	if name := os.Getenv("ANALYSIS_COMMAND"); name != "" {
		Main(name)
		return
	}
	os.Exit(m.Run())
}

// quick are the flags of a study whose supernets take a fraction of a second.
func quick(dir string, more ...string) []string {
	return append([]string{"-study", dir, "-quiet", "-channels", "4", "-image", "8", "-archs", "8", "-epochs", "2", "-alone-epochs", "2", "-batch", "16",
		"-train-count", "128", "-score-count", "32", "-truth-count", "32", "-checkpoint", "10ms"}, more...)
}

func child(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	// One thread, whatever the parent has: results do not depend on that.
	cmd.Env = append(os.Environ(), "ANALYSIS_COMMAND="+name, "GOMAXPROCS=1")
	return cmd
}

// contents are the files of a folder by their names, but for what says when and where they were made.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		if err != nil || entry.IsDir() || name == ".lock" || name == "run.json" || name == "report.html" || name == answeredName || strings.HasSuffix(name, ".previous.safetensors") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if name == "result.json" {
			var fields map[string]any
			if err := json.Unmarshal(b, &fields); err != nil {
				return err
			}
			delete(fields, "origin")
			delete(fields, study.ChecksumField) // which is over that too
			if b, err = json.Marshal(fields); err != nil {
				return err
			}
		}
		in, err := filepath.Rel(dir, path)
		files[in] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// However often it is killed, each analysis ends with the same weights, scores, truth, tables and figures as one that is left alone; and
// run again, it finds everything and says the same.
func TestKilledAndResumed(t *testing.T) {
	whole, part := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "part")
	rng := rand.New(rand.NewPCG(1, 1))
	for i, a := range ordered() {
		t.Run(a.Name, func(t *testing.T) {
			var first, again bytes.Buffer
			begin := time.Now()
			if err := Run(context.Background(), a.Name, quick(whole), &first); err != nil {
				t.Fatal(err)
			}
			took := time.Since(begin)
			before := filepath.Join(t.TempDir(), "before")
			if err := os.CopyFS(before, os.DirFS(part)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			// kill -9, or what is handled as Ctrl-C is, which background jobs of shells ignore.
			signal := []os.Signal{os.Kill, syscall.SIGTERM}[i%2]
			stopped := 0
			// A few lives are enough, on a busy machine too: the first is a small part of what the whole took, and they grow by a factor. Who has come
			// to the end in the first, as it was this process that had to wait for its turn, begins again.
			for life := took / 8; ; life += time.Duration(rng.Int64N(int64(2 * life))) {
				cmd := child(a.Name, quick(part)...)
				var out bytes.Buffer
				cmd.Stdout, cmd.Stderr = &out, &out
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				timer := time.AfterFunc(life, func() { cmd.Process.Signal(signal) })
				err := cmd.Wait()
				timer.Stop()
				if err == nil && stopped == 0 {
					life /= 4
					if err := errors.Join(os.RemoveAll(part), os.CopyFS(part, os.DirFS(before))); err != nil {
						t.Fatal(err)
					}
					continue
				}
				if err == nil {
					break
				}
				status := cmd.ProcessState.Sys().(syscall.WaitStatus)
				if !status.Signaled() && status.ExitStatus() != 130 {
					t.Fatalf("it failed by itself: %v\n%s", err, out.String())
				}
				stopped++
			}
			t.Logf("%v: stopped %d times", signal, stopped)
			want, got := contents(t, whole), contents(t, part)
			for _, name := range slices.Sorted(maps.Keys(want)) {
				if got[name] != want[name] {
					t.Errorf("%s differs from that of the run that was left alone", name)
				}
			}
			for name := range got {
				if _, ok := want[name]; !ok {
					t.Errorf("%s is left", name)
				}
			}
			for _, how := range []string{"from the study's tables", "as it was printed"} {
				if how == "from the study's tables" {
					if err := os.Remove(filepath.Join(whole, a.Name, answeredName)); err != nil {
						t.Fatal(err)
					}
				}
				again.Reset()
				if err := Run(context.Background(), a.Name, quick(whole), &again); err != nil {
					t.Fatal(err)
				}
				if a, b := answerOf(first.String()), answerOf(again.String()); a != b {
					t.Errorf("run again, %s, it says\n%s\nwhere it said\n%s", how, b, a)
				}
			}
			if !maps.Equal(want, contents(t, whole)) {
				t.Error("run again it changed files of the study")
			}
		})
	}
}

// answerOf is what a command prints below its description of the study.
func answerOf(output string) string {
	_, answer, _ := strings.Cut(output, "\n\n")
	return answer
}

// A finished analysis trains nothing, and reprints what it found quickly.
func BenchmarkReprint(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "study")
	for _, a := range ordered() {
		if err := Run(context.Background(), a.Name, quick(dir), io.Discard); err != nil {
			b.Fatal(err)
		}
		b.Run(a.Name, func(b *testing.B) {
			for b.Loop() {
				if err := Run(context.Background(), a.Name, quick(dir), io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
