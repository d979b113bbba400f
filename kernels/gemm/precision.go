package gemm

import (
	"fmt"
	"strings"

	"github.com/oneshot-nas/oneshot/kernels/bf16"
	"github.com/oneshot-nas/oneshot/kernels/fault"
)

// Precision is what the operands of a product are rounded to. Results and sums are float32 in either.
type Precision uint8

const (
	// Float32 multiplies operands as they are.
	Float32 Precision = iota
	// BF16 rounds op(A) and alpha·op(B) to bfloat16, and multiplies them as package bf16 says: on a unit of the processor for such numbers
	// where there is one.
	BF16
)

var precisions = [...]string{Float32: "float32", BF16: "bf16"}

// String returns the name that ParsePrecision understands.
func (p Precision) String() string { return precisions[p] }

// ParsePrecision is the precision of that name: float32 or bf16.
func ParsePrecision(name string) (Precision, error) {
	for p, s := range precisions {
		if s == name {
			return Precision(p), nil
		}
	}
	return 0, fmt.Errorf("precision %q: want one of %s", name, strings.Join(precisions[:], ", "))
}

// MarshalText is String, for configurations in JSON.
func (p Precision) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is ParsePrecision.
func (p *Precision) UnmarshalText(name []byte) (err error) {
	*p, err = ParsePrecision(string(name))
	return err
}

// Mul is the function [Mul] in that precision.
func (p Precision) Mul(m, n, k int, alpha float32, a, b Matrix, beta float32, c Matrix) {
	checkProduct("gemm.Mul", m, n, k, a, b, c)
	p.run(m, n, k, alpha, a, b, nil, beta, c)
}

// MulBias is the function [MulBias] in that precision; the bias is not rounded.
func (p Precision) MulBias(m, n, k int, a, b Matrix, bias []float32, c Matrix) {
	checkProduct("gemm.MulBias", m, n, k, a, b, c)
	fault.CheckLen("gemm.MulBias", "bias", len(bias), n)
	p.run(m, n, k, 1, a, b, bias, 1, c)
}

func (p Precision) run(m, n, k int, alpha float32, a, b Matrix, bias []float32, beta float32, c Matrix) {
	t := tasks.Get()
	defer tasks.Put(t)
	t.precision, t.bias = p, bias
	t.run(&active, m, n, k, alpha, a, b, nil, beta, c)
}

// round rounds, on the worker that calls, what has been laid out for a product.
func (p Precision) round(x []float32) {
	if p == BF16 {
		bf16.LocalRound(x, x)
	}
}
