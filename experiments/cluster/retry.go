package cluster

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

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
