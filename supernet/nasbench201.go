package supernet

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/pool"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/tensor"
)

// NASBench201 is the network of package nasbench201: every edge of every cell owns weights for each of its operations.
//
// It computes what the benchmark's own code does, where none is a multiplication by zero. A node that receives nothing else is
// zeros; but a convolution that reads it still has a batch norm, which makes its bias of them (in 2,000 of the 15,284
// architectures). And a node that leads nowhere is computed in training too: its batch norms see the batch, and what made it
// has a gradient, of zeros, with which weight decay and momentum act.
type NASBench201 struct {
	Space nasbench201.Space
	// Pruned leaves out the edges that no path from the input to the output takes ([nasbench201.Arch.Active]), as if they were
	// none. That is cheaper, and it keeps what is shared with other architectures from moving where it cannot matter; but it
	// is another function than the benchmark's where a convolution reads zeros.
	Pruned bool

	owned
	store *nn.Store
	arch  nasbench201.Arch
	only  *nasbench201.Arch // of a stand-alone network

	stem       *nn.Conv2D
	stemNorm   *nn.BatchNorm2D
	blocks     []nb201Block
	lastNorm   *nn.BatchNorm2D
	classifier *nn.Linear

	// Scratch of one cell: the terms of each node, and the convolutions that leave one, with where they lead to.
	terms    [nasbench201.Nodes][]autograd.Term
	branches []autograd.ConvBranch
	edges    []int
	zero     []float32
}

// newNB201Conv makes a convolution, of max(x, 0), and its batch norm, called as in the benchmark's code.
func newNB201Conv(sc nn.Scope, k conv.Kernel) normedConv {
	return normedConv{newConv(sc.Sub("1"), k), nn.NewBatchNorm2D(sc.Sub("2"), k.Cout)}
}

// nb201Block is a cell, or a residual block of stride 2 if shortcut is set.
type nb201Block struct {
	conv1, conv3 [nasbench201.Edges]normedConv
	a, b         normedConv
	shortcut     *nn.Conv2D
}

// NewNASBench201 makes a supernet or, if only is not nil, the network of that architecture alone: the same code with the
// parameters that it needs, named as the layers of [nasbench201.Space.Network]. Parameters are drawn from seed.
func NewNASBench201(space nasbench201.Space, seed uint64, only *nasbench201.Arch) *NASBench201 {
	m := &NASBench201{Space: space, store: nn.NewStore(seed), only: only}
	c := space.Channels
	m.stem = newConv(m.store.Scope("stem.0"), conv.Square(3, c, 3, 1))
	m.stemNorm = nn.NewBatchNorm2D(m.store.Scope("stem.1"), c)
	m.blocks = make([]nb201Block, space.Blocks())
	for i := range m.blocks {
		b := &m.blocks[i]
		sc := m.store.Scope(fmt.Sprintf("cells.%d", i))
		if space.Reduction(i) {
			b.a = newNB201Conv(sc.Sub("conv_a"), conv.Square(c, 2*c, 3, 2))
			b.b = newNB201Conv(sc.Sub("conv_b"), conv.Square(2*c, 2*c, 3, 1))
			b.shortcut = newConv(sc.Sub("downsample.1"), conv.Square(c, 2*c, 1, 1))
			c *= 2
			continue
		}
		for e, key := range nasbench201.Keys {
			sc := sc.Sub("edge." + key)
			if only == nil {
				m.own(key, &b.conv1[e], sc.Sub("nor_conv_1x1"), conv.Square(c, c, 1, 1))
				m.own(key, &b.conv3[e], sc.Sub("nor_conv_3x3"), conv.Square(c, c, 3, 1))
				continue
			}
			switch only[e] {
			case nasbench201.Conv1x1:
				b.conv1[e] = newNB201Conv(sc, conv.Square(c, c, 1, 1))
			case nasbench201.Conv3x3:
				b.conv3[e] = newNB201Conv(sc, conv.Square(c, c, 3, 1))
			}
		}
	}
	m.lastNorm = nn.NewBatchNorm2D(m.store.Scope("lastact.0"), c)
	m.classifier = nn.NewLinear(m.store.Scope("classifier"), c, space.Classes)
	if only != nil {
		m.arch = *only
	}
	return m
}

// own makes a convolution that belongs to a choice.
func (m *NASBench201) own(edge string, place *normedConv, sc nn.Scope, k conv.Kernel) {
	own(&m.owned, edge, place, sc, func(sc nn.Scope) normedConv { return newNB201Conv(sc, k) })
}

// Store holds the parameters and buffers.
func (m *NASBench201) Store() *nn.Store { return m.store }

// Activate makes the model be a, a [nasbench201.Arch].
func (m *NASBench201) Activate(a spaces.Arch) error {
	arch, err := activate(m.Space.Name(), m.only, a, nasbench201.Arch.Valid)
	if err == nil {
		m.arch = arch
	}
	return err
}

// Forward computes the logits of images, [N][H][W][3].
func (m *NASBench201) Forward(p *Pass, b *Batch) Output {
	tp := p.Tape
	x := tp.Block(func() *autograd.Var {
		m.branches = append(m.branches[:0], m.stem.Branch())
		return m.stemNorm.Forward(tp, autograd.Convs(tp, p.Images(b), autograd.ActIdentity, m.branches)[0])
	})
	for i := range m.blocks {
		b := &m.blocks[i]
		x = tp.Block(func() *autograd.Var {
			if b.shortcut != nil {
				return m.residual(tp, x, b)
			}
			return m.cell(tp, x, b)
		}, x)
	}
	return Output{Logits: tp.Block(func() *autograd.Var {
		y := autograd.ReLU(tp, m.lastNorm.Forward(tp, x))
		return m.classifier.Forward(tp, autograd.GlobalAvgPool(tp, y))
	}, x)}
}

