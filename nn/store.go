package nn

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Store holds the parameters and the buffers (running statistics) of a model, in the order in which layers made them.
type Store struct {
	Params  []*autograd.Param
	Buffers []Buffer
	Norms   []*autograd.BatchNorm // the batch norms that the parameters and buffers belong to
	seed    uint64
	names   map[string]bool
	// arrangements is what PyTorch makes of parameters, where it differs from what we do.
	arrangements map[string]*arrangement
}

// Buffer is state that is saved with a model but not trained.
type Buffer struct {
	Name  string
	Value tensor.Tensor
}

// NewStore returns an empty store whose parameters will be drawn from the given seed.
func NewStore(seed uint64) *Store {
	return &Store{seed: seed, names: make(map[string]bool), arrangements: make(map[string]*arrangement)}
}

// Size is the number of trainable scalars.
func (s *Store) Size() int {
	n := 0
	for _, p := range s.Params {
		n += p.Value.Len()
	}
	return n
}

// Scope is a place in the tree of names: parameters made in it are called prefix.name.
type Scope struct {
	store        *Store
	prefix       string
	weight, bias Init // instead of what layers have by default
}

// Scope returns the place called name; "" is the root.
func (s *Store) Scope(name string) Scope { return Scope{store: s, prefix: name} }

// Sub returns the place called name within sc.
func (sc Scope) Sub(name string) Scope {
	sc.prefix = sc.full(name)
	return sc
}

func (sc Scope) full(name string) string {
	if sc.prefix == "" {
		return name
	}
	return sc.prefix + "." + name
}

// Init returns the same place, where the layers that are made in it, or in places within it, have these initialisers for their
// weights and biases, as far as they are not nil. Batch norms have neither in this sense. It is how a whole network gets the
// initialisation of its paper:
//
//	convolutions := store.Scope("").Init(nn.KaimingNormal(nn.FanOut, 0), nil)
func (sc Scope) Init(weight, bias Init) Scope {
	if weight != nil {
		sc.weight = weight
	}
	if bias != nil {
		sc.bias = bias
	}
	return sc
}

func (sc Scope) claim(name string) string {
	full := sc.full(name)
	if strings.Contains(full, stateMark) {
		panic(tensor.ShapeError{Op: "nn.Scope", Got: fmt.Sprintf("the name %q", full),
			Want: fmt.Sprintf("none with a %s, which checkpoints keep for themselves", stateMark)})
	}
	if sc.store.names[full] {
		panic(tensor.ShapeError{Op: "nn.Scope", Got: fmt.Sprintf("two tensors called %q", full), Want: "a name for each"})
	}
	sc.store.names[full] = true
	return full
}

// Param makes a parameter and initialises it.
func (sc Scope) Param(name string, init Init, shape ...int) *autograd.Param {
	p := autograd.NewParam(sc.claim(name), shape...)
	h := fnv.New64a()
	h.Write([]byte(p.Name))
	init(rand.New(rand.NewPCG(sc.store.seed, h.Sum64())), p.Value)
	sc.store.Params = append(sc.store.Params, p)
	return p
}

// Weight is Param for the weight of a layer, which PyTorch keeps in the given layout. The scope may have another initialiser
// ([Scope.Init]).
func (sc Scope) Weight(name string, l Layout, init Init, shape ...int) *autograd.Param {
	if sc.weight != nil {
		init = sc.weight
	}
	p := sc.Param(name, init, shape...)
	sc.arrange(p).layout = l
	return p
}

// Bias is Param for the bias of a layer. The scope may have another initialiser ([Scope.Init]).
func (sc Scope) Bias(name string, init Init, n int) *autograd.Param {
	if sc.bias != nil {
		init = sc.bias
	}
	return sc.Param(name, init, n)
}

// arrange is where to note what PyTorch makes of a parameter.
func (sc Scope) arrange(p *autograd.Param) *arrangement {
	a := sc.store.arrangements[p.Name]
	if a == nil {
		a = new(arrangement)
		sc.store.arrangements[p.Name] = a
	}
	return a
}

// Buffer makes a buffer filled with v.
func (sc Scope) Buffer(name string, v float32, shape ...int) tensor.Tensor {
	t := tensor.New(shape...)
	t.Fill(v)
	sc.store.Buffers = append(sc.store.Buffers, Buffer{sc.claim(name), t})
	return t
}

// Freeze keeps the parameters within the given scopes as they are, and the running statistics of their batch norms, which normalise as in
// inference: no step has gradients for them, optimisers pass them over, and checkpoints keep them. "" freezes all. (In PyTorch that is
// requires_grad_(False) and eval().) It panics if there is nothing of a name.
func (s *Store) Freeze(scopes ...string) { s.setFrozen(true, scopes) }

// Unfreeze undoes [Store.Freeze] within the given scopes.
func (s *Store) Unfreeze(scopes ...string) { s.setFrozen(false, scopes) }

func (s *Store) setFrozen(frozen bool, scopes []string) {
	for _, scope := range scopes {
		found := false
		for _, p := range s.Params {
			if within(p.Name, scope) {
				p.Frozen, found = frozen, true
			}
		}
		if !found {
			panic(tensor.ShapeError{Op: "nn.Store.Freeze", Got: fmt.Sprintf("the scope %q", scope), Want: "one with parameters"})
		}
		for _, n := range s.Norms {
			if within(n.Gamma.Name, scope) {
				n.Frozen = frozen
			}
		}
	}
}
