package nasbench201

import "math/bits"

// twister is the generator behind Python's module random: MT19937 (Matsumoto and Nishimura, "Mersenne Twister: A 623-Dimensionally
// Equidistributed Uniform Pseudo-Random Number Generator", 1998).
type twister struct {
	state [624]uint32
	next  int // of the state's words that are still to be given out
}

// newTwister is random.seed of a small number: the generator's initialisation by an array of one word.
func newTwister(seed uint32) *twister {
	t := &twister{}
	s := &t.state
	n := len(s)
	mix := func(i int) uint32 { return s[i-1] ^ s[i-1]>>30 }
	s[0] = 19650218
	for i := 1; i < n; i++ {
		s[i] = 1812433253*mix(i) + uint32(i)
	}
	// Twice over all words but the first, which takes the last one's value whenever that has been passed.
	i := 1
	advance := func() {
		if i++; i == n {
			s[0] = s[n-1]
			i = 1
		}
	}
	for range n {
		s[i] = (s[i] ^ mix(i)*1664525) + seed
		advance()
	}
	for range n - 1 {
		s[i] = (s[i] ^ mix(i)*1566083941) - uint32(i)
		advance()
	}
	s[0] = 1 << 31
	t.next = n
	return t
}

// word returns the next 32 random bits.
func (t *twister) word() uint32 {
	s := &t.state
	n := len(s)
	if t.next == n {
		for i := range s {
			y := s[i]&(1<<31) | s[(i+1)%n]&(1<<31-1)
			s[i] = s[(i+397)%n] ^ y>>1 ^ y&1*0x9908b0df
		}
		t.next = 0
	}
	y := s[t.next]
	t.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// below returns a number from 0 to n-1, as random.shuffle draws it: as many bits as n has, until they are less than n.
func (t *twister) below(n int) int {
	for {
		if r := int(t.word() >> (32 - bits.Len(uint(n)))); r < n {
			return r
		}
	}
}
