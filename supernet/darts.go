package supernet

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/kernels/pool"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/darts"
)

// DARTS is the network of package darts. Weights belong to a cell, a node, one of its two slots and an operation: whichever node the
// operation reads, and whether it halves the image, they are the same. What an operation with stride 2 needs is therefore decided in
// each pass: the convolutions take the stride at run time, and skip_connect is the identity or, in the reducing cells, a factorised
// reduction that exists for the case that it reads one of the cell's inputs.
//
// In training there are two things that evaluation does not have: the logits of the auxiliary head ([darts.Space.Auxiliary]; none if
// the space gives it no channels), and drop path.
type DARTS struct {
	Space darts.Space
	// DropPath is the probability at the end of training that the output of an operation is dropped, for each image by itself; it
	// grows with [Pass.Progress] from zero (ScheduledDropPath, Zoph et al. 2018, arXiv 1707.07012). The identity is never dropped. The
	// paper has 0.2.
	DropPath float64

	owned
	store *nn.Store
	arch  darts.Arch
	only  *darts.Arch // of a stand-alone network

	stem       normedConv
	cells      []dartsCell
	auxiliary  *dartsHead
	classifier *nn.Linear

	// drawMask, if set, takes the place of chance: it returns the factors of drop path for the images.
	drawMask func(cell, node, slot int) []float32

	// Scratch of one cell: its nodes, and of one node the terms, which are then outputs with masks if there is drop path.
	nodes    [darts.Inputs + darts.Nodes]*autograd.Var
	terms    [darts.Slots]autograd.Term
	outputs  [darts.Slots]*autograd.Var
	masks    [darts.Slots][]float32
	branches []autograd.ConvBranch
}

// dartsCell has the operations that the model has parameters for; the others are zero values.
type dartsCell struct {
	reduction bool
	channels  int // of a node
	input0    dartsInput
	input1    normedConv
	ops       [darts.Nodes][darts.Slots][darts.NumOps]dartsOp
}

// dartsInput brings the older input of a cell to its channels, and to the size of the other one: one of the two is set.
type dartsInput struct {
	conv   normedConv
	reduce *nn.FactorizedReduction
}

// dartsOp is the parameters of an operation: none for pools, two halves of a sep_conv, one of a dil_conv, a factorised reduction for
// a skip_connect that may have to halve the image.
type dartsOp struct {
	first, second *separable
	reduce        *nn.FactorizedReduction
}

// separable is ReLU, depthwise convolution, 1×1 convolution and batch norm.
type separable struct {
	depthwise *nn.DepthwiseConv2D
	normedConv
}

// dartsHead is the auxiliary classifier.
type dartsHead struct {
	pool       pool.Avg
	layers     [2]normedConv
	classifier *nn.Linear
}

