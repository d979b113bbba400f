package bf16

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
)

// modelTile is what an assembly call does, by the sizes of the tiles in its configuration alone.
func modelTile(args *tileArgs) {
	rows := func(t int) int { return int(args.config[48+t]) }
	bytes := func(t int) int { return int(binary.LittleEndian.Uint16(args.config[16+2*t:])) }
	need := func(ok bool) {
		if !ok || args.config[0] != 1 {
			panic(fmt.Sprintf("illegal configuration of %d×%d tiles: %v", args.high, args.wide, args.config))
		}
	}
	for g := range args.groups {
		for t := range args.high * args.wide {
			high, wide := t/args.wide, t%args.wide
			a, b := 4+high%2, 6+wide
			need(rows(a) == rows(t) && bytes(a) == 4*rows(b) && bytes(b) == bytes(t) && rows(t) > 0 && rows(t) <= 16 && bytes(t) > 0)
			need(args.high == 1 || high == args.high-1 || rows(t) == 16)
			for r := range rows(t) {
				row := (g*args.high+high)*16 + r
				c := args.c[row*args.ldc/4+16*wide:][:bytes(t)/4]
				for j := range c {
					if !args.add {
						c[j] = 0
					}
					for k := range args.blocks {
						x := args.a[(row*args.lda+args.offsets[k])/2:][:bytes(a)/2]
						y := args.b[(k*args.blockB+wide*args.panelB)/2+2*j:]
						c[j] = dotTDPBF16PS(x, y, bytes(a)/2, c[j])
					}
				}
			}
		}
	}
}

// modelVectors is what a call does where there are no tiles, with the arithmetic of AMX.
func modelVectors(args *tileArgs) {
	for r := range args.rows {
		for j := range args.cols {
			c := &args.c[r*args.ldc/4+j]
			sum := float32(0)
			if args.add {
				sum = *c
			}
			for k := range args.blocks {
				x := args.a[(r*args.lda+args.offsets[k])/2:]
				y := args.b[(k*args.blockB+j/16*args.panelB)/2+2*(j%16):]
				sum = dotTDPBF16PS(x, y, 2*args.pairs, sum)
			}
			*c = sum
		}
	}
}

// models stand for units that the machine has not.
var models = map[string]*unit{
	"model of tiles":   {call: modelTile, dot: dotTDPBF16PS, rows: 256, tiles: true},
	"model of vectors": {call: modelVectors, dot: dotTDPBF16PS, rows: 24},
}

// units runs a test on all units of the machine, whichever is in use, or on the portable one if there are none.
func units(t *testing.T, f func(t *testing.T)) {
	defer func(before unit) { activeUnit = before }(activeUnit)
	names := cpu.BF16Units()
	if len(names) == 0 {
		names = append(names, cpu.NoBF16Unit)
	}
	for _, name := range names {
		activeUnit = unitFor(name)
		t.Run(name.String(), f)
	}
}

// testProduct is a product whose operands end at inaccessible pages, with the columns of B that it was packed from.
type testProduct struct {
	Tiles
	b []float32 // [tap][k][j]
}

func newTestProduct(t testing.TB, rng *rand.Rand, m, n, depth, taps, lda, gap int, add bool) testProduct {
	p := testProduct{Tiles: Tiles{M: m, N: n, Depth: depth, LDA: lda, LDC: n + gap, Add: add}}
	for range taps {
		p.Taps = append(p.Taps, rng.IntN(3)*depth)
	}
	p.A = halves(t, (m-1)*lda+slices.Max(p.Taps)+Blocks(depth)*Block(depth))
	for i := range p.A {
		p.A[i] = Of(float32(rng.NormFloat64()))
	}
	p.b = make([]float32, taps*depth*n)
	for i := range p.b {
		p.b[i] = float32(rng.NormFloat64())
	}
	p.B = halves(t, PackedB(n, depth, taps))
	PackB(p.B, p.b, n, depth, taps, depth*n, n, 1, 1)
	p.C = guard.Float32(t, (m-1)*p.LDC+n)
	for i := range p.C {
		p.C[i] = float32(rng.NormFloat64())
	}
	return p
}

var productSizes = []struct{ m, n, depth, taps, lda int }{
	{1, 1, 1, 1, 2}, {16, 16, 32, 1, 32}, {15, 17, 33, 1, 40}, {17, 15, 2, 3, 2}, {32, 32, 64, 1, 64}, {31, 33, 31, 2, 5},
	{64, 16, 40, 1, 41}, {65, 3, 16, 9, 16}, {130, 40, 96, 3, 32}, {20, 70, 7, 1, 8}, {300, 18, 3, 1, 4}, {5, 64, 50, 20, 10},
	{48, 48, 32 * (blocksPerCall + 1), 1, 600}, {289, 20, 10, 1, 10}, {320, 8, 34, 2, 36},
	{2, 37, 6, 3, 9}, {3, 25, 34, 1, 35}, {23, 11, 96, 2, 100},
}

