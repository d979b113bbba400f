package elementwise

import "github.com/oneshot-nas/oneshot/kernels/parallel"

// Params are the constants of a function, as its comment has them.
type Params [2]float64

// A rule computes dst from slices of the operands, all of the length of dst, at most a piece. It may use t.tmp, and overwrites nothing
// else. Of a function of one variable, a is the variable, or the result where the rule says so, and b nil. dy is the gradient of the
// result, nil forward.
type rule func(dst, a, b, dy []float32, p Params, t *scratch)

// scratch is what a chunk works in.
type scratch struct {
	tmp   [3][piece]float32
	tiles [operands]tile
	dst   [piece]float32
	sums  [2 * piece]float64
}

var scratches parallel.FreeList[scratch]

// newScratch returns scratch in which no tile is of use.
func newScratch() *scratch {
	t := scratches.Get()
	for i := range t.tiles {
		t.tiles[i].group = 0
	}
	return t
}

// temp returns n elements of the i-th intermediate value.
func (t *scratch) temp(i, n int) []float32 { return t.tmp[i][:n] }

// run applies a rule to the elements of shape.
func run(r rule, out Array, accumulate bool, in [operands]Array, p Params) {
	n := out.Len()
	if n == 0 {
		return
	}
	t := tasks.Get()
	defer tasks.Put(t)
	t.set(out.Shape, out, &in)
	t.rule, t.p, t.accumulate = r, p, accumulate
	parallel.Run((n+block-1)/block, n/perNanosecond, t)
	t.loops = loops{}
}

var tasks parallel.FreeList[task]

type task struct {
	loops
	rule       rule
	p          Params
	accumulate bool
}

func (t *task) Chunk(_ *parallel.Worker, i int) {
	s := newScratch()
	defer scratches.Put(s)
	for lo := i * block; lo < min((i+1)*block, t.n); lo += piece {
		n := min(piece, min((i+1)*block, t.n)-lo)
		var dst []float32
		if !t.accumulate {
			dst = t.room(lo, n)
		}
		if dst != nil {
			t.apply(t.rule, dst, lo, t.p, s)
			continue
		}
		t.apply(t.rule, s.dst[:n], lo, t.p, s)
		t.store(lo, s.dst[:n], t.accumulate)
	}
}

// apply computes the elements of a result from the lo-th on.
func (l *loops) apply(r rule, dst []float32, lo int, p Params, s *scratch) {
	var in [operands][]float32
	for k := range in {
		in[k] = l.piece(&l.in[k], lo, len(dst), &s.tiles[k])
	}
	r(dst, in[0], in[1], in[2], p, s)
}
