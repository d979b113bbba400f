package strided

// generic is the specification of all others.
var generic = kernels{tile: tileGeneric}

func tileGeneric(dst []float32, dstStep int, src []float32, srcStep int) {
	for j := range tile {
		row := (*[tile]float32)(dst[j*dstStep:])
		for i := range row {
			row[i] = src[i*srcStep+j]
		}
	}
}