// NewDARTS makes a supernet or, if only is not nil, the network of that architecture alone: the same code with the parameters that it
// needs, named as the layers of [darts.Space.Network] and [darts.Space.Auxiliary]. Parameters are drawn from seed.
func NewDARTS(space darts.Space, seed uint64, only *darts.Arch) *DARTS {
	m := &DARTS{Space: space, store: nn.NewStore(seed), only: only}
	m.stem = newNormedConv(m.store.Scope("stem"), conv.Square(3, 3*space.Channels, 3, 1))
	older, last, c := 3*space.Channels, 3*space.Channels, space.Channels
	m.cells = make([]dartsCell, space.Cells)
	for i := range m.cells {
		cell := &m.cells[i]
		if cell.reduction = space.Reduction(i); cell.reduction {
			c *= 2
		}
		cell.channels = c
		kind := "normal"
		if cell.reduction {
			kind = "reduce"
		}
		sc := m.store.Scope(fmt.Sprintf("cells.%d", i))
		if i > 0 && space.Reduction(i-1) {
			cell.input0.reduce = nn.NewFactorizedReduction(sc.Sub("input0"), older, c)
		} else {
			cell.input0.conv = newNormedConv(sc.Sub("input0"), conv.Square(older, c, 1, 1))
		}
		cell.input1 = newNormedConv(sc.Sub("input1"), conv.Square(last, c, 1, 1))
		for j := range cell.ops {
			for k := range cell.ops[j] {
				for op := range darts.NumOps {
					halves := cell.reduction
					if only != nil {
						e := m.genotype(only, cell)[j][k]
						if e.Op != op {
							continue
						}
						halves = halves && e.Input < darts.Inputs
					}
					decision := fmt.Sprintf("%s/%d/%d/op", kind, darts.Inputs+j, k)
					sc := sc.Sub(fmt.Sprintf("node%d.%d.%v", darts.Inputs+j, k, op))
					own(&m.owned, decision, &cell.ops[j][k][op], sc, func(sc nn.Scope) dartsOp {
						return newDARTSOp(sc, op, cell.channels, halves)
					})
				}
			}
		}
		older, last = last, darts.Nodes*c
	}
	if space.AuxiliaryChannels > 0 {
		m.auxiliary = newDARTSHead(space, m.store.Scope("auxiliary"))
	}
	m.classifier = nn.NewLinear(m.store.Scope("classifier"), last, space.Classes)
	if only != nil {
		m.arch = *only
	}
	return m
}

func newSeparable(sc nn.Scope, c, k, dilation int) *separable {
	return &separable{
		nn.NewDepthwiseConv2D(sc.Sub("depthwise"), depthwise.Square(c, k, 1, dilation), autograd.ActReLU),
		normedConv{newConv(sc.Sub("pointwise"), conv.Square(c, c, 1, 1)), nn.NewBatchNorm2D(sc.Sub("norm"), c)},
	}
}

// newDARTSOp makes the parameters of an operation on c channels; halves says that a skip_connect can have stride 2.
func newDARTSOp(sc nn.Scope, op darts.Op, c int, halves bool) (o dartsOp) {
	switch op {
	case darts.SkipConnect:
		if halves {
			o.reduce = nn.NewFactorizedReduction(sc, c, c)
		}
	case darts.SepConv3x3:
		o.first, o.second = newSeparable(sc.Sub("first"), c, 3, 1), newSeparable(sc.Sub("second"), c, 3, 1)
	case darts.SepConv5x5:
		o.first, o.second = newSeparable(sc.Sub("first"), c, 5, 1), newSeparable(sc.Sub("second"), c, 5, 1)
	case darts.DilConv3x3:
		o.first = newSeparable(sc, c, 3, 2)
	case darts.DilConv5x5:
		o.first = newSeparable(sc, c, 5, 2)
	}
	return o
}

func newDARTSHead(space darts.Space, sc nn.Scope) *dartsHead {
	windows := space.Auxiliary().Layers[0] // of the pool, which leaves 2×2 pixels
	first := conv.Square(windows.Cout, space.AuxiliaryChannels, 1, 1)
	second := conv.Square(space.AuxiliaryChannels, space.AuxiliaryFeatures, 2, 1)
	second.PadH, second.PadW = 0, 0
	return &dartsHead{
		pool.Avg{Kernel: windows.KH, Stride: windows.Stride},
		[2]normedConv{newNormedConv(sc.Sub("0"), first), newNormedConv(sc.Sub("1"), second)},
		nn.NewLinear(sc.Sub("classifier"), space.AuxiliaryFeatures, space.Classes),
	}
}

// Store holds the parameters and buffers.
func (m *DARTS) Store() *nn.Store { return m.store }

// Activate makes the model be a, a [darts.Arch].
func (m *DARTS) Activate(a spaces.Arch) error {
	arch, err := activate(m.Space.Name(), m.only, a, darts.Arch.Valid)
	if err == nil {
		m.arch = arch
	}
	return err
}

