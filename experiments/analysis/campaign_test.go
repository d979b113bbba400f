//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package analysis

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneshot-nas/oneshot/experiments/report"
)

// The campaign tries to lose or to change a result, in ways that chance chooses:
//
//	go test ./experiments/analysis -run Campaign -v -timeout 0 -campaign 200
//
// ends processes 200 times at random moments of all analyses, damages 500 files of studies that are finished or half done, and lets the disk
// be full 200 times, at any write. Whatever happens, the end must be the study of one that was left alone, or an error that names the file.
var (
	campaign     = flag.Int("campaign", 0, "`N`: end N processes, damage 2.5 N files, fill N disks (0: not at all)")
	campaignSeed = flag.Uint64("campaign-seed", 1, "of the campaign's random numbers")
)

// fullEnv limits the size of all files that a command writes, in bytes, which fails in the middle of a write as a full disk does.
const fullEnv = "ANALYSIS_LARGEST_FILE"

func init() {
	limit, err := strconv.ParseUint(os.Getenv(fullEnv), 10, 64)
	if err != nil { // as it is in all other processes
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	var l unix.Rlimit
	err = unix.Getrlimit(unix.RLIMIT_FSIZE, &l)
	l.Cur = limit
	if err = errors.Join(err, unix.Setrlimit(unix.RLIMIT_FSIZE, &l)); err != nil {
		panic(err)
	}
}

// end is how a command ended.
type end struct {
	out    string
	status syscall.WaitStatus
	took   time.Duration
}

// live runs a command, and sends it a signal after a while if it is not nil.
func live(t *testing.T, cmd *exec.Cmd, after time.Duration, sig os.Signal) end {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if sig != nil {
		defer time.AfterFunc(after, func() { cmd.Process.Signal(sig) }).Stop()
	}
	err := cmd.Wait()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return end{out.String(), cmd.ProcessState.Sys().(syscall.WaitStatus), time.Since(begin)}
}

// expedition is what the parts of the campaign share.
type expedition struct {
	*testing.T
	rng    *rand.Rand
	temp   string                   // a folder for all parts
	whole  string                   // a study that was left alone
	want   map[string]string        // its files
	took   map[string]time.Duration // by analysis
	halves []string                 // copies of studies whose processes were killed
}

// same compares a finished study with the one that was left alone, but for some files. The order of rows means nothing in tables of a study.
func (e *expedition) same(what, dir string, but ...string) {
	e.Helper()
	got := contents(e.T, dir)
	for _, name := range slices.Sorted(maps.Keys(e.want)) {
		if !slices.Contains(but, name) && got[name] != e.want[name] && (filepath.Ext(name) != ".csv" || !slices.Equal(sortedLines(got[name]), sortedLines(e.want[name]))) {
			e.Errorf("%s: %s differs from that of the study that was left alone", what, name)
		}
	}
	for name := range got {
		if _, ok := e.want[name]; !ok {
			e.Errorf("%s: %s is left", what, name)
		}
	}
	if !report.Built(dir) {
		e.Errorf("%s: the page is not as it was written", what)
	}
}

func sortedLines(text string) []string { return slices.Sorted(strings.SplitAfterSeq(text, "\n")) }

func (e *expedition) copyOf(dir string) string {
	to, err := os.MkdirTemp(e.temp, "")
	if err == nil {
		to = filepath.Join(to, "study")
		err = os.CopyFS(to, os.DirFS(dir))
	}
	if err != nil {
		e.Fatal(err)
	}
	return to
}

// rows are the complete lines of all tables of a study itself, which must never become fewer.
func rows(t *testing.T, dir string) map[string]string {
	tables := make(map[string]string)
	names, err := fs.Glob(os.DirFS(dir), "*.csv")
	deeper, err2 := fs.Glob(os.DirFS(dir), "supernets/*/*.csv")
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, deeper...) {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		tables[name] = string(b[:bytes.LastIndexByte(b, '\n')+1])
	}
	return tables
}

func TestCampaign(t *testing.T) {
	n := *campaign
	if n == 0 {
		t.Skip("-campaign N ends N processes, damages 2.5 N files and fills N disks")
	}
	e := &expedition{T: t, rng: rand.New(rand.NewPCG(*campaignSeed, 0)), temp: t.TempDir(), took: make(map[string]time.Duration)}
	e.whole = filepath.Join(e.temp, "study")
	for _, a := range ordered() {
		r := live(t, child(a.Name, quick(e.whole)...), 0, nil)
		if r.status.ExitStatus() != 0 {
			t.Fatalf("%s: %s", a.Name, r.out)
		}
		e.took[a.Name] = r.took
	}
	e.want = contents(t, e.whole)
	t.Run("kills", func(t *testing.T) { part := *e; part.T = t; part.kills(n); e.halves = part.halves })
	t.Run("full disks", func(t *testing.T) { part := *e; part.T = t; part.fullDisks(n) })
	t.Run("damage", func(t *testing.T) { part := *e; part.T = t; part.damage(n * 5 / 2) })
}

