package nasbench201

import (
	"fmt"
	"sync"
)

// Size is the number of architectures.
const Size = 15625

// Index returns the index of the architecture in the benchmark, 0 to 15,624: the number under which its files and its API have it.
func (a Arch) Index() int { return int(benchmark().index[a.Ordinal()]) }

// FromIndex is the inverse of [Arch.Index]. It panics outside 0..15,624.
func FromIndex(index int) Arch {
	inRange(index)
	return FromOrdinal(int(benchmark().ordinal[index]))
}

// Ordinal numbers the architectures 0 to 15,624 in the order of their operations, which [Space.All] keeps to: the operations are
// the digits of a number in base five, the edge 0→1 first.
func (a Arch) Ordinal() int {
	n := 0
	for _, o := range a {
		n = n*int(numOps) + int(o)
	}
	return n
}

// FromOrdinal is the inverse of [Arch.Ordinal]. It panics outside 0..15,624.
func FromOrdinal(n int) Arch {
	inRange(n)
	var a Arch
	for i := Edges - 1; i >= 0; i-- {
		a[i] = Op(n % int(numOps))
		n /= int(numOps)
	}
	return a
}

func inRange(n int) {
	if n < 0 || n >= Size {
		panic(fmt.Sprintf("nasbench201: index %d is not within 0..%d", n, Size-1))
	}
}

// numbering translates between the two numberings.
type numbering struct{ ordinal, index [Size]uint16 }

// benchmark is the numbering of the benchmark, whose authors listed the architectures in the order of Ordinal and shuffled the list
// once, by Python's random.shuffle after random.seed(88) (generate_meta_info in exps/NAS-Bench-201/main.py of D-X-Y/AutoDL-Projects).
var benchmark = sync.OnceValue(func() *numbering {
	var b numbering
	for i := range b.ordinal {
		b.ordinal[i] = uint16(i)
	}
	rng := newTwister(88)
	for i := Size - 1; i > 0; i-- {
		j := rng.below(i + 1)
		b.ordinal[i], b.ordinal[j] = b.ordinal[j], b.ordinal[i]
	}
	for i, n := range b.ordinal {
		b.index[n] = uint16(i)
	}
	return &b
})
