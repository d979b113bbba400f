package vec

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
)

// rowShapes are rows shorter and longer than vectors, and fewer and more of them than kernels take at a time.
func rowShapes(yield func(rows, cols int) bool) {
	for _, rows := range []int{1, 3, 4, 6, 9} {
		for cols := range 70 {
			if !yield(rows, cols) {
				return
			}
		}
	}
}

// Sums of rows are the same bits on every instruction set, and nothing is read beside the matrix.
func TestRowSums(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	eachISA(t, func(t *testing.T) {
		for rows, cols := range rowShapes {
			for _, alloc := range guard.Sides {
				x, acc := fill(r, alloc(t, rows*cols), false), make([]float64, rows)
				for i := range acc {
					acc[i] = r.NormFloat64()
				}
				want := slices.Clone(acc)
				for i := range want {
					var s [4]float64
					for j, v := range x[i*cols:][:cols] {
						if j >= cols/4*4 {
							j = 0
						}
						s[j%4] += float64(v)
					}
					want[i] += (s[0] + s[1]) + (s[2] + s[3])
				}
				LocalRowSums(acc, x)
				if !slices.Equal(acc, want) {
					t.Fatalf("%d rows of %d: %v, want %v", rows, cols, acc, want)
				}
			}
		}
	})
}

// The largest and the smallest of each row, NaN if there is one, wherever it stands.
func TestRowExtremes(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	eachISA(t, func(t *testing.T) {
		for rows, cols := range rowShapes {
			for i := range 4 {
				alloc := guard.Sides[i%2]
				x, largest, smallest := fill(r, alloc(t, rows*cols), i >= 2), alloc(t, rows), alloc(t, rows)
				LocalRowMax(largest, x)
				LocalRowMin(smallest, x)
				for i := range min(rows, len(x)) {
					row := x[i*cols:][:cols]
					hi, lo := row[0], row[0]
					for _, v := range row {
						hi, lo = max(hi, v), min(lo, v)
					}
					if !same(largest[i], hi) && largest[i] != hi || !same(smallest[i], lo) && smallest[i] != lo {
						t.Fatalf("row %v: largest %v, smallest %v, want %v and %v", row, largest[i], smallest[i], hi, lo)
					}
				}
			}
		}
	})
}

// Every row is its number, whatever the instruction set, and nothing is written beside the matrix.
func TestRepeat(t *testing.T) {
	r := rand.New(rand.NewPCG(35, 36))
	eachISA(t, func(t *testing.T) {
		for rows, cols := range rowShapes {
			for _, alloc := range guard.Sides {
				dst, x := alloc(t, rows*cols), fill(r, alloc(t, rows), false)
				LocalRepeat(dst, x)
				for i, v := range dst {
					if v != x[i/cols] {
						t.Fatalf("%d rows of %d: element %d is %v, want %v", rows, cols, i, v, x[i/cols])
					}
				}
			}
		}
	})
}
