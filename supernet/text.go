package supernet

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/tensor"
)

// Text is a language model's data: the words of a stream and, as targets, those that follow them. A batch of B is B columns:
// column b is words b·n to (b+1)·n-1 of the stream, n = len/B, and what is left over is not used. Training reads the columns
// a sequence at a time, from their beginning in every epoch, and the hidden state is carried from one to the next.
type Text struct {
	TrainStream, EvalStream []int32
	BPTT                    int // length of a sequence, at least 1
	// Vary draws the length of each training sequence from a normal distribution around BPTT (in one case of twenty around
	// half of it) with standard deviation 5, within 5 and BPTT+20, and scales the learning rate by length/BPTT (Merity,
	// Keskar and Socher 2018, arXiv 1708.02182, section 5). The last of an epoch may be cut short, but counts as drawn.
	Vary bool

	stream  stream
	tokens  []int32
	targets []int32

	// Where the sequences of training begin, for the batch and seed that they were worked out for.
	batch     int
	seed      uint64
	sequences []sequence
	ends      []int // number of sequences up to the end of each epoch
}

// sequence is a stretch of training: words at to at+length-1 of each column.
type sequence struct {
	at, length int
	drawn      int // as drawn; the last of an epoch may be cut short
}

// EpochEnd counts sequences. How many an epoch has depends on the lengths that are drawn.
func (d *Text) EpochEnd(batch int, seed uint64, epoch int) int {
	d.plan(batch, seed, epoch)
	return d.ends[epoch]
}

// plan works out the sequences of all epochs up to the given one.
func (d *Text) plan(batch int, seed uint64, epoch int) {
	if d.batch != batch || d.seed != seed || d.ends == nil {
		d.batch, d.seed, d.sequences, d.ends = batch, seed, d.sequences[:0], d.ends[:0]
	}
	column := d.column(d.TrainStream, batch)
	for e := len(d.ends); e <= epoch; e++ {
		rng := d.stream.of(seed, streamLength, e)
		for at := 0; at < column-2; {
			drawn := d.BPTT
			if d.Vary {
				mean := float64(d.BPTT)
				if rng.Float64() >= 0.95 {
					mean /= 2
				}
				drawn = min(max(5, int(mean+5*rng.NormFloat64())), d.BPTT+20)
			}
			d.sequences = append(d.sequences, sequence{at, min(drawn, column-1-at), drawn})
			at += drawn
		}
		d.ends = append(d.ends, len(d.sequences))
	}
}

// column is the length of a column of a stream.
func (d *Text) column(stream []int32, batch int) int {
	if batch < 1 || d.BPTT < 1 {
		panic(tensor.ShapeError{Op: "supernet.Text", Got: fmt.Sprintf("%d columns, sequences of %d words", batch, d.BPTT), Want: "at least 1 of each"})
	}
	return len(stream) / batch
}

// Train fills dst with the next sequence of every column. There must be one: see EpochEnd.
func (d *Text) Train(dst *Batch, batch int, seed uint64, step int) {
	if d.EpochEnd(batch, seed, 0) == 0 {
		panic(tensor.ShapeError{Op: "supernet.Text.Train", Got: fmt.Sprintf("columns of %d words", d.column(d.TrainStream, batch)), Want: "at least 3"})
	}
	for len(d.sequences) <= step {
		d.plan(batch, seed, len(d.ends))
	}
	s := d.sequences[step]
	d.fill(dst, d.TrainStream, batch, s.at, s.length)
	if d.Vary {
		dst.RateScale = float64(s.drawn) / float64(d.BPTT)
	}
}

// Calibrate reads sequences of training text; models of text have no batch norm.
func (d *Text) Calibrate(dst *Batch, batch int, seed uint64, i int) { d.Train(dst, batch, seed, i) }

// Eval goes through the text to score on, in sequences of BPTT words. The last one may be shorter.
func (d *Text) Eval(dst *Batch, batch, i int) bool {
	column, at := d.column(d.EvalStream, batch), i*d.BPTT
	if at >= column-1 {
		return false
	}
	d.fill(dst, d.EvalStream, batch, at, min(d.BPTT, column-1-at))
	return true
}

// fill writes words at to at+t-1 of each column to dst, in memory that all batches share.
func (d *Text) fill(dst *Batch, stream []int32, b, at, t int) {
	column := len(stream) / b
	d.tokens, d.targets = resize(d.tokens, t*b), resize(d.targets, t*b)
	for i := range t {
		for j := range b {
			d.tokens[i*b+j], d.targets[i*b+j] = stream[j*column+at+i], stream[j*column+at+i+1]
		}
	}
	*dst = Batch{Tokens: d.tokens, Targets: d.targets, T: t, B: b, First: at == 0, RateScale: 1}
}

// Perplexity is exp of a mean cross-entropy.
func Perplexity(loss float64) float64 { return math.Exp(loss) }
