package bf16

var generic = kernels{round: roundGeneric, encode: encodeGeneric, pairs: pairsGeneric}

func roundGeneric(dst, x []float32, scale float32) {
	for i, v := range x {
		dst[i] = Float32(Of(scale * v))
	}
}

func encodeGeneric(dst []uint16, x []float32, scale float32) {
	for i, v := range x {
		dst[i] = Of(scale * v)
	}
}

func pairsGeneric(dst []uint16, next int, x []float32, row, pairs, panels int, scale float32) {
	for p := range 2 * pairs {
		for j, v := range x[p*row:][:TileCols*panels] {
			dst[j/TileCols*next+p/2*2*TileCols+2*(j%TileCols)+p%2] = Of(scale * v)
		}
	}
}
