package bench

import (
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/supernet"
)

// languageModel is the medium model of Zaremba, Sutskever and Vinyals (2014, arXiv 1409.2329) without its dropout: an embedding, two
// layers of 650 units, a decoder over 10,000 words.
type languageModel struct {
	store   *nn.Store
	embed   *nn.Embedding
	layers  [2]*nn.LSTM
	decoder *nn.Linear
}

const lmWords, lmUnits, lmSteps, lmBatch = 10000, 650, 35, 20

// lmMACs is the multiply-adds of a word in a forward pass.
const lmMACs = 2*4*lmUnits*2*lmUnits + lmUnits*lmWords

func newLanguageModel() *languageModel {
	s := nn.NewStore(1)
	m := &languageModel{store: s, embed: nn.NewEmbedding(s.Scope("embed"), lmWords, lmUnits)}
	m.layers[0] = nn.NewLSTM(s.Scope("lstm0"), lmUnits, lmUnits)
	m.layers[1] = nn.NewLSTM(s.Scope("lstm1"), lmUnits, lmUnits)
	m.decoder = nn.NewLinear(s.Scope("decoder"), lmUnits, lmWords)
	return m
}

func (m *languageModel) forward(tp *autograd.Tape, words []int32, batch int) *autograd.Var {
	x := m.embed.Forward(tp, words, len(words)/batch, batch, nil)
	for _, l := range m.layers {
		x = l.Forward(tp, x)
	}
	return m.decoder.Forward(tp, autograd.Reshape(tp, x, len(words), lmUnits))
}

// BenchmarkLSTM times an LSTM language model: a training step as in BenchmarkTrain, a forward pass of the same batch, and one of a
// single column.
func BenchmarkLSTM(b *testing.B) {
	data := func(columns int) supernet.Batch {
		var batch supernet.Batch
		text(columns, lmSteps, lmWords).Train(&batch, columns, 1, 0)
		return batch
	}
	b.Run("train", func(b *testing.B) {
		before := resident()
		m, tp, batch := newLanguageModel(), autograd.NewTape(), data(lmBatch)
		sgd := &nn.SGD{Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Clip: 5}
		measure(b, lmBatch*lmSteps, "tokens/s", 3*lmMACs, before, func() {
			tp.Reset(autograd.Training)
			loss := autograd.CrossEntropyInPlace(tp, m.forward(tp, batch.Tokens, lmBatch), batch.Targets, 0)
			tp.Backward(loss.Var)
			sgd.Step(tp, 1e-4)
		})
	})
	for _, f := range []struct {
		name    string
		columns int
	}{{"score", lmBatch}, {"infer", 1}} {
		b.Run(f.name, func(b *testing.B) {
			m, tp, batch := newLanguageModel(), autograd.NewTape(), data(f.columns)
			measure(b, f.columns*lmSteps, "tokens/s", lmMACs, 0, func() {
				tp.Reset(autograd.Inference)
				m.forward(tp, batch.Tokens, f.columns)
			})
		})
	}
}