// genotype is the one of a's cells that the cell is.
func (m *DARTS) genotype(a *darts.Arch, c *dartsCell) *darts.Cell {
	if c.reduction {
		return &a.Reduce
	}
	return &a.Normal
}

// Forward computes the logits of images, [N][H][W][3].
func (m *DARTS) Forward(p *Pass, b *Batch) (out Output) {
	tp, last := p.Tape, len(m.cells)-1
	stem := tp.Block(func() *autograd.Var { return m.stem.forward(tp, p.Images(b), autograd.ActIdentity) })
	// The inputs of the next cell, and the older one of the cell after that.
	input0 := tp.Block(func() *autograd.Var { return m.cells[0].input0.forward(tp, stem) })
	input1, after := tp.Block2(func() (_, _ *autograd.Var) { return m.inputs(tp, stem, 0) }, stem)
	for i := range m.cells {
		y, z := tp.Block2(func() (_, _ *autograd.Var) {
			y := m.cell(p, i, input0, input1)
			if i == 2*len(m.cells)/3 && m.auxiliary != nil && p.Training() {
				out.Auxiliary = m.auxiliary.forward(tp, y)
			}
			if i == last {
				return y, nil
			}
			return m.inputs(tp, y, i+1)
		}, input0, input1)
		input0, input1, after = after, y, z
	}
	y := input1
	out.Logits = tp.Block(func() *autograd.Var { return m.classifier.Forward(tp, m.pooled(tp, y)) }, y)
	return out
}

// inputs prepares what the cells from i on read of x, the output of the cell before: that cell's newer input, and the older input of
// the next, nil if there is none. As a rule both are 1×1 convolutions, which then read x, four times as wide as they are, together.
func (m *DARTS) inputs(tp *autograd.Tape, x *autograd.Var, i int) (newer, older *autograd.Var) {
	c := &m.cells[i]
	m.branches = append(m.branches[:0], c.input1.conv.Branch())
	var next dartsInput
	if i+1 < len(m.cells) {
		next = m.cells[i+1].input0
	}
	if next.conv.conv != nil {
		m.branches = append(m.branches, next.conv.conv.Branch())
	}
	ys := autograd.Convs(tp, x, autograd.ActReLU, m.branches)
	newer = c.input1.norm.Forward(tp, ys[0])
	switch {
	case next.conv.conv != nil:
		older = next.conv.norm.Forward(tp, ys[1])
	case next.reduce != nil:
		older = next.reduce.Forward(tp, x)
	}
	return newer, older
}

// forward prepares the older input of a cell.
func (c *dartsInput) forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	if c.reduce != nil {
		return c.reduce.Forward(tp, x)
	}
	y := autograd.Convs(tp, x, autograd.ActReLU, []autograd.ConvBranch{c.conv.conv.Branch()})[0]
	return c.conv.norm.Forward(tp, y)
}

// cell runs cell i on its inputs. Each node is written where it belongs in the concatenation of all, which is the result.
func (m *DARTS) cell(p *Pass, i int, input0, input1 *autograd.Var) *autograd.Var {
	tp, c := p.Tape, &m.cells[i]
	m.nodes[0], m.nodes[1] = input0, input1
	n, size := input1.Value.Dim(0), input1.Value.Dim(1)
	if c.reduction {
		size /= 2
	}
	whole := autograd.NewConcat(tp, n, size, size, darts.Nodes*c.channels)
	for j := range darts.Nodes {
		m.nodes[darts.Inputs+j] = tp.Block(func() *autograd.Var { return m.node(p, i, j, whole) })
	}
	return whole.Join(m.nodes[darts.Inputs:]...)
}

