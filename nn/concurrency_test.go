package nn

import (
	"slices"
	"sync"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/tensor"
)

// goroutines is how many use the engine at a time: more than there are processors anywhere near.
const goroutines = 32

// reader is a model of images and one of words, of most kinds of layers.
type reader struct {
	images  Sequential
	narrow  *Conv2D // a slice of the first convolution
	table   *Embedding
	lstm    *LSTM
	gru     *GRU
	norm    *LayerNorm
	decoder *TiedLinear
}

func newReader(seed uint64) (*reader, *Store) {
	s := NewStore(seed)
	first := NewConv2D(s.Scope("conv1"), 3, 12, 3, Padding(1))
	r := &reader{
		images: Sequential{first, NewBatchNorm2D(s.Scope("norm1"), 12), ReLU, MaxPool2D{Kernel: 2},
			NewDepthwiseConv2D(s.Scope("conv2"), depthwise.Square(12, 3, 1, 1), autograd.ActReLU6), NewGroupNorm(s.Scope("norm2"), 3, 12),
			AvgPool2D{Kernel: 2}, NewConv2D(s.Scope("conv3"), 12, 20, 1), NewBatchNorm2D(s.Scope("norm3"), 20), Tanh, GlobalAvgPool,
			NewLinear(s.Scope("head"), 20, 10)},
		narrow: first.Slice(3, 8),
		table:  NewEmbedding(s.Scope("table"), 50, 24), lstm: NewLSTM(s.Scope("lstm"), 24, 24), gru: NewGRU(s.Scope("gru"), 24, 24),
		norm: NewLayerNorm(s.Scope("norm"), 24),
	}
	r.decoder = NewTiedLinear(s.Scope("decoder"), r.table)
	return r, s
}

// request is a batch of images and one of words.
type request struct {
	images tensor.Tensor
	words  []int32
	steps  int
}

func requests() (all []request) {
	for i := range 6 {
		q := request{images: gradcheck.Random(uint64(i), []int{1, 3, 16}[i%3], 16, 16, 3), steps: 3 + i}
		for j := range 2 * q.steps {
			q.words = append(q.words, int32((7*i+13*j)%50))
		}
		all = append(all, q)
	}
	return all
}

// answer is all that comes out.
func (r *reader) answer(tp *autograd.Tape, q request) (out []float32) {
	x := tp.Constant(q.images)
	for _, y := range []*autograd.Var{r.images.Forward(tp, x), r.narrow.Forward(tp, x), r.speak(tp, q)} {
		out = append(out, y.Value.Data...)
	}
	return out
}

func (r *reader) speak(tp *autograd.Tape, q request) *autograd.Var {
	h := r.gru.Forward(tp, r.lstm.Forward(tp, r.table.Forward(tp, q.words, q.steps, 2, nil)))
	h = autograd.Add(tp, h, autograd.Attention(tp, h, h, h, autograd.AttentionConfig{Heads: 2, TimeFirst: true}))
	return r.decoder.Forward(tp, r.norm.Forward(tp, h))
}

// together runs f on many goroutines at the same time.
func together(f func(goroutine int)) {
	var begin, end sync.WaitGroup
	begin.Add(1)
	for g := range goroutines {
		end.Go(func() {
			begin.Wait()
			f(g)
		})
	}
	begin.Done()
	end.Wait()
}

// One model serves many goroutines, each with a tape of its own, and each gets what it would alone, bit for bit.
func TestConcurrentInference(t *testing.T) {
	r, _ := newReader(1)
	all, want := requests(), make(map[autograd.Mode][][]float32)
	modes := []autograd.Mode{autograd.Inference, autograd.BatchStatistics}
	for _, mode := range modes {
		tp := autograd.NewTape()
		for _, q := range all {
			tp.Reset(mode)
			want[mode] = append(want[mode], r.answer(tp, q))
		}
	}
	together(func(g int) {
		tp := autograd.NewTape()
		for i := range 2 * len(all) {
			n, mode := (g+i)%len(all), modes[(g+i)/2%2]
			tp.Reset(mode)
			if got := r.answer(tp, all[n]); !slices.Equal(got, want[mode][n]) {
				t.Errorf("goroutine %d, request %d, mode %d: other bits than alone", g, n, mode)
			}
		}
	})
}

// Trainings of models of their own do not disturb each other.
func TestConcurrentTraining(t *testing.T) {
	all := requests()
	train := func(seed uint64) (values []float32) {
		r, s := newReader(seed)
		tp, opt := autograd.NewTape(), &SGD{Momentum: 0.9, Clip: 1}
		for i, q := range all {
			tp.Reset(autograd.Training)
			labels := make([]int32, q.images.Dim(0))
			tp.Backward(autograd.CrossEntropy(tp, r.images.Forward(tp, tp.Constant(q.images)), labels, 0).Var)
			tp.NextPath()
			y := r.speak(tp, q)
			tp.Backward(autograd.CrossEntropyInPlace(tp, autograd.Reshape(tp, y, len(q.words), 50), q.words, 0.1).Var)
			opt.Step(tp, 0.1/float64(i+1))
		}
		for _, p := range s.Params {
			values = append(values, p.Value.Data...)
		}
		return values
	}
	var want [4][]float32
	for seed := range want {
		want[seed] = train(uint64(seed))
	}
	together(func(g int) {
		if !slices.Equal(train(uint64(g%len(want))), want[g%len(want)]) {
			t.Errorf("goroutine %d: other bits than alone", g)
		}
	})
}
