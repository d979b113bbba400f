package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Session is what a coordinator and its workers have in common: an entry in the bucket of all sessions, and streams, buckets and subjects that are
// named after it.
//
//	oneshot.NAME.work.KEY    a piece, in a work queue: it goes to one worker, and to another when that one is not heard from for the lease
//	oneshot.NAME.done.KEY    its result, until the coordinator has written it to the study
//	oneshot.NAME.worker.ID   what a worker does, once for each third of a lease; not kept
//	oneshot.NAME.end         the session is over; not kept
//	bucket oneshot-NAME      configurations of studies, shared files, and how far pieces are: study.ID, shared.ID.…, piece.KEY
//	objects oneshot-NAME     contents of files
//
// Both streams hold one message for each piece at most and refuse another, which makes handing out and handing in repeatable.
type session struct {
	info   Info
	conn   *nats.Conn
	js     jetstream.JetStream
	bucket jetstream.KeyValue
	store  jetstream.ObjectStore
	chunks jetstream.Stream // of the objects

	wait time.Duration // for a server that does not answer; 0: for ever
}

// Info is the entry of a session.
type Info struct {
	Name    string        `json:"name"`
	Title   string        `json:"title"` // the command, for people
	By      string        `json:"by"`    // host and process
	Program Program       `json:"program"`
	Policy  Policy        `json:"policy"`
	Lease   time.Duration `json:"lease"`
}

const (
	sessionsBucket = "oneshot"
	consumerName   = "workers"
)

func (i *Info) workStream() string        { return "ONESHOT_" + i.Name + "_WORK" }
func (i *Info) doneStream() string        { return "ONESHOT_" + i.Name + "_DONE" }
func (i *Info) work(key string) string    { return "oneshot." + i.Name + ".work." + key }
func (i *Info) done(key string) string    { return "oneshot." + i.Name + ".done." + key }
func (i *Info) worker(id string) string   { return "oneshot." + i.Name + ".worker." + id }
func (i *Info) end() string               { return "oneshot." + i.Name + ".end" }
func (i *Info) bucketName() string        { return "oneshot-" + i.Name }
func (i *Info) chunkStream() string       { return "OBJ_" + i.bucketName() }
func (i *Info) heartbeat() time.Duration  { return i.Lease / 3 }
func studyKey(id string) string           { return "study." + id }
func pieceKey(key string) string          { return "piece." + key }
func sharedObject(study, n string) string { return "shared/" + study + "/" + n }

// create makes what is not there of a session's streams and buckets, and returns the session.
func create(ctx context.Context, conn *nats.Conn, info Info) (*session, error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	s := &session{info: info, conn: conn, js: js}
	once := jetstream.StreamConfig{Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, MaxMsgsPerSubject: 1}
	work, done := once, once
	work.Name, work.Subjects, work.Retention = info.workStream(), []string{info.work("*")}, jetstream.WorkQueuePolicy
	done.Name, done.Subjects = info.doneStream(), []string{info.done("*")}
	if _, err := js.CreateOrUpdateStream(ctx, work); err != nil {
		return nil, err
	}
	if _, err := js.CreateOrUpdateStream(ctx, done); err != nil {
		return nil, err
	}
	_, err = js.CreateOrUpdateConsumer(ctx, work.Name, jetstream.ConsumerConfig{Durable: consumerName, AckPolicy: jetstream.AckExplicitPolicy, AckWait: info.Lease,
		MaxAckPending: -1, MaxWaiting: 1 << 16})
	if err != nil {
		return nil, err
	}
	if s.bucket, err = js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: info.bucketName()}); err != nil {
		return nil, err
	}
	if s.store, err = js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: info.bucketName()}); err != nil {
		return nil, err
	}
	s.chunks, err = js.Stream(ctx, info.chunkStream())
	return s, err
}

// announce enters a session among all, where workers look.
func (s *session) announce(ctx context.Context) error {
	sessions, err := s.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: sessionsBucket})
	if err != nil {
		return err
	}
	js, err := json.Marshal(s.info)
	if err == nil {
		_, err = sessions.Put(ctx, s.info.Name, js)
	}
	return err
}

// sessions lists those that a server has. (Not by the keys of their bucket, which are none or too few when the time is up.)
func sessions(ctx context.Context, js jetstream.JetStream) ([]Info, error) {
	const subjects = "$KV." + sessionsBucket + "."
	stream, err := js.Stream(ctx, "KV_"+sessionsBucket)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	there, err := stream.Info(ctx, jetstream.WithSubjectFilter(subjects+"*"))
	if err != nil {
		return nil, err
	}
	all, err := js.KeyValue(ctx, sessionsBucket)
	if err != nil {
		return nil, err
	}
	var infos []Info
	for _, subject := range slices.Sorted(maps.Keys(there.State.Subjects)) {
		name := strings.TrimPrefix(subject, subjects)
		entry, err := all.Get(ctx, name)
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var info Info
		if err := json.Unmarshal(entry.Value(), &info); err != nil {
			return nil, fmt.Errorf("session %s: %w", name, err)
		}
		infos = append(infos, info)
	}
	return infos, nil
}

// join returns a session that is there.
func join(ctx context.Context, conn *nats.Conn, js jetstream.JetStream, info Info) (*session, error) {
	s := &session{info: info, conn: conn, js: js}
	var err error
	if s.bucket, err = js.KeyValue(ctx, info.bucketName()); err != nil {
		return nil, err
	}
	if s.store, err = js.ObjectStore(ctx, info.bucketName()); err != nil {
		return nil, err
	}
	s.chunks, err = js.Stream(ctx, info.chunkStream())
	return s, err
}

// over says whether a session has ended.
func (s *session) over(ctx context.Context) (bool, error) {
	infos, err := sessions(ctx, s.js)
	if err != nil {
		return false, err
	}
	for _, i := range infos {
		if i.Name == s.info.Name {
			return false, nil
		}
	}
	return true, nil
}

// remove deletes a session, its entry first.
func (s *session) remove(ctx context.Context) error {
	all, err := s.js.KeyValue(ctx, sessionsBucket)
	if err == nil {
		err = all.Purge(ctx, s.info.Name)
	}
	if err != nil && !errors.Is(err, jetstream.ErrBucketNotFound) {
		return err
	}
	if err := errors.Join(s.conn.Publish(s.info.end(), nil), s.conn.Flush()); err != nil {
		return err
	}
	var errs []error
	for _, name := range []string{s.info.workStream(), s.info.doneStream()} {
		errs = append(errs, s.js.DeleteStream(ctx, name))
	}
	return errors.Join(append(errs, s.js.DeleteKeyValue(ctx, s.info.bucketName()), s.js.DeleteObjectStore(ctx, s.info.bucketName()))...)
}

// twice says whether a stream has refused a message because it holds that of the piece already.
func twice(err error) bool {
	var api *jetstream.APIError
	const maximumPerSubject = 10077
	return errors.As(err, &api) && api.ErrorCode == maximumPerSubject
}
