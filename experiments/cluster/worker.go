package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
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
		where := w.o.URL
		if last := w.conn.LastError(); last != nil {
			where += fmt.Sprintf(" (%v)", last)
		}
		return fmt.Errorf("no answer from %s for %v: %w", where, gone.Round(time.Second), err)
	}
	return nil
}

// pause waits before something is tried again.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Canceled
	case <-time.After(d):
		return nil
	}
}

// find returns a session to work for, as soon as there is one. A worker that has worked for one waits for no other: nil.
func (w *worker) find(ctx context.Context, worked bool) (*Info, error) {
	begin := time.Now()
	for said := false; ; {
		request, cancel := context.WithTimeout(ctx, min(patience, w.o.Wait))
		all, err := sessions(request, w.js)
		cancel()
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
	request, cancel := context.WithTimeout(ctx, patience)
	s, err := join(request, w.conn, w.js, info)
	cancel()
	if err != nil {
		if ctx.Err() != nil {
			return false, context.Canceled
		}
		if gone := w.alive(err); gone != nil {
			return false, gone
		}
		return false, pause(ctx, reconnectEvery) // to find it again, or that it is over
	}
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
		w.say(info, &Activity{Worker: w.me, Gone: true})
		w.conn.FlushTimeout(patience)
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
	request, cancel := context.WithTimeout(ctx, patience)
	queue, err := w.js.Consumer(request, info.workStream(), consumerName)
	cancel()
	if err == nil {
		var m jetstream.Msg
		if m, err = queue.Next(jetstream.FetchContext(ctx), jetstream.FetchHeartbeat(min(info.heartbeat(), patience))); err == nil {
			w.seen = time.Now()
			return m, nil
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if gone := w.alive(err); gone != nil {
		return nil, gone
	}
	// There may be no work, no server, or no session any more.
	request, cancel = context.WithTimeout(ctx, patience)
	defer cancel()
	if over, err := w.s.over(request); err == nil && over {
		return nil, errOver
	}
	return nil, pause(ctx, reconnectEvery)
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
		err := retry(ctx, func(ctx context.Context) error {
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
		if ctx.Err() != nil || errors.As(err, &path) || errors.As(err, &number) || passing(err) {
			return nil, err
		}
		r.Error = err.Error()
		return r, nil
	}
	if p.Large != "" {
		err := retry(ctx, func(ctx context.Context) (err error) {
			p.Spec, err = w.s.store.GetBytes(ctx, p.Large)
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
		err := retry(ctx, func(ctx context.Context) error {
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
	limited, cancel := context.WithTimeout(ctx, w.o.Wait)
	defer cancel()
	err := retry(limited, func(ctx context.Context) (err error) {
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
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		return fmt.Errorf("a result could not be handed in for %v: no answer from %s", w.o.Wait, w.o.URL)
	}
	return err
}

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
	return retry(ctx, func(ctx context.Context) error {
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
			if c.Value, err = s.store.GetBytes(ctx, c.Large); err != nil {
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
	err := retryFor(ctx, forFiles, func(ctx context.Context) error { return a.w.s.download(ctx, f.Object, path, f.SHA256) })
	if errors.Is(err, jetstream.ErrObjectNotFound) { // it was there a moment ago: the worker before is alive, and has saved the next one
		a.abandon(errSuperseded)
		return errSuperseded
	}
	return err
}

// Shared writes a file that the piece needs to a path, if it is not there already.
func (a *Attempt) Shared(ctx context.Context, name, path string) error {
	return retryFor(ctx, forFiles, func(ctx context.Context) error {
		info, err := a.w.s.store.GetInfo(ctx, sharedObject(a.piece.Study, name))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		want := info.Metadata[shaKey]
		if got, err := sum(path); err == nil && got == want {
			return nil
		}
		return a.w.s.download(ctx, info.Name, path, want)
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
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.w.s.info.Lease)
	defer cancel()
	_, err := a.save(limited, value, files)
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
	err = retryFor(ctx, forFiles, func(ctx context.Context) error {
		s, err = a.save(ctx, value, files)
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

func (a *Attempt) save(ctx context.Context, value json.RawMessage, files []Local) (State, error) {
	s, key := a.w.s, a.piece.Key
	next := checkpoint{State: State{Value: value, By: a.by()}, Delivery: a.delivery}
	for _, f := range files {
		sha, err := sum(f.Path)
		if err != nil {
			return State{}, err
		}
		file := File{Name: f.Name, Object: "piece/" + key + "/" + sha, SHA256: sha}
		if err := s.upload(ctx, file.Object, f.Path, sha); err != nil {
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
