package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Doer does pieces. Its methods are called one at a time.
type Doer interface {
	// Join prepares for the pieces of a study, whose configuration is the coordinator's. It is called before the first of them, and again after
	// pieces of another study.
	Join(study string, config json.RawMessage) error
	// Do does a piece, from its checkpoint on if there is one ([Attempt.Before]), and returns what came of it. When the context is cancelled it
	// saves a checkpoint and stops. An error of the file system is the machine's; any other says that the piece cannot be done, by anybody.
	Do(ctx context.Context, p *Piece, a *Attempt) (value json.RawMessage, files []Local, err error)
}

// WorkOptions is what a worker works with.
type WorkOptions struct {
	Connection
	Session string        // to work for; "": any
	Wait    time.Duration // how long to wait for a server or a session before ending
	Program Program
	Log     io.Writer // says what happens, a line each

	id   string // of the worker; "": host and process. For tests
	dial func(name string) (*nats.Conn, error)
}

// ErrRefused says that a session does not let this worker in.
var ErrRefused = errors.New("refused")

// errSuperseded says that another worker has gone on with a piece while this one was not heard from.
var errSuperseded = errors.New("another worker has gone on with the piece")

// errOver says that a session has ended.
var errOver = errors.New("the session is over")

// Work does pieces until the sessions are over. If ctx is cancelled it gives back the piece at hand, with its checkpoint.
func Work(ctx context.Context, o WorkOptions, d Doer) error {
	w := &worker{o: o, d: d, me: Worker{ID: o.id, Program: o.Program}}
	if w.me.ID == "" {
		host, err := os.Hostname()
		if err != nil {
			host = "unknown"
		}
		w.me.ID = fmt.Sprintf("%s-%d", subjectToken(host), os.Getpid())
	}
	dial := o.dial
	if dial == nil {
		dial = func(name string) (*nats.Conn, error) { return o.Connection.dial(name) }
	}
	var err error
	if w.conn, err = dial("oneshot worker " + w.me.ID); err != nil {
		return err
	}
	defer w.conn.Close()
	if w.js, err = jetstream.New(w.conn); err != nil {
		return err
	}
	w.seen = time.Now()
	for worked := false; ; {
		info, err := w.find(ctx, worked)
		if err != nil || info == nil {
			return err
		}
		over, err := w.session(ctx, *info)
		if err != nil {
			return err
		}
		worked = worked || over
	}
}

// subjectToken makes a name one that may be part of a subject.
func subjectToken(name string) string {
	token := []byte(name)
	for i, b := range token {
		if !(b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '-' || b == '_') {
			token[i] = '-'
		}
	}
	return string(token)
}

// worker is a process that works for one session after another.
type worker struct {
	o    WorkOptions
	d    Doer
	me   Worker
	conn *nats.Conn
	js   jetstream.JetStream
	s    *session

	study  string    // that the doer has joined
	pieces int       // done
	seen   time.Time // when the server was last heard from
}

func (w *worker) log(format string, args ...any) {
	if w.o.Log != nil {
		fmt.Fprintf(w.o.Log, format+"\n", args...)
	}
}

// alive notes that the server answers, or says for how long it has not.
func (w *worker) alive(err error) error {
	if err == nil || !passing(err) {
		w.seen = time.Now()
		return nil
	}
	if gone := time.Since(w.seen); gone > w.o.Wait {
		return fmt.Errorf("%w for %v: %v, from %s", errAway, gone.Round(time.Second), err, w.server())
	}
	return nil
}

// server is what is known of the server that does not answer.
func (w *worker) server() string {
	if last := w.conn.LastError(); last != nil {
		return fmt.Sprintf("%s (%v)", w.o.URL, last)
	}
	return w.o.URL
}

// once asks the server something, and not again if it does not answer.
func (w *worker) once(ctx context.Context, limit time.Duration, f func(ctx context.Context) error) error {
	_, err := try(ctx, w.conn, min(limit, w.o.Wait), func(ctx context.Context, _ io.Writer) error { return f(ctx) })
	return err
}

