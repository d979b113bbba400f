package dataset_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/tensor"
)

// numbered is a set whose pixels all differ: image i, row y, column x has red 20 i + 4 y + x + 3, green 100 more, blue 3 less.
func numbered(n int) *dataset.Images {
	s := &dataset.Images{
		Name: "numbered", H: 5, W: 4, Classes: []string{"even", "odd"},
		Mean: [3]float32{0.25, 0.5, 0.125}, Std: [3]float32{0.5, 0.25, 2},
	}
	for i := range n {
		for p := range 20 {
			v := byte(20*i + p + 3)
			s.Pixels = append(s.Pixels, v, v+100, v-3)
		}
		s.Labels = append(s.Labels, int32(i%2))
	}
	return s
}

func normalised(s *dataset.Images, c int, v byte) float32 {
	return (float32(v)/255 - s.Mean[c]) / s.Std[c]
}

func batch(l *dataset.Loader, idx []int32, key uint64) ([]float32, []int32) {
	h, w, c, _ := l.Shape()
	x, labels := make([]float32, len(idx)*h*w*c), make([]int32, len(idx))
	for i := range x {
		x[i] = float32(math.NaN()) // every value must be written
	}
	l.Batch(x, labels, idx, key)
	return x, labels
}

func TestBatchNormalises(t *testing.T) {
	set := numbered(4)
	augmented := dataset.NewLoader(set, dataset.Augment{Pad: 2, Flip: true, Cutout: 2})
	x, labels := batch(augmented, []int32{3, 0}, 0) // key 0: as if nothing were augmented
	if want := []int32{1, 0}; !slices.Equal(labels, want) {
		t.Errorf("labels %v, want %v", labels, want)
	}
	for i, image := range []int{3, 0} {
		for j, v := range set.Image(image) {
			if got, want := x[i*60+j], normalised(set, j%3, v); got != want {
				t.Fatalf("image %d, value %d: %v, want %v", i, j, got, want)
			}
		}
	}
}

// Every augmented image must be one that shifting, mirroring and blanking can give, by a plain rendering of each; and all
// of those must come up.
func TestAugmentationsAreTheRightOnes(t *testing.T) {
	set := numbered(1)
	for _, a := range []dataset.Augment{
		{},
		{Pad: 1},
		{Flip: true},
		{Pad: 4},
		{Cutout: 1},
		{Cutout: 2},
		{Cutout: 3},
		{Cutout: 20},
		{Pad: 1, Flip: true, Cutout: 2},
	} {
		t.Run(fmt.Sprintf("%+v", a), func(t *testing.T) {
			possible := renderings(set, a)
			missing := maps.Clone(possible)
			idx := make([]int32, 64)
			l := dataset.NewLoader(set, a)
			for key := uint64(1); key < 200; key++ {
				x, _ := batch(l, idx, key)
				for i := range idx {
					picture := [60]float32(x[i*60:])
					if !possible[picture] {
						t.Fatalf("key %d, position %d: none of the %d possible pictures: %v", key, i, len(possible), picture)
					}
					delete(missing, picture)
				}
			}
			if len(missing) > 0 {
				t.Errorf("%d of %d possible pictures never came up", len(missing), len(possible))
			}
		})
	}
}

// renderings are all pictures that an augmentation can make of image 0.
func renderings(set *dataset.Images, a dataset.Augment) map[[60]float32]bool {
	mirrors := []bool{false}
	if a.Flip {
		mirrors = []bool{false, true}
	}
	pictures := map[[60]float32]bool{}
	for dy := -a.Pad; dy <= a.Pad; dy++ {
		for dx := -a.Pad; dx <= a.Pad; dx++ {
			for _, mirror := range mirrors {
				for cy := range set.H {
					for cx := range set.W {
						pictures[[60]float32(render(set, a, dy, dx, mirror, cy, cx))] = true
					}
				}
			}
		}
	}
	return pictures
}

func render(set *dataset.Images, a dataset.Augment, dy, dx int, mirror bool, cy, cx int) []float32 {
	var picture []float32
	for y := range set.H {
		for x := range set.W {
			for c := range 3 {
				fromY, fromX := y+dy, x+dx
				if mirror {
					fromX = set.W - 1 - x + dx
				}
				v := byte(0)
				if fromY >= 0 && fromY < set.H && fromX >= 0 && fromX < set.W {
					v = set.Image(0)[(fromY*set.W+fromX)*3+c]
				}
				value := normalised(set, c, v)
				top, left := cy-a.Cutout/2, cx-a.Cutout/2
				if y >= top && y < top+a.Cutout && x >= left && x < left+a.Cutout {
					value = 0
				}
				picture = append(picture, value)
			}
		}
	}
	return picture
}

