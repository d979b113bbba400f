package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats-server/v2/server/ats"
	"github.com/nats-io/nats.go"

	"github.com/oneshot-nas/oneshot/experiments/progress"
)

var campaign = flag.Bool("campaign", false, "simulate 10,000 architectures on 1,000 workers: some minutes")

// sleeper does pieces that take the time that their specification says, in steps of a checkpoint each, and checks that it goes on where the
// attempt before has stopped.
type sleeper struct {
	dir     string
	step    time.Duration
	files   bool // checkpoints have a file
	joined  string
	mu      *sync.Mutex
	steps   map[string]int // done, by piece and over all workers
	resumed *int
}

func (s *sleeper) Join(study string, config json.RawMessage) error {
	s.joined = study
	return json.Unmarshal(config, new(string))
}

func (s *sleeper) Do(ctx context.Context, p *Piece, a *Attempt) (json.RawMessage, []Local, error) {
	if s.joined != p.Study {
		return nil, nil, fmt.Errorf("a piece of study %s, joined is %s", p.Study, s.joined)
	}
	var length time.Duration
	if err := json.Unmarshal(p.Spec, &length); err != nil {
		return nil, nil, err
	}
	if length < 0 {
		return nil, nil, errors.New("it diverged")
	}
	at := 0
	path := filepath.Join(s.dir, "checkpoint")
	if b := a.Before(); b != nil {
		if len(b.Files) == 1 {
			if err := a.Fetch(ctx, b.Files[0], path); err != nil {
				return nil, nil, err
			}
			contents, err := os.ReadFile(path)
			if err != nil {
				return nil, nil, err
			}
			if at, err = strconv.Atoi(string(bytes.TrimRight(contents, " "))); err != nil {
				return nil, nil, err
			}
		} else if err := json.Unmarshal(b.Value, &at); err != nil {
			return nil, nil, err
		}
		s.mu.Lock()
		*s.resumed++
		s.mu.Unlock()
	}
	total := int((length + s.step - 1) / s.step)
	var files []Local
	for ; at < total; at++ {
		a.Progress(at, total)
		stopped := ctx.Err() != nil
		if at > 0 {
			if s.files {
				if err := os.WriteFile(path, fmt.Appendf(nil, "%-1000d", at), 0o666); err != nil {
					return nil, nil, err
				}
				files = []Local{{"checkpoint", path}}
			}
			js, _ := json.Marshal(at)
			if err := a.Save(ctx, js, files); err != nil {
				return nil, nil, err
			}
		}
		if stopped {
			return nil, nil, context.Canceled
		}
		s.mu.Lock()
		s.steps[p.Key]++
		s.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(min(s.step, length-time.Duration(at)*s.step)):
		}
	}
	js, err := json.Marshal(p.Key + " done")
	return js, files, err
}

// simulated is what a simulation found.
type simulated struct {
	took          time.Duration
	messages      int64 // in and out
	bytes         int64
	storage       uint64 // of the queue, at most
	results       map[string]int
	steps, needed int // done by workers, those that pieces have
	resumed       int
}

