package conv

import "github.com/oneshot-nas/oneshot/kernels/cpu"

// The inner loops of this package, one set per instruction set. Tiles are always whole: the callers in forward.go and
// backward.go give ragged edges a scratch tile and copy what is valid, so no inner loop has a tail in pixels or channels.
type kernels struct {
	// tiles, widest block of output channels first; the last has a block of 16.
	tiles []tileKernel
	// outer products, widest block of output channels first; the last has a block of 16.
	outers []outerKernel

	// relu: dst = max(x, 0); a NaN stays one.
	relu func(dst, x []float32)
	// gradient, the last step of an input gradient: dst = [add: dst +] [relu: x > 0 ?] s
	gradient func(dst, s, x []float32, relu, add bool)
	winograd *winogradKernels // nil: every convolution is direct
}

// tileKernel computes pix pixels × block output channels at a time, held in registers.
type tileKernel struct {
	block, pix int
	run        func(*tileArgs)
	row3       func(*tileArgs) // may be nil: the same where every run is three taps on adjacent pixels, k = 3·srcPix
}

// outerKernel accumulates rows × block weights at a time, held in registers.
type outerKernel struct {
	block, rows int
	run         func(*outerArgs)
}

// All offsets and distances below count floats.

// tileArgs describes a convolution on packed operands: for every image, row, tile t, pixel p < pix, and channel
// c < block,
//
//	dst[img·dstImg + row·dstRow + (t·pix+p)·dstPix + c] (+)=
//	    Σ_{tap} Σ_{i<k} src[img·srcImg + row·srcRow + (t·pix+p)·srcPix + taps[tap] + i] · w[(tap·k + i)·block + c]
type tileArgs struct {
	dst                    []float32
	dstPix, dstRow, dstImg int
	src                    []float32
	srcPix, srcRow, srcImg int
	w                      []float32
	taps                   []int
	k                      int
	tiles, rows, images    int
	add                    int // 1: add to dst, 0: overwrite it
}

// outerArgs describes a sum of outer products over pixels: for i < rows of the kernel and c < block,
//
//	dw[i·dwRow + c] += Σ_{img,row,col} x[img·xImg + row·xRow + col·xPix + i] · dy[img·dyImg + row·dyRow + col·dyPix + c]
type outerArgs struct {
	dw                  []float32
	dwRow               int
	x                   []float32
	xPix, xRow, xImg    int
	dy                  []float32
	dyPix, dyRow, dyImg int
	cols, rows, images  int
}

var active = kernelsFor(cpu.Selected())

var generic = kernels{
	tiles:    []tileKernel{{block: 16, pix: 4, run: tileGeneric}},
	outers:   []outerKernel{{block: 16, rows: 4, run: outerGeneric}},
	relu:     reluGeneric,
	gradient: gradientGeneric,
}

// The portable kernels add in float64: they are the measure of the others, and for speed there are those.

func tileGeneric(a *tileArgs) {
	const block, pix = 16, 4
	for img := range a.images {
		for row := range a.rows {
			for t := range a.tiles {
				d, s := img*a.dstImg+row*a.dstRow+t*pix*a.dstPix, img*a.srcImg+row*a.srcRow+t*pix*a.srcPix
				for p := range pix {
					dst := a.dst[d+p*a.dstPix:][:block]
					var acc [block]float64
					if a.add != 0 {
						for c, v := range dst {
							acc[c] = float64(v)
						}
					}
					for tap, off := range a.taps {
						src := a.src[s+p*a.srcPix+off:][:a.k]
						for i, x := range src {
							w, x := a.w[(tap*a.k+i)*block:][:block], float64(x)
							for c := range acc {
								acc[c] += x * float64(w[c])
							}
						}
					}
					for c, v := range acc {
						dst[c] = float32(v)
					}
				}
			}
		}
	}
}

func outerGeneric(a *outerArgs) {
	const block, rows = 16, 4
	var acc [rows][block]float64
	for i := range acc {
		for c, v := range a.dw[i*a.dwRow:][:block] {
			acc[i][c] = float64(v)
		}
	}
	for img := range a.images {
		for row := range a.rows {
			for col := range a.cols {
				x := a.x[img*a.xImg+row*a.xRow+col*a.xPix:][:rows]
				dy := a.dy[img*a.dyImg+row*a.dyRow+col*a.dyPix:][:block]
				for i, xi := range x {
					xi := float64(xi)
					for c, d := range dy {
						acc[i][c] += xi * float64(d)
					}
				}
			}
		}
	}
	for i := range acc {
		dw := a.dw[i*a.dwRow:][:block]
		for c, v := range acc[i] {
			dw[c] = float32(v)
		}
	}
}

func reluGeneric(dst, x []float32) {
	for i, v := range x[:len(dst)] {
		dst[i] = max(v, 0)
	}
}

func gradientGeneric(dst, s, x []float32, relu, add bool) {
	for i, v := range s[:len(dst)] {
		if relu && !(x[i] > 0) {
			v = 0
		}
		if add {
			v += dst[i]
		}
		dst[i] = v
	}
}
