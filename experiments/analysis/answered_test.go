package analysis

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneshot-nas/oneshot/experiments/study"
)

// A table of the same name, size and time with other contents is another study: without a name it has an answer of its own, and in the
// folder of the first it is refused.
func TestOtherContentsUnderTheSameName(t *testing.T) {
	t.Chdir(t.TempDir())
	then := time.Now().Add(-time.Hour)
	write := func(name string, factor int) {
		rows := "architecture,accuracy\n"
		for i := range 12 {
			rows += fmt.Sprintf("%d,%02d\n", 1000*i+7, factor*i%13)
		}
		if err := os.WriteFile(name, []byte(rows), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, then, then); err != nil {
			t.Fatal(err)
		}
	}
	run := func(more ...string) (string, error) {
		var out bytes.Buffer
		err := Run(context.Background(), "correlation", append([]string{"-scores", "scores.csv", "-truth", "truth.csv"}, more...), &out)
		return out.String(), err
	}
	write("scores.csv", 1)
	write("truth.csv", 1)
	for _, how := range [][]string{nil, {"-study", "named"}} {
		if _, err := run(how...); err != nil {
			t.Fatal(err)
		}
		if again, err := run(how...); err != nil || !strings.Contains(again, ", finished ") {
			t.Errorf("run again, it says %q, %v", again, err)
		}
	}
	for _, changed := range []string{"truth.csv", "scores.csv"} {
		write(changed, 5)
		if out, err := run(); err != nil || strings.Contains(out, ", finished ") {
			t.Errorf("with another %s: %v, %q", changed, err, out)
		}
		_, err := run("-study", "named")
		var refused *study.ConfigError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), changed) {
			t.Errorf("with another %s in a study that has a name: %v", changed, err)
		}
		write(changed, 1)
	}
	if out, err := run("-study", "named"); err != nil || !strings.Contains(out, ", finished ") {
		t.Errorf("with the first tables again: %v, %q", err, out)
	}
}

// Whatever changes in a folder changes its hash, through links too; beyond the limit, what changes size, time or ends.
func TestHashInput(t *testing.T) {
	data := t.TempDir()
	path := func(name string) string { return filepath.Join(data, name) }
	write := func(name string, b []byte, at time.Time) {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path(name)), 0o777), os.WriteFile(path(name), b, 0o666), os.Chtimes(path(name), at, at)); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(data, link); err != nil {
		t.Skip(err)
	}
	now := time.Unix(1e9, 0)
	big := make([]byte, 100_000)
	write("train/a/1.png", []byte("one"), now)
	write("train/a/2.png", big, now)
	if err := os.Symlink(data, path("train/back")); err != nil {
		t.Fatal(err)
	}
	hash := func(limit int64) string {
		h := sha256.New()
		if err := hashInput(h, link, &limit, nil); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%x", h.Sum(nil))
	}
	const all, few = 1 << 20, 10
	seen := map[string]bool{hash(all): true, hash(few): true}
	for what, change := range map[string]func(){
		"contents":  func() { write("train/a/1.png", []byte("two"), now) },
		"the end":   func() { big[len(big)-1] = 1; write("train/a/2.png", big, now) },
		"the time":  func() { big[len(big)-1] = 2; write("train/a/2.png", big, now.Add(time.Second)) },
		"another":   func() { write("train/b/1.png", []byte("one"), now) },
		"a removal": func() { os.Remove(path("train/a/1.png")) },
	} {
		change()
		for _, limit := range []int64{all, few} {
			if h := hash(limit); seen[h] {
				t.Errorf("%s is not seen with a limit of %d", what, limit)
			} else {
				seen[h] = true
			}
		}
	}
	before := hash(all)
	if again := hash(all); again != before {
		t.Error("the same folder has two hashes")
	}
	big[50_000] = 1
	write("train/a/2.png", big, now.Add(time.Second))
	if hash(all) == before {
		t.Error("the middle of a file is not seen")
	}
}
