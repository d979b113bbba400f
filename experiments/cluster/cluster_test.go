package cluster

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oneshot-nas/oneshot/experiments/progress"
)

// doer does pieces by a function.
type doer func(p *Piece) (json.RawMessage, error)

func (doer) Join(string, json.RawMessage) error { return nil }

func (d doer) Do(_ context.Context, p *Piece, _ *Attempt) (json.RawMessage, []Local, error) {
	value, err := d(p)
	return value, nil, err
}

// echo does a piece at once, and returns its specification.
var echo = doer(func(p *Piece) (json.RawMessage, error) { return p.Spec, nil })

// serve opens a session at a free port.
func serve(t *testing.T, o Options) *Coordinator {
	t.Helper()
	o.Name, o.Lease = "test", 3*time.Second
	if o.Policy == "" {
		o.Policy = Same
	}
	if o.Server.Listen == "" && o.Server.Config == "" {
		o.Server.Listen = "127.0.0.1:0"
	}
	o.Server.Dir = filepath.Join(t.TempDir(), "queue")
	c, err := Serve(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(true); err != nil {
			t.Error(err)
		}
	})
	if err := c.Study(t.Context(), "study", "configuration"); err != nil {
		t.Fatal(err)
	}
	return c
}

// do has pieces of these specifications done.
func do(t *testing.T, c *Coordinator, specs ...string) (results map[string]*State, err error) {
	t.Helper()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	results = make(map[string]*State)
	order := Order{Task: progress.New(null, true).Start("work", "pieces", len(specs), 0), Take: func(_ context.Context, p *Piece, s *State) error {
		if results[p.Key] != nil {
			t.Errorf("%s is taken in twice", p.Key)
		}
		results[p.Key] = s
		return nil
	}}
	for i, spec := range specs {
		order.Pieces = append(order.Pieces, Piece{Key: fmt.Sprint("piece-", i), Study: "study", Label: fmt.Sprint("piece ", i), Spec: json.RawMessage(spec)})
	}
	return results, c.Do(t.Context(), order) // or the test's time runs out
}

// hire starts a worker, and returns how it ends.
func hire(t *testing.T, o WorkOptions, d Doer) <-chan error {
	o.Wait = 10 * time.Second
	if o.id == "" {
		o.id = "w"
	}
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go func() { ended <- Work(ctx, o, d) }()
	return ended
}

// What handing out and taking in costs is less than 2 % of pieces of ten seconds.
func TestOverhead(t *testing.T) {
	c := serve(t, Options{})
	hire(t, WorkOptions{Connection: Connection{URL: c.URL()}}, echo)
	specs := make([]string, 100)
	for i := range specs {
		specs[i] = fmt.Sprint(i)
	}
	if _, err := do(t, c, "0"); err != nil { // until the worker is there
		t.Fatal(err)
	}
	const most = 200 * time.Millisecond
	each := most
	for try := 0; try < 3 && each >= most; try++ { // a machine may have stopped for a while
		c.taken = make(map[string]bool)
		begin := time.Now()
		results, err := do(t, c, specs...)
		if err != nil || len(results) != len(specs) {
			t.Fatalf("%d results, %v", len(results), err)
		}
		each = time.Since(begin) / time.Duration(len(specs))
		t.Logf("%v a piece: %.3f %% of ten seconds", each, 100*each.Seconds()/10)
	}
	if each >= most {
		t.Errorf("%v a piece, want less than 2 %% of ten seconds", each)
	}
}

// Specifications and values that no message holds go through the store.
func TestLarge(t *testing.T) {
	c := serve(t, Options{})
	hire(t, WorkOptions{Connection: Connection{URL: c.URL()}}, echo)
	long := `"` + strings.Repeat("architecture ", 200_000) + `"`
	results, err := do(t, c, long, "1")
	if err != nil || string(results["piece-0"].Value) != long || string(results["piece-1"].Value) != "1" {
		t.Errorf("%d results, %v", len(results), err)
	}
}

// A piece that cannot be done ends the order with what the worker says; it is tried again when it is asked for again.
func TestFailure(t *testing.T) {
	c := serve(t, Options{})
	var fails atomic.Bool
	fails.Store(true)
	hire(t, WorkOptions{Connection: Connection{URL: c.URL()}}, doer(func(p *Piece) (json.RawMessage, error) {
		if fails.Load() {
			return nil, errors.New("it has diverged")
		}
		return p.Spec, nil
	}))
	if _, err := do(t, c, "7"); err == nil || err.Error() != "piece 0, on worker w: it has diverged" {
		t.Errorf("error %v", err)
	}
	fails.Store(false)
	if results, err := do(t, c, "7"); err != nil || len(results) != 1 {
		t.Errorf("again: %v, %v", results, err)
	}
}

