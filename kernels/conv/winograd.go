package conv

import (
	"os"
)

// Winograd's minimal filtering F(4×4, 3×3) (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016,
// arXiv 1509.09308): 4×4 outputs of a 3×3 convolution need 36 products per pair of channels instead of 144,
//
//	Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A
//
// with d the 6×6 inputs, g the weights, and
//
//	     ⎡4  0 -5  0  1  0⎤      ⎡  1/4     0    0⎤
//	     ⎢0 -4 -4  1  1  0⎥      ⎢ -1/6  -1/6 -1/6⎥      ⎡1  1  1  1  1  0⎤
//	Bᵀ = ⎢0  4 -4 -1  1  0⎥  G = ⎢ -1/6   1/6 -1/6⎥ Aᵀ = ⎢0  1 -1  2 -2  0⎥
//	     ⎢0 -2 -1  2  1  0⎥      ⎢ 1/24  1/12  1/6⎥      ⎢0  1  1  4  4  0⎥
//	     ⎢0  2 -1 -2  1  0⎥      ⎢ 1/24 -1/12  1/6⎥      ⎣0  1 -1  8 -8  1⎦
//	     ⎣0  4  0 -5  0  1⎦      ⎣    0     0    1⎦
//
// The sum over input channels is taken among the transforms: 36 matrix products [tiles × Cin]·[Cin × Cout], for which the
// register tile of the direct convolution serves as it is. Everything stays in the level-2 cache for a few images at a time.
//
// The gradient of the input is such a convolution too. That of the weights is the transpose of the above with respect to g,
//
//	dW = Gᵀ [ Σ over tiles of (A dY Aᵀ) ⊙ (Bᵀ d B) ] G,
//
// where the sum is taken for each of the 36 points as an outer product of channels.
//
// Transforms amplify rounding: the root mean square error is about ten times that of the direct convolution, below 1e-5
// of the root mean square output (tested).
type winogradKernels struct {
	// input transforms a row of tiles, blocks·16 channels: for t < tiles,
	//	v[x·point + t·tile + c] = (Bᵀ d B)[x],  d[i][j] = image[i·row + (4t+j)·pix + c]
	input func(a *winogradArgs)
	// output transforms a row of tiles back: for i, j < 4,
	//	image[i·row + (4t+j)·pix + c] (+)= (Aᵀ m A)[i][j],  m[x] = v[x·point + t·tile + c]
	output func(a *winogradArgs)
	// weight transforms n weights, a multiple of 16: u[x·uPoint + c] = (G g Gᵀ)[x], g[t] = w[t·wTap + c]
	weight func(u []float32, uPoint int, w []float32, wTap, n int)
	// gradient transforms a row of tiles of the output gradient:
	//	v[x·point + t·tile + c] = (A d Aᵀ)[x],  d[i][j] = image[i·row + (4t+j)·pix + c] for i, j < 4
	gradient func(a *winogradArgs)
	// weightGradient transforms n weight gradients, a multiple of 16, back: dw[t·wTap + c] += (Gᵀ m G)[t], m[x] = u[x·uPoint + c]
	weightGradient func(dw []float32, wTap int, u []float32, uPoint, n int)
}

// winogradArgs describes a row of tiles; distances count floats.
type winogradArgs struct {
	image         []float32 // source of input and gradient, destination of output
	pix, row      int
	v             []float32
	point, tile   int
	tiles, blocks int
	add           int
	tmp           []float32 // 36 vectors of 16
}

const (
	winogradPoints = 36
	winogradMinIn  = 16 // below, the transforms cost as much as they save
)

// winogradOff is the switch: with ONESHOT_WINOGRAD=off every convolution is computed directly.
var winogradOff = os.Getenv("ONESHOT_WINOGRAD") == "off"

// Winograd reports whether this process uses Winograd's algorithm where it is faster. Setting the environment variable
// ONESHOT_WINOGRAD to off turns it off.
func Winograd() bool { return active.winograd != nil && !winogradOff }

