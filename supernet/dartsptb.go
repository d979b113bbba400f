package supernet

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/rnn"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/dartsptb"
	"github.com/oneshot-nas/oneshot/tensor"
)

// DARTSPTBOptions is how the language model of package dartsptb is regularised, and how its weights begin. The zero value does
// nothing of it: it is a model without dropout and penalties.
//
// Every dropout draws its mask once for a sequence (Gal and Ghahramani 2016, arXiv 1512.05287) and multiplies what it keeps by
// 1/(1−p). The names are those of the release of AWD-LSTM (Merity, Keskar and Socher 2018, arXiv 1708.02182), which DARTS
// follows.
type DARTSPTBOptions struct {
	DropoutE float64 `json:"dropoute"` // of whole words, wherever they occur in the sequence
	DropoutI float64 `json:"dropouti"` // of elements of the embedded words
	DropoutX float64 `json:"dropoutx"` // of elements of the same, where the cell's matrix reads them
	DropoutH float64 `json:"dropouth"` // of elements of the states, where the cell's matrices read them
	Dropout  float64 `json:"dropout"`  // of elements of the outputs, where the decoder reads them

	// Alpha is the weight of activation regularisation, the mean square of the outputs after their dropout; Beta that of temporal
	// activation regularisation, the mean square of the differences between an output and the next, before their dropout.
	Alpha float64 `json:"alpha"`
	Beta  float64 `json:"beta"`

	// Init bounds the uniform distribution around zero that table and matrices are drawn from. 0 stands for 0.04·√(850/H), which
	// is the published 0.04 at the published size: what a matrix makes of H numbers then varies as much at any H. (0.04 would
	// leave the activations of a cell of 32 units linear: all architectures would be the same.)
	Init float64 `json:"init"`
}

// PaperDARTSPTB is how the supernet of "How Does Supernet Help in Neural Architecture Search?" (arXiv 2010.08219) is regularised,
// as are the networks of DARTS (Liu, Simonyan and Yang 2019, section A.1.2).
var PaperDARTSPTB = DARTSPTBOptions{DropoutE: 0.1, DropoutI: 0.2, DropoutX: 0.75, DropoutH: 0.25, Dropout: 0.75, Beta: 1e-3, Init: 0.04}

// init returns the bound of the first weights for H hidden units.
func (o DARTSPTBOptions) init(hidden int) float64 {
	if o.Init > 0 {
		return o.Init
	}
	return 0.04 * math.Sqrt(850/float64(hidden))
}

// DARTSPTB is the language model of package dartsptb: a table of words that is the decoder's weight, too, and between the two a
// recurrent cell. Each step of the cell has one matrix, whatever it reads and applies, so that no weights belong to a choice: a
// supernet is no larger than one of its networks, and what it shares, it shares entirely.
//
// The state is carried from sequence to sequence ([Pass.Hidden]), from one architecture to the next if they change.
type DARTSPTB struct {
	Space   dartsptb.Space
	Options DARTSPTBOptions

	owned
	store *nn.Store
	only  *dartsptb.Arch // of a stand-alone network

	embedding *nn.Embedding
	cell      *nn.DARTSCell
	decoder   *nn.TiedLinear

	// What a pass refers to until it has run backwards: the cell, the state before the sequence, and the penalties.
	steps     rnn.DARTSCell
	hidden    tensor.Tensor
	penalties []*autograd.Var
}

// NewDARTSPTB makes a supernet or, if only is not nil, the network of that architecture alone, which differs in the names of its
// matrices: those of a network are the layers of [dartsptb.Space.Network], "cell.3.tanh.weight", and of the supernet, where a
// step applies any activation, "cell.3.weight". Parameters are drawn from seed.
func NewDARTSPTB(space dartsptb.Space, o DARTSPTBOptions, seed uint64, only *dartsptb.Arch) *DARTSPTB {
	m := &DARTSPTB{Space: space, Options: o, store: nn.NewStore(seed), only: only}
	h, bound := space.Hidden, nn.Uniform(o.init(space.Hidden))
	matrix := func(sc nn.Scope, rows, cols int) *autograd.Param {
		return sc.Weight("weight", nn.SameLayout, bound, rows, cols)
	}
	m.embedding = &nn.Embedding{Weight: matrix(m.store.Scope("embedding"), space.Words, h)}
	w := &autograd.DARTSCellParams{W0: matrix(m.store.Scope("cell.input"), 2*h, 2*h), W: make([]*autograd.Param, dartsptb.Steps)}
	for i := range w.W {
		name := fmt.Sprintf("cell.%d", i)
		if only != nil {
			name += "." + only[i].Act.String()
		}
		own(&m.owned, name, &w.W[i], m.store.Scope(name), func(sc nn.Scope) *autograd.Param { return matrix(sc, h, 2*h) })
	}
	m.cell = &nn.DARTSCell{Weights: *w}
	m.decoder = nn.NewTiedLinear(m.store.Scope("decoder"), m.embedding)
	m.steps = rnn.DARTSCell{Switch: make([]int, dartsptb.Steps), Act: make([]autograd.Activation, dartsptb.Steps)}
	if only != nil {
		m.set(*only)
	}
	return m
}

