package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/nn/examples/convnet"
)

const width, classes = 8, 10

// saved is a file with weights of a network that has seen a few images, so that its running statistics are not those that it begins with.
func saved(t *testing.T, images *dataset.Images) (weights string) {
	t.Helper()
	store := nn.NewStore(7)
	net := convnet.New(store, width, classes)
	mean, std := convnet.Input(store)
	copy(mean.Data, images.Mean[:])
	copy(std.Data, images.Std[:])
	tape := autograd.NewTape()
	opt := nn.Adam{}
	for b := range dataset.NewLoader(images, dataset.Augment{}).Epoch(16, nil) {
		tape.Reset(autograd.Training)
		loss := autograd.CrossEntropy(tape, net.Forward(tape, tape.Constant(b.Images)), b.Labels, 0)
		tape.Backward(loss.Var)
		opt.Step(tape, 0.01)
	}
	weights = filepath.Join(t.TempDir(), "weights.safetensors")
	if err := nn.SaveWeights(weights, store); err != nil {
		t.Fatal(err)
	}
	return weights
}

func encode(t *testing.T, images *dataset.Images, i int) []byte {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, images.W, images.H))
	for p := range images.W * images.H {
		c := images.Image(i)[3*p:]
		picture.SetRGBA(p%images.W, p/images.W, color.RGBA{c[0], c[1], c[2], 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func post(url string, body []byte) (status int, text []byte, err error) {
	r, err := http.Post(url+"/classify", "image/png", bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	defer r.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(r.Body)
	return r.StatusCode, b.Bytes(), err
}

// Each of 32 clients gets for each picture the bits that one alone gets, who asks for all pictures as one batch.
func TestManyClients(t *testing.T) {
	const clients, pictures = 32, 20
	images := dataset.Generate(3, pictures)
	weights := saved(t, images)
	s, err := newServer(weights, width, classes)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	defer h.Close()

	store := nn.NewStore(1)
	net := convnet.New(store, width, classes)
	convnet.Input(store)
	if _, err := nn.LoadWeights(weights, store); err != nil {
		t.Fatal(err)
	}
	tape := autograd.NewTape()
	var want [pictures][]float32
	var bodies [pictures][]byte
	i := 0
	for b := range dataset.NewLoader(images, dataset.Augment{}).Epoch(1, nil) {
		tape.Reset(autograd.Inference)
		want[i] = autograd.Softmax(tape, net.Forward(tape, tape.Constant(b.Images))).Value.Clone().Data
		bodies[i] = encode(t, images, i)
		i++
	}
	if slices.Equal(want[0], want[1]) {
		t.Fatal("two pictures have the same answer: there is nothing to exchange")
	}

	var running sync.WaitGroup
	for client := range clients {
		running.Go(func() {
			for k := range pictures {
				i := (k + client) % pictures
				status, text, err := post(h.URL, bodies[i])
				if err == nil && status != http.StatusOK {
					err = fmt.Errorf("status %d: %s", status, text)
				}
				var got struct {
					Class         int
					Probabilities []float32
				}
				if err == nil {
					err = json.Unmarshal(text, &got)
				}
				if err != nil || !slices.Equal(got.Probabilities, want[i]) || want[i][got.Class] != slices.Max(want[i]) {
					t.Errorf("client %d, picture %d: %v, error %v; want %v", client, i, got, err, want[i])
					return
				}
			}
		})
	}
	running.Wait()
}

func TestRefusesWhatIsNoPicture(t *testing.T) {
	s, err := newServer(saved(t, dataset.Generate(3, 4)), width, classes)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	defer h.Close()
	for want, body := range map[string][]byte{
		"is text, expected a JPEG":     []byte("hello"),
		"http: request body too large": make([]byte, maxBody+1),
		"is a PNG picture that":        encode(t, dataset.Generate(3, 1), 0)[:100],
	} {
		status, text, err := post(h.URL, body)
		if err != nil || status != http.StatusBadRequest || !strings.Contains(string(text), want) {
			t.Errorf("status %d, %q, error %v; want %q", status, text, err, want)
		}
	}
}

func TestSaysWhatIsWrongWithWeights(t *testing.T) {
	if _, err := newServer(filepath.Join(t.TempDir(), "absent"), width, classes); err == nil {
		t.Error("absent weights are no error")
	}
	const want = "stage1.0.conv.weight"
	if _, err := newServer(saved(t, dataset.Generate(3, 4)), 2*width, classes); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q in it, which has another shape", err, want)
	}
}
