package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/nats-io/nats.go/jetstream"
)

// work is a piece as it is handed out.
type work struct {
	Piece
	Large string `json:"large,omitempty"` // the object that has the specification
}

// piece does the piece of a message.
func (w *worker) piece(ctx context.Context, m jetstream.Msg) error {
	var p work
	if err := json.Unmarshal(m.Data(), &p); err != nil {
		return fmt.Errorf("a piece of work cannot be read: %w; it is of another version of this program", err)
	}
	doing, abandon := context.WithCancelCause(ctx)
	defer abandon(nil)
	a := &Attempt{w: w, piece: &p.Piece, abandon: abandon}
	if meta, err := m.Metadata(); err == nil {
		a.delivery = meta.NumDelivered
	}
	beating := make(chan struct{})
	go func() {
		defer close(beating)
		a.beat(doing, m)
	}()
	r, err := w.do(doing, &p, a)
	if errors.Is(context.Cause(doing), errSuperseded) {
		err = errSuperseded
	}
	if err == nil && r != nil {
		err = w.handIn(doing, r)
	}
	abandon(nil)
	<-beating
	switch {
	case errors.Is(err, errSuperseded):
		w.log("%s: %v", p.Label, err)
		return nil
	case ctx.Err() != nil:
		if context.Cause(ctx) != errOver {
			_ = m.Nak()
			_ = w.conn.FlushTimeout(patience)
			w.log("%s is given back", p.Label)
		}
		return context.Canceled
	case err != nil: // of this machine or of the connection
		if errors.Is(err, errAway) {
			err = fmt.Errorf("%w, from %s", err, w.server())
		}
		_ = m.NakWithDelay(w.s.info.heartbeat())
		_ = w.conn.FlushTimeout(patience)
		if passing(err) {
			w.log("%s is given back: %v", p.Label, err)
			return nil
		}
		return fmt.Errorf("%s is given back: %w", p.Label, err)
	}
	if err := m.Ack(); err == nil && r != nil {
		w.pieces++
	}
	return nil
}

// attempts is how often in a row a piece may be handed out without getting on.
const attempts = 10

// do does a piece and returns what to hand in; nil if somebody has done that already.
func (w *worker) do(ctx context.Context, p *work, a *Attempt) (*handedIn, error) {
	if a.delivery > 1 { // the worker before may have died after its last word
		handed := false
		err := w.s.retry(ctx, func(ctx context.Context) error {
			s, err := w.js.Stream(ctx, w.s.info.doneStream())
			if err != nil {
				return err
			}
			switch _, err := s.GetLastMsgForSubject(ctx, w.s.info.done(p.Key)); {
			case err == nil:
				handed = true
			case !errors.Is(err, jetstream.ErrMsgNotFound):
				return err
			}
			return nil
		})
		if err != nil || handed {
			return nil, err
		}
	}
	r := &handedIn{Key: p.Key, Worker: w.me}
	fails := func(err error) (*handedIn, error) {
		var path *fs.PathError
		var number syscall.Errno
		if ctx.Err() != nil || errors.As(err, &path) || errors.As(err, &number) || errors.Is(err, errAway) || passing(err) {
			return nil, err
		}
		r.Error = err.Error()
		return r, nil
	}
	if p.Large != "" {
		err := w.s.retry(ctx, func(ctx context.Context) (err error) {
			p.Spec, err = w.s.bytes(ctx, p.Large)
			return err
		})
		if err != nil {
			return fails(err)
		}
	}
	if err := a.resume(ctx); err != nil {
		return fails(err)
	}
	if a.delivery > a.began+attempts {
		r.Error = fmt.Sprintf("it was handed out %d times without getting on: it may take more memory than workers have", a.delivery-a.began-1)
		return r, nil
	}
	if w.study != p.Study {
		var config []byte
		err := w.s.retry(ctx, func(ctx context.Context) error {
			entry, err := w.s.bucket.Get(ctx, studyKey(p.Study))
			if err == nil {
				config = entry.Value()
			}
			return err
		})
		if err == nil {
			err = w.d.Join(p.Study, config)
		}
		if err != nil {
			if ctx.Err() == nil {
				a.say(&Activity{Worker: w.me, Refused: err.Error()})
				err = fmt.Errorf("%w: %w", ErrRefused, err)
			}
			return nil, err
		}
		w.study = p.Study
	}
	value, files, err := w.d.Do(ctx, &p.Piece, a)
	if err != nil {
		return fails(err)
	}
	r.State, err = a.finish(ctx, value, files)
	if r.Begun = a.revision > 0; r.Begun && len(files) == 0 {
		r.Left = a.state.Files
	}
	return r, err
}

// handIn publishes a result, as soon as the server is there.
func (w *worker) handIn(ctx context.Context, r *handedIn) error {
	return w.s.retry(ctx, func(ctx context.Context) (err error) {
		r.State.Value, r.Large, err = w.s.large(ctx, "value/"+r.Key, r.State.Value)
		if err != nil {
			return err
		}
		js, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if _, err = w.js.Publish(ctx, w.s.info.done(r.Key), js); twice(err) {
			return nil
		}
		return err
	})
}
