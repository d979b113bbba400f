package spaces

import (
	"fmt"
	"iter"
	"math/big"
	"math/rand/v2"
)

// Arch is one architecture of a search space. Implementations are small immutable values; two architectures of a space
// are the same point exactly when their String forms are equal.
type Arch interface {
	// String prints the architecture in the format the field uses; the space's Parse reads it back.
	fmt.Stringer
	// Values returns the index of the value taken at each decision point of the space, in the order of [Space.Choices];
	// -1 where the decision does not arise for this architecture.
	Values() []int
	// Canonical returns the representative of all architectures that compute the same function up to the symmetries of
	// the space (which the space's documentation states).
	Canonical() Arch
	// Hash identifies the function: equal for two architectures exactly when their canonical forms are equal.
	Hash() string
	// Neighbours yields every valid architecture that differs in one elementary mutation, each once.
	Neighbours() iter.Seq[Arch]
}

// Choice is one decision point of a space: a name, and the values that can be taken there in the index order of the
// authors' tables.
type Choice struct {
	Name   string
	Values []string
}

// Space is what samplers, supernets, pruning and bias analysis know of a search space. A Space value carries the scale
// of the network (width, depth, image size, classes), whose default is the full published size.
type Space interface {
	// Name is the field's name of the space in lower case, for example "nasbench201".
	Name() string
	// Size is the number of architectures (points, not functions); nil where it is not known, which happens for parts only.
	Size() *big.Int
	// Choices lists the decision points.
	Choices() []Choice
	// Sample draws an architecture from the prior of the paper; uniformly from a space that is not one of the paper's.
	Sample(rng *rand.Rand) Arch
	// All enumerates the space in index order; nil where it is too large to enumerate.
	All() iter.Seq[Arch]
	// Parse reads an architecture in any of the formats of the space. The error says what is wrong, where, and what was
	// expected; it is an [OutsideError] for an architecture that could be read, but is not in the space.
	Parse(s string) (Arch, error)
	// Network describes the network of an architecture layer by layer. The architecture must come from this space.
	Network(a Arch) Network
}

// OutsideError says why an architecture that could be read is not in a space: in the part of a space, in the list, or as deep as
// the space is.
type OutsideError string

// Error returns the reason.
func (e OutsideError) Error() string { return string(e) }

// Outside returns an OutsideError that is formatted as by [fmt.Sprintf].
func Outside(format string, args ...any) error { return OutsideError(fmt.Sprintf(format, args...)) }