var exact = flag.Bool("exact", false, "units are to yield the bits of their specification, as emulators do: no processor has been asked")

// bitsKnown reports whether LocalMul is known to yield the bits of the specification.
func bitsKnown() bool { return !Available() || *exact }

// close reports whether numbers differ by rounding, for sums of some hundred products of numbers about one.
func close(got, want []float32) bool {
	return slices.EqualFunc(got, want, func(a, b float32) bool { return math.Abs(float64(a-b)) <= 1e-3 })
}

// checkBits compares a product with the specification of a unit.
func checkBits(t *testing.T, p *Tiles, u *unit, known bool) {
	want := *p
	want.C = slices.Clone(p.C)
	want.mulGeneric(u.dot)
	if u.call == nil {
		p.LocalMul()
	} else {
		p.mul(u)
	}
	if same := sameBits(p.C, want.C); !same && (known || !close(p.C, want.C)) {
		i := 0
		for math.Float32bits(p.C[i]) == math.Float32bits(want.C[i]) {
			i++
		}
		t.Errorf("element %d is %v, by the specification %v", i, p.C[i], want.C[i])
	}
}

// TestTiles: the division into calls, and the units that there are, yield the bits of the specification.
func TestTiles(t *testing.T) {
	for i, s := range productSizes {
		product := func(t *testing.T) *Tiles {
			p := newTestProduct(t, rand.New(rand.NewPCG(1, uint64(i))), s.m, s.n, s.depth, s.taps, s.lda, i%3, i%2 == 1)
			return &p.Tiles
		}
		for name, u := range models {
			t.Run(fmt.Sprint(name, s), func(t *testing.T) { checkBits(t, product(t), u, true) })
		}
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			units(t, func(t *testing.T) { checkBits(t, product(t), &activeUnit, bitsKnown()) })
		})
	}
}

// specifications are the arithmetic of each unit, and how much the sum of some products, relative to that of their magnitudes, differs from
// the exact one: for each rounding that a product goes through by a half of the last place, and by all of it where it is rounded to odd.
var specifications = map[cpu.BF16Unit]struct {
	dot   func(a, b []uint16, block int, sum float32) float32
	bound func(block, blocks int) float64
}{
	cpu.AMX:        {dotTDPBF16PS, func(block, blocks int) float64 { return 0x1p-24 * float64(block/2+1+blocks) }},
	cpu.AVX512BF16: {dotVDPBF16PS, func(block, blocks int) float64 { return 0x1p-24 * float64(block*blocks) }},
	cpu.NEONBF16:   {dotBFMMLA, func(block, blocks int) float64 { return 0x1p-23 * float64(block/2*blocks+1) }},
}

// TestTilesAgainstFloat64 bounds the error of every specification, and of the units that there are.
func TestTilesAgainstFloat64(t *testing.T) {
	for name, spec := range specifications {
		t.Run("specification of "+name.String(), func(t *testing.T) {
			checkErrors(t, spec.bound, func(p *Tiles) { p.mulGeneric(spec.dot) })
		})
	}
	units(t, func(t *testing.T) {
		for _, spec := range specifications {
			if reflect.ValueOf(spec.dot).Pointer() == reflect.ValueOf(activeUnit.dot).Pointer() {
				checkErrors(t, spec.bound, (*Tiles).LocalMul)
			}
		}
	})
}

func checkErrors(t *testing.T, bound func(block, blocks int) float64, mul func(*Tiles)) {
	for i, s := range productSizes {
		p := newTestProduct(t, rand.New(rand.NewPCG(2, uint64(i))), s.m, s.n, s.depth, s.taps, s.lda, i%3, i%2 == 0)
		before := slices.Clone(p.C)
		mul(&p.Tiles)
		bound := bound(Block(s.depth), s.taps*Blocks(s.depth))
		for i := range s.m {
			for j := range s.n {
				var want, abs float64
				if p.Add {
					want = float64(before[i*p.LDC+j])
					abs = math.Abs(want)
				}
				for tap := range s.taps {
					for k := range s.depth {
						v := float64(Float32(p.A[i*s.lda+p.Taps[tap]+k])) * float64(Float32(Of(p.b[(tap*s.depth+k)*s.n+j])))
						want += v
						abs += math.Abs(v)
					}
				}
				if got := float64(p.C[i*p.LDC+j]); !(math.Abs(got-want) <= bound*abs) {
					t.Fatalf("%v: C[%d][%d] = %v, want %v ± %.2g", s, i, j, got, want, bound*abs)
				}
			}
		}
	}
}

