package bf16

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestFMA: products at the edge of the smallest normal number, and sums that lie close to the middle of two numbers.
func TestFMA(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200000 {
		a, b := uint16(rng.Uint32()), uint16(rng.Uint32())
		c := math.Float32frombits(rng.Uint32())
		x, y := flush(Float32(a)), flush(Float32(b))
		if rng.IntN(2) == 0 { // of about the size of the product
			c = x * y * float32(math.Ldexp(1+rng.Float64(), rng.IntN(60)-30))
		}
		c = flush(c)
		want := exactFMA(x, y, c)
		if got := fma(a, b, c); math.Float32bits(got) != math.Float32bits(want) && (got == got || want == want) {
			t.Fatalf("fma(%v, %v, %v) = %v, want %v", x, y, c, got, want)
		}
	}
}

// TestToOdd: products and sums are those of any precision, cut off to 24 digits of which the last is odd where that is not exact.
func TestToOdd(t *testing.T) {
	rounded := func(exact *big.Float) float32 {
		cut, _ := new(big.Float).SetPrec(24).SetMode(big.ToZero).Set(exact).Float64()
		switch size := math.Abs(cut); {
		case size < 0x1p-126:
			return float32(math.Copysign(0, cut))
		case size >= 0x1p128:
			return float32(math.Inf(int(math.Copysign(1, cut))))
		}
		y := float32(cut)
		if exact.Cmp(big.NewFloat(cut)) != 0 {
			y = math.Float32frombits(math.Float32bits(y) | 1)
		}
		return y
	}
	exactly := func(x float32) *big.Float { return new(big.Float).SetPrec(600).SetFloat64(float64(x)) }
	check := func(op string, x, y, got float32, exact *big.Float) {
		if want := rounded(exact); math.Float32bits(got) != math.Float32bits(want) && exact.Sign() != 0 {
			t.Fatalf("%v %s %v = %v, want %v", x, op, y, got, want)
		}
	}
	rng := rand.New(rand.NewPCG(13, 14))
	for i := 0; i < 200000; {
		a, b := uint16(rng.Uint32()), uint16(rng.Uint32())
		x, y := flush(Float32(a)), flush(Float32(b))
		u, v := flush(math.Float32frombits(rng.Uint32())), flush(math.Float32frombits(rng.Uint32()))
		if rng.IntN(2) == 0 { // of about the same size
			v = flush(u * float32(math.Ldexp(1+rng.Float64(), rng.IntN(60)-30)))
		}
		if sum := x - x + y - y + u - u + v - v; sum != 0 { // not all are finite
			continue
		}
		i++
		check("·", x, y, mulToOdd(a, b), new(big.Float).SetPrec(600).Mul(exactly(x), exactly(y)))
		check("+", u, v, addToOdd(u, v), new(big.Float).SetPrec(600).Add(exactly(u), exactly(v)))
	}
	inf, nan, zero := float32(math.Inf(1)), float32(math.NaN()), math.Float32frombits(1<<31)
	if addToOdd(inf, 1) != inf || addToOdd(inf, -inf) == addToOdd(inf, -inf) || addToOdd(nan, 1) == addToOdd(nan, 1) {
		t.Error("sums of no numbers")
	}
	for _, c := range [][3]float32{{zero, zero, zero}, {zero, 0, 0}, {3, -3, 0}} {
		if got := addToOdd(c[0], c[1]); math.Float32bits(got) != math.Float32bits(c[2]) {
			t.Errorf("%v + %v = %v", c[0], c[1], got)
		}
	}
}

// exactFMA is a·b + c, rounded from any precision, with what is tiny then as a zero; a NaN or an infinity where float64 says so.
func exactFMA(a, b, c float32) float32 {
	plain := float64(a)*float64(b) + float64(c)
	if math.IsNaN(plain) || math.IsInf(plain, 0) || plain == 0 {
		return float32(plain)
	}
	exact := new(big.Float).SetPrec(600).Mul(big.NewFloat(float64(a)), big.NewFloat(float64(b)))
	exact.Add(exact, big.NewFloat(float64(c)))
	sum, _ := new(big.Float).SetPrec(24).SetMode(big.ToNearestEven).Set(exact).Float64()
	if math.Abs(sum) < 0x1p-126 {
		return float32(math.Copysign(0, sum))
	}
	return float32(sum)
}