// Workers of another program are refused and told why, or their results are marked.
func TestPolicy(t *testing.T) {
	own := Program{Module: "v1.0.0", ISA: "avx512", Precision: "float32"}
	other := own
	other.ISA = "avx2"
	c := serve(t, Options{Program: own})
	refused := <-hire(t, WorkOptions{Connection: Connection{URL: c.URL()}, Program: other}, echo)
	if !errors.Is(refused, ErrRefused) || !strings.Contains(refused.Error(), `ISA "avx2", the coordinator's is "avx512"`) {
		t.Errorf("another instruction set: error %v", refused)
	}
	all := c.Workers()
	for ; len(all) == 0; all = c.Workers() { // what the worker says may be on its way, or the test's time runs out
		time.Sleep(time.Millisecond)
	}
	if len(all) != 1 || !strings.Contains(all[0].Refused, "avx2") {
		t.Errorf("the coordinator knows of %+v", all)
	}
	open := serve(t, Options{Program: own, Policy: Any})
	hire(t, WorkOptions{Connection: Connection{URL: open.URL()}, Program: other}, echo)
	results, err := do(t, open, "1")
	if err != nil || len(results["piece-0"].By) != 1 || results["piece-0"].By[0].Program != other {
		t.Errorf("a result by %+v, %v", results["piece-0"], err)
	}
}

// The server listens to other machines only if it asks for a token, which workers must show.
func TestToken(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:0", ":0", "192.0.2.1:4222", "[::]:0"} {
		o := Options{Server: Server{Listen: listen}}
		if err := o.Check(); err == nil || !strings.Contains(err.Error(), "-token") {
			t.Errorf("-listen %s without a token: error %v", listen, err)
		}
	}
	for _, listen := range []string{"4222", "localhost:x", "localhost:70000"} {
		o := Options{Server: Server{Listen: listen}}
		if err := o.Check(); err == nil || !strings.Contains(err.Error(), "-listen "+listen) {
			t.Errorf("-listen %s: error %v", listen, err)
		}
	}
	token := filepath.Join(t.TempDir(), "token")
	c := serve(t, Options{Server: Server{Listen: "0.0.0.0:0", Token: token}})
	if info, err := os.Stat(token); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token's file: %v, %v; want one for this user alone", info, err)
	}
	_, port, err := net.SplitHostPort(strings.TrimPrefix(c.URL(), "nats://"))
	if err != nil {
		t.Fatal(err)
	}
	url := "nats://127.0.0.1:" + port
	o := WorkOptions{Connection: Connection{URL: url}, Wait: 10 * time.Second} // who is not let in does not wait
	if err := Work(t.Context(), o, echo); err == nil || !strings.Contains(strings.ToLower(err.Error()), "authorization") {
		t.Errorf("a worker without the token: error %v", err)
	}
	hire(t, WorkOptions{Connection: Connection{URL: url, Token: token}}, echo)
	if _, err := do(t, c, "1"); err != nil {
		t.Error(err)
	}
}

// TLS and users come from a configuration of NATS and NATS' own files.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := certificate(t, dir)
	config := filepath.Join(dir, "nats.conf")
	text := fmt.Sprintf("host: 127.0.0.1\nport: -1\ntls {\n  cert_file: %q\n  key_file: %q\n}\nauthorization { token: \"a token of the configuration\" }\n", cert, key)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("another-token-of-the-flag\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := serve(t, Options{Connection: Connection{CA: cert}, Server: Server{Config: config, Token: token}})
	_, port, err := net.SplitHostPort(c.server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	hire(t, WorkOptions{Connection: Connection{URL: "tls://localhost:" + port, CA: cert, Token: token}}, echo)
	if _, err := do(t, c, "1"); err != nil {
		t.Error(err)
	}
	// A second coordinator uses the first one's server, as it would a cluster.
	other, err := Serve(t.Context(), Options{Connection: Connection{URL: "tls://localhost:" + port, CA: cert, Token: token}, Name: "other", Policy: Same, Lease: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Study(t.Context(), "study", "configuration"); err != nil {
		t.Fatal(err)
	}
	hire(t, WorkOptions{Connection: Connection{URL: "tls://localhost:" + port, CA: cert, Token: token}, Session: "other", id: "second"}, echo)
	if results, err := do(t, other, "1", "2"); err != nil || len(results) != 2 {
		t.Errorf("%d results, %v", len(results), err)
	}
	if err := other.Close(true); err != nil {
		t.Error(err)
	}
}

// certificate writes a certificate of localhost that has signed itself, and its key.
func certificate(t *testing.T, dir string) (cert, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	public, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, contents []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: contents}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", public), write("key.pem", "EC PRIVATE KEY", secret)
}

// What most comes after is handed out first, and what comes after nothing that is left, at once.
func TestBoard(t *testing.T) {
	pieces := []Piece{{Key: "short", Work: 1}, {Key: "long", Work: 5}, {Key: "parent", Work: 2}, {Key: "child", Work: 9}}
	b := newBoard(pieces, map[string][]string{"child": {"parent", "done before"}})
	keys := func(pieces []*Piece) string {
		var all []string
		for _, p := range pieces {
			all = append(all, p.Key)
		}
		return strings.Join(all, " ")
	}
	if got := keys(b.ready()); got != "parent long short" {
		t.Errorf("first %s", got)
	}
	if got := keys(b.took("long")); got != "" {
		t.Errorf("after the long one %s", got)
	}
	if got := keys(b.took("parent")); got != "child" || b.left() != 2 || b.done != 7 || b.all != 17 {
		t.Errorf("after the parent %s; %d left, %v of %v", got, b.left(), b.done, b.all)
	}
}
