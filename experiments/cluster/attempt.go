package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Attempt is a worker's attempt at a piece.
type Attempt struct {
	w        *worker
	piece    *Piece
	abandon  context.CancelCauseFunc
	delivery uint64 // how often the piece was handed out, this time included
	began    uint64 // the delivery that saved the checkpoint, which got on
	state    *State // of the checkpoint
	revision uint64 // of its entry
	saves    int

	done, total atomic.Int64
}

// checkpoint is the entry of a piece that is begun.
type checkpoint struct {
	State
	Large    string `json:"large,omitempty"` // the object that has the value
	Delivery uint64 `json:"delivery"`
	Save     string `json:"save"` // names it
}

func checkpointObject(key string) string { return "checkpoint/" + key }

// resume reads the checkpoint of an earlier attempt.
func (a *Attempt) resume(ctx context.Context) error {
	s := a.w.s
	return s.retry(ctx, func(ctx context.Context) error {
		entry, err := s.bucket.Get(ctx, pieceKey(a.piece.Key))
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		var c checkpoint
		if err := json.Unmarshal(entry.Value(), &c); err != nil {
			return fmt.Errorf("the checkpoint of %s: %w", a.piece.Label, err)
		}
		if c.Large != "" {
			if c.Value, err = s.bytes(ctx, c.Large); err != nil {
				return err
			}
		}
		a.state, a.revision, a.began = &c.State, entry.Revision(), c.Delivery
		for _, f := range c.Files {
			if _, err := s.store.GetInfo(ctx, f.Object); errors.Is(err, jetstream.ErrObjectNotFound) {
				// As a rule because the worker before is alive after all and has saved the next one, which this attempt finds out when it saves.
				a.w.log("%s: the checkpoint has no %s any more; it begins anew", a.piece.Label, f.Name)
				a.state = nil
				return nil
			} else if err != nil {
				return err
			}
		}
		return nil
	})
}

// Before is the checkpoint that the attempt begins with; nil if there is none.
func (a *Attempt) Before() *State { return a.state }

// Fetch writes a file of the checkpoint to a path.
func (a *Attempt) Fetch(ctx context.Context, f File, path string) error {
	err := a.w.s.move(ctx, func(ctx context.Context, moved io.Writer) error {
		return a.w.s.download(ctx, f.Object, path, f.SHA256, moved)
	})
	if errors.Is(err, jetstream.ErrObjectNotFound) { // it was there a moment ago: the worker before is alive, and has saved the next one
		a.abandon(errSuperseded)
		return errSuperseded
	}
	return err
}

// Shared writes a file that the piece needs to a path, if it is not there already.
func (a *Attempt) Shared(ctx context.Context, name, path string) error {
	return a.w.s.move(ctx, func(ctx context.Context, moved io.Writer) error {
		info, err := a.w.s.store.GetInfo(ctx, sharedObject(a.piece.Study, name))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		want := info.Metadata[shaKey]
		if got, err := sum(path); err == nil && got == want {
			return nil
		}
		return a.w.s.download(ctx, info.Name, path, want, moved)
	})
}

// Progress notes how far the piece is. It may be called from any goroutine.
func (a *Attempt) Progress(done, total int) {
	a.done.Store(int64(done))
	a.total.Store(int64(total))
}

// Save saves a checkpoint. A server that does not answer is no error: the next one may be in time. It is one if another worker has gone on with
// the piece meanwhile, which ends the attempt.
func (a *Attempt) Save(ctx context.Context, value json.RawMessage, files []Local) error {
	_, err := try(context.WithoutCancel(ctx), a.w.conn, a.w.s.info.Lease, func(ctx context.Context, moved io.Writer) error {
		_, err := a.save(ctx, value, files, moved)
		return err
	})
	switch {
	case errors.Is(err, errSuperseded):
		a.abandon(errSuperseded)
		return err
	case err != nil && !passing(err):
		return err
	case err != nil:
		a.w.log("%s: no checkpoint this time: %v", a.piece.Label, err)
	}
	return nil
}

