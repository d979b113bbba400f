package conv

// convolve runs the tile kernel over images × rows × cols pixels and outs channels. l.tile holds source, destination and
// strides; its w, taps, tiles and sizes are filled in here. w is packed for t. tmp is scratch of
// raggedLen floats.
func convolve(t tileKernel, l *local, run *tapRun, w []float32, images, rows, cols, outs int, tmp []float32) {
	a := &l.tile
	full := cols / t.pix
	add := a.add
	dst, src := a.dst, a.src
	a.k, a.rows, a.images = run.k, rows, images
	if t.row3 != nil && run.k == 3*a.srcPix && run.taps == 3 {
		t.run = t.row3
	}
	perRun := run.k * t.block
	for o := 0; o < outs; o += t.block {
		wb := w[o*run.k*len(run.offsets):][:perRun*len(run.offsets)]
		for first := 0; first < len(run.offsets); {
			n := min(max(1, tapsPerPass/perRun), len(run.offsets)-first)
			a.taps, a.w = run.offsets[first:first+n], wb[first*perRun:(first+n)*perRun]
			if first > 0 {
				a.add = 1
			}
			whole := full
			if o+t.block > outs {
				whole = 0
			}
			if whole > 0 {
				a.dst, a.src, a.tiles = dst[o:], src, whole
				t.run(a)
			}
			if rest := cols - whole*t.pix; rest > 0 {
				a.dst, a.src = dst[o+whole*t.pix*a.dstPix:], src[whole*t.pix*a.srcPix:]
				ragged(t, l, rest, min(t.block, outs-o), tmp)
			}
			first += n
		}
		a.add = add
	}
	a.dst, a.src = dst, src
}

// ragged runs tiles of which only cols pixels and outs channels exist, image by image through tmp.
func ragged(t tileKernel, l *local, cols, outs int, tmp []float32) {
	a, b := &l.tile, &l.ragged
	*b = *a
	b.tiles, b.images = (cols+t.pix-1)/t.pix, 1
	b.dst, b.dstPix, b.dstRow = tmp, t.block, b.tiles*t.pix*t.block
	for img := range a.images {
		dst := a.dst[img*a.dstImg:]
		b.src = a.src[img*a.srcImg:]
		if a.add != 0 {
			for row := range a.rows {
				copyTile(tmp[row*b.dstRow:], t.block, dst[row*a.dstRow:], a.dstPix, cols, outs)
			}
		}
		t.run(b)
		for row := range a.rows {
			copyTile(dst[row*a.dstRow:], a.dstPix, tmp[row*b.dstRow:], t.block, cols, outs)
		}
	}
}

// raggedLen is how many floats of tmp convolve needs for images of rows × cols pixels and outs channels.
func raggedLen(t tileKernel, rows, cols, outs int) int {
	switch {
	case outs%t.block != 0:
		return rows * roundUp(cols, t.pix) * t.block
	case cols%t.pix != 0:
		return rows * t.pix * t.block
	}
	return 0
}

// copyTile copies rows × cols floats.
func copyTile(dst []float32, dstLD int, src []float32, srcLD, rows, cols int) {
	if dstLD == cols && srcLD == cols {
		copy(dst[:rows*cols], src[:rows*cols])
		return
	}
	for r := range rows {
		copy(dst[r*dstLD:][:cols], src[r*srcLD:][:cols])
	}
}
