package conv

// transpose writes channels × pixels, rows ld apart, of pixels that have depth numbers each.
func transpose(dst []uint16, ld int, src []uint16, depth, channels, pixels int) {
	const near = 64 // pixels, which stay in the level-1 cache until all of their channels are written
	for p0 := 0; p0 < pixels; p0 += near {
		n := min(near, pixels-p0)
		for c := 0; c < channels; c += 4 {
			p := p0
			if c+4 <= channels {
				for ; p+4 <= p0+n; p += 4 {
					s := src[p*depth+c:]
					transposeSquare(dst[c*ld+p:], ld, s, depth)
				}
			}
			for ; p < p0+n; p++ {
				for k := c; k < min(c+4, channels); k++ {
					dst[k*ld+p] = src[p*depth+k]
				}
			}
		}
	}
}

// transposeSquare transposes 4×4 numbers, four at a time in a word.
func transposeSquare(dst []uint16, ld int, src []uint16, depth int) {
	const odd = 0xffff0000ffff0000
	a, b, c, d := four(src), four(src[depth:]), four(src[2*depth:]), four(src[3*depth:])
	a, b = a&^odd|b&^odd<<16, a&odd>>16|b&odd // pairs of pixels
	c, d = c&^odd|d&^odd<<16, c&odd>>16|d&odd
	setFour(dst, a&0xffffffff|c<<32)
	setFour(dst[ld:], b&0xffffffff|d<<32)
	setFour(dst[2*ld:], a>>32|c>>32<<32)
	setFour(dst[3*ld:], b>>32|d>>32<<32)
}

func four(s []uint16) uint64 {
	s = s[:4]
	return uint64(s[0]) | uint64(s[1])<<16 | uint64(s[2])<<32 | uint64(s[3])<<48
}

func setFour(s []uint16, v uint64) {
	s = s[:4]
	s[0], s[1], s[2], s[3] = uint16(v), uint16(v>>16), uint16(v>>32), uint16(v>>48)
}
