//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/oneshot-nas/oneshot/experiments/analysis"
	"github.com/oneshot-nas/oneshot/experiments/report"
)

var campaign = flag.Int("campaign", 0, "how many processes to kill and connections to cut, over studies that are made one after the other; 0: a few, of one study")

// roleEnv makes the test binary the coordinator or a worker.
const roleEnv = "WORKER_TEST_ROLE"

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleEnv); role {
	case "":
		os.Exit(m.Run())
	case "worker":
		analysis.WorkerMain()
	default:
		analysis.Main(role)
	}
}

// process is the coordinator or a worker, which is started anew when it is killed.
type process struct {
	t    *testing.T
	role string
	args []string
	out  journal
	cmd  *exec.Cmd
	done chan error
}

// journal is what a process and those before it have written, with the times.
type journal struct {
	mu   sync.Mutex
	all  bytes.Buffer
	life int // where the process at hand began
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for line := range bytes.Lines(p) {
		fmt.Fprintf(&j.all, "%s %s\n", time.Now().Format("05.000"), bytes.TrimSuffix(line, []byte("\n")))
	}
	return len(p), nil
}

// begin says that a process begins.
func (j *journal) begin() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.life = j.all.Len()
}

// has says whether the process at hand has written something.
func (j *journal) has(text string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return bytes.Contains(j.all.Bytes()[j.life:], []byte(text))
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.all.String()
}

func (p *process) start() {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	p.cmd = exec.Command(self, p.args...)
	p.cmd.Env = append(os.Environ(), roleEnv+"="+p.role, "GOMAXPROCS=1")
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	p.out.begin()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.done = make(chan error, 1)
	go func(cmd *exec.Cmd, done chan error) { done <- cmd.Wait() }(p.cmd, p.done)
}

// end sends a signal and waits. It says whether the process has ended by it.
func (p *process) end(s os.Signal) bool {
	_ = p.cmd.Process.Signal(s)
	return <-p.done != nil
}

// within waits for the end for some seconds, counted one by one: a machine may stop all processes for longer than that.
func (p *process) within(seconds int) (err error, ended bool) {
	for range seconds {
		select {
		case err := <-p.done:
			return err, true
		case <-time.After(time.Second):
		}
	}
	return nil, false
}

// whileGrows waits for the end as long as the tables of a study grow in so many seconds: a busy machine takes minutes for what takes one
// otherwise, and who hangs writes nothing.
func (p *process) whileGrows(study string, seconds int) (err error, ended bool) {
	size := func() (sum int64) {
		for _, pattern := range []string{"*.csv", "supernets/*/*.csv"} {
			paths, _ := filepath.Glob(filepath.Join(study, pattern)) // the pattern is a good one
			for _, path := range paths {
				if info, err := os.Stat(path); err == nil {
					sum += info.Size()
				}
			}
		}
		return sum
	}
	for before, now := int64(-1), size(); before != now && !ended; before, now = now, size() {
		err, ended = p.within(seconds)
	}
	return err, ended
}

// url is the server's that the process at hand has said it has; "" before that.
func (j *journal) url() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return string(serverURL.Find(j.all.Bytes()[j.life:]))
}

var serverURL = regexp.MustCompile(`nats://127\.0\.0\.1:\d+\b`)

// proxy passes connections on to wherever the server is, until they are cut.
type proxy struct {
	at    net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func newProxy(t *testing.T, server func() (url string)) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{at: l}
	t.Cleanup(func() {
		l.Close()
		p.cut()
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			var s net.Conn
			to := strings.TrimPrefix(server(), "nats://")
			if to != "" {
				s, err = net.Dial("tcp", to)
			}
			if to == "" || err != nil { // the server is away
				c.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, c, s)
			p.mu.Unlock()
			pass := func(to, from net.Conn) {
				io.Copy(to, from)
				to.Close()
				from.Close()
			}
			go pass(s, c)
			go pass(c, s)
		}
	}()
	return p
}

// cut closes all connections, whatever is on the way.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}

// One coordinator and four workers, of which processes are killed and stopped and connections cut at random, leave the study that one process
// makes: the same rows, each once, the same weights to the bit, the same answer.
func TestProcesses(t *testing.T) {
	rounds, events := 1, 6
	if *campaign > 0 {
		rounds, events = (*campaign+9)/10, 10
	}
	args := []string{"-space", "nasbenchmacro", "-truth", "trained", "-archs", "4", "-truth-seeds", "2", "-epochs", "3", "-alone-epochs", "3", "-channels", "4", "-image", "8",
		"-train-count", "400", "-score-count", "64", "-truth-count", "64", "-batch", "16", "-checkpoint", "100ms", "-quiet"}
	alone := filepath.Join(t.TempDir(), "alone")
	reference := &process{t: t, role: "correlation", args: append(slices.Clone(args), "-study", alone)}
	reference.start()
	if err := <-reference.done; err != nil {
		t.Fatalf("%v\n%s", err, &reference.out)
	}
	for round := range rounds {
		t.Run(fmt.Sprint(round), func(t *testing.T) { disturbed(t, alone, args, uint64(round), events) })
	}
}