// TestTilesNonFinite: numbers on the edges of the format, NaN and infinities in all places.
func TestTilesNonFinite(t *testing.T) {
	units(t, func(t *testing.T) {
		if !bitsKnown() {
			t.Skip("where sums overflow depends on their order: -exact")
		}
		rng := rand.New(rand.NewPCG(3, 4))
		small := []uint16{0, 0x8000, 1, 0x807f, 0x80, 0x8080, 0x1f80, 0x2080, 0x9fff, 0x0100, 0x3f80, 0xbf80}
		for _, edges := range [][]uint16{small, append(small, 0x7f7f, 0xff7f), append(small, 0x7f7f, 0x7f80, 0xff80, 0x7fc0, 0xffc1)} {
			draw := func(x []uint16) {
				for i := range x {
					x[i] = small[rng.IntN(len(small))]
					if rng.IntN(20) == 0 { // so that some sums stay finite
						x[i] = edges[rng.IntN(len(edges))]
					}
				}
			}
			for _, depth := range []int{48, 6} {
				p := newTestProduct(t, rng, 70, 40, depth, 2, 48, 0, true)
				draw(p.A)
				draw(p.B)
				for i := range p.C {
					p.C[i] = Float32(edges[rng.IntN(len(edges))]) * 1.001
				}
				want := p.Tiles
				want.C = slices.Clone(p.C)
				want.mulGeneric(activeUnit.dot)
				p.LocalMul()
				for i, got := range p.C {
					if w := want.C[i]; math.Float32bits(got) != math.Float32bits(w) && (got == got || w == w) {
						t.Fatalf("depth %d: element %d is %v, want %v", depth, i, got, w)
					}
				}
			}
		}
	})
}

func TestTilesNoAllocation(t *testing.T) {
	p := newTestProduct(t, rand.New(rand.NewPCG(9, 10)), 20, 20, 40, 1, 64, 0, false)
	a, x := make([]uint16, 20*64), make([]float32, 20*40)
	if n := testing.AllocsPerRun(10, func() {
		PackB(p.B, p.b, p.N, p.Depth, 1, 0, p.N, 1, 1)
		PackA(a, 64, x, 20, 40, 1, 20)
		p.LocalMul()
		for _, u := range models {
			p.mul(u)
		}
	}); n != 0 {
		t.Errorf("%v allocations a product", n)
	}
}

// TestTilesEmpty: nothing to add up, or nowhere to.
func TestTilesEmpty(t *testing.T) {
	c := []float32{1, 2, 3, 4}
	for _, p := range []Tiles{{M: 0, N: 2, Depth: 3, Taps: []int{0}}, {M: 2, N: 0, Depth: 3, Taps: []int{0}, A: make([]uint16, 9), LDA: 3},
		{M: 2, N: 2, Depth: 0, Taps: []int{0}, Add: true}, {M: 2, N: 2, Depth: 3, Add: true}} {
		p.C, p.LDC, p.B = c, 2, make([]uint16, 64)
		for _, u := range models {
			p.mul(u)
		}
		p.LocalMul()
		if want := []float32{1, 2, 3, 4}; !slices.Equal(c, want) {
			t.Errorf("%+v: C is %v", p, c)
		}
	}
	p := Tiles{M: 2, N: 2, C: c, LDC: 2}
	if p.LocalMul(); !slices.Equal(c, make([]float32, 4)) {
		t.Errorf("nothing added to nothing is %v", c)
	}
}

func TestTilesPanics(t *testing.T) {
	good := func() *Tiles {
		b := make([]uint16, PackedB(3, 5, 1))
		return &Tiles{M: 2, N: 3, Depth: 5, A: make([]uint16, 13), LDA: 7, Taps: []int{0}, B: b, C: make([]float32, 6), LDC: 3}
	}
	good().LocalMul()
	for _, c := range []struct {
		want  string
		spoil func(p *Tiles)
	}{
		{"A of 12 elements, want 13", func(p *Tiles) { p.A = p.A[:12] }},
		{"B of 95 elements, want 96", func(p *Tiles) { p.B = p.B[:95] }},
		{"C with rows 2 apart, want at least 3", func(p *Tiles) { p.LDC = 2 }},
		{"a tap at -1, want none negative", func(p *Tiles) { p.Taps[0] = -1 }},
		{"M = -1, N = 3, Depth = 5, LDA = 7, want none negative", func(p *Tiles) { p.M = -1 }},
	} {
		t.Run(c.want, func(t *testing.T) {
			defer func() {
				if got, want := fmt.Sprint(recover()), "bf16.Tiles.LocalMul: got "+c.want; got != want {
					t.Errorf("panic %v, want %q", got, want)
				}
			}()
			p := good()
			c.spoil(p)
			p.LocalMul()
		})
	}
}
