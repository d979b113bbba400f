package supernet

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/pool"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/nasbench101"
)

// NASBench101 is the network of package nasbench101. Every inner vertex of every cell owns a projection of the cell's input and
// a convolution with batch norm for each operation that has one, whatever edges lead to it. How wide they are is the difference
// between its two supernets:
//
//   - [NewNASBench101OneShot] trains the subspace in which all inner vertices have half the channels of their cell, as the paper
//     does (arXiv 2010.08219). Nothing is sliced. (The paper's release also runs the projections that no edge asks for, which
//     moves their running statistics and nothing else; here they stay as they are.)
//   - [NewNASBench101] trains the whole space in the manner of AceNAS (Zhang et al., arXiv 2108.03001): a vertex has as many
//     channels as the cell at hand gives it ([nasbench101.Arch.Channels]), which are the first of the channels, in and out, of
//     weights and batch norms as wide as the cell. A projection of the input to the output can be added.
//
// A vertex is known by its number. The output of a cell of fewer vertices is not the vertex of that number in a larger one.
type NASBench101 struct {
	space   spaces.Space
	oneShot bool // whose architectures are [nasbench101.OneShotArch]
	owned
	store *nn.Store
	arch  nasbench101.Arch
	only  *nasbench101.Arch // of a stand-alone network

	stem       normedConv
	cells      []nb101Cell
	perStack   int
	classifier *nn.Linear

	// Scratch of one cell: the values of the vertices, those that make up the output, the terms of a sum, convolutions of one
	// input.
	values   [nasbench101.MaxVertices]*autograd.Var
	parts    []*autograd.Var
	terms    []autograd.Term
	branches []autograd.ConvBranch
}

// nb101Cell is what a cell owns.
type nb101Cell struct {
	in, out  int // channels
	vertices [nasbench101.MaxVertices]nb101Vertex
	output   normedConv // projection of the input to the output
}

// nb101Vertex is what an inner vertex owns.
type nb101Vertex struct {
	projection normedConv // of the cell's input
	conv3      normedConv
	conv1      normedConv
}

// NewNASBench101 makes a supernet of the whole space or, if only is not nil, the network of that architecture alone: the same
// code with the parameters that it needs, named as the layers of [nasbench101.Space.Network]. Parameters are drawn from seed.
func NewNASBench101(space nasbench101.Space, seed uint64, only *nasbench101.Arch) *NASBench101 {
	return newNASBench101(space, space, seed, only)
}

// NewNASBench101OneShot is [NewNASBench101] for the subspace of the paper.
func NewNASBench101OneShot(space nasbench101.OneShot, seed uint64, only *nasbench101.OneShotArch) *NASBench101 {
	if only == nil {
		return newNASBench101(space, space.Space, seed, nil)
	}
	return newNASBench101(space, space.Space, seed, &only.Arch)
}

func newNASBench101(space spaces.Space, size nasbench101.Space, seed uint64, only *nasbench101.Arch) *NASBench101 {
	_, oneShot := space.(nasbench101.OneShot)
	m := &NASBench101{space: space, oneShot: oneShot, store: nn.NewStore(seed), only: only, perStack: size.Cells}
	root := m.store.Scope("").Init(nn.TruncatedNormalFanIn, nil)
	m.stem = newNB101Conv(root.Sub("stem"), conv.Square(3, size.Channels, 3, 1))
	in := size.Channels
	m.cells = make([]nb101Cell, nasbench101.Stacks*size.Cells)
	for i := range m.cells {
		out := size.Channels << (i / size.Cells)
		m.makeCell(&m.cells[i], root.Sub(fmt.Sprintf("cells.%d", i)), in, out)
		in = out
	}
	m.classifier = nn.NewLinear(m.store.Scope("classifier").Init(nn.XavierUniform(1), nn.Constant(0)), in, size.Classes)
	if only != nil {
		m.arch = *only
	}
	return m
}

// makeCell makes what a cell owns: everything, or what the architecture of a stand-alone network needs.
func (m *NASBench101) makeCell(c *nb101Cell, sc nn.Scope, in, out int) {
	c.in, c.out = in, out
	needs := func(from, to int) bool { return m.only == nil || m.only.Edge(from, to) }
	can := func(v int, op nasbench101.Op) bool { return m.only == nil || m.only.Op(v) == op }
	last, channels := nasbench101.MaxVertices-1, [nasbench101.MaxVertices]int{}
	for v := 1; v < last; v++ {
		channels[v] = out
		if m.oneShot {
			channels[v] = (out + 1) / 2
		}
	}
	if m.only != nil {
		last, channels = m.only.Vertices()-1, m.only.Channels(out)
	}
	for v := 1; v < last; v++ {
		sc, n, w := sc.Sub(fmt.Sprintf("vertex%d", v)), channels[v], &c.vertices[v]
		op, input := fmt.Sprintf("op%d", v), fmt.Sprintf("input%d", v)
		if needs(0, v) {
			m.own(input, &w.projection, sc.Sub("projection"), conv.Square(in, n, 1, 1))
		}
		if can(v, nasbench101.Conv3x3) {
			m.own(op, &w.conv3, sc.Sub("conv3x3"), conv.Square(n, n, 3, 1))
		}
		if can(v, nasbench101.Conv1x1) {
			m.own(op, &w.conv1, sc.Sub("conv1x1"), conv.Square(n, n, 1, 1))
		}
	}
	if !m.oneShot && needs(0, last) {
		m.own("input of the output", &c.output, sc.Sub("output.projection"), conv.Square(in, out, 1, 1))
	}
}