// kills ends n processes, in as many studies as that takes.
func (e *expedition) kills(n int) {
	signals := []syscall.Signal{syscall.SIGKILL, syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP}
	killed, studies, by := 0, 0, make(map[syscall.Signal]int)
	for ; killed < n; studies++ {
		dir := filepath.Join(e.TempDir(), "study")
		for _, a := range ordered() {
			// Lives grow, so that each analysis ends some time; the first are too short for most.
			for life := e.took[a.Name] / 6; ; life += life / 8 {
				sig := signals[e.rng.IntN(len(signals))]
				var before map[string]string
				if _, err := os.Stat(dir); err == nil {
					before = rows(e.T, dir)
				}
				r := live(e.T, child(a.Name, quick(dir)...), time.Duration(e.rng.Int64N(int64(2*life))), sig)
				if _, err := os.Stat(dir); err == nil {
					now := rows(e.T, dir)
					for name, had := range before {
						if !strings.HasPrefix(now[name], had) {
							e.Errorf("%s, %v: rows of %s are gone", a.Name, sig, name)
						}
					}
				}
				if r.status.Exited() && r.status.ExitStatus() == 0 {
					break
				}
				// Before it has come to handle them, a signal ends the process as any other.
				if !r.status.Signaled() && (r.status.ExitStatus() != 130 || !strings.Contains(r.out, "the same command goes on from here")) {
					e.Fatalf("%s, %v: it failed by itself, with status %d:\n%s", a.Name, sig, r.status.ExitStatus(), r.out)
				}
				if r.status.Signaled() && r.status.Signal() != sig {
					e.Fatalf("%s, %v: it was ended by %v", a.Name, sig, r.status.Signal())
				}
				killed++
				by[sig]++
				if len(e.halves) < 12 && e.rng.IntN(6) == 0 {
					if _, err := os.Stat(filepath.Join(dir, "config.json")); err == nil {
						e.halves = append(e.halves, e.copyOf(dir))
					}
				}
			}
		}
		e.same(fmt.Sprintf("study %d", studies+1), dir)
	}
	e.Logf("%d processes ended in %d studies (%v); nothing lost", killed, studies, by)
}

// fullDisks lets the largest file grow from nothing in n steps, so that each write is cut short by one of them; as root on Linux, where it can
// be had, also the file system.
func (e *expedition) fullDisks(n int) {
	largest := 0
	for _, text := range e.want {
		largest = max(largest, len(text))
	}
	if page, err := os.Stat(filepath.Join(e.whole, "report.html")); err == nil {
		largest = max(largest, int(page.Size()))
	}
	dir, full := filepath.Join(e.TempDir(), "study"), 0
	for _, a := range ordered() {
		limit, factor := 64.0, 1+8.0/float64(max(8, n/len(ordered())))
		for {
			cmd := child(a.Name, quick(dir)...)
			cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", fullEnv, int(limit)))
			r := live(e.T, cmd, 0, nil)
			if r.status.ExitStatus() == 0 {
				break
			}
			if !strings.Contains(r.out, syscall.EFBIG.Error()) {
				e.Fatalf("%s, files of at most %d bytes: %s", a.Name, int(limit), r.out)
			}
			full++
			if limit *= factor; int(limit) > 2*largest {
				e.Fatalf("%s: files of %d bytes are not enough: %s", a.Name, int(limit), r.out)
			}
		}
	}
	e.same("files of limited size", dir)
	e.Logf("%d commands found files full; nothing lost", full)

	mount := e.TempDir()
	size := func(kib int, more string) error {
		return exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("%ssize=%dk", more, kib), "tmpfs", mount).Run()
	}
	if err := size(64, ""); err != nil {
		e.Logf("no file system of limited size (%v): files were enough", err)
		return
	}
	defer exec.Command("umount", "-l", mount).Run()
	dir, full = filepath.Join(mount, "study"), 0
	kib := 64
	for _, a := range ordered() {
		for {
			r := live(e.T, child(a.Name, quick(dir)...), 0, nil)
			if r.status.ExitStatus() == 0 {
				break
			}
			if !strings.Contains(r.out, syscall.ENOSPC.Error()) {
				e.Fatalf("%s, %d KiB in all: %s", a.Name, kib, r.out)
			}
			full++
			kib += max(4, 16*200/n)
			if err := size(kib, "remount,"); err != nil {
				e.Fatal(err)
			}
		}
	}
	e.same("a file system of limited size", dir)
	e.Logf("%d commands found the file system full, of up to %d KiB; nothing lost", full, kib)
}

var (
	damagedLine = regexp.MustCompile(`([^ ]+\.csv) is damaged: line (\d+) `)
	namedFile   = regexp.MustCompile(`(/[^ ]+\.(?:json|csv|safetensors))[ :]`)
)