// cell runs the active architecture's cell on x. The convolutions that leave a node go in one call, and the node that they
// lead to sums and normalises all its terms in one pass; one of a single term that only convolutions read they evaluate themselves. A
// node of zeros is nil.
func (m *NASBench201) cell(tp *autograd.Tape, x *autograd.Var, b *nb201Block) *autograd.Var {
	const last = nasbench201.Nodes - 1
	training := tp.Mode() == autograd.Training
	computed := m.computed(training)
	for i := range m.terms {
		m.terms[i] = m.terms[i][:0]
	}
	node, folded := x, false
	for from := range last {
		if from > 0 {
			terms := m.terms[from]
			if folded = len(terms) == 1 && terms[0].BN != nil && m.folds(from, computed); !folded {
				node = sum(tp, terms)
			}
		}
		m.branches, m.edges = m.branches[:0], m.edges[:0]
		leads := false
		for to := from + 1; to <= last; to++ {
			e := nasbench201.Edge(from, to)
			if !computed[e] {
				continue
			}
			leads = true
			switch op := m.arch[e]; {
			case op == nasbench201.Conv1x1 || op == nasbench201.Conv3x3:
				m.branches, m.edges = append(m.branches, m.convOf(b, e).conv.Branch()), append(m.edges, to)
			case node == nil:
			case op == nasbench201.SkipConnect:
				m.terms[to] = append(m.terms[to], autograd.Term{X: node})
			case op == nasbench201.AvgPool3x3:
				y := autograd.AvgPool(tp, node, pool.Avg{Kernel: 3, Stride: 1, Pad: 1})
				m.terms[to] = append(m.terms[to], autograd.Term{X: y})
			}
		}
		switch {
		case len(m.branches) > 0:
			if node == nil && !folded {
				node = m.zeros(tp, x)
			}
			var ys []*autograd.Var
			if folded {
				term := m.terms[from][0]
				ys = autograd.FoldedConvs(tp, autograd.Folded{X: term.X, BN: term.BN, Act: autograd.ActReLU}, m.branches)
			} else {
				ys = autograd.Convs(tp, node, autograd.ActReLU, m.branches)
			}
			for i, y := range ys {
				to := m.edges[i]
				bn := &m.convOf(b, nasbench201.Edge(from, to)).norm.State
				m.terms[to] = append(m.terms[to], autograd.Term{X: y, BN: bn})
			}
		case !leads && node != nil && training && !m.Pruned:
			// The multiplication by zero through which all that made the node gets its gradient.
			m.terms[last] = append(m.terms[last], autograd.Term{X: autograd.Scale(tp, node, 0)})
		}
	}
	if node = sum(tp, m.terms[last]); node == nil {
		node = m.zeros(tp, x)
	}
	return node
}

// folds tells whether the computed edges that leave a node are convolutions that evaluate it as they read it. A single one 1×1, which would
// sum its gradients in another order then, is not worth it.
func (m *NASBench201) folds(from int, computed [nasbench201.Edges]bool) bool {
	one, three := 0, 0
	for to := from + 1; to < nasbench201.Nodes; to++ {
		switch e := nasbench201.Edge(from, to); {
		case !computed[e]:
		case m.arch[e] == nasbench201.Conv1x1:
			one++
		case m.arch[e] == nasbench201.Conv3x3:
			three++
		default:
			return false
		}
	}
	return one > 1 || three > 0
}

// computed tells which edges of the active architecture are computed.
func (m *NASBench201) computed(training bool) (edges [nasbench201.Edges]bool) {
	if m.Pruned {
		return m.arch.Active()
	}
	// Outside of training nobody can tell whether nodes are computed that do not lead to the output.
	leads := [nasbench201.Nodes]bool{nasbench201.Nodes - 1: true}
	for from := nasbench201.Nodes - 2; from >= 0; from-- {
		for to := from + 1; to < nasbench201.Nodes; to++ {
			e := nasbench201.Edge(from, to)
			edges[e] = m.arch[e] != nasbench201.None && (leads[to] || training)
			leads[from] = leads[from] || edges[e]
		}
	}
	return edges
}

// zeros is a constant in the shape of x.
func (m *NASBench201) zeros(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	if n := x.Value.Len(); len(m.zero) < n {
		m.zero = tensor.New(n).Data
	}
	return tp.Constant(tensor.WrapLike(m.zero[:x.Value.Len()], x.Value))
}

// convOf returns the active convolution of an edge.
func (m *NASBench201) convOf(b *nb201Block, e int) normedConv {
	if m.arch[e] == nasbench201.Conv1x1 {
		return b.conv1[e]
	}
	return b.conv3[e]
}

// residual runs a block of stride 2: ReLU-conv-BN twice, plus the shortcut of average pooling and a 1×1 convolution.
func (m *NASBench201) residual(tp *autograd.Tape, x *autograd.Var, b *nb201Block) *autograd.Var {
	m.branches = append(m.branches[:0], b.a.conv.Branch())
	y := autograd.Convs(tp, x, autograd.ActReLU, m.branches)[0]
	z := autograd.FoldedConv2D(tp, autograd.Folded{X: y, BN: &b.a.norm.State, Act: autograd.ActReLU}, b.b.conv.Branch())
	p := autograd.AvgPool(tp, x, pool.Avg{Kernel: 2, Stride: 2})
	s := b.shortcut.Forward(tp, p)
	m.terms[0] = append(m.terms[0][:0], autograd.Term{X: z, BN: &b.b.norm.State}, autograd.Term{X: s})
	return autograd.BatchNormSum(tp, m.terms[0]...)
}