// finish saves what came of a piece, files first.
func (a *Attempt) finish(ctx context.Context, value json.RawMessage, files []Local) (s State, err error) {
	if len(files) == 0 {
		return State{Value: value, By: a.by()}, nil
	}
	err = a.w.s.move(ctx, func(ctx context.Context, moved io.Writer) error {
		s, err = a.save(ctx, value, files, moved)
		return err
	})
	if errors.Is(err, errSuperseded) {
		a.abandon(errSuperseded)
	}
	return s, err
}

// by is who has worked on the piece, this worker last.
func (a *Attempt) by() []Worker {
	var by []Worker
	if a.state != nil {
		by = slices.DeleteFunc(slices.Clone(a.state.By), func(w Worker) bool { return w.ID == a.w.me.ID })
	}
	return append(by, a.w.me)
}

// save saves a checkpoint, of which it writes to moved what has gone.
func (a *Attempt) save(ctx context.Context, value json.RawMessage, files []Local, moved io.Writer) (State, error) {
	s, key := a.w.s, a.piece.Key
	next := checkpoint{State: State{Value: value, By: a.by()}, Delivery: a.delivery}
	for _, f := range files {
		sha, err := sum(f.Path)
		if err != nil {
			return State{}, err
		}
		file := File{Name: f.Name, Object: "piece/" + key + "/" + sha, SHA256: sha}
		if err := s.upload(ctx, file.Object, f.Path, sha, moved); err != nil {
			return State{}, err
		}
		next.Files = append(next.Files, file)
	}
	result := next.State
	a.saves++
	next.Save = fmt.Sprintf("%s %d %d", a.w.me.ID, a.delivery, a.saves)
	var err error
	if next.Value, next.Large, err = s.large(ctx, checkpointObject(key), value); err != nil {
		return State{}, err
	}
	js, err := json.Marshal(next)
	if err != nil {
		return State{}, err
	}
	revision, err := s.bucket.Update(ctx, pieceKey(key), js, a.revision)
	if err != nil {
		if !errors.As(err, new(*jetstream.APIError)) {
			return State{}, err
		}
		// The entry is another than we think: somebody else's, or our own whose answer was lost.
		entry, err := s.bucket.Get(ctx, pieceKey(key))
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			return State{}, errSuperseded // it is done
		}
		if err != nil {
			return State{}, err
		}
		var there checkpoint
		if err := json.Unmarshal(entry.Value(), &there); err != nil || !a.own(there.Save) {
			return State{}, errSuperseded
		}
		if revision, err = s.bucket.Update(ctx, pieceKey(key), js, entry.Revision()); err != nil {
			if errors.As(err, new(*jetstream.APIError)) && !passing(err) { // somebody else's since
				err = errSuperseded
			}
			return State{}, err
		}
	}
	old := a.state
	a.state, a.revision = &result, revision
	if old != nil {
		_ = s.forget(ctx, old.Files, result.Files) // what stays is deleted with the session
	}
	return result, nil
}

// own says whether this attempt has saved a checkpoint of that name.
func (a *Attempt) own(save string) bool {
	for i := range a.saves {
		if save == fmt.Sprintf("%s %d %d", a.w.me.ID, a.delivery, i+1) {
			return true
		}
	}
	return false
}

func (a *Attempt) say(activity *Activity) { a.w.say(a.w.s.info, activity) }

// beat tells the queue that the piece is being done, and the coordinator how far, until the context is cancelled.
func (a *Attempt) beat(ctx context.Context, m jetstream.Msg) {
	tick := time.NewTicker(a.w.s.info.heartbeat())
	defer tick.Stop()
	for {
		a.say(&Activity{Worker: a.w.me, Label: a.piece.Label, Piece: a.piece.Key, Done: int(a.done.Load()), Total: int(a.total.Load())})
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = m.InProgress() // of a lost connection, which is being made again
		}
	}
}