// disturbed makes a study with workers, disturbs them, and compares it with another.
func disturbed(t *testing.T, alone string, args []string, seed uint64, events int) {
	rng := rand.New(rand.NewPCG(seed, 1))
	dir := filepath.Join(t.TempDir(), "served")
	// At whatever port is free, each time: one that was could be somebody else's by now.
	coordinator := &process{t: t, role: "correlation", args: append(slices.Clone(args), "-study", dir, "-serve", "-listen", "127.0.0.1:0", "-lease", "1s")}
	coordinator.start()
	between := newProxy(t, coordinator.out.url)
	workers := make([]*process, 4)
	for i := range workers {
		workers[i] = &process{t: t, role: "worker", args: []string{"-connect", "nats://" + between.at.Addr().String(), "-checkpoint", "100ms", "-wait", "1m", "-dir", t.TempDir()}}
		workers[i].start()
	}
	happened := make(map[string]int)
	finished := false
	for i := 0; i < events && !finished; i++ {
		select {
		case err := <-coordinator.done:
			if err != nil {
				t.Fatalf("the coordinator: %v\n%s", err, &coordinator.out)
			}
			finished = true
			continue
		case <-time.After(time.Duration(200+rng.IntN(500)) * time.Millisecond):
		}
		w := workers[rng.IntN(len(workers))]
		what := i % 4 // of each kind some, whatever the length of the test
		if events > 6 {
			what = rng.IntN(4)
		}
		switch what {
		case 0:
			happened["worker killed"]++
			w.end(syscall.SIGKILL)
			w.start()
		case 1:
			happened["connections cut"]++
			between.cut()
		case 2:
			s := syscall.SIGKILL
			if rng.IntN(3) == 0 {
				s = syscall.SIGINT
			}
			happened["coordinator ended"]++
			if !coordinator.end(s) {
				finished = true // it was faster
				continue
			}
			coordinator.start()
		case 3:
			happened["worker stopped"]++
			w.end(syscall.SIGINT)
			w.start()
		}
	}
	if !finished {
		err, ended := coordinator.whileGrows(dir, 120)
		if !ended {
			coordinator.end(syscall.SIGQUIT) // which shows where they are
			for _, w := range workers {
				w.end(syscall.SIGQUIT)
				t.Logf("worker:\n%s", &w.out)
			}
			t.Fatalf("not done:\n%s", &coordinator.out)
		}
		if err != nil {
			t.Fatalf("the coordinator: %v\n%s", err, &coordinator.out)
		}
	}
	t.Log(happened)
	for _, w := range workers {
		err, ended := w.within(10)
		if !ended && w.out.has("works for session") { // it may only be slow
			err, ended = w.within(40)
		}
		switch {
		case ended && err != nil:
			t.Errorf("a worker: %v\n%s", err, &w.out)
		case !ended && !w.out.has("works for session"): // it was started when there was no work any more, and waits for some
			w.end(syscall.SIGKILL)
		case !ended:
			w.end(syscall.SIGQUIT)
			t.Errorf("a worker does not end:\n%s", &w.out)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "queue")); err == nil {
		t.Error("the queue is still there")
	}
	same(t, alone, dir)
}

// same compares what two studies have found.
func same(t *testing.T, alone, served string) {
	t.Helper()
	lines := func(path string) []string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		l := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
		slices.Sort(l)
		return l
	}
	files, err := filepath.Glob(filepath.Join(alone, "supernets", "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no supernets in %s, %v", alone, err)
	}
	files = slices.DeleteFunc(files, func(path string) bool { return strings.Contains(path, ".previous.") }) // which a study keeps of its own trainings
	for _, path := range append(files, filepath.Join(alone, "truth.csv"), filepath.Join(alone, "curves.csv")) {
		name, err := filepath.Rel(alone, path)
		if err != nil {
			t.Fatal(err)
		}
		switch filepath.Ext(name) {
		case ".csv": // rows come in any order
			if d := cmp.Diff(lines(path), lines(filepath.Join(served, name))); d != "" {
				t.Errorf("%s, alone and served:\n%s", name, d)
			}
		default:
			a, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := os.ReadFile(filepath.Join(served, name)); err != nil || !bytes.Equal(a, b) {
				t.Errorf("%s is another, %v", name, err)
			}
		}
	}
	read := func(dir string) string {
		r, err := report.Read(filepath.Join(dir, "correlation", report.ResultName))
		if err != nil {
			t.Fatal(err)
		}
		r.Origin = nil
		js, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(js)
	}
	if d := cmp.Diff(read(alone), read(served)); d != "" {
		t.Errorf("the answer of a study alone and of a served one:\n%s", d)
	}
}
