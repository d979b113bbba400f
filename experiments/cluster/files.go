package cluster

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/oneshot-nas/oneshot/experiments/study"
)

// Local is a file of a piece on this machine. Name is what it is called everywhere.
type Local struct{ Name, Path string }

const shaKey = "sha256" // of an object, in its metadata

// sum is the SHA-256 of a file.
func sum(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// upload stores a file as an object, if the object is not there with these contents already. It writes to moved what has gone.
func (s *session) upload(ctx context.Context, object, path, sha string, moved io.Writer) error {
	info, err := s.store.GetInfo(ctx, object)
	switch {
	case err == nil && info.Metadata[shaKey] == sha:
		return nil
	case err != nil && !errors.Is(err, jetstream.ErrObjectNotFound):
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = s.store.Put(ctx, jetstream.ObjectMeta{Name: object, Metadata: map[string]string{shaKey: sha}}, io.TeeReader(file, moved))
	return err
}

// download writes an object to a file, which then has these contents or, after an error, those that it had; and to moved what has come.
func (s *session) download(ctx context.Context, object, path, sha string, moved io.Writer) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return study.WriteFile(path, func(w io.Writer) error {
		h := sha256.New()
		if err := s.contents(ctx, object, io.MultiWriter(w, h, moved)); err != nil {
			return fmt.Errorf("%s: %w", object, err)
		}
		if got := fmt.Sprintf("%x", h.Sum(nil)); got != sha {
			return fmt.Errorf("%s has SHA-256 %s, want %s", object, got, sha)
		}
		return nil
	})
}

// errReplaced says that an object was stored anew while it was read: two workers have done one piece.
var errReplaced = errors.New("the object was stored anew")

// contents writes those of an object to w. It asks for a chunk at a time: what the store itself reads with ends at its deadline and no sooner, if
// the server that sends has been started anew meanwhile.
func (s *session) contents(ctx context.Context, object string, w io.Writer) error {
	info, err := s.store.GetInfo(ctx, object)
	if err != nil {
		return err
	}
	subject := fmt.Sprintf("$O.%s.C.%s", info.Bucket, info.NUID)
	next := uint64(1)
	for left := info.Size; left > 0; {
		m, err := s.chunks.GetMsg(ctx, next, jetstream.WithGetMsgSubject(subject))
		if errors.Is(err, jetstream.ErrMsgNotFound) { // it has just been replaced or deleted
			now, err := s.store.GetInfo(ctx, object)
			if err == nil && now.NUID != info.NUID {
				err = errReplaced
			} else if err == nil {
				err = jetstream.ErrObjectNotFound
			}
			return err
		}
		if err != nil {
			return err
		}
		if _, err := w.Write(m.Data); err != nil {
			return err
		}
		next, left = m.Sequence+1, left-min(left, uint64(len(m.Data)))
	}
	return nil
}

// bytes returns the contents of an object that is no file.
func (s *session) bytes(ctx context.Context, object string) ([]byte, error) {
	var b bytes.Buffer
	err := s.contents(ctx, object, &b)
	return b.Bytes(), err
}

// forget deletes objects of files that no others have.
func (s *session) forget(ctx context.Context, files, kept []File) error {
	still := make(map[string]bool)
	for _, f := range kept {
		still[f.Object] = true
	}
	var errs []error
	for _, f := range files {
		if still[f.Object] {
			continue
		}
		if err := s.store.Delete(ctx, f.Object); err != nil && !errors.Is(err, jetstream.ErrObjectNotFound) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// large moves what is too long for a message into the store: it returns the message, and the name of the object if there is one.
func (s *session) large(ctx context.Context, object string, message []byte) (short []byte, stored string, err error) {
	const rest = 4096 // of the message: subject, headers, what is not moved
	if int64(len(message))+rest <= s.conn.MaxPayload() {
		return message, "", nil
	}
	_, err = s.store.PutBytes(ctx, object, message)
	return nil, object, err
}
