//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package study

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// childEnv makes the test binary one of the children below, in the directory that its value names.
const childEnv = "STUDY_TEST_CHILD"

func TestMain(m *testing.M) {
	role, dir, _ := strings.Cut(os.Getenv(childEnv), ":")
	switch role {
	case "append":
		appendForever(dir)
	case "readonly":
		readOnly(dir)
	case "full":
		fillUp(dir)
	default:
		os.Exit(m.Run())
	}
}

func child(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"="+role+":"+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

// appendForever adds numbered rows, and prints each number once Append has returned.
func appendForever(dir string) {
	s, err := Open(dir, published())
	if err != nil {
		fatal(err)
	}
	scores, err := s.Table("scores.csv", columns...)
	if err != nil {
		fatal(err)
	}
	for {
		n := len(scores.Rows())
		if err := scores.Append(strings.Repeat("x", n%3000), strconv.Itoa(n)); err != nil {
			fatal(err)
		}
		if err := s.WriteJSON("results.json", map[string]int{"n": n}); err != nil {
			fatal(err)
		}
		fmt.Println(n)
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func TestKilledProcess(t *testing.T) {
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 1))
	promised := 0 // rows of which an Append has returned
	for range 6 {
		cmd := child(t, "append", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		if !lines.Scan() {
			t.Fatal("the child printed nothing")
		}
		var locked *LockedError
		if _, err := Open(dir, published()); !errors.As(err, &locked) || !strings.Contains(locked.Holder, strconv.Itoa(cmd.Process.Pid)) {
			t.Errorf("while process %d works: error %v, want a LockedError that names it", cmd.Process.Pid, err)
		}
		time.AfterFunc(time.Duration(rng.IntN(60))*time.Millisecond, func() { cmd.Process.Kill() })
		for ok := true; ok; ok = lines.Scan() {
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				break // the child died while it wrote this line
			}
			promised = n + 1
		}
		cmd.Wait()

		s, err := Open(dir, published())
		if err != nil {
			t.Fatalf("after the kill: %v", err)
		}
		rows := table(t, s).Rows()
		if len(rows) < promised {
			t.Errorf("%d rows, but %d were acknowledged", len(rows), promised)
		}
		for n, row := range rows {
			if row[1] != strconv.Itoa(n) || len(row[0]) != n%3000 {
				t.Fatalf("row %d is %.40q", n, row)
			}
		}
		s.Close()
	}
}

// fillUp appends under a limit on the size of files, which fails in the middle of a row as a full disk does.
func fillUp(dir string) {
	signal.Ignore(syscall.SIGXFSZ)
	s, err := Open(dir, published())
	if err != nil {
		fatal(err)
	}
	scores, err := s.Table("scores.csv", columns...)
	if err != nil {
		fatal(err)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		fatal(err)
	}
	old := limit.Cur
	limit.Cur = 1000
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		fatal(err)
	}
	var full error
	rows := 0
	for ; full == nil; rows++ {
		full = scores.Append(strings.Repeat("x", 60), strconv.Itoa(rows))
	}
	rows--
	fmt.Println(full)
	info, err := os.Stat(s.Path("scores.csv"))
	if err != nil {
		fatal(err)
	}
	fmt.Println("whole rows only:", info.Size() == scores.size && len(scores.Rows()) == rows)
	fmt.Println(s.WriteJSON("results.json", map[string]string{"x": strings.Repeat("x", 2000)}))
	limit.Cur = old
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		fatal(err)
	}
	fmt.Println("afterwards:", scores.Append("y", strconv.Itoa(rows)))
}

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	out, err := child(t, "full", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"appending to " + filepath.Join(dir, "scores.csv"),
		syscall.EFBIG.Error(),
		"whole rows only: true",
		"writing " + filepath.Join(dir, "results.json"),
		"afterwards: <nil>",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output does not say %q:\n%s", want, out)
		}
	}
	s := open(t, dir, published())
	if rows := table(t, s).Rows(); len(rows) < 2 || rows[len(rows)-1][0] != "y" {
		t.Errorf("rows %q, want the last to be the one after the disk had room again", rows)
	}
	if _, err := os.Stat(s.Path("results.json")); !os.IsNotExist(err) {
		t.Errorf("results.json, which did not fit: %v", err)
	}
}

func TestNoPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("permissions do not bind root")
	}
	parent := t.TempDir()
	if err := os.Chmod(parent, 0o500); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "study")
	if _, err := Open(dir, published()); !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v, want one of permission that names %s", err, dir)
	}
}