// damage spoils n files of studies that are finished or half done, one at a time, and does what it is told to.
func (e *expedition) damage(n int) {
	hows := []string{"bit", "bit", "bit", "cut", "zeros", "more", "exchanged"}
	repaired, unnoticed := make(map[string]int), make(map[string]int)
	for i := range n {
		from, finished := e.whole, true
		if len(e.halves) > 0 && i%2 == 0 {
			from, finished = e.halves[e.rng.IntN(len(e.halves))], false
		}
		dir := e.copyOf(from)
		if finished && i%4 == 1 { // what has been found is there, and everything behind it is needed again
			scores, _ := filepath.Glob(filepath.Join(dir, "supernets", "*", "scores.csv"))
			notes, _ := filepath.Glob(filepath.Join(dir, "*", answeredName))
			for _, path := range append(scores, notes...) {
				if err := os.Remove(path); err != nil {
					e.Fatal(err)
				}
			}
		}
		kinds := make(map[string][]string)
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && entry.Name() != ".lock" {
				kind := filepath.Ext(path)
				if kind != ".svg" && kind != ".png" {
					kind = entry.Name()
				}
				kinds[kind] = append(kinds[kind], path)
			}
			return err
		})
		if err != nil {
			e.Fatal(err)
		}
		kind := slices.Sorted(maps.Keys(kinds))[e.rng.IntN(len(kinds))]
		path := kinds[kind][e.rng.IntN(len(kinds[kind]))]
		how := hows[e.rng.IntN(len(hows))]
		if !e.spoil(path, how, kinds) {
			continue
		}
		what := fmt.Sprintf("%d: %s of %s (finished %v)", i, how, strings.TrimPrefix(path, dir), finished)
		noticed := false
		for _, a := range ordered() {
			for try := 0; ; try++ {
				var out bytes.Buffer
				err := Run(context.Background(), a.Name, quick(dir), &out)
				if err == nil {
					break
				}
				noticed = true
				if try > 20 || !e.repair(err, dir) {
					e.Fatalf("%s: %s: %v", what, a.Name, err)
				}
			}
		}
		but := []string{"alone.safetensors"} // of whichever was trained last
		if base := filepath.Base(path); !noticed && (filepath.Ext(base) == ".safetensors" || base == "curve.csv") {
			but = append(but, strings.TrimPrefix(path, dir+"/")) // nobody has read it; who does will notice
		}
		e.same(what, dir, but...)
		if noticed {
			repaired[how]++
		} else {
			unnoticed[how]++
		}
		if e.Failed() {
			e.FailNow()
		}
		if err := os.RemoveAll(filepath.Dir(dir)); err != nil {
			e.Fatal(err)
		}
	}
	e.Logf("errors that named the file, and helped: %v; of no consequence, as what is written anew or not needed any more: %v; nothing changed", repaired, unnoticed)
}

// spoil damages a file, if it can be damaged so.
func (e *expedition) spoil(path, how string, kinds map[string][]string) bool {
	b, err := os.ReadFile(path)
	if err != nil {
		e.Fatal(err)
	}
	if len(b) == 0 {
		return false
	}
	at := e.rng.IntN(len(b))
	switch how {
	case "bit":
		b[at] ^= 1 << e.rng.IntN(8)
	case "cut":
		b = b[:at]
	case "zeros":
		clear(b[at:min(len(b), at+512)])
	case "more":
		b = append(b, b[at:]...)
	case "exchanged":
		var others []string
		for _, paths := range kinds {
			for _, p := range paths {
				if filepath.Ext(p) == filepath.Ext(path) && p != path {
					others = append(others, p)
				}
			}
		}
		if others == nil {
			return false
		}
		slices.Sort(others)
		if b, err = os.ReadFile(others[e.rng.IntN(len(others))]); err != nil {
			e.Fatal(err)
		}
	}
	if err := os.WriteFile(path, b, 0o666); err != nil {
		e.Fatal(err)
	}
	return true
}

// repair does what an error asks for: the line or the file that it names is deleted, or the configuration restored.
func (e *expedition) repair(err error, dir string) bool {
	text := err.Error()
	if m := damagedLine.FindStringSubmatch(text); m != nil && m[2] != "1" {
		number, _ := strconv.Atoi(m[2])
		b, err := os.ReadFile(m[1])
		if err != nil {
			e.Fatal(err)
		}
		lines := bytes.SplitAfter(b, []byte("\n"))
		lines[number-1] = nil
		if err := os.WriteFile(m[1], bytes.Join(lines, nil), 0o666); err != nil {
			e.Fatal(err)
		}
		return true
	}
	if strings.Contains(text, "config.json") || strings.Contains(text, "another configuration") {
		b, err := os.ReadFile(filepath.Join(e.whole, "config.json"))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "config.json"), b, 0o666)
		}
		if err != nil {
			e.Fatal(err)
		}
		return true
	}
	m := namedFile.FindStringSubmatch(text)
	if m == nil || !strings.HasPrefix(m[1], dir) {
		return false
	}
	if m[1] == filepath.Join(dir, "truth.csv") { // a header: correct it
		b, err := os.ReadFile(m[1])
		if err != nil {
			e.Fatal(err)
		}
		header, _, _ := strings.Cut(e.want["truth.csv"], "\n")
		_, rest, _ := bytes.Cut(b, []byte("\n"))
		return os.WriteFile(m[1], append([]byte(header+"\n"), rest...), 0o666) == nil
	}
	return os.Remove(m[1]) == nil
}
