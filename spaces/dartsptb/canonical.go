package dartsptb

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces"
)

// Canonical returns the architecture of the same tree whose steps are numbered in depth-first order, branches that begin with equal
// steps sorted by what follows.
func (a Arch) Canonical() spaces.Arch {
	var c Arch
	next := 0
	a.number(0, 0, &c, &next)
	return c
}

// branch writes down a step of a cell and all that read it, directly or not, in an order that does not depend on their numbers.
func (a Arch) branch(i int) string { return string('0'+rune(a[i].Act)) + "(" + a.branches(i+1) + ")" }

// branches does so for all steps that read a state.
func (a Arch) branches(state int) string {
	var parts []string
	for _, i := range a.readers(state) {
		parts = append(parts, a.branch(i))
	}
	slices.Sort(parts)
	return strings.Join(parts, "")
}

// readers lists the steps that read a state.
func (a Arch) readers(state int) (steps []int) {
	for i, s := range a {
		if int(s.Switch) == state {
			steps = append(steps, i)
		}
	}
	return steps
}

// number gives the steps that read a state of a, and those after them, the next numbers in c, where the state is called name.
func (a Arch) number(state, name int, c *Arch, next *int) {
	steps := a.readers(state)
	slices.SortFunc(steps, func(i, j int) int { return strings.Compare(a.branch(i), a.branch(j)) })
	for _, i := range steps {
		c[*next] = Step{a[i].Act, uint8(name)}
		*next++
		a.number(i+1, *next, c, next)
	}
}

// Hash is 32 hexadecimal digits of the SHA-256 of the canonical form.
func (a Arch) Hash() string {
	sum := sha256.Sum256([]byte(a.branches(0)))
	return fmt.Sprintf("%x", sum[:16])
}
