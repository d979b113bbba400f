package depthwise

import "unsafe"

var generic = kernels{lanes: 4, pixels: 0, convolve: convolveGeneric, correlate: correlateGeneric, pieces: 1, load: loadGeneric}

// The portable loops add in float64: they are the measure of the others, and for speed there are those. Those of the ring are used; those
// of tall say what its inner loops do, and tests compare both.

func convolveGeneric(a *convolveArgs) {
	for p := range a.pixels {
		d := a.dst[p*a.dstPix:][:a.channels]
		for c := range d {
			var sum float64
			for _, t := range a.pieces {
				for j, w := range t.w[:t.n] {
					sum += float64(a.src[t.x+(p+j)*a.srcPix+c]) * float64(a.w[w+c])
				}
			}
			if a.add != 0 {
				sum += float64(d[c])
			}
			d[c] = float32(sum)
		}
	}
}

func correlateGeneric(a *correlateArgs) {
	for _, t := range a.pieces {
		for j, w := range t.w {
			for c := range a.channels {
				sum := float64(a.dw[w+c])
				for p := range a.pixels {
					sum += float64(a.x[t.x+(p+j)*a.xPix+c]) * float64(a.g[p*a.gPix+c])
				}
				a.dw[w+c] = float32(sum)
			}
		}
	}
}

func loadGeneric(dst []float32, block int, src []float32, ldSrc, n, c int, lo, hi float32) {
	const lanes = 4
	for p := range n {
		for i := range (c + lanes - 1) / lanes * lanes {
			d := &dst[i/lanes*block+p*lanes+i%lanes]
			*d = 0
			if i < c {
				*d = min(max(src[p*ldSrc+i], lo), hi)
			}
		}
	}
}

func tallConvolveGeneric(a *tallArgs)  { tallGeneric(a, true) }
func tallCorrelateGeneric(a *tallArgs) { tallGeneric(a, false) }

// tallGeneric says what the inner loops do; forward is convolve, else correlate.
func tallGeneric(a *tallArgs, forward bool) {
	const lanes = 4
	at := func(p unsafe.Pointer, offset int) *float32 { return (*float32)(unsafe.Add(p, offset)) }
	for p := range a.positions {
		w := unsafe.Add(a.w, (a.phase+p)%a.phases*a.wPhase)
		period := (a.phase+p)/a.phases - a.phase/a.phases
		masks := unsafe.Slice((*uint16)(unsafe.Add(a.masks, p*a.maskStep+period*a.maskJump)), 1+len(a.pieces))
		for l := range lanes {
			if masks[0]>>l&1 == 0 {
				continue
			}
			for o := range a.outs {
				out := at(a.out, o*a.outRow+p*a.outStep+period*a.outJump+4*l)
				var sum float64
				tap := 0
				for i, t := range a.pieces {
					for u := range t.n {
						weight := at(w, 4*(tap*lanes+l))
						tap++
						var x float32
						if masks[1+i]>>l&1 != 0 {
							x = min(max(*at(a.rows[t.row+o+u], a.x+t.x+p*a.srcStep+period*a.srcJump+4*l), a.lo), a.hi)
						}
						if forward {
							sum += float64(x) * float64(*weight)
						} else {
							*weight = float32(float64(*weight) + float64(x)*float64(*out))
						}
					}
				}
				if forward {
					if a.mode == tallAdd {
						sum += float64(*out)
					}
					*out = float32(sum)
				}
			}
		}
	}
}
