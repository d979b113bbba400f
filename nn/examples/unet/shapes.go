package main

import (
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/tensor"
)

// classes of a pixel: background, disc, box.
const classes = 3

// example is a batch of pictures with what each of their pixels shows.
type example struct {
	images tensor.Tensor // [N][size][size][1]
	labels []int32       // [N·size·size]
}

// draw makes n pictures of a few discs and boxes, in shades of grey, some in front of others, with noise: only their outlines tell them apart.
func draw(n, size int, rng *rand.Rand) example {
	e := example{tensor.New(n, size, size, 1), make([]int32, n*size*size)}
	for i := range n {
		labels, pixels := e.labels[i*size*size:][:size*size], e.images.Data[i*size*size:][:size*size]
		for range 1 + rng.IntN(3) {
			class, radius, grey := 1+rng.Int32N(2), 4+rng.IntN(size/6), 0.5+rng.Float32()
			x0, y0 := rng.IntN(size), rng.IntN(size)
			for p := range labels {
				dx, dy := p%size-x0, p/size-y0
				disc, box := dx*dx+dy*dy <= radius*radius, max(dx, -dx, dy, -dy) <= radius
				if class == 1 && disc || class == 2 && box {
					labels[p], pixels[p] = class, grey
				}
			}
		}
		for p := range pixels {
			pixels[p] += float32(rng.NormFloat64()) / 5
		}
	}
	return e
}
