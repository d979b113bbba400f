package depthwise

// Taps of a kernel row can share what they load if they read adjacent pixels of what a row of outputs reads. With stride s and
// dilation d, outputs that lie lcm/s apart read pixels lcm apart, where lcm is the least common multiple of both, and so do taps
// that lie lcm/d apart: such outputs are computed together, and such taps make a piece.

// strides returns the distances that follow from a stride and a dilation: of pixels in the source, of outputs, of taps.
func strides(s, d int) (source, outputs, taps int) {
	lcm := s / gcd(s, d) * d
	return lcm, lcm / s, lcm / d
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// appendRun cuts count taps with adjacent sources, the first at x, into pieces; their weights are wStep apart, the first at w.
func appendRun(list []piece, x, xStep, count, w, wStep int) []piece {
	for count > 0 {
		n := min(count, 3)
		if count == 4 {
			n = 2 // two pieces of two load less than one of three and one of one
		}
		p := piece{x: x, n: n}
		for j := range n {
			p.w[j] = w + j*wStep
		}
		list = append(list, p)
		x, w, count = x+n*xStep, w+n*wStep, count-n
	}
	return list
}

// source tells where pixels lie: row y begins at y modulo rows times row, and pixels are pixel floats apart.
type source struct{ rows, row, pixel int }

func (s source) at(y int) int { return y % s.rows * s.row }

// window appends the pieces of the window whose first row is top, but for those above and below the image of h rows.
func (k *Kernel) window(list []piece, s source, top, h, pix int) []piece {
	lcm, _, apart := strides(k.Stride, k.Dilation)
	for ky := range k.K {
		y := top + ky*k.Dilation
		if y < 0 || y >= h {
			continue
		}
		for kx := range min(apart, k.K) {
			list = appendRun(list, s.at(y)+kx*k.Dilation*s.pixel, lcm*s.pixel, (k.K-kx+apart-1)/apart, (ky*k.K+kx)*pix, apart*pix)
		}
	}
	return list
}
