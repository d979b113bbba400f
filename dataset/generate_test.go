package dataset_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Results on generated images are only comparable while the images stay what they are.
func TestGenerateIsFrozen(t *testing.T) {
	const want = "e451a6b6d9bcda47af2d2d58874b5aa015abf20a9b9a3b0839d4f75099f2d626"
	if got := dataset.Generate(42, 100).Fingerprint(); got != want {
		t.Errorf("fingerprint %s, want %s: the pictures have changed", got, want)
	}
}

// So must those of other sizes, among which 32 is not special.
func TestGenerateSizeIsFrozen(t *testing.T) {
	for size, want := range map[int]string{
		8:  "082b0fe86a47c68dae29915daf1ba41bf58c729468a697e36b61a1e0e51b5480",
		16: "d44c9b3a9efa9960ce5486c9571901803d8a9496734be773cb9658a6b0f2784e",
		32: "e451a6b6d9bcda47af2d2d58874b5aa015abf20a9b9a3b0839d4f75099f2d626",
		45: "4d36f8e549d22edffe397268af467e8944a04956f6d54c6e1f2b153572d06382",
		64: "22ecb7217e47ff9a9a5c650b47529b81e40eaa9db5936b48dd4bba0153795b13",
	} {
		if got := dataset.GenerateSize(42, 100, size).Fingerprint(); got != want {
			t.Errorf("%d×%d pixels: fingerprint %s, want %s: the pictures have changed", size, size, got, want)
		}
	}
}

// What is in an image is in the same place of a larger one: averaged over the same area, the two differ little, for their noise does.
func TestGenerateSizeShowsTheSame(t *testing.T) {
	const n, cell = 200, 8 // a square of pixels at 32
	small, large := dataset.Generate(1, n), dataset.GenerateSize(1, n, 64)
	average := func(s *dataset.Images, i, y, x, c int) float64 {
		edge, sum := s.H*cell/32, 0
		for v := y * edge; v < (y+1)*edge; v++ {
			for u := x * edge; u < (x+1)*edge; u++ {
				sum += int(s.Image(i)[(v*s.W+u)*dataset.Channels+c])
			}
		}
		return float64(sum) / float64(edge*edge)
	}
	same, other := 0.0, 0.0
	for i := range n {
		for j := range 32 / cell * 32 / cell * dataset.Channels {
			y, x, c := j/dataset.Channels/(32/cell), j/dataset.Channels%(32/cell), j%dataset.Channels
			a := average(small, i, y, x, c)
			same += math.Abs(a - average(large, i, y, x, c))
			other += math.Abs(a - average(large, (i+10)%n, y, x, c)) // of the same class
		}
	}
	if same > other/4 {
		t.Errorf("averages of squares differ by %.2f where those of different images do by %.2f", same, other)
	}
}

func TestGenerateSizePanics(t *testing.T) {
	for _, size := range []int{-1, 0, 7, 1025} {
		err := tensor.Catch(func() { dataset.GenerateSize(1, 1, size) })
		if err == nil || !strings.Contains(err.Error(), "want 8 to 1024") {
			t.Errorf("size %d: %v, want an error that says what sizes there are", size, err)
		}
	}
}

func TestGenerate(t *testing.T) {
	s := dataset.Generate(42, 103)
	if got, want := s.Counts(), []int{11, 11, 11, 10, 10, 10, 10, 10, 10, 10}; !slices.Equal(got, want) {
		t.Errorf("classes %v, want %v", got, want)
	}
	longer, other := dataset.Generate(42, 110), dataset.Generate(43, 103)
	for i := range s.Len() {
		if !slices.Equal(s.Image(i), longer.Image(i)) {
			t.Errorf("image %d depends on how many are made", i)
		}
		if slices.Equal(s.Image(i), other.Image(i)) {
			t.Errorf("image %d does not depend on the seed", i)
		}
	}
}

// A linear classifier of pixels must fail. That it is not the classifier's fault is seen where one pixel tells the class.
func TestLinearClassifierIsWeak(t *testing.T) {
	if testing.Short() {
		t.Skip("seconds of training, minutes under the race detector")
	}
	set := dataset.Generate(1, 5000)
	if accuracy := linear(set.Split(4000, 1)); accuracy > 0.25 {
		t.Errorf("a linear classifier of pixels gets %.1f %% right, want at most 25 %%", 100*accuracy)
	}
	for i, label := range set.Labels {
		copy(set.Image(i)[label*dataset.Channels:], []byte{255, 255, 255})
	}
	first, _ := set.Split(1500, 2) // are enough
	if accuracy := linear(first.Split(1200, 1)); accuracy < 0.5 {
		t.Errorf("where a white pixel tells the class, the linear classifier gets %.1f %% right, want at least 50 %%", 100*accuracy)
	}
}

// linear trains softmax regression by stochastic gradient descent and returns its accuracy on test.
func linear(train, test *dataset.Images) float64 {
	const epochs, rate, decay = 6, 2e-4, 1e-3
	h, w, c, classes := dataset.NewLoader(train, dataset.Augment{}).Shape()
	size := h * w * c
	weights, bias := make([]float32, classes*size), make([]float32, classes)
	x, label := make([]float32, size), make([]int32, 1)
	scores := make([]float64, classes)
	classify := func() int {
		for k := range scores {
			sum := bias[k]
			for i, v := range weights[k*size : (k+1)*size] {
				sum += v * x[i]
			}
			scores[k] = float64(sum)
		}
		return slices.Index(scores, slices.Max(scores))
	}
	source := dataset.NewLoader(train, dataset.Augment{})
	r := rand.New(rand.NewPCG(1, 1))
	for epoch := range epochs {
		step := float32(rate * (1 - float64(epoch)/epochs))
		for _, i := range r.Perm(train.Len()) {
			source.Batch(x, label, []int32{int32(i)}, 0)
			top := scores[classify()]
			sum := 0.0
			for k := range scores {
				scores[k] = math.Exp(scores[k] - top)
				sum += scores[k]
			}
			for k := range scores {
				g := float32(scores[k] / sum)
				if int32(k) == label[0] {
					g--
				}
				bias[k] -= step * g
				row := weights[k*size : (k+1)*size]
				for j := range row {
					row[j] -= step * (g*x[j] + decay*row[j])
				}
			}
		}
	}
	correct := 0
	source = dataset.NewLoader(test, dataset.Augment{})
	for i := range test.Len() {
		source.Batch(x, label, []int32{int32(i)}, 0)
		if classify() == int(label[0]) {
			correct++
		}
	}
	return float64(correct) / float64(test.Len())
}

func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		dataset.Generate(1, 100)
	}
	b.ReportMetric(float64(100*b.N)/b.Elapsed().Seconds(), "images/s")
}
