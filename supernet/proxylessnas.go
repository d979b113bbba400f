package supernet

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/proxylessnas"
)

// Sharing is how the candidates of a cell share weights with one another.
type Sharing int

const (
	// Separate candidates share nothing: the paper's supernet.
	Separate Sharing = iota
	// Sliced candidates are parts of one block of the largest kernel and expansion: the middle taps and the first channels. A
	// step moves the part that it uses.
	Sliced
)

var sharings = []string{"separate", "sliced"}

// String returns "separate" or "sliced".
func (s Sharing) String() string {
	if s >= 0 && int(s) < len(sharings) {
		return sharings[s]
	}
	return fmt.Sprintf("Sharing(%d)", int(s))
}

// ProxylessNAS is the network of package proxylessnas: every cell owns weights for each of its blocks, or one block of which
// the others are slices. All cells but the first of a stage have a shortcut around them, so that one that is left out passes
// on its input.
type ProxylessNAS struct {
	Space   proxylessnas.Space
	Sharing Sharing
	owned
	store *nn.Store
	arch  proxylessnas.Arch
	only  *proxylessnas.Arch // of a stand-alone network

	stem       normedConv
	first      mbConv
	cells      [proxylessnas.Cells]proxylessCell
	head       normedConv
	classifier *nn.Linear
}

// proxylessCell is the blocks of a cell, by operation, as far as the model has them: where they are [Sliced], the largest.
type proxylessCell [proxylessnas.Zero]mbConv

// NewProxylessNAS makes a supernet or, if only is not nil, the network of that architecture alone: the same code with the
// parameters that it needs, named as the layers of [proxylessnas.Space.Network]. Where candidates are [Sliced], their layers
// have no operation in their names: stage0.cell0.expand.conv instead of stage0.cell0.k3e3.expand.conv. A stand-alone network
// has nothing to share. Parameters are drawn from seed, those of convolutions, depthwise ones too, with variance 2/(k²·channels
// out), and the bias of the classifier is 0, as in the paper's release.
func NewProxylessNAS(space proxylessnas.Space, seed uint64, only *proxylessnas.Arch, sharing Sharing) *ProxylessNAS {
	m := &ProxylessNAS{Space: space, Sharing: sharing, store: nn.NewStore(seed), only: only}
	if only != nil {
		m.arch, m.Sharing = *only, Separate
	}
	root := m.store.Scope("").Init(nn.KaimingNormal(nn.FanOut, 0), nil)
	m.stem = newNormedConv(root.Sub("stem"), conv.Square(3, space.Stem(), 3, space.Stride(-1)))
	m.first = newMBConv(root.Sub("first"), mbConvConfig{cin: space.Stem(), cout: space.First(), kernel: 3, expansion: 1, stride: 1, act: autograd.ActReLU6})
	channels, cell := space.First(), 0
	for stage := range proxylessnas.Stages {
		for i := range proxylessnas.Depth(stage) {
			c := mbConvConfig{cin: channels, cout: space.Stage(stage), stride: 1, act: autograd.ActReLU6, shortcut: i > 0}
			if i == 0 {
				c.stride = space.Stride(stage)
			}
			if i < space.Depth {
				m.makeCell(root.Sub(fmt.Sprintf("stage%d.cell%d", stage, i)), cell, c)
			}
			channels = c.cout
			cell++
		}
	}
	m.head = newNormedConv(root.Sub("head"), conv.Square(channels, space.Head(), 1, 1))
	m.classifier = nn.NewLinear(m.store.Scope("classifier").Init(nil, nn.Constant(0)), space.Head(), space.Classes)
	m.adjust(0)
	return m
}

// adjust gives the batch norms from the i-th on the ε of the space.
func (m *ProxylessNAS) adjust(i int) {
	for _, n := range m.store.Norms[i:] {
		n.Eps = 1e-3
	}
}

// makeCell makes the blocks that the model has for a cell.
func (m *ProxylessNAS) makeCell(sc nn.Scope, cell int, c mbConvConfig) {
	for op := range proxylessnas.Zero {
		c := c
		c.kernel, c.expansion = op.Kernel(), op.Expansion()
		own := func(sc nn.Scope) {
			own(&m.owned, proxylessnas.Key(cell), &m.cells[cell][op], sc, func(sc nn.Scope) mbConv {
				norms := len(m.store.Norms)
				b := newMBConv(sc, c)
				m.adjust(norms)
				return b
			})
		}
		switch {
		case m.Sharing == Sliced && op == proxylessnas.K7E6:
			own(sc)
		case m.Sharing == Separate && (m.only == nil || m.only[cell] == op):
			own(sc.Sub(op.String()))
		}
	}
}

// Store holds the parameters and buffers.
func (m *ProxylessNAS) Store() *nn.Store { return m.store }

// Activate makes the model be a, a [proxylessnas.Arch].
func (m *ProxylessNAS) Activate(a spaces.Arch) error {
	arch, err := activate(m.Space.Name(), m.only, a, m.Space.Contains)
	if err == nil {
		m.arch = arch
	}
	return err
}

// Forward computes the logits of images, [N][H][W][3].
func (m *ProxylessNAS) Forward(p *Pass, b *Batch) Output {
	tp := p.Tape
	x := tp.Block(func() *autograd.Var {
		return autograd.BatchNormSum(tp, m.first.narrow(tp, m.stem.folded(tp, p.Images(b), m.first.act)))
	})
	for i, op := range m.arch {
		if op != proxylessnas.Zero {
			x = tp.Block(func() *autograd.Var { return m.block(i, op).forward(tp, x) }, x)
		}
	}
	return Output{Logits: tp.Block(func() *autograd.Var {
		return m.classifier.Forward(tp, autograd.GlobalAvgPool(tp, m.head.forward(tp, x, autograd.ActReLU6)))
	}, x)}
}

// block returns the block that a cell has for an operation.
func (m *ProxylessNAS) block(cell int, op proxylessnas.Op) mbConv {
	if m.Sharing == Sliced {
		return m.cells[cell][proxylessnas.K7E6].slice(op.Kernel(), op.Expansion())
	}
	return m.cells[cell][op]
}
