package conv

import "github.com/oneshot-nas/oneshot/kernels/activation"

// pads describes the zero border of a packed image.
type pads struct{ top, bottom, left, right int }

// around returns the border that holds p and what the windows of a kernel reach beyond an h×w image.
func (p pads) around(k *Kernel, h, w int) pads {
	top, left := k.before()
	oh, ow := k.Out(h, w)
	bottom, right := (oh-1)*k.Stride-top+(k.KH-1)*k.Dilation-(h-1), (ow-1)*k.Stride-left+(k.KW-1)*k.Dilation-(w-1)
	return pads{max(p.top, top), max(p.bottom, k.PadH, bottom), max(p.left, left), max(p.right, k.PadW, right)}
}

// packed describes a packed image: rows of (left + w + right) pixels of c channels without gaps.
type packed struct {
	pads
	h, w, c int
}

func (p packed) rowLen() int { return (p.left + p.w + p.right) * p.c }
func (p packed) imgLen() int { return (p.top + p.h + p.bottom) * p.rowLen() }
func (p packed) origin() int { return p.top*p.rowLen() + p.left*p.c }

// clearBorder zeroes the border of one packed image, where it stays: what is packed there later has the same.
func (p packed) clearBorder(img []float32) {
	row := p.rowLen()
	clear(img[:p.top*row])
	clear(img[(p.top+p.h)*row : p.imgLen()])
	if p.left+p.right == 0 {
		return
	}
	for y := range p.h {
		r := img[(p.top+y)*row:][:row]
		clear(r[:p.left*p.c])
		clear(r[(p.left+p.w)*p.c:])
	}
}

// packInput brings the rows from..to-1 of image n of the input into img, whose border is clear.
func (p packed) packInput(img []float32, in *Input, n, from, to int) {
	for y := from; y < to; y++ {
		in.pixels(img[p.origin()+y*p.rowLen():][:in.W*in.C], in.C, (n*in.H+y)*in.W, in.W)
	}
}

// pixels brings n pixels of the input from p on, as the branches see them, to dst, ld apart.
func (in *Input) pixels(dst []float32, ld, p, n int) {
	switch {
	case n == 0:
	case in.Fold == nil && in.Act == activation.Identity:
		in.copyRounded(dst, ld, in.X[p*in.LD:], in.LD, n, in.C)
	default:
		in.values(dst, ld, p, 1, n)
		in.round(dst[:(n-1)*ld+in.C])
	}
}

// values is pixels before they are rounded, of pixels that are step apart.
func (in *Input) values(dst []float32, ld, p, step, n int) {
	c, x, ldx := in.C, in.X[p*in.LD:], step*in.LD
	switch {
	case in.Fold != nil:
		in.Fold.Rows(dst, ld, x, ldx, n)
	case in.Act == activation.Identity:
		copyTile(dst, ld, x, ldx, n, c)
	case ldx == c && ld == c:
		in.Act.Local(dst[:n*c], x[:n*c])
	default:
		for i := range n {
			in.Act.Local(dst[i*ld:][:c], x[i*ldx:][:c])
		}
	}
}

// slack is how far beyond the packed images a kernel may read for pixels and channels that nobody keeps: the pixels of a
// tile times the stride, and a block of channels.
func slack(c, stride int) int { return 16*c*stride + 64 }

// packStep is how many weights packBlocks moves at a time: a cache line.
const packStep = 16

// packBlocks lays weights out for a tile kernel: for every block of outputs, [tap][in][block], zeros beyond outs.
// w(tap, in, out) is found at w[tap·tapStride + in·inStride + out·outStride].
func packBlocks(dst, w []float32, taps []int, ins, outs, inStride, outStride, block int) {
	for o := 0; o < outs; o += block {
		n := min(block, outs-o)
		for _, tap := range taps {
			base, rows := w[tap+o*outStride:], dst[:ins*block]
			dst = dst[len(rows):]
			if outStride == 1 {
				for i := range ins {
					row, src := rows[i*block:][:block], base[i*inStride:][:n]
					for len(src) >= packStep { // blocks are as small as that: no call for each
						*(*[packStep]float32)(row) = *(*[packStep]float32)(src)
						row, src = row[packStep:], src[packStep:]
					}
					if len(row) > 0 {
						copy(row, src)
						clear(row[len(src):])
					}
				}
				continue
			}
			if n < block {
				clear(rows)
			}
			// Transposed in squares, which leave both sides in cache.
			for i := 0; i < ins; i += packStep {
				m := min(packStep, ins-i)
				for j := range n {
					src, to := base[i*inStride+j*outStride:], rows[i*block+j:]
					if inStride == 1 {
						for k, v := range src[:m] {
							to[k*block] = v
						}
						continue
					}
					for k := range m {
						to[k*block] = src[k*inStride]
					}
				}
			}
		}
	}
}

// packedLen is how many floats packBlocks writes, with room for Winograd's transform behind them if wino is set.
func packedLen(taps, ins, outs, block int, wino bool) int {
	n := taps * ins * roundUp(outs, block)
	if wino {
		n += winogradPoints * (ins*outs + winogradGap)
	}
	return n
}

// tapRun is a list of taps of a convolution on packed pixels: offsets of runs of k consecutive floats, and for each
// single tap (run by run) where its weights start.
type tapRun struct {
	offsets []int
	k       int
	taps    int // in a run
	weights []int
}

// tapList accumulates taps whose pixels follow each other in the packed image into runs.
type tapList struct {
	tapRun
	singles []int
}

// set fills the list from offsets (in execution order) of single taps of c channels each.
func (l *tapList) set(offsets, weights []int, c int) {
	l.singles, l.weights = append(l.singles[:0], offsets...), append(l.weights[:0], weights...)
	l.offsets = l.offsets[:0]
	// The longest run length that divides the list evenly into runs of consecutive pixels.
	for n := len(offsets); n >= 1; n-- {
		if len(offsets)%n != 0 || !consecutive(offsets, n, c) {
			continue
		}
		for i := 0; i < len(offsets); i += n {
			l.offsets = append(l.offsets, offsets[i])
		}
		l.k, l.taps = n*c, n
		return
	}
}

func consecutive(offsets []int, n, c int) bool {
	for i := range offsets {
		if i%n != 0 && offsets[i] != offsets[i-1]+c {
			return false
		}
	}
	return true
}

// roundUp returns the least multiple of m that is not below n.
func roundUp(n, m int) int { return (n + m - 1) / m * m }
