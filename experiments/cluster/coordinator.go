package cluster

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/oneshot-nas/oneshot/experiments/progress"
)

// Options is what a coordinator serves with.
type Options struct {
	Connection         // of the server that there is; without a URL there is an embedded one
	Server     Server  // the embedded one
	Name       string  // of the session: the same when the same work is gone on with
	Title      string  // of the work, for people
	Program    Program // of the coordinator
	Policy     Policy
	Lease      time.Duration // for how long a worker may not be heard from
}

// Check says what of the options does not go together, before anything is begun.
func (o *Options) Check() error {
	if err := o.Connection.Check(); err != nil || o.URL != "" {
		return err
	}
	_, err := o.Server.options()
	return err
}

// Coordinator hands out pieces and takes in their results. Its methods are for one goroutine.
type Coordinator struct {
	s      *session
	server *server.Server // embedded, if there is one
	dir    string         // where it keeps its streams, if nobody has named another place
	in     chan *handedIn
	closed chan struct{}
	looked time.Time            // for results that did not arrive
	held   map[string]*handedIn // results that nobody has asked for yet
	taken  map[string]bool      // pieces whose results are in the study

	reported time.Time

	mu      sync.Mutex
	workers map[string]Activity // by ID
}

// Activity is what a worker does.
type Activity struct {
	Worker  Worker    `json:"worker"`
	Label   string    `json:"label"` // of the piece; "" if it waits for one
	Piece   string    `json:"piece"`
	Done    int       `json:"done"` // of Total units; 0 of 0 if nobody counts
	Total   int       `json:"total"`
	Refused string    `json:"refused,omitempty"` // why it has not been let in
	Gone    bool      `json:"gone,omitempty"`    // it has ended
	At      time.Time `json:"-"`                 // when it was heard from
}

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

