package dartsptb

import (
	"fmt"
	"iter"
	"math/big"
	"math/rand/v2"
	"strconv"

	"github.com/oneshot-nas/oneshot/spaces"
)

// Space is the search space at one scale of the network.
type Space struct {
	Hidden int // H, of the state and of an embedding
	Words  int // in the vocabulary
}

var _ spaces.Composer = Space{}

// New returns the space at its published size for the Penn Treebank: H = 850, 10,000 words.
func New() Space { return Space{Hidden: 850, Words: 10000} }

// Name returns "dartsptb".
func (Space) Name() string { return "dartsptb" }

// Size is 4^8 · 8! = 2,642,411,520.
func (Space) Size() *big.Int {
	n := int64(1)
	for i := range int64(Steps) {
		n *= int64(numActs) * (i + 1)
	}
	return big.NewInt(n)
}

// Choices lists the activations, then the switches of the steps, under the names of the authors' tables. The switch of step 0
// has one value.
func (Space) Choices() []spaces.Choice {
	c := make([]spaces.Choice, 2*Steps)
	var states []string
	for i := range Steps {
		states = append(states, strconv.Itoa(i))
		c[i] = spaces.Choice{Name: fmt.Sprintf("act/%d", i), Values: actNames}
		c[Steps+i] = spaces.Choice{Name: fmt.Sprintf("switch/%d", i), Values: states[: i+1 : i+1]}
	}
	return c
}

// Sample draws every decision uniformly.
func (Space) Sample(rng *rand.Rand) spaces.Arch {
	var a Arch
	for i := range a {
		a[i] = Step{Act(rng.IntN(int(numActs))), uint8(rng.IntN(i + 1))}
	}
	return a
}

// Compose returns the architecture of the given activations and switches; every combination is one.
func (Space) Compose(values []int) (spaces.Arch, bool) {
	var a Arch
	for i := range a {
		a[i] = Step{Act(values[i]), uint8(values[Steps+i])}
	}
	return a, true
}

// All returns nil: there are too many architectures.
func (Space) All() iter.Seq[spaces.Arch] { return nil }

// Parse is [Parse].
func (Space) Parse(s string) (spaces.Arch, error) {
	a, err := Parse(s)
	if err != nil {
		return nil, err
	}
	return a, nil
}

// Neighbours yields the 52 architectures that differ in one activation (24) or in one switch (28).
func (a Arch) Neighbours() iter.Seq[spaces.Arch] {
	return func(yield func(spaces.Arch) bool) {
		for i, s := range a {
			for act := range numActs {
				if b := a; act != s.Act {
					b[i].Act = act
					if !yield(b) {
						return
					}
				}
			}
			for state := range uint8(i + 1) {
				if b := a; state != s.Switch {
					b[i].Switch = state
					if !yield(b) {
						return
					}
				}
			}
		}
	}
}