// The shift at a position must not tell that at the next one, nor that of the same position with the next key.
func TestNeighboursAreIndependent(t *testing.T) {
	set := numbered(1)
	l := dataset.NewLoader(set, dataset.Augment{Flip: true})
	idx := make([]int32, 64)
	const keys = 400
	mirrored := func(key uint64) (out []bool) {
		x, _ := batch(l, idx, key)
		for i := range idx {
			out = append(out, x[i*60] != normalised(set, 0, set.Pixels[0]))
		}
		return out
	}
	ones, beside, above, n := 0, 0, 0, 0
	previous := mirrored(1)
	for key := uint64(2); key < 2+keys; key++ {
		now := mirrored(key)
		for i := 1; i < len(now); i++ {
			n++
			ones += count(now[i])
			beside += count(now[i] == now[i-1])
			above += count(now[i] == previous[i])
		}
		previous = now
	}
	for name, k := range map[string]int{"mirrored": ones, "equal to the position before": beside, "equal to the key before": above} {
		if z := (float64(k) - float64(n)/2) / math.Sqrt(float64(n)/4); math.Abs(z) > 4 {
			t.Errorf("%s: %d of %d, %.1f standard deviations off", name, k, n, z)
		}
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestBatchDependsOnKeyAndPositionOnly(t *testing.T) {
	l := dataset.NewLoader(dataset.Generate(1, 20), dataset.Augment{Pad: 4, Flip: true, Cutout: 8})
	idx := []int32{4, 7, 7, 19}
	want, _ := batch(l, idx, 99)
	done := make(chan []float32)
	for range 4 {
		go func() {
			batch(l, []int32{1, 2}, 5)
			x, _ := batch(l, idx, 99)
			done <- x
		}()
	}
	for range 4 {
		if got := <-done; !slices.Equal(got, want) {
			t.Error("the same key and images gave another batch")
		}
	}
	if other, _ := batch(l, idx, 100); slices.Equal(other, want) {
		t.Error("another key gave the same batch")
	}
	size := len(want) / len(idx)
	if slices.Equal(want[size:2*size], want[2*size:3*size]) {
		t.Error("two positions with the same image look alike")
	}
}

func TestBatchLeavesTheRestAlone(t *testing.T) {
	l := dataset.NewLoader(numbered(2), dataset.Augment{})
	x, labels := make([]float32, 121), make([]int32, 3)
	x[60], labels[1] = 42, 42
	l.Batch(x, labels, []int32{1}, 1)
	if x[60] != 42 || labels[1] != 42 {
		t.Error("Batch wrote beyond the images asked for")
	}
}

func TestBatchAllocatesNothing(t *testing.T) {
	l := dataset.NewLoader(numbered(4), dataset.Augment{Pad: 2, Flip: true, Cutout: 2})
	x, labels, idx := make([]float32, 240), make([]int32, 4), []int32{0, 1, 2, 3}
	if n := testing.AllocsPerRun(10, func() { l.Batch(x, labels, idx, 7) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestLoaderPanics(t *testing.T) {
	short := numbered(2)
	short.Pixels = short.Pixels[:119]
	for want, do := range map[string]func(){
		"dataset.NewLoader: got 119 bytes of pixels in numbered, want [2 5 4 3]": func() {
			dataset.NewLoader(short, dataset.Augment{})
		},
		"dataset.NewLoader: got {Pad:5 Flip:false Cutout:0}, want nothing negative, and a Pad within images of 5×4": func() {
			dataset.NewLoader(numbered(1), dataset.Augment{Pad: 5})
		},
		"dataset.NewLoader: got {Pad:0 Flip:false Cutout:-1}, want nothing negative, and a Pad within images of 5×4": func() {
			dataset.NewLoader(numbered(1), dataset.Augment{Cutout: -1})
		},
		"dataset.Loader.Batch: got 119 floats and 2 labels, want those of 2 images [5 4 3]": func() {
			dataset.NewLoader(numbered(2), dataset.Augment{}).Batch(make([]float32, 119), make([]int32, 2), []int32{0, 1}, 0)
		},
		"dataset.Loader.Batch: got 120 floats and 1 labels, want those of 2 images [5 4 3]": func() {
			dataset.NewLoader(numbered(2), dataset.Augment{}).Batch(make([]float32, 120), make([]int32, 1), []int32{0, 1}, 0)
		},
		"dataset.Images.Image: got image 2, want one of 2": func() {
			dataset.NewLoader(numbered(2), dataset.Augment{}).Load([]int32{0, 2}, nil)
		},
	} {
		if err := tensor.Catch(do); err == nil || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func BenchmarkBatch(b *testing.B) {
	set := dataset.Generate(1, 64)
	idx := make([]int32, 64)
	for i := range idx {
		idx[i] = int32(i)
	}
	x, labels := make([]float32, len(set.Pixels)), make([]int32, 64)
	for _, a := range []dataset.Augment{{}, {Pad: 4, Flip: true, Cutout: 16}} {
		b.Run(fmt.Sprintf("%+v", a), func(b *testing.B) {
			l := dataset.NewLoader(set, a)
			b.ReportAllocs()
			for b.Loop() {
				l.Batch(x, labels, idx, 1)
			}
			b.ReportMetric(float64(len(idx)*b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
