package cluster

import (
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

// upload stores a file as an object, if the object is not there with these contents already.
func (s *session) upload(ctx context.Context, object, path, sha string) error {
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
	_, err = s.store.Put(ctx, jetstream.ObjectMeta{Name: object, Metadata: map[string]string{shaKey: sha}}, file)
	return err
}

// download writes an object to a file, which then has these contents or, after an error, those that it had.
func (s *session) download(ctx context.Context, object, path, sha string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	contents, err := s.store.Get(ctx, object)
	if err != nil {
		return fmt.Errorf("%s: %w", object, err)
	}
	defer contents.Close()
	return study.WriteFile(path, func(w io.Writer) error {
		h := sha256.New()
		if _, err := io.Copy(io.MultiWriter(w, h), contents); err != nil {
			return fmt.Errorf("%s: %w", object, err)
		}
		if got := fmt.Sprintf("%x", h.Sum(nil)); got != sha {
			return fmt.Errorf("%s has SHA-256 %s, want %s", object, got, sha)
		}
		return nil
	})
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