// node runs the operations of inner node j of cell i and adds them up, where drop path leaves them.
func (m *DARTS) node(p *Pass, i, j int, whole *autograd.Concat) *autograd.Var {
	tp, c := p.Tape, &m.cells[i]
	edges := &m.genotype(&m.arch, c)[j]
	for k, e := range edges {
		m.terms[k] = c.ops[j][k][e.Op].term(tp, e.Op, m.nodes[e.Input], c.stride(e))
	}
	drop := m.DropPath * p.Progress
	if !p.Training() || drop == 0 && m.drawMask == nil {
		whole.Next(c.channels)
		return autograd.BatchNormSum(tp, m.terms[:]...)
	}
	for k, e := range edges {
		t := m.terms[k]
		m.outputs[k], m.masks[k] = t.X, nil
		if t.BN != nil {
			m.outputs[k] = autograd.BatchNorm2D(tp, t.X, t.BN)
		}
		switch {
		case e.Op == darts.SkipConnect && c.stride(e) == 1:
		case m.drawMask != nil:
			m.masks[k] = m.drawMask(i, darts.Inputs+j, k)
		default:
			m.masks[k] = autograd.Mask(tp, t.X.Value.Dim(0), drop, p.Rand)
		}
	}
	whole.Next(c.channels)
	return autograd.DropPathSum(tp, m.outputs[:], m.masks[:])
}

// stride is that of the operation of an edge: those that read an input of a reducing cell halve the image.
func (c *dartsCell) stride(e darts.Edge) int {
	if c.reduction && e.Input < darts.Inputs {
		return 2
	}
	return 1
}

// term runs the operation op, whose parameters o has, on x. A batch norm that it ends with is left to the sum.
func (o *dartsOp) term(tp *autograd.Tape, op darts.Op, x *autograd.Var, stride int) autograd.Term {
	switch {
	case op == darts.MaxPool3x3:
		return autograd.Term{X: autograd.MaxPool(tp, x, pool.Max{Kernel: 3, Stride: stride, Pad: 1})}
	case op == darts.AvgPool3x3:
		return autograd.Term{X: autograd.AvgPool(tp, x, pool.Avg{Kernel: 3, Stride: stride, Pad: 1})}
	case op == darts.SkipConnect && stride == 1:
		return autograd.Term{X: x}
	case op == darts.SkipConnect:
		return autograd.Term{X: o.reduce.Convolve(tp, x), BN: &o.reduce.Norm.State}
	}
	t := o.first.term(tp, x, stride)
	if s := o.second; s != nil { // evaluates the norm and the ReLU before it
		y := autograd.FoldedDepthwiseConv2D(tp, autograd.Folded{X: t.X, BN: t.BN, Act: autograd.ActReLU}, s.depthwise.Weight, s.depthwise.Kernel, false)
		t = s.normedConv.term(tp, y)
	}
	return t
}

// term runs the convolutions of s, the first of which has the given stride, and leaves the batch norm to a sum.
func (s *separable) term(tp *autograd.Tape, x *autograd.Var, stride int) autograd.Term {
	k := s.depthwise.Kernel
	k.Stride = stride
	y := autograd.DepthwiseConv2D(tp, x, s.depthwise.Act, s.depthwise.Weight, k)
	return s.normedConv.term(tp, y)
}

// forward runs the auxiliary classifier on the output of a cell.
func (h *dartsHead) forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	x = autograd.AvgPool(tp, autograd.ReLU(tp, x), h.pool)
	for _, l := range h.layers {
		x = l.forward(tp, x, autograd.ActReLU)
	}
	return h.classifier.Forward(tp, autograd.Reshape(tp, x, x.Value.Dim(0), x.Value.Dim(-1)))
}

// pooled averages the first Pool×Pool pixels of x, or all of them: [N][H][W][C] to [N][C].
func (m *DARTS) pooled(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	size := x.Value.Dim(1)
	if m.Space.Pool == 0 || m.Space.Pool >= size {
		return autograd.GlobalAvgPool(tp, x)
	}
	y := autograd.AvgPool(tp, x, pool.Avg{Kernel: m.Space.Pool, Stride: size}) // the stride leaves room for one window only
	return autograd.Reshape(tp, y, y.Value.Dim(0), y.Value.Dim(-1))
}
