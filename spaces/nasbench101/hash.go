package nasbench101

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"math/bits"
	"slices"
	"strconv"
)

// digest is an MD5 sum in hexadecimal digits.
type digest [2 * md5.Size]byte

func sum(text []byte) (d digest) {
	s := md5.Sum(text)
	hex.Encode(d[:], s[:])
	return d
}

// Hash returns the benchmark's hash, under which its tables list the cell: equal exactly for isomorphic cells.
//
// The hash of a vertex starts as the MD5 of its number of edges out, of edges in, and its label (operations by index, input
// -1, output -2), as Python prints a tuple. In as many rounds as there are vertices it becomes the MD5 of the sorted hashes of
// the vertices before it, "|", those of the vertices after it, "|", and its own. The cell's hash is the MD5 of the sorted list
// of all hashes, as Python prints a list.
func (a Arch) Hash() string {
	n := a.Vertices()
	var into, out [MaxVertices]uint32 // the sets of the vertices before and after each
	for to := 1; to < n; to++ {
		into[to] = sources(a.edges, to)
		for from := range to {
			out[from] |= into[to] >> from & 1 << to
		}
	}
	buffer := make([]byte, 0, (MaxVertices+1)*(2*md5.Size+4))
	var now, next [MaxVertices]digest
	for v := range n {
		label := -1
		switch {
		case v == n-1:
			label = -2
		case v > 0:
			label = int(a.ops[v-1])
		}
		b := append(buffer, '(')
		b = strconv.AppendInt(b, int64(bits.OnesCount32(out[v])), 10)
		b = append(b, ", "...)
		b = strconv.AppendInt(b, int64(bits.OnesCount32(into[v])), 10)
		b = append(b, ", "...)
		b = strconv.AppendInt(b, int64(label), 10)
		now[v] = sum(append(b, ')'))
	}
	for range n {
		for v := range n {
			b := appendSorted(buffer, now[:n], into[v])
			b = append(b, '|')
			b = appendSorted(b, now[:n], out[v])
			b = append(b, '|')
			next[v] = sum(append(b, now[v][:]...))
		}
		now = next
	}
	slices.SortFunc(now[:n], func(x, y digest) int { return bytes.Compare(x[:], y[:]) })
	b := append(buffer, '[')
	for v, d := range now[:n] {
		if v > 0 {
			b = append(b, ", "...)
		}
		b = append(b, '\'')
		b = append(b, d[:]...)
		b = append(b, '\'')
	}
	d := sum(append(b, ']'))
	return string(d[:])
}

// appendSorted appends the digests of a set of vertices in ascending order.
func appendSorted(b []byte, all []digest, set uint32) []byte {
	var chosen [MaxVertices]digest
	n := 0
	for ; set != 0; set &= set - 1 {
		chosen[n] = all[bits.TrailingZeros32(set)]
		for i := n; i > 0 && bytes.Compare(chosen[i][:], chosen[i-1][:]) < 0; i-- {
			chosen[i], chosen[i-1] = chosen[i-1], chosen[i]
		}
		n++
	}
	for i := range n {
		b = append(b, chosen[i][:]...)
	}
	return b
}