// simulate has pieces of these lengths done by workers, which join within a minute, with the real coordinator, workers and JetStream server but a
// clock that jumps whenever all of them wait. Each worker lives for a while that is drawn with the mean life, 0 for ever, dies without a word,
// and is replaced by another a minute later.
func simulate(t *testing.T, lengths []time.Duration, workers int, step, life time.Duration, files bool) (found simulated) {
	ats.Register() // whose goroutine would not let the clock jump
	defer ats.Unregister()
	dir := t.TempDir()
	steps := make(map[string]int)
	defer func() {
		// nats.go 1.55 leaves a goroutine behind where an object is stored before the goroutine that watches over that has begun.
		if r := recover(); r != nil && !strings.Contains(fmt.Sprint(r), "blocked goroutines remain") {
			panic(r)
		}
		for _, n := range steps {
			found.steps += n
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		c, err := Serve(ctx, Options{Name: "s", Server: Server{Dir: filepath.Join(dir, "queue"), inProcess: true}, Policy: Same, Lease: 30 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Study(ctx, "study", "configuration"); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		found.results = make(map[string]int)
		var order Order
		for i, length := range lengths {
			spec, _ := json.Marshal(length)
			order.Pieces = append(order.Pieces, Piece{Key: fmt.Sprint("p", i), Study: "study", Label: fmt.Sprint("piece ", i), Spec: spec, Work: length.Seconds()})
			found.needed += int((length + step - 1) / step)
		}
		order.Take = func(_ context.Context, p *Piece, s *State) error {
			found.results[p.Key]++
			if want := strconv.Quote(p.Key + " done"); string(s.Value) != want {
				t.Errorf("%s came to %s, want %s", p.Key, s.Value, want)
			}
			return nil
		}
		null, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer null.Close()
		order.Task = progress.New(null, true).Start("work", "pieces", len(lengths), 0)
		var all sync.WaitGroup
		for i := range workers {
			all.Go(func() {
				rng := rand.New(rand.NewPCG(1, uint64(i)))
				time.Sleep(time.Duration(rng.Int64N(int64(time.Minute))))
				for life0 := 0; ctx.Err() == nil; life0++ {
					mine, die := context.WithCancel(ctx)
					var conn *nats.Conn
					o := WorkOptions{Wait: time.Hour, id: fmt.Sprintf("w%d-%d", i, life0), dial: func(name string) (_ *nats.Conn, err error) {
						conn, err = new(Connection).dial(name, nats.InProcessServer(c.server))
						return conn, err
					}}
					if life > 0 {
						time.AfterFunc(time.Duration(rng.ExpFloat64()*float64(life)), func() {
							if conn != nil {
								conn.Close()
							}
							die()
						})
					}
					place := filepath.Join(dir, o.id)
					if err := os.Mkdir(place, 0o777); err != nil {
						t.Error(err)
					}
					err := Work(mine, o, &sleeper{dir: place, step: step, files: files, mu: &mu, steps: steps, resumed: &found.resumed})
					if die(); err == nil {
						return
					}
					if life == 0 {
						t.Errorf("worker %s: %v", o.id, err)
						return
					}
					time.Sleep(time.Minute)
				}
			})
		}
		all.Go(func() {
			for ctx.Err() == nil {
				if info, err := c.server.Jsz(&server.JSzOptions{}); err == nil {
					found.storage = max(found.storage, info.Store)
				}
				time.Sleep(time.Minute)
			}
		})
		begin := time.Now()
		const never = 30 * 24 * time.Hour
		time.AfterFunc(never, func() {
			t.Errorf("%d of %d results after %v", len(found.results), len(lengths), never)
			cancel()
		})
		if err := c.Do(ctx, order); err != nil {
			t.Error(err)
		}
		found.took = time.Since(begin)
		if v, err := c.server.Varz(nil); err == nil {
			found.messages, found.bytes = v.InMsgs+v.OutMsgs, v.InBytes+v.OutBytes
		}
		if err := c.s.remove(ctx); err != nil { // as Close does, which would not wait for a thousand workers
			t.Error(err)
		}
		time.Sleep(2 * time.Minute)
		cancel()
		all.Wait()
		if err := c.Close(false); err != nil {
			t.Error(err)
		}
	})
	return found
}

// byItself runs a test in a process of its own, and says whether this is it: nats.go keeps timers for the next who needs one, and one of a
// simulation must not be used outside of it.
func byItself(t *testing.T) bool {
	const env = "CLUSTER_TEST_SIMULATES"
	if os.Getenv(env) != "" {
		return true
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run", "^"+t.Name()+"$", "-test.v", "-test.timeout", "1h", fmt.Sprint("-campaign=", *campaign))
	cmd.Env = append(os.Environ(), env+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v", err)
	}
	t.Logf("%s", out)
	return false
}

// Workers that die without a word lose no piece and what they did since their last checkpoint only; each result is taken in once.
func TestSimulation(t *testing.T) {
	if !byItself(t) {
		return
	}
	rng := rand.New(rand.NewPCG(1, 2))
	lengths := make([]time.Duration, 30)
	var sum time.Duration
	for i := range lengths {
		lengths[i] = time.Duration((0.5 + rng.Float64()) * float64(20*time.Minute))
		sum += lengths[i]
	}
	const workers = 8
	s := simulate(t, lengths, workers, 5*time.Minute, time.Hour, true)
	s.once(t, len(lengths))
	if s.resumed == 0 {
		t.Error("no piece went on from a checkpoint")
	}
	if s.steps < s.needed || float64(s.steps) > 1.3*float64(s.needed) {
		t.Errorf("%d steps were done for %d: want at least that, and only what was lost with a worker again", s.steps, s.needed)
	}
	ideal := sum / workers
	if s.took < ideal || s.took > 2*ideal {
		t.Errorf("it took %v, want little more than %v", s.took, ideal)
	}
}

// A worker waits for as long as others work, though it is told to wait for an hour for a server that is away.
func TestIdle(t *testing.T) {
	if !byItself(t) {
		return
	}
	s := simulate(t, []time.Duration{2 * time.Hour, time.Minute}, 2, 10*time.Minute, 0, false)
	s.once(t, 2)
}

// once expects each of n results to have been taken in once.
func (s *simulated) once(t *testing.T, n int) {
	t.Helper()
	if len(s.results) != n {
		t.Errorf("%d results, want %d", len(s.results), n)
	}
	for key, times := range s.results {
		if times != 1 {
			t.Errorf("%s was taken in %d times", key, times)
		}
	}
}

// 10,000 architectures on 1,000 cores, on paper: go test -run TenThousand -campaign -v -timeout 1h ./experiments/cluster
func TestTenThousand(t *testing.T) {
	if !*campaign {
		t.Skip("-campaign is not given")
	}
	if !byItself(t) {
		return
	}
	const archs, cores = 10_000, 1_000
	rng := rand.New(rand.NewPCG(1, 2))
	lengths := make([]time.Duration, archs)
	var sum time.Duration
	for i := range lengths {
		lengths[i] = time.Duration((0.5 + rng.Float64()) * float64(20*time.Minute))
		sum += lengths[i]
	}
	for _, life := range []time.Duration{0, 10 * time.Hour} {
		s := simulate(t, lengths, cores, 10*time.Minute, life, true)
		s.once(t, archs)
		ideal := sum / cores
		t.Logf("%d pieces of 10 to 30 minutes on %d workers of a mean life of %v: %v, %.1f %% more than %v of work for each", archs, cores, life, s.took.Round(time.Second),
			100*(s.took.Seconds()/ideal.Seconds()-1), ideal.Round(time.Second))
		t.Logf("%d messages, %.1f for each piece, %.0f a second; %.1f MB; at most %.1f MB stored, with checkpoints of 1 kB; %d attempts from a checkpoint, %d of %d steps done again",
			s.messages, float64(s.messages)/archs, float64(s.messages)/s.took.Seconds(), float64(s.bytes)/1e6, float64(s.storage)/1e6, s.resumed, s.steps-s.needed, s.needed)
		if s.took > ideal*5/4 {
			t.Errorf("it took %v, want at most a quarter more than %v", s.took, ideal)
		}
	}
}