// winogradFits reports whether a stride-1 convolution of ins to outs channels with h×w outputs is done by Winograd.
func (k *kernels) winogradFits(kn *Kernel, ins, outs, h, w int) bool {
	return k.winograd != nil && !winogradOff && kn.KH == 3 && kn.KW == 3 && kn.Stride == 1 && kn.Dilation == 1 &&
		ins%16 == 0 && ins >= winogradMinIn && outs%16 == 0 && h%4 == 0 && w%4 == 0
}

// winogradTiles is how many tiles of that many channels, inputs and outputs together, are transformed together, if the images have as
// many: enough rows for the matrix products, few enough for the level-2 cache. It does not influence results.
func winogradTiles(channels int) int {
	if channels <= winogradFew {
		return 64
	}
	return 32
}

// winogradFew is the number of channels of which 64 tiles, of 36 values, leave room in the level-2 cache: they are 576 kB.
const winogradFew = 64

// winogradImages is how many images of h×w outputs it takes to have that many.
func winogradImages(h, w, channels int) int { return max(1, winogradTiles(channels)*16/(h*w)) }

// winogradBand is how many rows of tiles of an h×w image are transformed together.
func winogradBand(h, w, channels int) int { return min(h/4, max(1, winogradTiles(channels)*4/w)) }

// winogradLen is the scratch that images of h×w outputs need.
func winogradLen(t tileKernel, images, h, w, ins, outs int) int {
	tiles := images * winogradBand(h, w, ins+outs) * w / 4
	return winogradPoints*(roundUp(tiles, t.pix)*(ins+outs)+2*winogradGap+16) + slack(ins, 1)
}

// winogradGap lies between the points of transforms: the 36 values of a tile and channel, which are written and read
// together, would otherwise often lie a power of two apart and compete for the same cache lines.
const winogradGap = 16

// winogradConvolve is convolve for a 3×3 kernel at stride 1 whose first tap is first floats into the packed images.
// scratch holds winogradLen floats. Where the nearest cache has room, what l.tile.Ahead holds is fetched on the way.
func (k *kernels) winogradConvolve(t tileKernel, l *local, first int, u []float32, images, h, w, ins, outs int, scratch []float32) {
	whole := l.tile
	band := winogradBand(h, w, ins+outs)
	if band < h/4 {
		// Image by image: a band of one is a number of tiles to itself.
		for img := range images {
			for y := 0; y < h; y += 4 * band {
				l.tile = whole
				i, n := img*h+y, images*h
				l.tile.ahead = whole.ahead[len(whole.ahead)*i/n : len(whole.ahead)*min(i+4*band, n)/n]
				l.tile.src, l.tile.dst = whole.src[first+img*whole.srcImg+y*whole.srcRow:], whole.dst[img*whole.dstImg+y*whole.dstRow:]
				k.winogradBlock(t, l, u, 1, min(4*band, h-y), w, ins, outs, scratch)
			}
		}
		return
	}
	l.tile.src = whole.src[first:]
	k.winogradBlock(t, l, u, images, h, w, ins, outs, scratch)
}

// winogradNear is the number of weights up to which, transformed, they stay in the level-2 cache.
const winogradNear = 64 * 64

// winogradBlock computes h×w outputs of some images together.
func (k *kernels) winogradBlock(t tileKernel, l *local, u []float32, images, h, w, ins, outs int, scratch []float32) {
	image := l.tile
	rows := roundUp(images*h*w/16, t.pix)
	vPoint, mPoint := rows*ins+winogradGap, rows*outs+winogradGap
	v, rest := scratch[:winogradPoints*vPoint+slack(ins, 1)], scratch[winogradPoints*vPoint+slack(ins, 1):]
	m, tmp := rest[:winogradPoints*mPoint], rest[winogradPoints*mPoint:]

	a := &l.winograd
	*a = winogradArgs{pix: image.srcPix, row: image.srcRow, point: vPoint, tile: ins, tiles: w / 4, blocks: ins / 16, tmp: tmp}
	a.eachRow(k.winograd.input, image.src, image.srcImg, v, images, h/4)
	l.tile = tileArgs{dstPix: outs, srcPix: ins, taps: zeroTap, k: ins, tiles: rows / t.pix, rows: 1, images: 1}
	ahead := image.ahead
	for x := range winogradPoints {
		l.tile.src = v[x*vPoint:]
		for o := 0; o < outs; o += t.block {
			l.tile.w, l.tile.dst = u[x*(ins*outs+winogradGap)+o*ins:], m[x*mPoint+o:]
			if ins*outs > winogradNear {
				l.tile.ahead = l.tile.w[min(len(l.tile.w)-1, ins*t.block):] // the next weights
			} else {
				l.tile.ahead, ahead = ahead, ahead[min(rows*ins, len(ahead)):] // Pix floats a step
				if len(l.tile.ahead) == 0 {
					l.tile.ahead = nil
				}
			}
			t.run(&l.tile)
		}
	}
	*a = winogradArgs{pix: image.dstPix, row: image.dstRow, point: mPoint, tile: outs, tiles: w / 4, blocks: outs / 16, add: image.add,
		tmp: tmp}
	a.eachRow(k.winograd.output, image.dst, image.dstImg, m, images, h/4)
}

