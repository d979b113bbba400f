package spaces

import (
	"iter"
	"math/big"
	"math/rand/v2"
	"slices"
)

// part is the part of a space in which decisions take allowed values only.
type part struct {
	Space
	allowed [][]bool // by decision and value
}

// whole returns a part that restricts nothing beyond what the space, if it is a part itself, restricts already.
func whole(s Space) part {
	if c, ok := s.(composing); ok {
		s = c.part
	}
	if p, ok := s.(part); ok {
		p.allowed = slices.Clone(p.allowed)
		return p
	}
	p := part{Space: s}
	for _, c := range s.Choices() {
		p.allowed = append(p.allowed, slices.Repeat([]bool{true}, len(c.Values)))
	}
	return p
}

// space returns the part as a space, that of a list as a shorter list; nil if it is empty.
func (p part) space() Space {
	if l, ok := p.Space.(list); ok {
		left := slices.DeleteFunc(slices.Clone(l.archs), func(a Arch) bool { return p.forbidden(a) >= 0 })
		if len(left) == 0 {
			return nil
		}
		return newList(l.Space, left)
	}
	if p.empty() {
		return nil
	}
	if _, ok := p.Space.(Composer); ok {
		return composing{p}
	}
	return p
}

// composing is a part of a space whose decisions can be composed.
type composing struct{ part }

// Compose makes an architecture of the whole; false where it does not belong to the part.
func (c composing) Compose(values []int) (Arch, bool) {
	a, ok := c.Space.(Composer).Compose(values)
	return a, ok && c.forbidden(a) < 0
}

// Allowed lists, for each decision of a space, the indices of the values that its architectures may take there: all of
// them, or in a part ([Keep], [Drop], [Split]) those that are left.
func Allowed(s Space) [][]int {
	if l, ok := s.(list); ok {
		s = l.Space
	}
	allowed := make([][]int, len(s.Choices()))
	for i, values := range whole(s).allowed {
		for v, ok := range values {
			if ok {
				allowed[i] = append(allowed[i], v)
			}
		}
	}
	return allowed
}

// tries is how many architectures are drawn before a part of a space that cannot be enumerated counts as empty.
const tries = 100_000

func (p part) empty() bool {
	for _, values := range p.allowed {
		if !slices.Contains(values, true) {
			return true
		}
	}
	rng := rand.New(rand.NewPCG(0, 0))
	for range tries {
		if _, ok := p.try(rng); ok {
			return false
		}
	}
	if all := p.All(); all != nil {
		for range all {
			return false
		}
	}
	return true
}

// forbidden returns the position of a decision that takes a value that is not allowed, or -1. A decision that does not arise
// takes none.
func (p part) forbidden(a Arch) int {
	for i, v := range a.Values() {
		if v >= 0 && !p.allowed[i][v] {
			return i
		}
	}
	return -1
}

// Sample draws from the prior of the whole space, given that the architecture belongs to the part.
func (p part) Sample(rng *rand.Rand) Arch {
	for {
		if a, ok := p.try(rng); ok {
			return a
		}
	}
}

// try draws once; false if the architecture does not belong to the part.
func (p part) try(rng *rand.Rand) (Arch, bool) {
	composer, ok := p.Space.(Composer)
	if !ok {
		a := p.Space.Sample(rng)
		return a, p.forbidden(a) < 0
	}
	values := make([]int, len(p.allowed))
	for i, allowed := range p.allowed {
		values[i] = pick(allowed, rng)
	}
	a, ok := composer.Compose(values)
	return a, ok && p.forbidden(a) < 0 // a decision that Compose has ignored may have another value than the one picked
}

// pick draws one of the values that are allowed.
func pick(allowed []bool, rng *rand.Rand) int {
	for {
		if v := rng.IntN(len(allowed)); allowed[v] {
			return v
		}
	}
}

// All lists the part in the order of the whole; nil if that is too large.
func (p part) All() iter.Seq[Arch] {
	all := p.Space.All()
	if all == nil {
		return nil
	}
	return func(yield func(Arch) bool) {
		for a := range all {
			if p.forbidden(a) < 0 && !yield(a) {
				return
			}
		}
	}
}

// Size counts the part: by enumeration or, if every combination of values is an architecture, as the product of the numbers of
// values; nil where neither can be.
func (p part) Size() *big.Int {
	if all := p.All(); all != nil {
		n := int64(0)
		for range all {
			n++
		}
		return big.NewInt(n)
	}
	whole, left := big.NewInt(1), big.NewInt(1)
	for _, allowed := range p.allowed {
		n := int64(0)
		for _, ok := range allowed {
			if ok {
				n++
			}
		}
		whole.Mul(whole, big.NewInt(int64(len(allowed))))
		left.Mul(left, big.NewInt(n))
	}
	if whole.Cmp(p.Space.Size()) != 0 {
		return nil
	}
	return left
}

// Parse reads an architecture of the whole space; one that does not belong to the part is an error.
func (p part) Parse(s string) (Arch, error) {
	a, err := p.Space.Parse(s)
	if err != nil {
		return nil, err
	}
	if i := p.forbidden(a); i >= 0 {
		c := p.Choices()[i]
		var want []string
		for j, v := range c.Values {
			if p.allowed[i][j] {
				want = append(want, v)
			}
		}
		return nil, Outside("%s: %v has %s %s, want one of %q", p.Name(), a, c.Name, c.Values[a.Values()[i]], want)
	}
	return a, nil
}
