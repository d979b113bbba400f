package autograd_test

import (
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/tensor"
)

// A training step of an attention takes memory in proportion to the length of the sequences: the scores are never all there.
func TestAttentionMemory(t *testing.T) {
	peak := func(length int) int64 {
		const heads, d = 2, 8
		tp := autograd.NewTape()
		x := gradcheck.Random(1, 1, length, 3*heads*d)
		step := func() {
			tp.Reset(autograd.Training)
			qkv := tp.Variable(x)
			part := func(i int) *autograd.Var { return autograd.Window(tp, qkv, i*heads*d, (i+1)*heads*d) }
			y := autograd.Attention(tp, part(0), part(1), part(2), autograd.AttentionConfig{Heads: heads, Causal: true})
			tp.Backward(autograd.Mean(tp, y))
		}
		step()
		return tp.PeakBytes()
	}
	short, long := peak(512), peak(2048)
	if long > 4*short+4096 {
		t.Errorf("%d bytes for 512 words, %d for 2048", short, long)
	}
	if matrix := int64(4 * 2048 * 2048); long > matrix/10 {
		t.Errorf("%d bytes for 2048 words, and the scores of one head have %d", long, matrix)
	}
}

// Operands that do not fit together are told with their shapes and with those that would have done.
func TestSequenceShapeErrors(t *testing.T) {
	attend := func(q, k, v []int, c autograd.AttentionConfig) func(tp *autograd.Tape) {
		return func(tp *autograd.Tape) {
			autograd.Attention(tp, tp.Constant(tensor.New(q...)), tp.Constant(tensor.New(k...)), tp.Constant(tensor.New(v...)), c)
		}
	}
	for _, tc := range []struct {
		f    func(tp *autograd.Tape)
		want []string // in the message
	}{
		{func(tp *autograd.Tape) {
			autograd.MatMul(tp, tp.Constant(tensor.New(2, 4, 3)), tp.Constant(tensor.New(3, 3, 5)), false, false)
		}, []string{"[2 4 3]", "[3 3 5]", "[…][K][N]"}},
		{func(tp *autograd.Tape) {
			autograd.MatMul(tp, tp.Constant(tensor.New(3)), tp.Constant(tensor.New(3, 5)), false, false)
		}, []string{"[3]", "[…][M][K]"}},
		{attend([]int{2, 4, 6}, []int{2, 5, 6}, []int{2, 4, 6}, autograd.AttentionConfig{Heads: 2}),
			[]string{"k [2 5 6]", "v [2 4 6]", "[B][Tk][H·D]"}},
		{attend([]int{2, 4, 6}, []int{3, 4, 6}, []int{3, 4, 6}, autograd.AttentionConfig{Heads: 2}), []string{"q [2 4 6]", "k [3 4 6]"}},
		{attend([]int{2, 4, 6}, []int{2, 4, 6}, []int{2, 4, 6}, autograd.AttentionConfig{}), []string{"0 heads"}},
		{attend([]int{2, 4, 6}, []int{2, 4, 6}, []int{2, 4, 6}, autograd.AttentionConfig{Heads: 4}), []string{"4 heads"}},
		{attend([]int{4, 2, 6}, []int{4, 3, 6}, []int{4, 3, 6}, autograd.AttentionConfig{Heads: 2, TimeFirst: true}),
			[]string{"[4 2 6]", "[Tq][B][H·D]"}},
		{attend([]int{2, 4, 6}, []int{2, 5, 6}, []int{2, 5, 6}, autograd.AttentionConfig{Heads: 2, Mask: tensor.New(5, 4)}),
			[]string{"a mask of [5 4]", "[4][5]"}},
		{func(tp *autograd.Tape) {
			autograd.LayerNorm(tp, tp.Constant(tensor.New(2, 3)), param("g", 4), nil, 1e-5)
		}, []string{"[2 3]", "[4]", "[3]"}},
		{func(tp *autograd.Tape) {
			autograd.GroupNorm(tp, tp.Constant(tensor.New(2, 3, 3, 6)), 4, nil, nil, 1e-5)
		}, []string{"[2 3 3 6]", "4 groups", "equal size"}},
		{func(tp *autograd.Tape) {
			w := autograd.GRUParams{WIH: param("i", 4, 15), WHH: param("h", 5, 15), Bias: param("b", 15), BiasHN: param("n", 4)}
			autograd.GRU(tp, tp.Constant(tensor.New(3, 2, 4)), tp.Constant(tensor.New(2, 5)), w)
		}, []string{"[3 2 4]", "[15] and [4]", "[3H] and [H]"}},
		{func(tp *autograd.Tape) {
			w := autograd.RNNParams{WIH: param("i", 4, 5), WHH: param("h", 5, 5), Bias: param("b", 5)}
			autograd.RNN(tp, tp.Constant(tensor.New(3, 2, 4)), tp.Constant(tensor.New(3, 5)), w, autograd.ActTanh)
		}, []string{"h0 [3 5]", "[B][H]"}},
		{func(tp *autograd.Tape) {
			w := autograd.RNNParams{WIH: param("i", 4, 5), WHH: param("h", 5, 5), Bias: param("b", 5)}
			autograd.RNN(tp, tp.Constant(tensor.New(3, 2, 4)), tp.Constant(tensor.New(2, 5)), w, autograd.ActSigmoid)
		}, []string{"Act:sigmoid", "Tanh or ReLU"}},
	} {
		err := tensor.Catch(func() { tc.f(autograd.NewTape()) })
		for _, want := range tc.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one with %q", err, want)
			}
		}
	}
}
