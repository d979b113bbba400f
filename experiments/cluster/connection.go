package cluster

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Connection is how a NATS server is reached. Credentials and certificates are files of NATS' own kinds.
type Connection struct {
	URL   string // nats://host:port, several separated by commas
	Token string // file with the token of an embedded server
	Creds string // file with a user's credentials (.creds)
	CA    string // file with the certificates of who may sign the server's
	Cert  string // file with the certificate to show, and with its key
	Key   string
}

// AddFlags defines the flags of a connection.
func (c *Connection) AddFlags(f *flag.FlagSet) {
	f.StringVar(&c.URL, "connect", "", "`URL` of a NATS server: nats://HOST:4222; of a cluster several, separated by commas")
	f.StringVar(&c.Token, "token", "", "`FILE` with the token of the embedded server; -serve writes a new one if there is none")
	f.StringVar(&c.Creds, "creds", "", "`FILE` with NATS credentials (.creds)")
	f.StringVar(&c.CA, "tls-ca", "", "`FILE` with the certificates that the server's must be signed by")
	f.StringVar(&c.Cert, "tls-cert", "", "`FILE` with the certificate to show to the server")
	f.StringVar(&c.Key, "tls-key", "", "`FILE` with the key of -tls-cert")
}

// Check says what of the flags does not go together.
func (c *Connection) Check() error {
	if (c.Cert == "") != (c.Key == "") {
		return errors.New("-tls-cert and -tls-key belong together: the certificate and its key")
	}
	return nil
}

// dial connects, as soon as there is a server, and goes on connecting whenever the connection is lost: pieces take hours, and servers are started anew meanwhile.
func (c *Connection) dial(name string, more ...nats.Option) (*nats.Conn, error) {
	o := []nats.Option{nats.Name(name), nats.MaxReconnects(-1), nats.ReconnectWait(reconnectEvery), nats.Timeout(patience),
		nats.ReconnectJitter(reconnectEvery/2, reconnectEvery/2), nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(2), nats.IgnoreAuthErrorAbort(),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})} // whoever asks for something gets its error
	if c.Token != "" {
		token, err := readToken(c.Token)
		if err != nil {
			return nil, err
		}
		o = append(o, nats.Token(token))
	}
	if c.Creds != "" {
		if _, err := os.Stat(c.Creds); err != nil {
			return nil, fmt.Errorf("-creds: %w", err)
		}
		o = append(o, nats.UserCredentials(c.Creds))
	}
	if c.CA != "" {
		o = append(o, nats.RootCAs(c.CA))
	}
	if c.Cert != "" {
		o = append(o, nats.ClientCert(c.Cert, c.Key))
	}
	o = append(o, more...)
	conn, err := nats.Connect(c.URL, o...)
	if err != nil && !errors.Is(err, nats.ErrAuthorization) { // who is not let in need not wait; a server may come that is not there yet
		conn, err = nats.Connect(c.URL, append(o, nats.RetryOnFailedConnect(true))...)
	}
	if err != nil {
		return nil, fmt.Errorf("-connect %s: %w", c.URL, err)
	}
	return conn, nil
}

const (
	reconnectEvery = 250 * time.Millisecond
	pingEvery      = 20 * time.Second // a connection is given up after two that were not answered
	patience       = 5 * time.Second  // with a single request
)

// readToken reads the file of a token.
func readToken(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("-token: %w", err)
	}
	token := strings.TrimSpace(string(b))
	const least = 16
	if len(token) < least || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("-token: %s: want one word of at least %d characters", path, least)
	}
	return token, nil
}
