package analysis

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/oneshot-nas/oneshot/experiments/cluster"
	"github.com/oneshot-nas/oneshot/experiments/lab"
)

// serving is what of the command line is about workers, and the session with them.
type serving struct {
	on bool
	cluster.Options
	coordinator *cluster.Coordinator
}

// servingFlags are the flags with values that are about workers.
var servingFlags = []string{"listen", "connect", "token", "creds", "tls-ca", "tls-cert", "tls-key", "nats-config", "admit", "lease"}

func (s *serving) addFlags(f *flag.FlagSet) {
	f.BoolVar(&s.on, "serve", false, "have everything computed by workers, on any number of machines")
	f.StringVar(&s.Server.Listen, "listen", "", "`HOST:PORT` of the server for workers; beyond this machine with -token or -nats-config (default: "+cluster.DefaultListen+")")
	s.Connection.AddFlags(f)
	f.StringVar(&s.Server.Config, "nats-config", "", "`FILE`, configuration of NATS for the server: TLS, accounts")
	s.Policy = cluster.Same
	f.Func("admit", "`WHOM`: same, workers of this version, instruction set and precision; or any, whose results are marked (default: same)", func(text string) (err error) {
		s.Policy, err = cluster.ParsePolicy(text)
		return err
	})
	f.DurationVar(&s.Lease, "lease", 30*time.Second, "`TIME` after which the piece of a worker that is not heard from goes to another")
}

// check says what of the flags does not go together.
func (s *serving) check(o *lab.Options) error {
	if !s.on {
		for _, given := range []struct{ name, value string }{{"listen", s.Server.Listen}, {"connect", s.URL}, {"token", s.Token}, {"creds", s.Creds}, {"nats-config", s.Server.Config}} {
			if given.value != "" {
				return fmt.Errorf("-%s is about -serve, which is missing; a worker is another command: worker -connect URL", given.name)
			}
		}
		return nil
	}
	const shortest = 500 * time.Millisecond
	switch {
	case len(o.Scores) > 0:
		return errors.New("-serve has networks trained, and -scores trains nothing: leave one of them out")
	case o.Shard != "":
		return errors.New("-shard makes a part of the truth without a server, -serve all of it with one: leave one of them out")
	case s.URL != "" && (s.Server.Listen != "" || s.Server.Config != ""):
		return errors.New("-connect uses a server that there is; -listen and -nats-config are about one that is started: leave them out")
	case s.Lease < shortest:
		return fmt.Errorf("-lease %v: want at least %v", s.Lease, shortest)
	}
	s.Server.Token = s.Token
	return s.Options.Check()
}

// serve has a study's work done by workers: all that is known of it at once. The session opens with the first study.
func (c *command) serve(ctx context.Context, l *lab.Lab) error {
	s := &c.serving
	if s.coordinator == nil {
		if err := s.open(ctx, c, l); err != nil {
			return err
		}
	}
	if err := l.Serve(ctx, s.coordinator); err != nil {
		return err
	}
	return l.HandOut(ctx, c.scorings(l)...)
}

// open opens the session. Its name is that of this command in this place, so that the same command goes on with it.
func (s *serving) open(ctx context.Context, c *command, l *lab.Lab) error {
	dir := l.Dir().Path(".")
	if c.Space == "all" {
		dir = c.Study
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	o := s.Options
	o.Name = fmt.Sprintf("%.4x", sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%q", host, dir, c.args)))
	o.Title, o.Program = c.title(), lab.MyProgram()
	o.Server.Dir = filepath.Join(dir, "queue")
	if s.coordinator, err = cluster.Serve(ctx, o); err != nil {
		return err
	}
	more := ""
	if s.Token != "" {
		more = " -token " + s.Token
	}
	if l.Config.Data != "" && c.Data != "" {
		more += " -data FOLDER"
	}
	_, err = fmt.Fprintf(c.out, "workers  go run ./experiments/worker -connect %s%s\n\n", s.coordinator.URL(), more)
	return err
}

// title is what workers are told that the work is.
func (c *command) title() string {
	name := "all"
	if !c.several {
		name = c.analyses[0].Name
	}
	for _, a := range c.args {
		name += " " + a
	}
	return name
}

// finish ends the session for workers too, when everything is done, but before that is noted: the same command serves nothing after that, and if
// this process were killed in between, nobody would tell them.
func (s *serving) finish() error { return s.close(true) }

// close ends the session; if everything is done, for workers too.
func (s *serving) close(finished bool) error {
	c := s.coordinator
	if c == nil {
		return nil
	}
	s.coordinator = nil
	return c.Close(finished)
}