// Serve opens a session, with an embedded server if the options name no other.
func Serve(ctx context.Context, o Options) (c *Coordinator, err error) {
	c = &Coordinator{in: make(chan *handedIn, 1024), closed: make(chan struct{}), held: make(map[string]*handedIn), taken: make(map[string]bool), workers: make(map[string]Activity)}
	defer func() {
		if err != nil {
			c.shutdown()
		}
	}()
	var more []nats.Option
	if o.URL == "" {
		if c.server, c.dir, err = o.Server.start(); err != nil {
			return nil, err
		}
		more = append(more, nats.InProcessServer(c.server))
		o.Token = o.Server.Token
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	conn, err := o.dial("oneshot coordinator", more...)
	if err != nil {
		return nil, err
	}
	info := Info{Name: o.Name, Title: o.Title, By: fmt.Sprintf("%s process %d", host, os.Getpid()), Program: o.Program, Policy: o.Policy, Lease: o.Lease}
	c.s = &session{conn: conn}
	err = retry(ctx, func(ctx context.Context) error {
		s, err := create(ctx, conn, info)
		if err == nil {
			c.s = s
		}
		return err
	})
	for subject, handle := range map[string]nats.MsgHandler{info.worker("*"): c.heard, info.done("*"): c.arrived} {
		if err == nil {
			_, err = conn.Subscribe(subject, handle)
		}
	}
	if err == nil {
		err = c.look(ctx)
	}
	for key, r := range c.held {
		if err == nil && r.Error != "" { // of an earlier coordinator, which has stopped because of it: it is tried again
			delete(c.held, key)
			err = c.discard(ctx, r, false)
		}
	}
	if err == nil { // workers come last: all that they find is there
		err = retry(ctx, c.s.announce)
	}
	if err != nil {
		return nil, fmt.Errorf("opening a session: %w", err)
	}
	return c, nil
}

// URL is where workers reach the server.
func (c *Coordinator) URL() string {
	if c.server != nil {
		return c.server.ClientURL()
	}
	return c.s.conn.ConnectedUrlRedacted()
}

// Study announces a study whose pieces will come, with the configuration that workers prepare for.
func (c *Coordinator) Study(ctx context.Context, id string, config any) error {
	js, err := json.Marshal(config)
	if err != nil {
		return err
	}
	return retry(ctx, func(ctx context.Context) error {
		_, err := c.s.bucket.Put(ctx, studyKey(id), js)
		return err
	})
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
	return retry(ctx, func(ctx context.Context) error {
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

// heard notes what a worker says.
func (c *Coordinator) heard(m *nats.Msg) {
	var a Activity
	if json.Unmarshal(m.Data, &a) != nil {
		return
	}
	a.At = time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.Gone {
		delete(c.workers, a.Worker.ID)
		return
	}
	c.workers[a.Worker.ID] = a
}

// Workers are those that were heard from lately, in the order of their names.
func (c *Coordinator) Workers() []Activity {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []Activity
	for id, a := range c.workers {
		if time.Since(a.At) > c.s.info.Lease {
			delete(c.workers, id)
			continue
		}
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b Activity) int { return cmp.Compare(a.Worker.ID, b.Worker.ID) })
	return all
}

// Order is pieces that are to be done.
type Order struct {
	Pieces []Piece
	After  map[string][]string // by key: the pieces whose results must be taken in before one is handed out
	// Path is where a file is that pieces need.
	Path func(name string) string
	// Take takes in the result of a piece. It is called once for each, unless the process ends before the call does.
	Take func(ctx context.Context, p *Piece, s *State) error
	Task *progress.Task // that reports, in pieces
}

// Do has the pieces of an order done. It returns when all results have been taken in, or with the error of the first piece that cannot be
// done; pieces that are being done then go on, and their results will be there when they are asked for again.
func (c *Coordinator) Do(ctx context.Context, o Order) error {
	b := newBoard(o.Pieces, o.After)
	if err := c.handOut(ctx, &o, b, b.ready()); err != nil {
		return err
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for b.left() > 0 {
		c.report(&o, b)
		if time.Since(c.looked) > c.s.info.Lease/2 {
			if err := c.look(ctx); err != nil {
				return err
			}
		}
		var r *handedIn
		if held := c.wanted(b); held != nil {
			r = held
		} else {
			select {
			case <-ctx.Done():
				return context.Canceled
			case <-tick.C:
				continue
			case r = <-c.in:
			}
		}
		if r.err != nil {
			return fmt.Errorf("a result cannot be read: %w", r.err)
		}
		p := b.waiting[r.Key]
		switch {
		case c.taken[r.Key]: // it comes from two workers, one of which was not heard from for a while
			delete(c.held, r.Key)
			if err := c.discard(ctx, r, true); err != nil {
				return err
			}
			continue
		case p == nil:
			c.held[r.Key] = r
			continue
		}
		delete(c.held, r.Key)
		if err := c.take(ctx, &o, p, r); err != nil {
			if again := (*refusedError)(nil); errors.As(err, &again) {
				o.Task.Note("%v", err)
				if err := c.handOut(ctx, &o, b, []*Piece{p}); err != nil {
					return err
				}
				continue
			}
			return err
		}
		o.Task.Add(1)
		if err := c.handOut(ctx, &o, b, b.took(r.Key)); err != nil {
			return err
		}
	}
	return nil
}

// wanted returns one of the results at hand that are asked for or superfluous, nil if there is none.
func (c *Coordinator) wanted(b *board) *handedIn {
	for key, r := range c.held {
		if b.waiting[key] != nil || c.taken[key] {
			return r
		}
	}
	return nil
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
		err := retry(ctx, func(ctx context.Context) (err error) {
			r.State.Value, err = c.s.store.GetBytes(ctx, r.Large)
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
	return retry(ctx, func(ctx context.Context) error {
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

// handOut puts pieces into the queue, if they are not in it already or done, and before that the files that they need into the store.
func (c *Coordinator) handOut(ctx context.Context, o *Order, b *board, pieces []*Piece) error {
	for _, p := range pieces {
		if c.held[p.Key] != nil {
			continue
		}
		for _, name := range p.Needs {
			if err := c.share(ctx, p.Study, name, o.Path(name)); err != nil {
				return fmt.Errorf("%s, which %s needs: %w", name, p.Label, err)
			}
		}
		message := work{Piece: *p}
		err := retry(ctx, func(ctx context.Context) (err error) {
			message.Spec, message.Large, err = c.s.large(ctx, "spec/"+p.Key, p.Spec)
			return err
		})
		if err != nil {
			return err
		}
		js, err := json.Marshal(message)
		if err != nil {
			return err
		}
		err = retry(ctx, func(ctx context.Context) error {
			_, err := c.s.js.Publish(ctx, c.s.info.work(p.Key), js)
			if twice(err) {
				return nil
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("handing out %s: %w", p.Label, err)
		}
	}
	return nil
}

// work is a piece as it is handed out.
type work struct {
	Piece
	Large string `json:"large,omitempty"` // the object that has the specification
}

// share stores a file of a study for those who need it.
func (c *Coordinator) share(ctx context.Context, study, name, path string) error {
	sha, err := sum(path)
	if err != nil {
		return err
	}
	return retryFor(ctx, forFiles, func(ctx context.Context) error {
		return c.s.upload(ctx, sharedObject(study, name), path, sha)
	})
}

// Fetch writes a file of a result to a path.
func (c *Coordinator) Fetch(ctx context.Context, f File, path string) error {
	return retryFor(ctx, forFiles, func(ctx context.Context) error { return c.s.download(ctx, f.Object, path, f.SHA256) })
}

// report says who works on what, and how much of the work is done: pieces that are being done count as far as they are.
func (c *Coordinator) report(o *Order, b *board) {
	const often = 100 * time.Millisecond
	if time.Since(c.reported) < often {
		return
	}
	c.reported = time.Now()
	var doing []string
	part := 0.0
	busy := make(map[string]int) // by host
	workers := c.Workers()
	for _, a := range workers {
		switch p := b.waiting[a.Piece]; {
		case a.Refused != "":
			doing = append(doing, fmt.Sprintf("%s refused: %s", a.Worker.ID, a.Refused))
			continue
		case a.Piece == "":
			doing = append(doing, a.Worker.ID+" waits")
		case a.Total > 0:
			share := float64(a.Done) / float64(a.Total)
			if p != nil {
				part += share * p.Work
			}
			doing = append(doing, fmt.Sprintf("%s: %s %.0f %%", a.Worker.ID, a.Label, 100*share))
		default:
			doing = append(doing, fmt.Sprintf("%s: %s", a.Worker.ID, a.Label))
		}
		busy[a.Worker.ID]++
	}
	o.Task.Measure(b.done+part, b.all)
	switch {
	case len(workers) == 0:
		o.Task.Note("no workers; start some with worker -connect %s", c.URL())
	default:
		var line bytes.Buffer
		fmt.Fprintf(&line, "%d workers", len(busy))
		if len(busy) == 1 {
			line.Truncate(0)
			line.WriteString("1 worker")
		}
		for i, d := range doing {
			separator := "; "
			if i == 0 {
				separator = "  "
			}
			line.WriteString(separator + d)
		}
		o.Task.Note("%s", line.String())
	}
	o.Task.Add(0)
}

// Close ends the session: if everything is done its traces are removed and workers end, otherwise they wait for the next coordinator.
func (c *Coordinator) Close(finished bool) (err error) {
	if finished {
		ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
		defer cancel()
		err = c.s.remove(ctx)
		waits := func(a Activity) bool { return a.Refused == "" }
		for begin := time.Now(); c.server != nil && slices.ContainsFunc(c.Workers(), waits) && time.Since(begin) < goodbye; {
			time.Sleep(20 * time.Millisecond)
		}
	}
	c.shutdown()
	if finished && c.dir != "" {
		err = errors.Join(err, os.RemoveAll(c.dir))
	}
	return err
}

// goodbye is how long an ended session waits for its workers, and they for a server that knows of another.
const goodbye = 3 * time.Second

// shutdown ends connection and server.
func (c *Coordinator) shutdown() {
	close(c.closed)
	if c.s != nil {
		c.s.conn.Close()
	}
	if c.server != nil {
		c.server.Shutdown()
		c.server.WaitForShutdown()
	}
}

// retry calls f, each time with a limited patience, until there is an answer: a server may be away for a while.
func retry(ctx context.Context, f func(ctx context.Context) error) error {
	return retryFor(ctx, 4*patience, f)
}

// forFiles is the patience with files, which may be large.
const forFiles = 10 * time.Minute

func retryFor(ctx context.Context, limit time.Duration, f func(ctx context.Context) error) error {
	for wait := reconnectEvery / 8; ; wait = min(2*wait, 8*reconnectEvery) {
		attempt, cancel := context.WithTimeout(ctx, limit)
		err := f(attempt)
		cancel()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Canceled
		case !passing(err):
			return err
		}
		select {
		case <-ctx.Done():
			return context.Canceled
		case <-time.After(wait):
		}
	}
}

// passing says whether an error may be over in a moment: the server is away, or just coming back.
func passing(err error) bool {
	for _, e := range []error{context.DeadlineExceeded, nats.ErrTimeout, nats.ErrNoResponders, nats.ErrDisconnected, nats.ErrConnectionReconnecting, nats.ErrReconnectBufExceeded,
		nats.ErrStaleConnection, jetstream.ErrNoStreamResponse, jetstream.ErrJetStreamNotEnabled, jetstream.ErrNoHeartbeat, nats.ErrNoServers} {
		if errors.Is(err, e) {
			return true
		}
	}
	var network *net.OpError
	if errors.As(err, &network) {
		return true
	}
	var api *jetstream.APIError
	const unavailable = 10008 // JetStream system temporarily unavailable
	return errors.As(err, &api) && api.ErrorCode == unavailable
}
