package bf16

import "math"

// mulGeneric is the specification: see the package comment. dot is that of a unit.
func (p *Tiles) mulGeneric(dot func(a, b []uint16, block int, sum float32) float32) {
	block, blocks := Block(p.Depth), Blocks(p.Depth)
	for j := range p.N {
		b := p.B[j/TileCols*len(p.Taps)*blocks*block*TileCols:]
		for i := range p.M {
			c := &p.C[i*p.LDC+j]
			sum := float32(0)
			if p.Add {
				sum = *c
			}
			for t, tap := range p.Taps {
				for k0 := range blocks {
					a, b := p.A[i*p.LDA+tap+k0*block:], b[(t*blocks+k0)*block*TileCols+2*(j%TileCols):]
					sum = dot(a, b, block, sum)
				}
			}
			*c = sum
		}
	}
}

// dotTDPBF16PS adds the product of a row of a block of A and a column of one of B to sum, as TDPBF16PS does.
func dotTDPBF16PS(a, b []uint16, block int, sum float32) float32 {
	var even, odd float32
	for k := 0; k < block; k += 2 {
		even = fma(a[k], b[k*TileCols], even)
		odd = fma(a[k+1], b[k*TileCols+1], odd)
	}
	return flush(flush(sum) + flush(even+odd))
}

// dotVDPBF16PS is dotTDPBF16PS as VDPBF16PS does it, a pair at a time.
func dotVDPBF16PS(a, b []uint16, block int, sum float32) float32 {
	sum = flush(sum)
	for k := 0; k < block; k += 2 {
		sum = fma(a[k+1], b[k*TileCols+1], sum)
		sum = fma(a[k], b[k*TileCols], sum)
	}
	return sum
}

// dotBFMMLA is dotTDPBF16PS as BFMMLA does it, two pairs at a time.
func dotBFMMLA(a, b []uint16, block int, sum float32) float32 {
	sum = flush(sum)
	for k := 0; k < block; k += 2 {
		sum = addToOdd(sum, addToOdd(mulToOdd(a[k], b[k*TileCols]), mulToOdd(a[k+1], b[k*TileCols+1])))
	}
	if block%4 != 0 { // a pair of zeros
		sum += 0
	}
	return sum
}

// fma is a·b + c, rounded once, with subnormal numbers as zeros. The product has 16 bits and is exact. Its sum with c in a float64 is
// rounded, which matters if it then seems to lie in the middle of two float32: it is moved to the side of the exact sum.
func fma(a, b uint16, c float32) float32 {
	x, y := float64(flush(Float32(a))), float64(c)
	p := x * float64(flush(Float32(b)))
	sum := p + y
	const below = 1<<29 - 1                                     // the bits of a float64 that a float32 does not have
	if bits := math.Float64bits(sum); bits&below == below/2+1 { // in the middle of two, or brought there by rounding
		z := sum - p
		if rest := (p - (sum - z)) + (y - z); rest != 0 && !math.IsInf(sum, 0) {
			if (rest > 0) == (sum > 0) {
				sum = math.Float64frombits(bits + 1)
			} else {
				sum = math.Float64frombits(bits - 1)
			}
		}
	}
	if math.Abs(sum) < 0x1p-126-0x1p-151 { // what rounding to 24 bits leaves below the smallest normal number
		return float32(math.Copysign(0, sum))
	}
	return float32(sum)
}

// mulToOdd is a·b rounded to odd, which changes it only beyond the range of a float32.
func mulToOdd(a, b uint16) float32 {
	return toOdd(float64(flush(Float32(a))) * float64(flush(Float32(b))))
}

// addToOdd is a + b rounded to odd. What a float64 rounds off is found again: it makes the last bit odd, of the sum cut off.
func addToOdd(a, b float32) float32 {
	x, y := float64(a), float64(b)
	sum := x + y
	z := sum - x
	if rest := (x - (sum - z)) + (y - z); rest != 0 && !math.IsInf(sum, 0) {
		bits := math.Float64bits(sum)
		if (rest > 0) != (sum > 0) {
			bits--
		}
		sum = math.Float64frombits(bits | 1)
	}
	return toOdd(sum)
}

// toOdd rounds to the float32 next to zero, and makes its last bit odd if that was not exact; a result below 2⁻¹²⁶ is a zero, one from
// 2¹²⁸ on an infinity.
func toOdd(x float64) float32 {
	const below = 1<<29 - 1 // the bits of a float64 that a float32 does not have
	bits := math.Float64bits(x)
	switch size := math.Abs(x); {
	case size < 0x1p-126:
		bits &= 1 << 63
	case size < math.Inf(1) && bits&below != 0:
		bits = bits&^below | (below + 1)
	}
	return float32(math.Float64frombits(bits))
}

// flush makes a zero of what is no normal number.
func flush(x float32) float32 {
	if b := math.Float32bits(x); b&0x7f800000 == 0 {
		return math.Float32frombits(b & 0x80000000)
	}
	return x
}
