package bf16

import "math"

var generic = kernels{round: roundGeneric, encode: encodeGeneric, pairs: pairsGeneric}

func roundGeneric(dst, x []float32, scale float32) {
	for i, v := range x {
		dst[i] = Float32(Of(scale * v))
	}
}

func encodeGeneric(dst []uint16, x []float32, scale float32) {
	for i, v := range x {
		dst[i] = Of(scale * v)
	}
}

func pairsGeneric(dst []uint16, next int, x []float32, row, pairs, panels int, scale float32) {
	for p := range 2 * pairs {
		for j, v := range x[p*row:][:TileCols*panels] {
			dst[j/TileCols*next+p/2*2*TileCols+2*(j%TileCols)+p%2] = Of(scale * v)
		}
	}
}

// mulGeneric is the specification: see the package comment.
func (p *Tiles) mulGeneric() {
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

// dot adds the product of a row of a tile of A and a column of a tile of B to sum.
func dot(a, b []uint16, block int, sum float32) float32 {
	var even, odd float32
	for k := 0; k < block; k += 2 {
		even = fma(a[k], b[k*TileCols], even)
		odd = fma(a[k+1], b[k*TileCols+1], odd)
	}
	return flush(flush(sum) + flush(even+odd))
}

// fma is a·b + c, rounded once, with subnormal numbers as zeros. The product has 16 bits and is exact. Its sum with c in a float64 is rounded,
// which matters if it then seems to lie in the middle of two float32: it is moved to the side of the exact sum.
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

// flush makes a zero of what is no normal number.
func flush(x float32) float32 {
	if b := math.Float32bits(x); b&0x7f800000 == 0 {
		return math.Float32frombits(b & 0x80000000)
	}
	return x
}
