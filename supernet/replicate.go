package supernet

import (
	"fmt"
	"hash/fnv"

	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
)

// Replicate gives a supernet k copies of everything that belongs to a choice, with weights and statistics of their own: as if
// every operation stood k times in the list that a decision chooses from. What its copies compute differs in nothing but their
// weights, so that this shows what sharing costs apart from what the operations are (arXiv 2010.08219 replicates operations to
// measure the capacity of weight sharing).
//
// A copy is drawn for each decision, with equal chances, whenever the model runs: all cells of a network use the same one, as
// they use the same operation. In training the draw comes from [Pass.Rand]. Otherwise, and where Rand is nil, it depends on the
// architecture's String alone, so that a score is a function of the architecture. Copies that are not drawn cost nothing and
// stay as they are.
//
// The first copy is the operation of the model, under its name and with its first weights; the others follow in the model's
// store, and their names contain copy1, copy2 and so on. In DARTS-PTB, where no weights belong to a choice, the matrix of each
// step is copied. Replicate changes m, which must not be used by itself any longer; with k = 1 it returns it as it is. It is an
// error if k is less than 1, or if m is a model that does not tell which of its weights belong to choices.
func Replicate(m Model, k int) (Model, error) {
	if k < 1 {
		return nil, fmt.Errorf("supernet: %d copies of each choice: want at least 1", k)
	}
	owner, ok := m.(interface{ operations() owned })
	if !ok {
		return nil, fmt.Errorf("supernet: the choices of a %T cannot be replicated: it does not tell which weights are theirs", m)
	}
	if k == 1 {
		return m, nil
	}
	r := &replicated{Model: m, k: k}
	index := make(map[string]int)
	for _, op := range owner.operations() {
		i, ok := index[op.decision]
		if !ok {
			i = len(r.decisions)
			index[op.decision] = i
			r.decisions = append(r.decisions, nil)
		}
		r.decisions[i] = append(r.decisions[i], op.replicate(k))
	}
	if recurrent, ok := m.(Recurrent); ok {
		return recurrentReplicated{r, recurrent.HiddenSize()}, nil
	}
	return r, nil
}

// owned is what the choices of a model own. Models embed it.
type owned []ownedBy

func (o owned) operations() owned { return o }

// ownedBy is an operation that belongs to a choice, in one place of the network.
type ownedBy struct {
	decision string // those of the same decision are drawn together
	// replicate makes copies, so that there are k, and returns what puts the i-th in place.
	replicate func(k int) (use func(i int))
}

// own builds an operation in a scope, puts it where the model has it, and remembers how more of it are built. The place must not
// move afterwards.
func own[T any](o *owned, decision string, place *T, sc nn.Scope, build func(sc nn.Scope) T) {
	*place = build(sc)
	*o = append(*o, ownedBy{decision, func(k int) func(i int) {
		copies := []T{*place}
		for i := 1; i < k; i++ {
			copies = append(copies, build(sc.Sub(fmt.Sprintf("copy%d", i))))
		}
		return func(i int) { *place = copies[i] }
	}})
}

// replicated is a model with k copies of each operation.
type replicated struct {
	Model
	k         int
	decisions [][]func(i int) // what puts the i-th copies of the operations of a decision in place
	arch      spaces.Arch
	stream    stream
}

// Activate makes the model be a, with copies that the next Forward draws.
func (r *replicated) Activate(a spaces.Arch) error {
	if err := r.Model.Activate(a); err != nil {
		return err
	}
	r.arch = a
	return nil
}

// Forward draws a copy for each decision and runs the model.
func (r *replicated) Forward(p *Pass, b *Batch) Output {
	rng := p.Rand
	if rng == nil || !p.Training() {
		h := fnv.New64a()
		if r.arch != nil { // as it is before the first Activate
			h.Write([]byte(r.arch.String()))
		}
		rng = r.stream.of(h.Sum64(), streamCopies, 0)
	}
	for _, operations := range r.decisions {
		i := rng.IntN(r.k)
		for _, use := range operations {
			use(i)
		}
	}
	return r.Model.Forward(p, b)
}

// recurrentReplicated is a replicated model that is [Recurrent].
type recurrentReplicated struct {
	*replicated
	hidden int
}

// HiddenSize is that of the model.
func (r recurrentReplicated) HiddenSize() int { return r.hidden }
