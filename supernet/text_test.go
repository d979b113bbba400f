package supernet

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/tensor"
)

// countingText is a stream in which every word says where it is.
func countingText(n int) []int32 {
	s := make([]int32, n)
	for i := range s {
		s[i] = int32(i)
	}
	return s
}

// The sequences of an epoch, one after the other, are the columns; the targets are the words that follow.
func TestTextGoesThroughItsColumns(t *testing.T) {
	const batch, column = 4, 250
	for _, vary := range []bool{false, true} {
		d := &Text{TrainStream: countingText(batch*column + 3), BPTT: 35, Vary: vary}
		var b Batch
		step := 0
		for epoch := range 3 {
			at := 0
			for ; step < d.EpochEnd(batch, 7, epoch); step++ {
				d.Train(&b, batch, 7, step)
				if b.First != (at == 0) || b.B != batch || len(b.Tokens) != b.T*batch || len(b.Targets) != b.T*batch {
					t.Fatalf("step %d of an epoch, at word %d: first %v, %d steps of %d words, %d tokens, %d targets", step, at, b.First, b.T, b.B, len(b.Tokens), len(b.Targets))
				}
				for i := range b.T {
					for j := range batch {
						if word, target := b.Tokens[i*batch+j], b.Targets[i*batch+j]; word != int32(j*column+at+i) || target != word+1 {
							t.Fatalf("step %d: word %d of column %d is %d, its target %d", step, at+i, j, word, target)
						}
					}
				}
				at += b.T
			}
			// One word is left to be a target, and one more if what it would make is a sequence of one word.
			if at != column-1 && at != column-2 {
				t.Errorf("epoch %d: the sequences end at word %d of %d", epoch, at, column)
			}
		}
	}
}

// Lengths are normal around BPTT, or half of it in one case of twenty, within bounds; the learning rate goes with them.
func TestTextVariesItsLengths(t *testing.T) {
	const bptt = 35
	d := &Text{TrainStream: countingText(2_000_000), BPTT: bptt, Vary: true}
	var b Batch
	var sum, sumSq, short, n float64
	end := d.EpochEnd(4, 1, 0)
	for i := range end - 1 { // the last one is cut
		d.Train(&b, 4, 1, i)
		if b.T < 5 || b.T > bptt+20 || b.RateScale != float64(b.T)/bptt {
			t.Fatalf("step %d: %d words, learning rate times %v", i, b.T, b.RateScale)
		}
		if b.T < 26 { // 1.8 standard deviations from both
			short++
			continue
		}
		n, sum, sumSq = n+1, sum+float64(b.T), sumSq+float64(b.T*b.T)
	}
	mean := sum / n
	if sd := math.Sqrt(sumSq/n - mean*mean); math.Abs(mean-34.8) > 0.3 || math.Abs(sd-4.6) > 0.3 {
		t.Errorf("long sequences have %.2f ± %.2f words", mean, sd)
	}
	if share := short / float64(end-1); share < 0.06 || share > 0.1 { // 4.8 % + 95 % of 3.6 %
		t.Errorf("%.3f of the sequences are short", share)
	}
	d.Train(&b, 4, 1, end-1)
	if drawn := int(math.Round(b.RateScale * bptt)); b.T > drawn {
		t.Errorf("the last sequence has %d words, drawn were %d", b.T, drawn)
	}
	fixed := &Text{TrainStream: countingText(2000), BPTT: bptt}
	fixed.Train(&b, 4, 1, 1)
	if b.T != bptt || b.RateScale != 1 {
		t.Errorf("a text that does not vary gives %d words, learning rate times %v", b.T, b.RateScale)
	}
}

// What a step reads depends on batch, seed and step, not on what was asked before.
func TestTextIsAPureFunction(t *testing.T) {
	type call struct {
		batch int
		seed  uint64
		step  int
	}
	newText := func() *Text {
		return &Text{TrainStream: countingText(1000), EvalStream: countingText(100), BPTT: 10, Vary: true}
	}
	read := func(d *Text, c call) ([]int32, float64) {
		var b Batch
		d.Train(&b, c.batch, c.seed, c.step)
		return slices.Clone(b.Tokens), b.RateScale
	}
	used := newText()
	var b Batch
	distinct := map[string]bool{}
	for _, c := range []call{{4, 1, 90}, {4, 1, 0}, {4, 2, 0}, {4, 1, 0}, {2, 1, 33}, {4, 1, 91}, {4, 1, 90}} {
		used.Eval(&b, 3, 1)
		used.Calibrate(&b, 5, 3, 2)
		got, gotScale := read(used, c)
		want, wantScale := read(newText(), c)
		if !slices.Equal(got, want) || gotScale != wantScale {
			t.Errorf("%+v gives %v (× %v), asked at once %v (× %v)", c, got, gotScale, want, wantScale)
		}
		if got, want := used.EpochEnd(c.batch, c.seed, 4), newText().EpochEnd(c.batch, c.seed, 4); got != want {
			t.Errorf("%+v: five epochs have %d steps, asked at once %d", c, got, want)
		}
		distinct[fmt.Sprint(got)] = true
	}
	if len(distinct) != 5 {
		t.Error("seeds and steps make no difference")
	}
	// An epoch draws lengths of its own.
	first, second := used.EpochEnd(4, 1, 0), used.EpochEnd(4, 1, 1)
	same := second-first == first
	for i := 0; same && i < first; i++ {
		a, _ := read(used, call{4, 1, i})
		b, _ := read(used, call{4, 1, first + i})
		same = slices.Equal(a, b)
	}
	if same {
		t.Error("the second epoch reads as the first")
	}
}

// Evaluation predicts every word of every column but the first, once.
func TestTextEvaluatesEveryWord(t *testing.T) {
	for _, n := range []int{2, 7, 8, 9, 61, 64} {
		d := &Text{EvalStream: countingText(3*n + 1), BPTT: 7}
		seen := make([]int, 3*n+1)
		var b Batch
		for i := 0; d.Eval(&b, 3, i); i++ {
			if b.First != (i == 0) || b.RateScale != 1 {
				t.Errorf("columns of %d, batch %d: first %v, learning rate times %v", n, i, b.First, b.RateScale)
			}
			for _, w := range b.Targets {
				seen[w]++
			}
		}
		for w, times := range seen {
			if want := min(1, w%n); w < 3*n && times != want {
				t.Errorf("columns of %d: word %d is predicted %d times, want %d", n, w, times, want)
			}
		}
	}
	d := &Text{EvalStream: countingText(5), BPTT: 7}
	if d.Eval(new(Batch), 3, 0) {
		t.Error("columns of one word have nothing to predict")
	}
}

func TestTextMisuse(t *testing.T) {
	var b Batch
	for what, f := range map[string]func(){
		"no words in a sequence": func() { (&Text{TrainStream: countingText(100)}).EpochEnd(4, 0, 0) },
		"no columns":             func() { (&Text{EvalStream: countingText(100), BPTT: 5}).Eval(&b, 0, 0) },
		"too little text":        func() { (&Text{TrainStream: countingText(11), BPTT: 5}).Train(&b, 4, 0, 0) },
	} {
		var shape tensor.ShapeError
		if err := tensor.Catch(f); !errors.As(err, &shape) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