// own makes a convolution that belongs to a choice.
func (m *NASBench101) own(decision string, place *normedConv, sc nn.Scope, k conv.Kernel) {
	own(&m.owned, decision, place, sc, func(sc nn.Scope) normedConv { return newNB101Conv(sc, k) })
}

// newNB101Conv makes a convolution and its batch norm, which averages over more batches than PyTorch's.
func newNB101Conv(sc nn.Scope, k conv.Kernel) normedConv {
	return normedConv{newConv(sc.Sub("0"), k), nn.NewBatchNorm2D(sc.Sub("1"), k.Cout).With(1e-5, 0.003)}
}

// Store holds the parameters and buffers.
func (m *NASBench101) Store() *nn.Store { return m.store }

// Activate makes the model be a, a [nasbench101.Arch], or a [nasbench101.OneShotArch] if it is a model of that subspace.
func (m *NASBench101) Activate(a spaces.Arch) error {
	if m.oneShot {
		var only *nasbench101.OneShotArch
		if m.only != nil {
			only = &nasbench101.OneShotArch{Arch: *m.only}
		}
		arch, err := activate(m.space.Name(), only, a, func(o nasbench101.OneShotArch) bool { return nasbench101.OneShot{}.Contains(o.Arch) })
		if err == nil {
			m.arch = arch.Arch
		}
		return err
	}
	arch, err := activate(m.space.Name(), m.only, a, nasbench101.Arch.Valid)
	if err == nil {
		m.arch = arch
	}
	return err
}

// Forward computes the logits of images, [N][H][W][3].
func (m *NASBench101) Forward(p *Pass, b *Batch) Output {
	tp := p.Tape
	x := tp.Block(func() *autograd.Var { return m.stem.forward(tp, p.Images(b), autograd.ActReLU) })
	for i := range m.cells {
		x = tp.Block(func() *autograd.Var {
			x := x
			if i > 0 && i%m.perStack == 0 {
				x = autograd.MaxPool(tp, x, pool.Max{Kernel: 2, Stride: 2})
			}
			return m.cell(tp, x, &m.cells[i])
		}, x)
	}
	return Output{Logits: tp.Block(func() *autograd.Var {
		return m.classifier.Forward(tp, autograd.GlobalAvgPool(tp, x))
	}, x)}
}

// cell runs the active architecture's cell on x. All projections of the input go in one call, and vertices that share the
// output write their channels of it where they belong, which is where other vertices read them.
func (m *NASBench101) cell(tp *autograd.Tape, x *autograd.Var, c *nb101Cell) *autograd.Var {
	a := m.arch
	last, channels := a.Vertices()-1, a.Channels(c.out)
	m.branches = m.branches[:0]
	for v := 1; v <= last; v++ {
		if a.Edge(0, v) {
			m.branches = append(m.branches, c.projection(v, last).slice(c.in, channels[v]).conv.Branch())
		}
	}
	projected := autograd.Convs(tp, x, autograd.ActIdentity, m.branches)
	// next is the projection to the next vertex that has one.
	next := func(v int) autograd.Term {
		y := projected[0]
		projected = projected[1:]
		return autograd.Term{X: c.projection(v, last).norm.Slice(channels[v]).ReLU(tp, y)}
	}
	var cat *autograd.Concat
	if a.Shares() > 1 {
		n, h, w := x.Value.Dim(0), x.Value.Dim(1), x.Value.Dim(2)
		cat = autograd.NewConcat(tp, n, h, w, c.out)
	}
	m.parts = m.parts[:0]
	for v := 1; v < last; v++ {
		n := channels[v]
		m.terms = m.terms[:0]
		if a.Edge(0, v) {
			m.terms = append(m.terms, next(v))
		}
		for from := 1; from < v; from++ {
			if a.Edge(from, v) {
				m.terms = append(m.terms, autograd.Term{X: autograd.Window(tp, m.values[from], 0, n)})
			}
		}
		y := sum(tp, m.terms)
		place := func() {
			if cat != nil && a.Edge(v, last) {
				cat.Next(n)
			}
		}
		switch op := a.Op(v); op {
		case nasbench101.MaxPool3x3:
			place()
			y = autograd.MaxPool(tp, y, pool.Max{Kernel: 3, Stride: 1, Pad: 1})
		default:
			w := c.vertices[v].convOf(op).slice(n, n)
			m.branches = append(m.branches[:0], w.conv.Branch())
			y = autograd.Convs(tp, y, autograd.ActIdentity, m.branches)[0]
			place()
			y = w.norm.ReLU(tp, y)
		}
		m.values[v] = y
		if a.Edge(v, last) {
			m.parts = append(m.parts, y)
		}
	}
	m.terms = m.terms[:0]
	switch {
	case cat != nil:
		m.terms = append(m.terms, autograd.Term{X: cat.Join(m.parts...)})
	case len(m.parts) == 1:
		m.terms = append(m.terms, autograd.Term{X: m.parts[0]})
	}
	if a.Edge(0, last) {
		m.terms = append(m.terms, next(last))
	}
	return sum(tp, m.terms)
}

// projection is that of the cell's input to a vertex, of which the last is the output.
func (c *nb101Cell) projection(v, last int) normedConv {
	if v == last {
		return c.output
	}
	return c.vertices[v].projection
}

// convOf is the convolution of an operation that is one.
func (v *nb101Vertex) convOf(op nasbench101.Op) normedConv {
	if op == nasbench101.Conv1x1 {
		return v.conv1
	}
	return v.conv3
}
