package dartsptb

import (
	"fmt"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces"
)

// Act is the activation of a step, in the index order of the authors' tables.
type Act uint8

// The activations.
const (
	Tanh Act = iota
	ReLU
	Sigmoid
	Identity
	numActs
)

var actNames = []string{"tanh", "relu", "sigmoid", "identity"}

// String returns the name that DARTS uses.
func (a Act) String() string {
	if a < numActs {
		return actNames[a]
	}
	return fmt.Sprintf("Act(%d)", uint8(a))
}

// Steps is the number of steps of a cell.
const Steps = 8

// Step is what a step applies, and the number of the state that it reads: 0 to i for step i, whose result is state i+1.
type Step struct {
	Act    Act
	Switch uint8
}

// Arch is an architecture: the steps of its cell.
type Arch [Steps]Step

var _ spaces.Arch = Arch{}

// Valid reports whether every activation is one of the four, and every step reads an earlier state.
func (a Arch) Valid() bool {
	for i, s := range a {
		if s.Act >= numActs || int(s.Switch) > i {
			return false
		}
	}
	return true
}

// Values returns the activations of all steps, then their switches.
func (a Arch) Values() []int {
	v := make([]int, 2*Steps)
	for i, s := range a {
		v[i], v[Steps+i] = int(s.Act), int(s.Switch)
	}
	return v
}

// String prints the steps as DARTS does.
func (a Arch) String() string {
	var b strings.Builder
	for i, s := range a {
		b.WriteString([]string{"[", ", "}[min(i, 1)])
		fmt.Fprintf(&b, "('%v', %d)", s.Act, s.Switch)
	}
	return b.String() + "]"
}
