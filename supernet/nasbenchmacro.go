package supernet

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/nasbenchmacro"
)

// NASBenchMacro is the network of package nasbenchmacro: every layer owns weights for each of its operations. An Identity has
// some in the first layer of a stage, where it halves the image.
type NASBenchMacro struct {
	Space nasbenchmacro.Space
	owned
	store *nn.Store
	arch  nasbenchmacro.Arch
	only  *nasbenchmacro.Arch // of a stand-alone network

	stem       normedConv
	layers     [nasbenchmacro.Layers]macroLayer
	head       normedConv
	classifier *nn.Linear
}

// macroLayer is what a layer can be, as far as the model has it.
type macroLayer struct {
	identity     normedConv // nil where an Identity is nothing
	mb3k3, mb6k5 mbConv
}

// NewNASBenchMacro makes a supernet or, if only is not nil, the network of that architecture alone: the same code with the
// parameters that it needs, named as the layers of [nasbenchmacro.Space.Network]. Parameters are drawn from seed, as PyTorch does.
func NewNASBenchMacro(space nasbenchmacro.Space, seed uint64, only *nasbenchmacro.Arch) *NASBenchMacro {
	m := &NASBenchMacro{Space: space, store: nn.NewStore(seed), only: only}
	m.stem = newNormedConv(m.store.Scope("stem"), conv.Square(3, space.Channels, 3, 1))
	channels := space.Channels
	for i := range m.layers {
		c := mbConvConfig{cin: channels, cout: channels, stride: 1, act: autograd.ActReLU, shortcut: true}
		if nasbenchmacro.First(i) {
			c.cout, c.stride, c.shortcut = 2*channels, 2, false
		}
		channels = c.cout
		l := &m.layers[i]
		for _, op := range []nasbenchmacro.Op{nasbenchmacro.Identity, nasbenchmacro.MB3K3, nasbenchmacro.MB6K5} {
			if only != nil && only[i] != op {
				continue
			}
			key := nasbenchmacro.Key(i)
			sc := m.store.Scope(fmt.Sprintf("%s.%v", key, op))
			switch {
			case op != nasbenchmacro.Identity:
				c := c
				c.kernel, c.expansion = op.Kernel(), op.Expansion()
				own(&m.owned, key, l.block(op), sc, func(sc nn.Scope) mbConv { return newMBConv(sc, c) })
			case nasbenchmacro.First(i):
				own(&m.owned, key, &l.identity, sc, func(sc nn.Scope) normedConv {
					return newNormedConv(sc, conv.Square(c.cin, c.cout, 1, c.stride))
				})
			}
		}
	}
	m.head = newNormedConv(m.store.Scope("head"), conv.Square(channels, space.Head(), 1, 1))
	m.classifier = nn.NewLinear(m.store.Scope("classifier"), space.Head(), space.Classes)
	if only != nil {
		m.arch = *only
	}
	return m
}

// block is the place of a block's operation.
func (l *macroLayer) block(op nasbenchmacro.Op) *mbConv {
	if op == nasbenchmacro.MB3K3 {
		return &l.mb3k3
	}
	return &l.mb6k5
}

// Store holds the parameters and buffers.
func (m *NASBenchMacro) Store() *nn.Store { return m.store }

// Activate makes the model be a, a [nasbenchmacro.Arch].
func (m *NASBenchMacro) Activate(a spaces.Arch) error {
	arch, err := activate(m.Space.Name(), m.only, a, nasbenchmacro.Arch.Valid)
	if err == nil {
		m.arch = arch
	}
	return err
}

// Forward computes the logits of images, [N][H][W][3].
func (m *NASBenchMacro) Forward(p *Pass, b *Batch) Output {
	tp := p.Tape
	x := tp.Block(func() *autograd.Var { return m.stem.forward(tp, p.Images(b), autograd.ActReLU) })
	for i, op := range m.arch {
		l := &m.layers[i]
		switch {
		case op != nasbenchmacro.Identity:
			x = tp.Block(func() *autograd.Var { return l.block(op).forward(tp, x) }, x)
		case nasbenchmacro.First(i):
			x = tp.Block(func() *autograd.Var { return l.identity.forward(tp, x, autograd.ActIdentity) }, x)
		}
	}
	return Output{Logits: tp.Block(func() *autograd.Var {
		return m.classifier.Forward(tp, autograd.GlobalAvgPool(tp, m.head.forward(tp, x, autograd.ActReLU)))
	}, x)}
}
