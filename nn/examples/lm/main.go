// Command lm trains an LSTM language model on the Penn Treebank, or without -data on sentences of a generated language, and says a few
// sentences of its own:
//
//	go run ./nn/examples/lm -data DIR # with ptb.train.txt, ptb.valid.txt and ptb.test.txt, or any train.txt, valid.txt, test.txt
//
// The state of the network is carried from one segment of the text to the next, and gradients end at the segment's beginning (truncated
// backpropagation through time).
package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/nn"
)

func main() {
	var o options
	data := flag.String("data", "", "folder of the text; a generated one without")
	flag.IntVar(&o.epochs, "epochs", 6, "how often the text is trained on")
	flag.IntVar(&o.units, "units", 200, "of each layer")
	flag.Parse()
	o.text = dataset.GenerateText(1, 200000, 20000, 0)
	var err error
	if *data != "" {
		o.text, err = dataset.ReadPTB(*data)
	}
	if err == nil {
		_, err = o.run(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "lm:", err)
		os.Exit(1)
	}
}

type options struct {
	text          *dataset.Text
	epochs, units int
}

// model is an embedding, two layers of LSTM, and a decoder that shares the embedding's weights.
type model struct {
	embed   *nn.Embedding
	lstm    *nn.LSTM
	dropout nn.Dropout
	decoder *nn.TiedLinear
}

func newModel(store *nn.Store, words, units int) *model {
	m := &model{
		embed:   nn.NewEmbedding(store.Scope("embed").Init(nn.Uniform(0.1), nil), words, units),
		lstm:    nn.NewLSTM(store.Scope("lstm"), units, units, nn.Layers(2)),
		dropout: nn.Dropout{P: 0.2, Rand: rand.New(rand.NewPCG(3, 4))},
	}
	m.lstm.Between = m.dropout
	m.decoder = nn.NewTiedLinear(store.Scope("decoder"), m.embed)
	return m
}

// forward returns the logits of what follows each token, [T·B][words], and moves s on.
func (m *model) forward(tp *autograd.Tape, tokens []int32, batch int, s *nn.State) *autograd.Var {
	x := m.dropout.Forward(tp, m.embed.Forward(tp, tokens, len(tokens)/batch, batch, nil))
	x = m.dropout.Forward(tp, m.lstm.ForwardFrom(tp, x, s))
	return m.decoder.Forward(tp, autograd.Reshape(tp, x, len(tokens), -1))
}

// run trains and returns the perplexity of the text to validate on.
func (o *options) run(w io.Writer) (perplexity float64, err error) {
	const batch, steps = 20, 35
	store := nn.NewStore(1)
	m := newModel(store, len(o.text.Words), o.units)
	column := len(o.text.Train) / batch
	opt, lr := &nn.Adam{Clip: 0.5}, nn.Cosine{Base: 0.01, Steps: o.epochs * ((column + steps - 2) / steps)}
	tape := autograd.NewTape()
	fmt.Fprintf(w, "%d words of %s, %d of them different, %d parameters\n", len(o.text.Train), o.text.Name, len(o.text.Words), store.Size())

	step := 0
	for epoch := range o.epochs {
		sum, count, s := 0.0, 0, new(nn.State)
		for tokens, targets := range dataset.Segments(o.text.Train, batch, steps) {
			tape.Reset(autograd.Training)
			loss := autograd.CrossEntropy(tape, m.forward(tape, tokens, batch, s), targets, 0)
			tape.Backward(loss.Var)
			if norm := opt.Step(tape, lr.LR(step)); math.IsNaN(norm) || math.IsInf(norm, 0) {
				return 0, fmt.Errorf("step %d: the gradient is not finite", step)
			}
			sum, count, step = sum+loss.Sum, count+len(targets), step+1
		}
		perplexity = m.perplexity(tape, o.text.Valid)
		fmt.Fprintf(w, "epoch %d: perplexity %.2f in training, %.2f in validation\n", epoch+1, math.Exp(sum/float64(count)), perplexity)
	}
	m.speak(w, tape, o.text, 40)
	return perplexity, nil
}

func (m *model) perplexity(tape *autograd.Tape, stream []int32) float64 {
	const batch = 10
	sum, count, s := 0.0, 0, new(nn.State)
	for tokens, targets := range dataset.Segments(stream, batch, 100) {
		tape.Reset(autograd.Inference)
		sum += autograd.CrossEntropy(tape, m.forward(tape, tokens, batch, s), targets, 0).Sum
		count += len(targets)
	}
	return math.Exp(sum / float64(count))
}

// speak prints so many words, each drawn by its probability after those before it.
func (m *model) speak(w io.Writer, tape *autograd.Tape, text *dataset.Text, words int) {
	rng, s := rand.New(rand.NewPCG(5, 6)), new(nn.State)
	token := int32(slices.Index(text.Words, dataset.EOS))
	for range words {
		tape.Reset(autograd.Inference)
		p := autograd.Softmax(tape, m.forward(tape, []int32{token}, 1, s)).Value.Data
		u := rng.Float32()
		for token = 0; int(token) < len(text.Words)-1 && u >= p[token]; token++ {
			u -= p[token]
		}
		fmt.Fprint(w, strings.Replace(text.Words[token], dataset.EOS, "/", 1), " ")
	}
	fmt.Fprintln(w)
}
