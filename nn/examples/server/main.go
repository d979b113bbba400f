// Command server answers over HTTP of which class pictures are, by a network that nn/examples/cnn has trained:
//
//	go run ./nn/examples/cnn -save cnn.safetensors
//	go run ./nn/examples/server -weights cnn.safetensors
//	curl --data-binary @picture.jpg localhost:8080/classify
//
// One model serves all requests. It is only read, so they need no lock; what a request computes lies on a tape of its own, which it
// takes from those that are free. There are as many tapes as processors, so that further requests wait rather than compete.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"time"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/nn/examples/convnet"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "where to listen")
	weights := flag.String("weights", "", "file with the weights, as nn/examples/cnn -save writes it")
	width := flag.Int("width", 32, "channels of the network's first stage")
	classes := flag.Int("classes", 10, "of the network")
	flag.Parse()
	if err := run(*addr, *weights, *width, *classes); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

// run serves until the program is interrupted, and finishes what has begun.
func run(addr, weights string, width, classes int) error {
	s, err := newServer(weights, width, classes)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	h := http.Server{Addr: addr, Handler: s, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	ended := make(chan struct{})
	context.AfterFunc(ctx, func() {
		h.Shutdown(context.Background()) // requests end by the timeouts
		close(ended)
	})
	fmt.Printf("listening on %s\n", addr)
	if err := h.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-ended // ListenAndServe returns before the requests have ended
	return nil
}

// size of the pictures that the network has been trained on.
const size = 32

// maxBody bounds a picture that is sent, in bytes.
const maxBody = 8 << 20

type server struct {
	http.ServeMux
	net       nn.Layer
	mean, std [dataset.Channels]float32
	tapes     chan *autograd.Tape // those that are free
}

func newServer(weights string, width, classes int) (*server, error) {
	if weights == "" || width < 1 || classes < 1 {
		return nil, fmt.Errorf("-weights %q, -width %d, -classes %d: want a file, as nn/examples/cnn -save writes it, and numbers above 0", weights, width, classes)
	}
	store := nn.NewStore(1)
	net := convnet.New(store, width, classes)
	mean, std := convnet.Input(store)
	if _, err := nn.LoadWeights(weights, store); err != nil {
		return nil, err
	}
	s := &server{
		net: net, mean: [dataset.Channels]float32(mean.Data), std: [dataset.Channels]float32(std.Data),
		tapes: make(chan *autograd.Tape, runtime.GOMAXPROCS(0)),
	}
	for range cap(s.tapes) {
		s.tapes <- autograd.NewTape()
	}
	s.HandleFunc("POST /classify", s.classify)
	return s, nil
}

func (s *server) classify(w http.ResponseWriter, r *http.Request) {
	pixels, err := dataset.DecodePicture(http.MaxBytesReader(w, r.Body, maxBody), size)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	p := s.infer(pixels)
	json.NewEncoder(w).Encode(map[string]any{"class": slices.Index(p, slices.Max(p)), "probabilities": p})
}

// infer returns the probabilities of all classes. Any number of goroutines may call it at once.
func (s *server) infer(pixels []byte) []float32 {
	image := dataset.Images{H: size, W: size, Pixels: pixels, Labels: make([]int32, 1), Mean: s.mean, Std: s.std}
	batch, _ := dataset.NewLoader(&image, dataset.Augment{}).Load([]int32{0}, nil)

	tape := <-s.tapes
	defer func() { s.tapes <- tape }()
	tape.Reset(autograd.Inference)
	p := autograd.Softmax(tape, s.net.Forward(tape, tape.Constant(batch.Images)))
	return p.Value.Clone().Data // the tape's memory is the next request's
}
