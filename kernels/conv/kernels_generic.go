package conv

var generic = kernels{
	tiles:  []tileKernel{{block: 16, pix: 4, run: tileGeneric}},
	outers: []outerKernel{{block: 16, rows: 4, run: outerGeneric}},
}

// tileGeneric adds in float64: it is the measure of the others, and for speed there are those.
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

// outerGeneric adds in float64: it is the measure of the others, and for speed there are those.
func outerGeneric(a *outerArgs) {
	const block, rows = 16, 4
	var acc [rows][block]float64
	for i := range acc {
		if a.add == 0 {
			break
		}
		for c, v := range a.dw[i*a.dwRow:][:block] {
			acc[i][c] = float64(v)
		}
	}
	for row := range a.rows {
		for col := range a.cols {
			x, dy := a.x[row*a.xRow+col*a.xPix:][:rows], a.dy[row*a.dyRow+col*a.dyPix:][:block]
			for i, xi := range x {
				xi := float64(xi)
				for c, d := range dy {
					acc[i][c] += xi * float64(d)
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