// Store holds the parameters.
func (m *DARTSPTB) Store() *nn.Store { return m.store }

// HiddenSize is H.
func (m *DARTSPTB) HiddenSize() int { return m.Space.Hidden }

// Activate makes the model be a, a [dartsptb.Arch].
func (m *DARTSPTB) Activate(a spaces.Arch) error {
	arch, err := activate(m.Space.Name(), m.only, a, dartsptb.Arch.Valid)
	if err == nil {
		m.set(arch)
	}
	return err
}

var cellActivations = [...]autograd.Activation{
	dartsptb.Tanh: autograd.ActTanh, dartsptb.ReLU: autograd.ActReLU, dartsptb.Sigmoid: autograd.ActSigmoid, dartsptb.Identity: autograd.ActIdentity,
}

func (m *DARTSPTB) set(arch dartsptb.Arch) {
	for i, s := range arch {
		m.steps.Switch[i], m.steps.Act[i] = int(s.Switch), cellActivations[s.Act]
	}
}

// Forward computes the logits of the words that follow those of a sequence, [T][B][Words], from the state in p.Hidden, [B][H],
// which it replaces.
func (m *DARTSPTB) Forward(p *Pass, b *Batch) Output { return m.forward(p, b, m.draw(p, b.B)) }

// dartsPTBMasks holds the factors of the dropouts of a sequence; nil where nothing is dropped.
type dartsPTBMasks struct {
	embedding []float32 // [Words]
	input     []float32 // [B][H], as all others
	x, h      []float32
	output    []float32
}

// draw decides what a sequence of so many columns is trained without.
func (m *DARTSPTB) draw(p *Pass, columns int) (masks dartsPTBMasks) {
	if !p.Training() {
		return masks
	}
	mask := func(n int, probability float64) []float32 {
		if probability == 0 {
			return nil
		}
		return autograd.Mask(p.Tape, n, probability, p.Rand)
	}
	o, n := &m.Options, columns*m.Space.Hidden
	masks.embedding = mask(m.Space.Words, o.DropoutE)
	masks.input, masks.x, masks.h, masks.output = mask(n, o.DropoutI), mask(n, o.DropoutX), mask(n, o.DropoutH), mask(n, o.Dropout)
	return masks
}

func (m *DARTSPTB) forward(p *Pass, b *Batch, masks dartsPTBMasks) Output {
	tp := p.Tape
	if p.Hidden.Rank() != 2 || p.Hidden.Dim(0) != b.B || p.Hidden.Dim(1) != m.Space.Hidden {
		panic(tensor.ShapeError{Op: "supernet.DARTSPTB.Forward", Got: fmt.Sprintf("a hidden state %v", p.Hidden.Shape()),
			Want: fmt.Sprintf("[%d][%d]", b.B, m.Space.Hidden)})
	}
	if !m.hidden.SameShape(p.Hidden) {
		m.hidden = tensor.New(b.B, m.Space.Hidden)
	}
	m.hidden.CopyFrom(p.Hidden)
	y := tp.Block(func() *autograd.Var {
		x := m.embedding.Forward(tp, b.Tokens, b.T, b.B, masks.embedding)
		return m.cell.Forward(tp, locked(tp, x, masks.input), tp.Constant(m.hidden), m.steps, masks.x, masks.h)
	})
	copy(p.Hidden.Data, y.Value.Data[(b.T-1)*p.Hidden.Len():])
	var out Output
	m.penalties = m.penalties[:0]
	if p.Training() && m.Options.Beta > 0 {
		m.penalties = append(m.penalties, autograd.TemporalActivationRegularization(tp, y, m.Options.Beta))
	}
	out.Logits = tp.Block(func() *autograd.Var {
		y := locked(tp, y, masks.output)
		if p.Training() && m.Options.Alpha > 0 {
			m.penalties = append(m.penalties, autograd.ActivationRegularization(tp, y, m.Options.Alpha))
		}
		return m.decoder.Forward(tp, y)
	}, y)
	out.Penalties = m.penalties
	return out
}

// locked is dropout with a mask for all steps, if there is one.
func locked(tp *autograd.Tape, x *autograd.Var, mask []float32) *autograd.Var {
	if mask == nil {
		return x
	}
	return autograd.LockedDropout(tp, x, mask)
}
