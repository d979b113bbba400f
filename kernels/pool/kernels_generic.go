package pool

// generic is the specification of all others.
var generic = kernels{taps: tapsGeneric, max: maxGeneric, route: routeGeneric}

func tapsGeneric(dst, src, w []float32, g grid, accumulate bool) {
	for r := range g.rows {
		for p := range g.pixels {
			d := dst[r*g.dstRow+p*g.dstStep:][:g.cols]
			if !accumulate {
				clear(d)
			}
			for t, wt := range w {
				s := src[r*g.srcRow+p*g.srcStep+t*g.tapStep:][:g.cols]
				for c := range d {
					d[c] += wt * s[c]
				}
			}
		}
	}
}

func maxGeneric(dst []float32, index []uint8, src []float32, from []uint8, g maxGrid) {
	for r := range g.rows {
		for p := range g.pixels {
			d := dst[r*g.dstRow+p*g.dstStep:][:g.cols]
			at := index[r*g.indexRow+p*g.cols:][:g.cols]
			for t := range g.taps {
				s := src[r*g.srcRow+p*g.srcStep+t*g.tapStep:][:g.cols]
				f := from[r*g.fromRow+p*g.fromStep+t*g.fromTap:][:g.cols]
				pos := uint8(g.pos + t*g.posStep)
				for c, v := range s {
					if t == 0 || v > d[c] || v != v {
						d[c], at[c] = v, pos+f[c]
					}
				}
			}
		}
	}
}

func routeGeneric(dst, src []float32, index []uint8, taps []tap, g routeGrid, accumulate, nonTemporal bool) {
	for r := range g.rows {
		for p := range g.pixels {
			d := dst[r*g.dstRow+p*g.dstStep:][:g.cols]
			if !accumulate {
				clear(d)
			}
			for _, t := range taps {
				s := src[r*g.srcRow+p*g.srcStep+t.src:][:g.cols]
				at := index[r*g.indexRow+p*g.cols+t.index:][:g.cols]
				for c := range d {
					if int(at[c]) == t.pos {
						d[c] += s[c]
					}
				}
			}
		}
	}
}
