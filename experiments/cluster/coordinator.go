package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

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
	err = c.s.retry(ctx, func(ctx context.Context) error {
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
		err = c.s.retry(ctx, func(ctx context.Context) error { return c.s.announce(ctx) })
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
	return c.s.retry(ctx, func(ctx context.Context) error {
		_, err := c.s.bucket.Put(ctx, studyKey(id), js)
		return err
	})
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
