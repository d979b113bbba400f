package conv

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
)

var transposedKernels = []Transposed{
	{Cin: 5, Cout: 3, KH: 2, KW: 2, Stride: 2, Dilation: 1},
	{Cin: 16, Cout: 24, KH: 3, KW: 3, Stride: 2, PadH: 1, PadW: 1, OutputPad: 1, Dilation: 1},
	{Cin: 8, Cout: 17, KH: 4, KW: 4, Stride: 2, PadH: 1, PadW: 1, Dilation: 1},
	{Cin: 64, Cout: 32, KH: 3, KW: 3, Stride: 1, PadH: 1, PadW: 1, Dilation: 1},
	{Cin: 7, Cout: 6, KH: 3, KW: 2, Stride: 3, PadH: 0, PadW: 1, OutputPad: 2, Dilation: 2},
	{Cin: 64, Cout: 64, KH: 1, KW: 1, Stride: 1, Dilation: 1},
	{Cin: 4, Cout: 4, KH: 1, KW: 1, Stride: 3, OutputPad: 1, Dilation: 1},
}

// The gradient of a convolution with respect to its input is the transposed convolution, of the size that it says, and needs no input.
func TestTransposed(t *testing.T) {
	forEachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for _, k := range transposedKernels {
			const n, h, w = 2, 5, 7
			oh, ow := k.Out(h, w)
			if ah, aw := k.Adjoint().Out(oh, ow); ah != h || aw != w {
				t.Fatalf("%+v: the adjoint makes %d×%d of %d×%d, not %d×%d", k, ah, aw, oh, ow, h, w)
			}
			for _, gap := range []int{0, 3} {
				ldx, ldy := k.Cin+gap, k.Cout+gap
				x := random(r, guard.Float32(t, (n*h*w-1)*ldx+k.Cin))
				y := random(r, guard.Float32(t, (n*oh*ow-1)*ldy+k.Cout))
				weight := random(r, guard.Float32(t, k.KH*k.KW*k.Cin*k.Cout))
				for _, accumulate := range []bool{false, true} {
					want := make([]float64, len(y))
					for i, v := range y {
						if accumulate || i%ldy >= k.Cout {
							want[i] = float64(v)
						}
					}
					for p := range n * h * w {
						img, iy, ix := p/(h*w), p/w%h, p%w
						for tap := range k.KH * k.KW {
							oy, ox := iy*k.Stride-k.PadH+tap/k.KW*k.Dilation, ix*k.Stride-k.PadW+tap%k.KW*k.Dilation
							if oy < 0 || oy >= oh || ox < 0 || ox >= ow {
								continue
							}
							for co := range k.Cout {
								for ci := range k.Cin {
									want[((img*oh+oy)*ow+ox)*ldy+co] += rounded(x[p*ldx+ci]) * rounded(weight[(tap*k.Cout+co)*k.Cin+ci])
								}
							}
						}
					}
					in := Input{N: n, H: oh, W: ow, C: k.Cout, Precision: precision}
					Backward(&in, y, ldy, accumulate, []Branch{{Kernel: k.Adjoint(), Weight: weight, G: x, LDG: ldx}})
					num, den := 0., 0.
					for i, v := range y {
						num, den = num+(float64(v)-want[i])*(float64(v)-want[i]), den+want[i]*want[i]
						if i%ldy >= k.Cout && float64(v) != want[i] {
							t.Fatalf("%+v: element %d between the pixels has changed", k, i)
						}
					}
					if e := math.Sqrt(num / den); !(e <= 1e-5) {
						t.Errorf("%+v, gap %d, accumulate %v: relative error %.2g", k, gap, accumulate, e)
					}
				}
			}
		}
	})
}

func TestTransposedMisuse(t *testing.T) {
	for want, f := range map[string]func(){
		"an output padding below the stride": func() {
			Transposed{Cin: 1, Cout: 1, KH: 2, KW: 2, Stride: 2, OutputPad: 2, Dilation: 1}.Out(3, 3)
		},
		"got an image of 1×1": func() { Transposed{Cin: 1, Cout: 1, KH: 1, KW: 1, Stride: 1, PadH: 1, Dilation: 1}.Out(1, 1) },
		"got input of 0 elements": func() { // which the gradient of the weights needs
			one := make([]float32, 1)
			b := Branch{Kernel: Square(1, 1, 1, 1), Weight: one, G: one, LDG: 1, DWeight: one}
			Backward(&Input{N: 1, H: 1, W: 1, C: 1, LD: 1}, nil, 0, false, []Branch{b})
		},
	} {
		func() {
			defer func() {
				if err, ok := recover().(fault.ShapeError); !ok || !strings.Contains(fmt.Sprint(err), want) {
					t.Errorf("panicked with %v, want %q", err, want)
				}
			}()
			f()
		}()
	}
}
