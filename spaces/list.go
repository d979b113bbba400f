package spaces

import (
	"fmt"
	"iter"
	"math/big"
	"math/rand/v2"
	"slices"
)

// list is the part of a space that consists of listed architectures.
type list struct {
	Space
	archs []Arch
	known map[string]bool // their String
}

// List returns the part of a space that consists of the given architectures, which must be different. Each has the same chance
// to be drawn. It is an error to list none, one twice, or one whose String the space does not read.
func List(s Space, archs []Arch) (Space, error) {
	if len(archs) == 0 {
		return nil, fmt.Errorf("%s: a list without architectures", s.Name())
	}
	read := make([]Arch, len(archs)) // which are of the space's own type
	first := make(map[string]int, len(archs))
	for i, a := range archs {
		var err error
		if read[i], err = s.Parse(a.String()); err != nil {
			return nil, fmt.Errorf("architecture %d of the list: %w", i, err)
		}
		text := read[i].String()
		if j, ok := first[text]; ok {
			return nil, fmt.Errorf("%s: the architectures %d and %d of the list are both %s", s.Name(), j, i, text)
		}
		first[text] = i
	}
	return newList(s, read), nil
}

func newList(s Space, archs []Arch) list {
	l := list{s, archs, make(map[string]bool, len(archs))}
	for _, a := range archs {
		l.known[a.String()] = true
	}
	return l
}

func (l list) Size() *big.Int             { return big.NewInt(int64(len(l.archs))) }
func (l list) Sample(rng *rand.Rand) Arch { return l.archs[rng.IntN(len(l.archs))] }
func (l list) All() iter.Seq[Arch]        { return slices.Values(l.archs) }

// Parse reads an architecture of the whole space; one that is not listed is an error.
func (l list) Parse(s string) (Arch, error) {
	a, err := l.Space.Parse(s)
	if err != nil {
		return nil, err
	}
	if !l.known[a.String()] {
		return nil, Outside("%s: %v is not among the %d listed architectures", l.Name(), a, len(l.archs))
	}
	return a, nil
}