// eachRow transforms every row of tiles of some images; image and v begin at the first.
func (a *winogradArgs) eachRow(transform func(*winogradArgs), image []float32, perImage int, v []float32, images, rows int) {
	for img := range images {
		for y := range rows {
			a.image, a.v = image[img*perImage+4*y*a.row:], v[(img*rows+y)*a.tiles*a.tile:]
			transform(a)
		}
	}
}

var zeroTap = []int{0}

// winogradSum is how many tiles a weight gradient sums over at a time, if there are as many: each time it reads and writes 36 sums
// for every pair of channels.
const winogradSum = 64

// winogradInputLen is how many floats the transformed tiles take, of images of h×w outputs and c channels.
func winogradInputLen(images, h, w, c int) int {
	return winogradPoints * (images*(h*w/16)*c + winogradGap)
}

// winogradInput transforms all tiles of packed images, of which the first begins at x[0], to [point][tile][c].
func (k *kernels) winogradInput(l *local, v, x []float32, geom *packed, images, h, w int, tmp []float32) {
	tiles := images * h * w / 16
	l.winograd = winogradArgs{pix: geom.c, row: geom.rowLen(), point: tiles*geom.c + winogradGap, tile: geom.c, tiles: w / 4,
		blocks: geom.c / 16, tmp: tmp}
	l.winograd.eachRow(k.winograd.input, x, geom.imgLen(), v, images, h/4)
}

// winogradSumProducts adds to u (overwrites it if add is false), for each point [in][out], what some images of h×w outputs contribute to a
// weight gradient: v are their transformed inputs and dy their output gradients.
func (k *kernels) winogradSumProducts(o *outerKernel, l *local, u, v []float32, dy pixels, h, w, images, ins, outs int, add bool,
	scratch []float32) {
	tiles := images * h * w / 16
	vPoint, ePoint, uPoint := tiles*ins+winogradGap, tiles*outs+winogradGap, ins*outs+winogradGap
	e, tmp := scratch[:winogradPoints*ePoint], scratch[winogradPoints*ePoint:]
	l.winograd = winogradArgs{pix: dy.pix, row: dy.row, point: ePoint, tile: outs, tiles: w / 4, blocks: outs / 16, tmp: tmp}
	l.winograd.eachRow(k.winograd.gradient, dy.data, dy.img, e, images, h/4)
	a := &l.outer
	*a = outerArgs{dwRow: outs, xPix: ins, dyPix: outs, cols: tiles, rows: 1}
	if add {
		a.add = 1
	}
	calls := o.calls(ins) * (outs / o.block)
	for x := range winogradPoints {
		if x+1 < winogradPoints && ins+outs > winogradFew {
			l.ahead.reset()
			l.ahead.add(v[(x+1)*vPoint:], tiles, ins, ins)
			l.ahead.add(e[(x+1)*ePoint:], tiles, outs, outs)
			l.ahead.spread(calls)
		}
		for c := 0; c < outs; c += o.block {
			a.dy = e[x*ePoint+c:]
			o.over(a, u[x*uPoint+c:], v[x*vPoint:], ins, &l.ahead)
		}
	}
}
