package strided

import "testing"

// BenchmarkCopy reports GB/s, read and written.
func BenchmarkCopy(b *testing.B) {
	for _, bm := range []struct {
		name     string
		dst, src Strides
		shape    []int
	}{
		{"rows", Strides{64, 4096, 1}, Strides{64 * 256, 64, 1}, []int{64, 256, 64}},
		{"matrix1000x1024", Strides{1, 1000}, Strides{1024, 1}, []int{1000, 1024}},
		{"matrix1024x1024", Strides{1, 1024}, Strides{1024, 1}, []int{1024, 1024}},
		{"nhwc-nchw", Strides{256 * 64, 1, 256}, Strides{256 * 64, 64, 1}, []int{64, 256, 64}},
		{"nchw-nhwc", Strides{256 * 64, 1, 64}, Strides{256 * 64, 256, 1}, []int{64, 64, 256}},
		{"rgb-nchw", Strides{1024 * 3, 1, 1024}, Strides{1024 * 3, 3, 1}, []int{256, 1024, 3}},
		{"nchw-rgb", Strides{1024 * 3, 3, 1}, Strides{1024 * 3, 1, 1024}, []int{256, 1024, 3}},
		{"reverse", Strides{1, 64, 64 * 16, 64 * 16 * 16}, Strides{64 * 16 * 16, 64 * 16, 64, 1}, []int{64, 16, 16, 64}},
		{"flip", Strides{64, 1}, Strides{64, -1}, []int{16384, 64}},
		{"broadcast", Strides{64, 1}, Strides{0, 1}, []int{16384, 64}},
		{"fill", Strides{1}, Strides{0}, []int{1 << 20}},
	} {
		n := 1
		for _, m := range bm.shape {
			n *= m
		}
		dst, src := Array{Data: make([]float32, n), Stride: bm.dst}, Array{Data: make([]float32, n), Stride: bm.src}
		if bm.name == "flip" {
			src.At = 63
		}
		b.Run(bm.name, func(b *testing.B) {
			b.SetBytes(int64(8 * n))
			for b.Loop() {
				Copy(dst, src, bm.shape...)
			}
		})
		if bm.src[len(bm.shape)-1] == 1 && bm.name != "broadcast" {
			b.Run(bm.name+"/add", func(b *testing.B) {
				b.SetBytes(int64(12 * n))
				for b.Loop() {
					Add(dst, src, bm.shape...)
				}
			})
		}
	}
}