// find returns a session to work for, as soon as there is one. A worker that has worked for one waits for no other: nil.
func (w *worker) find(ctx context.Context, worked bool) (*Info, error) {
	begin, limit := time.Now(), patience
	if worked {
		limit = goodbye
	}
	for said := false; ; {
		var all []Info
		err := w.once(ctx, limit, func(ctx context.Context) (err error) {
			all, err = sessions(ctx, w.js)
			return err
		})
		if ctx.Err() != nil {
			return nil, context.Canceled
		}
		if gone := w.alive(err); gone != nil {
			return nil, gone
		}
		if err != nil && !passing(err) {
			return nil, err
		}
		for i := range all {
			if w.o.Session == "" || all[i].Name == w.o.Session {
				return &all[i], nil
			}
		}
		switch {
		case worked && (err == nil || time.Since(begin) > goodbye): // an embedded server ends with its session
			w.log("the work is done; this worker did %d pieces of it", w.pieces)
			return nil, nil
		case time.Since(begin) > w.o.Wait && err == nil:
			return nil, fmt.Errorf("%s has had no work for %v: start a coordinator there, with -serve", w.o.URL, w.o.Wait)
		case !said:
			w.log("waiting for work from %s", w.o.URL)
			said = true
		}
		if err := pause(ctx, reconnectEvery); err != nil {
			return nil, err
		}
	}
}

// session works for a session until it is over, or lost sight of.
func (w *worker) session(ctx context.Context, info Info) (over bool, err error) {
	var difference string
	if difference = info.Program.Differences(w.me.Program); difference != "" && info.Policy != Any {
		w.say(info, &Activity{Worker: w.me, Refused: difference})
		w.conn.FlushTimeout(patience)
		return false, fmt.Errorf("%w by session %s, which lets in workers of its own version, instruction set and precision: %s (its command may allow -admit any)", ErrRefused, info.Name, difference)
	}
	var s *session
	err = w.once(ctx, patience, func(ctx context.Context) (err error) {
		s, err = join(ctx, w.conn, w.js, info)
		return err
	})
	if err != nil {
		if ctx.Err() != nil {
			return false, context.Canceled
		}
		if gone := w.alive(err); gone != nil {
			return false, gone
		}
		return false, pause(ctx, reconnectEvery) // to find it again, or that it is over
	}
	s.wait = w.o.Wait
	w.s, w.study = s, ""
	w.log("worker %s works for session %s of %s: %s", w.me.ID, info.Name, info.By, info.Title)
	if difference != "" {
		w.log("its results are marked: %s", difference)
	}
	open, end := context.WithCancelCause(ctx)
	defer end(nil)
	sub, err := w.conn.Subscribe(info.end(), func(*nats.Msg) { end(errOver) })
	if err != nil {
		return false, err
	}
	defer sub.Unsubscribe()
	idle := &Activity{Worker: w.me}
	defer func() {
		if w.say(info, &Activity{Worker: w.me, Gone: true}); w.conn.IsConnected() {
			w.conn.FlushTimeout(patience)
		}
	}()
	for {
		w.say(info, idle)
		m, err := w.next(open, info)
		switch {
		case ctx.Err() != nil:
			return false, context.Canceled
		case open.Err() != nil || errors.Is(err, errOver):
			return true, nil
		case err != nil:
			return false, err
		case m != nil:
			if err := w.piece(open, m); err != nil && !errors.Is(context.Cause(open), errOver) {
				return false, err
			}
		}
	}
}

// say tells the coordinator what this worker does. Nobody may be listening.
func (w *worker) say(info Info, a *Activity) {
	if js, err := json.Marshal(a); err == nil {
		_ = w.conn.Publish(info.worker(w.me.ID), js)
	}
}

// next returns a piece, nil if there was none for a while.
func (w *worker) next(ctx context.Context, info Info) (jetstream.Msg, error) {
	var queue jetstream.Consumer
	err := w.once(ctx, patience, func(ctx context.Context) (err error) {
		queue, err = w.js.Consumer(ctx, info.workStream(), consumerName)
		return err
	})
	if err == nil {
		var m jetstream.Msg
		if m, err = queue.Next(jetstream.FetchContext(ctx), jetstream.FetchHeartbeat(min(info.heartbeat(), patience))); err == nil {
			return m, w.alive(nil)
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	// There may be no work, no server, or no session any more.
	over := false
	err = w.once(ctx, patience, func(ctx context.Context) (err error) {
		over, err = w.s.over(ctx)
		return err
	})
	if gone := w.alive(err); gone != nil {
		return nil, gone
	}
	if over {
		return nil, errOver
	}
	return nil, pause(ctx, reconnectEvery)
}
