//go:build amd64 && !purego

package vec

import "github.com/oneshot-nas/oneshot/kernels/cpu"

func kernelsFor(isa cpu.ISA) kernels {
	switch isa {
	case cpu.AVX512:
		return kernels{
			add: addAVX512, axpy: axpyAVX512, scale: scaleAVX512,
			relu: reluAVX512, reluBackward: reluBackwardAVX512, reluBackwardAdd: reluBackwardAddAVX512,
			sum: sumAVX512, dot: dotAVX512,
		}
	case cpu.AVX2:
		return kernels{
			add: addAVX2, axpy: axpyAVX2, scale: scaleAVX2,
			relu: reluAVX2, reluBackward: reluBackwardAVX2, reluBackwardAdd: reluBackwardAddAVX2,
			sum: sumAVX2, dot: dotAVX2,
		}
	}
	return portable
}

//go:noescape
func addAVX512(dst, a, b []float32, s float32)

//go:noescape
func axpyAVX512(dst, a, b []float32, s float32)

//go:noescape
func scaleAVX512(dst, a, b []float32, s float32)

//go:noescape
func reluAVX512(dst, a, b []float32, s float32)

//go:noescape
func reluBackwardAVX512(dst, a, b []float32, s float32)

//go:noescape
func reluBackwardAddAVX512(dst, a, b []float32, s float32)

//go:noescape
func sumAVX512(l *[lanes]float64, a, b []float32)

//go:noescape
func dotAVX512(l *[lanes]float64, a, b []float32)

//go:noescape
func addAVX2(dst, a, b []float32, s float32)

//go:noescape
func axpyAVX2(dst, a, b []float32, s float32)

//go:noescape
func scaleAVX2(dst, a, b []float32, s float32)

//go:noescape
func reluAVX2(dst, a, b []float32, s float32)

//go:noescape
func reluBackwardAVX2(dst, a, b []float32, s float32)

//go:noescape
func reluBackwardAddAVX2(dst, a, b []float32, s float32)

//go:noescape
func sumAVX2(l *[lanes]float64, a, b []float32)

//go:noescape
func dotAVX2(l *[lanes]float64, a, b []float32)
