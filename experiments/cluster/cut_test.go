package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/oneshot-nas/oneshot/experiments/progress"
)

// fault cuts a connection, once, when that many bytes have gone one way.
type fault struct {
	up       bool // to the server
	after    int64
	happened atomic.Bool
}

// through returns a URL at which a server is reached by a connection that has a fault.
func (f *fault) through(t *testing.T, url string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	to := strings.TrimPrefix(url, "nats://")
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", to)
			if err != nil {
				t.Error(err)
				return
			}
			go f.pass(s, c, f.up)
			go f.pass(c, s, !f.up)
		}
	}()
	return "nats://" + l.Addr().String()
}

func (f *fault) pass(to, from net.Conn, counts bool) {
	defer to.Close()
	defer from.Close()
	if counts && !f.happened.Load() {
		_, _ = io.CopyN(to, from, f.after)
		f.happened.Store(true)
		return
	}
	_, _ = io.Copy(to, from)
}

// reverser turns the file that a piece needs round.
type reverser struct{ dir string }

func (*reverser) Join(string, json.RawMessage) error { return nil }

func (r *reverser) Do(ctx context.Context, _ *Piece, a *Attempt) (json.RawMessage, []Local, error) {
	path := filepath.Join(r.dir, "file")
	if err := a.Shared(ctx, "file", path); err != nil {
		return nil, nil, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return json.RawMessage("0"), []Local{{"reversed", path}}, os.WriteFile(path, b, 0o666)
}

// writer is a function that takes what is written.
type writer func(b []byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

// A file that is stored anew while it is fetched, as by a second worker that has done the same piece, is fetched again.
func TestStoredAnew(t *testing.T) {
	c := serve(t, Options{})
	file := bytes.Repeat([]byte("forwards "), 40_000) // three chunks
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, file, 0o666); err != nil {
		t.Fatal(err)
	}
	sha, err := sum(path)
	if err != nil {
		t.Fatal(err)
	}
	store := func() {
		if _, err := c.s.store.PutBytes(t.Context(), "object", file); err != nil {
			t.Error(err)
		}
	}
	store()
	parts := 0
	err = c.s.move(t.Context(), func(ctx context.Context, moved io.Writer) error {
		return c.s.download(ctx, "object", path, sha, writer(func(b []byte) (int, error) {
			if parts++; parts == 1 {
				store()
			}
			return moved.Write(b)
		}))
	})
	if err != nil || parts != 4 {
		t.Errorf("%d parts have come, of the first time one and of the second three; error %v", parts, err)
	}
	err = c.s.contents(t.Context(), "object", writer(func(b []byte) (int, error) { return len(b), c.s.store.Delete(t.Context(), "object") }))
	if !errors.Is(err, jetstream.ErrObjectNotFound) {
		t.Errorf("of one that was deleted: error %v", err)
	}
}

// A connection that is cut in the middle of a file costs a moment: nobody waits for the rest of it.
func TestCut(t *testing.T) {
	const size = 3 << 20
	file := bytes.Repeat([]byte("forwards "), size/9)
	for name, f := range map[string]*fault{
		"up": {up: true, after: size / 2}, "down": {after: size / 2}, "at first": {after: 2000}, "last": {up: true, after: size},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "file"), file, 0o666); err != nil {
				t.Fatal(err)
			}
			c := serve(t, Options{})
			hire(t, WorkOptions{Connection: Connection{URL: f.through(t, c.URL())}}, &reverser{t.TempDir()})
			null, err := os.Open(os.DevNull)
			if err != nil {
				t.Fatal(err)
			}
			defer null.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
			defer cancel()
			order := Order{Pieces: []Piece{{Key: "piece", Study: "study", Label: "piece", Needs: []string{"file"}}}, Path: func(name string) string { return filepath.Join(dir, name) },
				Task: progress.New(null, true).Start("work", "pieces", 1, 0)}
			order.Take = func(ctx context.Context, _ *Piece, s *State) error {
				if len(s.Files) != 1 {
					return fmt.Errorf("%d files", len(s.Files))
				}
				return c.Fetch(ctx, s.Files[0], filepath.Join(dir, "reversed"))
			}
			if err := c.Do(ctx, order); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(dir, "reversed"))
			if err != nil || len(got) != len(file) || got[0] != file[len(file)-1] {
				t.Errorf("%d bytes, %v; want %d, reversed", len(got), err, len(file))
			}
			if !f.happened.Load() {
				t.Error("the connection was not cut")
			}
		})
	}
}
