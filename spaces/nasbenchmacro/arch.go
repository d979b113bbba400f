package nasbenchmacro

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/internal/python"
)

// Op is what a layer does; its number is the digit of the published table.
type Op uint8

// The operations: nothing, or an inverted residual block.
const (
	Identity Op = iota
	MB3K3       // expansion 3, kernel 3
	MB6K5       // expansion 6, kernel 5
	numOps
)

var opNames = []string{"Identity", "MB3_K3", "MB6_K5"}

// String returns the name that the paper uses.
func (o Op) String() string {
	if o < numOps {
		return opNames[o]
	}
	return fmt.Sprintf("Op(%d)", uint8(o))
}

// Kernel returns 3 or 5: height and width of a block's depthwise convolution. It panics for Identity.
func (o Op) Kernel() int { return 3 + 2*o.block() }

// Expansion returns 3 or 6, the factor by which a block's first convolution widens. It panics for Identity.
func (o Op) Expansion() int { return 3 + 3*o.block() }

func (o Op) block() int {
	if o != MB3K3 && o != MB6K5 {
		panic(fmt.Sprintf("nasbenchmacro: %v has neither kernel nor expansion", o))
	}
	return int(o - MB3K3)
}

// Layers is the number of layers.
const Layers = 8

// First reports whether a layer is the first of its stage: 0, 2 and 5. It has stride 2 and doubles the channels.
func First(layer int) bool { return layer == 0 || layer == 2 || layer == 5 }

// Key returns the name of a layer's decision, such as "layer3", with which the names of its parameters begin.
func Key(layer int) string { return fmt.Sprintf("layer%d", layer) }

// Arch is an architecture: the operations of the layers.
type Arch [Layers]Op

var _ spaces.Arch = Arch{}

// String prints the digits of the operations.
func (a Arch) String() string {
	var b strings.Builder
	for _, o := range a {
		b.WriteByte('0' + byte(o))
	}
	return b.String()
}

// Parse reads the digits of the operations, one for each layer, as one word or as a list, or an object with their names,
// {"layer0": "MB3_K3", …}; lists and objects as JSON has them or as Python prints them.
func Parse(s string) (a Arch, err error) {
	digits := strings.TrimSpace(s)
	if strings.HasPrefix(digits, "{") {
		if a, err = parseObject(digits); err != nil {
			return Arch{}, fmt.Errorf("nasbenchmacro: %w (in %.120q)", err, s)
		}
		return a, nil
	}
	if words := python.Words(digits); strings.ContainsAny(digits, "[(,") && len(words) == Layers {
		digits = strings.Join(words, "")
	}
	if len(digits) != Layers || strings.Trim(digits, "012") != "" {
		return Arch{}, fmt.Errorf("nasbenchmacro: %.120q is not an architecture, want %d digits from 0 to %d such as 22212220, "+
			"a list [2, 2, …] of them, or an object with the keys %s to %s", s, Layers, numOps-1, Key(0), Key(Layers-1))
	}
	for i := range a {
		a[i] = Op(digits[i] - '0')
	}
	return a, nil
}

func parseObject(s string) (a Arch, err error) {
	v, err := python.Value(s)
	if err != nil {
		return Arch{}, err
	}
	var m map[string]string
	if err := json.Unmarshal(v, &m); err != nil {
		return Arch{}, err
	}
	for i := range a {
		name, ok := m[Key(i)]
		if !ok {
			return Arch{}, fmt.Errorf("the key %q is missing", Key(i))
		}
		op := slices.Index(opNames, name)
		if op < 0 {
			return Arch{}, fmt.Errorf("%s is %.40q, want one of %q", Key(i), name, opNames)
		}
		a[i] = Op(op)
		delete(m, Key(i))
	}
	for k := range m {
		return Arch{}, fmt.Errorf("unknown key %.40q, want %s to %s", k, Key(0), Key(Layers-1))
	}
	return a, nil
}

// Valid reports whether every operation is one of the three.
func (a Arch) Valid() bool {
	for _, o := range a {
		if o >= numOps {
			return false
		}
	}
	return true
}

// Values returns the operation indices.
func (a Arch) Values() []int {
	v := make([]int, Layers)
	for i, o := range a {
		v[i] = int(o)
	}
	return v
}

// Canonical returns the architecture of the same blocks in which every Identity that computes nothing is at the end of its stage.
func (a Arch) Canonical() spaces.Arch {
	var c Arch // of Identity
	next := 0
	for i, o := range a {
		if First(i) {
			next = i
		}
		if First(i) || o != Identity {
			c[next] = o
			next++
		}
	}
	return c
}

// Hash returns the String of the canonical architecture.
func (a Arch) Hash() string { return a.Canonical().String() }

// Neighbours yields the 16 architectures that differ in one layer.
func (a Arch) Neighbours() iter.Seq[spaces.Arch] {
	return func(yield func(spaces.Arch) bool) {
		for i := range a {
			for o := range numOps {
				if o == a[i] {
					continue
				}
				b := a
				b[i] = o
				if !yield(b) {
					return
				}
			}
		}
	}
}
