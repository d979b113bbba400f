package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// errAway says that a server has not answered for as long as it was to be waited for.
var errAway = errors.New("no answer")

// retry asks the server something, by f, until there is an answer: the server may be away for a while.
func (s *session) retry(ctx context.Context, f func(ctx context.Context) error) error {
	return s.move(ctx, func(ctx context.Context, _ io.Writer) error { return f(ctx) })
}

// move is retry of what takes its time, as a file does. What of it has come or gone is written to moved, too: while that goes on there is no hurry.
func (s *session) move(ctx context.Context, f func(ctx context.Context, moved io.Writer) error) error {
	heard := time.Now()
	for wait := reconnectEvery / 8; ; wait = min(2*wait, 8*reconnectEvery) {
		last, err := try(ctx, s.conn, 4*patience, f)
		if last.After(heard) {
			heard = last
		}
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Canceled
		case !passing(err):
			return err
		case s.wait > 0 && time.Since(heard) > s.wait:
			return fmt.Errorf("%w for %v: %v", errAway, time.Since(heard).Round(time.Second), err)
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// try calls f with a limited patience: its context ends when nothing has moved for a while, and as soon as the connection is lost. Whatever was
// asked over that gets no answer over the next one, and a message that was on the way may not have arrived.
func try(ctx context.Context, conn *nats.Conn, limit time.Duration, f func(ctx context.Context, moved io.Writer) error) (last time.Time, err error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	lost := conn.StatusChanged(nats.RECONNECTING, nats.CLOSED)
	defer conn.RemoveStatusListener(lost)
	go func() {
		if _, ok := <-lost; ok {
			end(nats.ErrDisconnected)
		}
	}()
	m := movement{limit: limit, stalled: time.AfterFunc(limit, func() { end(nats.ErrTimeout) })}
	defer m.stalled.Stop()
	const longest = 24 * time.Hour // without a deadline, NATS has one of its own for all of an object
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	err = f(ctx, &m)
	if why := context.Cause(ctx); err != nil && why != nil && passing(why) {
		err = why
	}
	return m.last, err
}

// movement postpones the end of an attempt when something is written to it.
type movement struct {
	limit   time.Duration
	stalled *time.Timer
	last    time.Time
}

func (m *movement) Write(p []byte) (int, error) {
	m.last = time.Now()
	m.stalled.Reset(m.limit)
	return len(p), nil
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

// passing says whether an error may be over in a moment: the server is away, or just coming back.
func passing(err error) bool {
	for _, e := range []error{context.DeadlineExceeded, nats.ErrTimeout, nats.ErrNoResponders, nats.ErrDisconnected, nats.ErrConnectionReconnecting, nats.ErrReconnectBufExceeded,
		nats.ErrStaleConnection, jetstream.ErrNoStreamResponse, jetstream.ErrJetStreamNotEnabled, jetstream.ErrNoHeartbeat, nats.ErrNoServers, errReplaced} {
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
