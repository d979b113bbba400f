package bf16

import "math"

// TileRows and TileCols are the size of a tile of C; TileDepth is how many numbers of the inner dimension a tile of A or B holds.
const (
	TileRows  = 16
	TileCols  = 16
	TileDepth = 32
)

// Tiles is a product of bfloat16 matrices with sums in float32, as matrix units compute it,
//
//	C[i][j] (+)= Σ over taps t, and k < Depth, of A[i·LDA + Taps[t] + k] · B_t[k][j]
//
// for i < M and j < N: a matrix product has one tap, at 0; of a convolution a tap is a row of its kernel (or a pixel, where pixels of a row do
// not lie side by side), and rows of A are the places of its window in a batch of images with borders.
type Tiles struct {
	M, N int
	// Depth is the length of the inner dimension of each tap. It goes by blocks of Block(Depth) numbers; those of A behind the end of the
	// last one are read, so they must exist, and are multiplied by zeros.
	Depth int
	A     []uint16
	LDA   int // distance of rows of A in numbers; rows may overlap
	Taps  []int
	B     []uint16 // all taps: see PackB
	C     []float32
	LDC   int
	Add   bool // add to what is in C
}

// Block is how many numbers of an inner dimension of the given depth a tile holds, an even number: as many in each block.
func Block(depth int) int {
	blocks := (depth + TileDepth - 1) / TileDepth
	return ((depth+blocks-1)/blocks + 1) / 2 * 2
}

// Blocks is how many blocks an inner dimension of the given depth has.
func Blocks(depth int) int { return (depth + TileDepth - 1) / TileDepth }

// PackedB is how many numbers B has when it is packed: n columns and depth rows for each of some taps.
func PackedB(n, depth, taps int) int {
	return (n + TileCols - 1) / TileCols * taps * Blocks(depth) * Block(depth) * TileCols
}

// PackB packs op(b), depth×n for each tap, whose element (k, j) of tap t lies at b[t·tap + k·row + j·col], rounded to bfloat16. In packed form come,
// for each 16 columns, the taps, in a tap the blocks, in a block the pairs of rows, in a pair the columns, and of each column the two
// numbers. What is beyond n or depth is zero.
func PackB(dst []uint16, b []float32, n, depth, taps, tap, row, col int) {
	block, i := Block(depth), 0
	for j0 := 0; j0 < n; j0 += TileCols {
		for t := range taps {
			for k0 := 0; k0 < Blocks(depth)*block; k0 += 2 {
				for j := j0; j < j0+TileCols; j++ {
					for k := k0; k < k0+2; k++ {
						dst[i] = 0
						if j < n && k < depth {
							dst[i] = Of(b[t*tap+k*row+j*col])
						}
						i++
					}
				}
			}
		}
	}
}

// LocalMul computes the product in the calling goroutine.
func (p *Tiles) LocalMul() { p.mulGeneric() }

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
				for k0 := 0; k0 < blocks; k0++ {
					a, b := p.A[i*p.LDA+tap+k0*block:], b[(t*blocks+k0)*block*TileCols+2*(j%TileCols):]
					var even, odd float32
					for k := 0; k < block; k += 2 {
						even = fma(a[k], b[k*TileCols], even)
						odd = fma(a[k+1], b[k*TileCols+1], odd)
					}
					sum = flush(sum + flush(even+odd))
				}
			}
			*c = sum
		}
	}
}

// fma is a·b + c, rounded once, with subnormal numbers as zeros. The product has 16 bits and is exact; so is its sum with c in a float64
// but for a last bit, which is set if anything lies below it: rounding to float32 then comes out as if from the exact sum.
func fma(a, b uint16, c float32) float32 {
	x, y := float64(Float32(a)), float64(flush(c))
	p := x * float64(Float32(b))
	sum := p + y
	z := sum - p
	if rest := (p - (sum - z)) + (y - z); rest != 0 && !math.IsInf(sum, 0) {
		if bits := math.Float64bits(sum); bits&1 == 0 {
			if (rest > 0) == (sum > 0) {
				sum = math.Float64frombits(bits + 1)
			} else {
				sum = math.Float64frombits(bits - 1)
			}
		}
	}
	return flush(float32(sum))
}

// flush makes a zero of what is no normal number.
func flush(x float32) float32 {
	if b := math.Float32bits(x); b&0x7f800000 == 0 {
		return math.Float32frombits(b & 0x80000000)
	}
	return x
}
