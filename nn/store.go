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
	layouts map[string]Layout // in PyTorch, where it differs from ours
}

// Buffer is state that is saved with a model but not trained.
type Buffer struct {
	Name  string
	Value tensor.Tensor
}

// NewStore returns an empty store whose parameters will be drawn from the given seed.
func NewStore(seed uint64) *Store {
	return &Store{seed: seed, names: make(map[string]bool), layouts: make(map[string]Layout)}
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
	store  *Store
	prefix string
}

// Scope returns the place called name.
func (s *Store) Scope(name string) Scope { return Scope{s, name} }

// Sub returns the place called name within sc.
func (sc Scope) Sub(name string) Scope { return Scope{sc.store, sc.prefix + "." + name} }

func (sc Scope) claim(name string) string {
	full := sc.prefix + "." + name
	if strings.Contains(full, stateMark) {
		panic(fmt.Sprintf("nn: the name %q has a %s in it, which checkpoints keep for themselves", full, stateMark))
	}
	if sc.store.names[full] {
		panic(fmt.Sprintf("nn: two tensors are called %q", full))
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

// Buffer makes a buffer filled with v.
func (sc Scope) Buffer(name string, v float32, shape ...int) tensor.Tensor {
	t := tensor.New(shape...)
	t.Fill(v)
	sc.store.Buffers = append(sc.store.Buffers, Buffer{sc.claim(name), t})
	return t
}
