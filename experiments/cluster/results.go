package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// handedIn is a result as a worker hands it in.
type handedIn struct {
	Key    string `json:"key"`
	State  State  `json:"state"`
	Large  string `json:"large,omitempty"` // the object that has the value
	Error  string `json:"error,omitempty"` // the piece cannot be done
	Worker Worker `json:"worker"`
	Begun  bool   `json:"begun,omitempty"` // there is a checkpoint
	Left   []File `json:"left,omitempty"`  // its files, as far as they are not the result's

	err error
}

// arrived notes a result that has just been handed in.
func (c *Coordinator) arrived(m *nats.Msg) {
	r := &handedIn{}
	r.err = json.Unmarshal(m.Data, r)
	select {
	case c.in <- r:
	case <-c.closed:
	}
}

// look finds the results that were handed in while nobody listened: before the coordinator began, or while it had no connection.
func (c *Coordinator) look(ctx context.Context) error {
	c.looked = time.Now()
	return c.s.retry(ctx, func(ctx context.Context) error {
		i := &c.s.info
		stream, err := c.s.js.Stream(ctx, i.doneStream())
		if err != nil {
			return err
		}
		there, err := stream.Info(ctx, jetstream.WithSubjectFilter(i.done("*")))
		if err != nil {
			return err
		}
		for subject := range there.State.Subjects {
			if c.held[strings.TrimPrefix(subject, i.done(""))] != nil {
				continue
			}
			m, err := stream.GetLastMsgForSubject(ctx, subject)
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			r := &handedIn{}
			if err := json.Unmarshal(m.Data, r); err != nil {
				return fmt.Errorf("%s: a result cannot be read: %w; it is of another version of this program", subject, err)
			}
			c.held[r.Key] = r
		}
		return nil
	})
}

// refusedError says that a result was not taken because of who computed it.
type refusedError struct{ worker, why string }

func (e *refusedError) Error() string {
	return fmt.Sprintf("the result of %s is refused: %s", e.worker, e.why)
}

// take takes a result in, and removes what was remembered of the piece.
func (c *Coordinator) take(ctx context.Context, o *Order, p *Piece, r *handedIn) error {
	if r.Error != "" {
		if err := c.discard(ctx, r, false); err != nil {
			return err
		}
		return fmt.Errorf("%s, on worker %s: %s", p.Label, r.Worker.ID, r.Error)
	}
	for _, w := range r.State.By {
		if d := c.s.info.Program.Differences(w.Program); d != "" && c.s.info.Policy != Any {
			if err := c.discard(ctx, r, true); err != nil {
				return err
			}
			return &refusedError{w.ID, d}
		}
	}
	if r.Large != "" {
		err := c.s.retry(ctx, func(ctx context.Context) (err error) {
			r.State.Value, err = c.s.bytes(ctx, r.Large)
			return err
		})
		if err != nil {
			return err
		}
	}
	if err := o.Take(ctx, p, &r.State); err != nil {
		return err
	}
	c.taken[r.Key] = true
	return c.discard(ctx, r, true)
}

// discard removes a result and its piece from the queues, and all else that is remembered of the piece, or all but its checkpoint.
func (c *Coordinator) discard(ctx context.Context, r *handedIn, all bool) error {
	return c.s.retry(ctx, func(ctx context.Context) error {
		i := &c.s.info
		if err := c.withdraw(ctx, r.Key); err != nil {
			return err
		}
		if all {
			if r.Begun {
				if err := c.s.forget(ctx, append(r.Left, r.State.Files...), nil); err != nil {
					return err
				}
				if err := c.s.store.Delete(ctx, checkpointObject(r.Key)); err != nil && !errors.Is(err, jetstream.ErrObjectNotFound) {
					return err
				}
				// Not by a marker that it is gone, which would count as a checkpoint if the piece is handed out again.
				if err := c.purge(ctx, "KV_"+i.bucketName(), "$KV."+i.bucketName()+"."+pieceKey(r.Key)); err != nil {
					return err
				}
			}
			if r.Large != "" {
				if err := c.s.store.Delete(ctx, r.Large); err != nil && !errors.Is(err, jetstream.ErrObjectNotFound) {
					return err
				}
			}
		}
		return c.purge(ctx, i.doneStream(), i.done(r.Key))
	})
}

func (c *Coordinator) purge(ctx context.Context, stream, subject string) error {
	s, err := c.s.js.Stream(ctx, stream)
	if err != nil {
		return err
	}
	return s.Purge(ctx, jetstream.WithPurgeSubject(subject))
}

// withdraw removes a piece from the queue, where it is left if its worker has died after handing in. It is deleted by its number: after a purge
// by subject, the server (2.15) forgets to hand out again another piece whose worker has died.
func (c *Coordinator) withdraw(ctx context.Context, key string) error {
	s, err := c.s.js.Stream(ctx, c.s.info.workStream())
	if err != nil {
		return err
	}
	m, err := s.GetLastMsgForSubject(ctx, c.s.info.work(key))
	if err == nil {
		err = s.DeleteMsg(ctx, m.Sequence)
	}
	if errors.Is(err, jetstream.ErrMsgNotFound) || errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) { // the worker has acknowledged it, if only just now
		return nil
	}
	return err
}
