package cluster

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Server is the embedded NATS server.
type Server struct {
	Listen string // address, host:port; "": 127.0.0.1:4222, or what Config says
	Token  string // file with what workers must show, made if it is not there; "": none, which only goes with a loopback address
	Config string // configuration file of NATS, with TLS and accounts, if there is one
	Dir    string // where its streams are kept

	inProcess bool // it is reached from this process only
}

// DefaultListen is where the embedded server listens.
const DefaultListen = "127.0.0.1:4222"

// options are those of the NATS server.
func (s *Server) options() (*server.Options, error) {
	o := &server.Options{}
	if s.Config != "" {
		var err error
		if o, err = server.ProcessConfigFile(s.Config); err != nil {
			return nil, fmt.Errorf("-nats-config: %w", err)
		}
	}
	o.ServerName, o.NoSigs, o.NoLog, o.JetStream, o.DontListen = "oneshot", true, true, true, s.inProcess
	if o.StoreDir == "" {
		o.StoreDir = s.Dir
	}
	listen := s.Listen
	if listen == "" && s.Config == "" {
		listen = DefaultListen
	}
	if listen != "" {
		host, port, err := net.SplitHostPort(listen)
		if err == nil {
			o.Port, err = strconv.Atoi(port)
		}
		if err != nil || o.Port < 0 || o.Port > 65535 {
			return nil, fmt.Errorf("-listen %s: want HOST:PORT, such as %s, or 0.0.0.0:4222 for all of the machine's addresses", listen, DefaultListen)
		}
		if o.Host = host; o.Port == 0 {
			o.Port = server.RANDOM_PORT
		}
	}
	if s.Token != "" {
		token, err := readToken(s.Token)
		if errors.Is(err, fs.ErrNotExist) {
			token, err = newToken(s.Token)
		}
		if err != nil {
			return nil, err
		}
		o.Authorization = token
	}
	if !s.inProcess && !loopback(o.Host) && !authenticates(o) {
		return nil, fmt.Errorf("-listen %s: anybody who reaches this address could hand in results; name a file for a token with -token, which workers must show, or a configuration of NATS with users by -nats-config", listen)
	}
	return o, nil
}

// loopback says whether only processes of this machine reach an address.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// authenticates says whether a server asks who connects.
func authenticates(o *server.Options) bool {
	return o.Authorization != "" || o.Username != "" || len(o.Users) > 0 || len(o.Nkeys) > 0 || len(o.TrustedOperators) > 0 || len(o.TrustedKeys) > 0 ||
		o.CustomClientAuthentication != nil || o.AuthCallout != nil || o.TLSVerify
}

// newToken writes a token that nobody guesses, for the eyes of this user.
func newToken(path string) (string, error) {
	token := rand.Text()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fmt.Errorf("-token: %w", err)
	}
	_, err = fmt.Fprintln(file, token)
	if err := errors.Join(err, file.Close()); err != nil {
		return "", fmt.Errorf("-token: %w", err)
	}
	return token, nil
}

// start starts the server. The folder is where it keeps its streams, "" if the configuration of NATS says where.
func (s *Server) start() (ns *server.Server, dir string, err error) {
	o, err := s.options()
	if err != nil {
		return nil, "", err
	}
	if !s.inProcess && o.Port != server.RANDOM_PORT { // the server itself would only log that it cannot
		l, err := net.Listen("tcp", net.JoinHostPort(o.Host, strconv.Itoa(o.Port)))
		if err != nil {
			return nil, "", fmt.Errorf("-listen: %w; name another address, as %s, or use the server that is there with -connect", err, net.JoinHostPort(o.Host, strconv.Itoa(o.Port+1)))
		}
		l.Close()
	}
	if o.StoreDir == s.Dir {
		dir = s.Dir
	}
	ns, err = server.NewServer(o)
	if err != nil {
		return nil, "", fmt.Errorf("the embedded NATS server: %w", err)
	}
	ns.Start()
	const startup = 30 * time.Second // with streams of an earlier run to read
	if !ns.ReadyForConnections(startup) {
		ns.Shutdown()
		return nil, "", fmt.Errorf("the embedded NATS server has not started within %v; if %s, its folder, is damaged, delete it: what the study has is elsewhere", startup, o.StoreDir)
	}
	return ns, dir, nil
}
