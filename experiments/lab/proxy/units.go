package proxy

import (
	"math"
	"math/bits"

	"github.com/oneshot-nas/oneshot/tensor"
)

// units is which units of a network are active, that is, behind a ReLU greater than zero, for which of n samples.
type units struct {
	n     int
	seen  int     // units, each as often as layers apply its activation
	apart []int   // [n][n]: by how many units two samples differ
	ids   nodeSet // the patterns of units

	bits []uint64 // of the activation at hand, [n][words]
	path []uint32 // of the 64 units at hand: the node of their samples so far
}

func (u *units) reset(n int) {
	u.n, u.seen = n, 0
	if len(u.apart) != n*n {
		u.apart = make([]int, n*n)
	}
	clear(u.apart)
	u.ids.reset()
}

// add notes an activation, [n][…], that so many layers apply.
func (u *units) add(x tensor.Tensor, times int, codes, patterns bool) {
	rows, cols, ld := x.Rows()/u.n, x.Cols(), x.LD()
	size := rows * cols
	words := (size + 63) / 64
	if len(u.bits) < u.n*words {
		u.bits = make([]uint64, u.n*words)
	}
	for i := range u.n {
		code, filled, word := u.bits[i*words:(i+1)*words], 0, uint64(0)
		for row := i * rows; row < (i+1)*rows; row++ {
			for _, v := range x.Data[row*ld:][:cols] {
				b := math.Float32bits(v)
				word |= uint64((-b&^b)>>31) << (filled & 63) // 1 if v > 0; −0 is not
				if filled++; filled&63 == 0 {
					code[filled/64-1], word = word, 0
				}
			}
		}
		if filled&63 != 0 {
			code[words-1] = word
		}
	}
	if codes {
		u.compare(words, times)
		u.seen += size * times
	}
	if patterns {
		u.distinguish(size, words)
	}
}

// compare adds to the distances of samples.
func (u *units) compare(words, times int) {
	for i := range u.n {
		a := u.bits[i*words : (i+1)*words]
		for j := range i {
			b := u.bits[j*words : (j+1)*words][:len(a)]
			d := 0
			for k, w := range a {
				d += bits.OnesCount64(w ^ b[k])
			}
			u.apart[i*u.n+j] += times * d
		}
	}
}

// naswot is log |K| for K_ij = N − d(c_i, c_j): of N units, those that are active for both or for neither of samples i and j. It is
// equations 1 and 2 of Mellor et al., "Neural Architecture Search without Training" (ICML 2021). Where several layers apply a ReLU
// of their own to one value, as the operations of a cell do, each counts, as in the authors' code.
func (u *units) naswot() float64 {
	k := make([]float64, u.n*u.n) // the lower triangle
	for i := range u.n {
		for j := range i + 1 {
			k[i*u.n+j] = float64(u.seen - u.apart[i*u.n+j])
		}
	}
	return logDeterminant(k, u.n)
}

// logDeterminant of a symmetric positive semidefinite matrix, of which it overwrites the lower triangle with the factor of Cholesky. A
// pivot below what rounding leaves of zero counts as that much, so that a singular matrix has a low determinant, but one with a log.
func logDeterminant(k []float64, n int) float64 {
	sum := 0.0
	for i := range n {
		diagonal := k[i*n+i]
		for j := range i + 1 {
			s := k[i*n+j]
			for l := range j {
				s -= k[i*n+l] * k[j*n+l]
			}
			if j < i {
				k[i*n+j] = s / k[j*n+j]
				continue
			}
			s = max(s, 1e-13*float64(n)*diagonal)
			k[i*n+i] = math.Sqrt(s)
			sum += math.Log(s)
		}
	}
	return sum
}

// distinct is the number of different patterns, the set of samples for which a unit is active, among all units: the SWAP-score of
// Peng et al., "SWAP-NAS: Sample-Wise Activation Patterns for Ultra-fast NAS" (ICLR 2024), not regularised by the number of
// parameters.
func (u *units) distinct() int { return u.ids.leaves }

// distinguish notes the patterns of the units at hand.
func (u *units) distinguish(size, words int) {
	if len(u.path) != 64 {
		u.path = make([]uint32, 64)
	}
	var block [64]uint64 // of 64 samples by 64 units; once transposed, the other way round
	for w := range words {
		clear(u.path)
		for from := 0; from < u.n; from += 64 {
			clear(block[:])
			for i := range min(64, u.n-from) {
				block[i] = u.bits[(from+i)*words+w]
			}
			transpose(&block)
			last := from+64 >= u.n
			for j := range min(64, size-64*w) {
				u.path[j] = u.ids.child(node{u.path[j], block[j]}, last)
			}
		}
	}
}

// transpose exchanges rows and columns of a matrix of bits: bit j of word i and bit i of word j.
func transpose(m *[64]uint64) {
	mask := uint64(1<<32 - 1)
	for half := 32; half > 0; half /= 2 {
		for i := 0; i < 64; i = (i + half + 1) &^ half {
			t := (m[i]>>half ^ m[i+half]) & mask
			m[i] ^= t << half
			m[i+half] ^= t
		}
		mask ^= mask << (half / 2)
	}
}

// nodeSet tells patterns of any length apart: a tree whose edges are 64 samples each, and its leaves patterns.
type nodeSet struct {
	id     map[node]uint32
	leaves int
}

// node is reached from its parent, 0 being the root, with the next 64 bits of a pattern.
type node struct {
	parent uint32
	bits   uint64
}

func (s *nodeSet) reset() {
	if s.id == nil {
		s.id = make(map[node]uint32)
	}
	clear(s.id)
	s.leaves = 0
}

// child returns the number of a node, which is a new one if it has not been seen.
func (s *nodeSet) child(n node, leaf bool) uint32 {
	id, ok := s.id[n]
	if !ok {
		id = uint32(len(s.id) + 1)
		s.id[n] = id
		if leaf {
			s.leaves++
		}
	}
	return id
}
