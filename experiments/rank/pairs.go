package rank

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Pairs holds the score and the truth of n ≥ 2 architectures. It does not change after [New]; its methods may be called
// from several goroutines.
type Pairs struct {
	score, truth column
	given        []column // of [Pairs.Given]
}

// column is one of the two lists, with the ranks of its values.
type column struct {
	value []float64
	// rank orders the values: equal values have equal ranks, larger values larger ones, all in [0, ranks). New numbers
	// them without gaps; a resample keeps the numbers of its origin.
	rank  []int32
	ranks int
	// index lists the architectures by rising rank, those of equal rank in array order; those of rank r are
	// index[start[r]:start[r+1]]. A resample has ranks of which there are none.
	index, start []int32
}

// New pairs score[i] with truth[i]. The lists must be of the same length, at least 2, without NaN; infinities are
// values like any other. The slices are copied.
func New(score, truth []float64) (*Pairs, error) {
	if len(score) != len(truth) {
		return nil, fmt.Errorf("rank: %d scores but %d truths: every architecture needs one of each", len(score), len(truth))
	}
	if len(score) < 2 {
		return nil, fmt.Errorf("rank: %d in the lists: a ranking needs at least 2 architectures", len(score))
	}
	if i := slices.IndexFunc(score, math.IsNaN); i >= 0 {
		return nil, fmt.Errorf("rank: score %d of %d is NaN: leave that architecture out, or find out why it has no score", i, len(score))
	}
	if i := slices.IndexFunc(truth, math.IsNaN); i >= 0 {
		return nil, fmt.Errorf("rank: truth %d of %d is NaN: leave that architecture out, or find out why it has no truth", i, len(truth))
	}
	return &Pairs{score: newColumn(score), truth: newColumn(truth)}, nil
}

func newColumn(value []float64) column {
	order := make([]int32, len(value))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(value[a], value[b]) })
	c := column{value: slices.Clone(value), rank: make([]int32, len(value))}
	for i, a := range order {
		if i > 0 && value[a] != value[order[i-1]] {
			c.ranks++
		}
		c.rank[a] = int32(c.ranks)
	}
	c.ranks++
	c.group()
	return c
}

// group sets index and start from rank, in the memory they have if they have any.
func (c *column) group() {
	if c.index == nil {
		c.index, c.start = make([]int32, len(c.rank)), make([]int32, c.ranks+1)
	}
	clear(c.start)
	next := c.start[1:] // where the next of each rank goes, which moves from the start of the rank to its end
	for _, r := range c.rank {
		if int(r)+1 < c.ranks {
			next[r+1]++
		}
	}
	for r := 1; r < c.ranks; r++ {
		next[r] += next[r-1]
	}
	for i, r := range c.rank {
		c.index[next[r]] = int32(i)
		next[r]++
	}
}

// of returns the architectures of rank r.
func (c *column) of(r int) []int32 { return c.index[c.start[r]:c.start[r+1]] }

// size returns how many there are of rank r.
func (c *column) size(r int) int { return int(c.start[r+1] - c.start[r]) }

// at returns the value of rank r, of which there must be some.
func (c *column) at(r int) float64 { return c.value[c.index[c.start[r]]] }

// Len returns the number of architectures.
func (p *Pairs) Len() int { return len(p.score.value) }

// Share returns how many architectures a share of all of them is, rounded down but at least 1: Share(0.10) of 15,625 is
// 1,562. The share must be in [0, 1].
func (p *Pairs) Share(share float64) int {
	if !(share >= 0 && share <= 1) {
		panic(fmt.Sprintf("rank: share %v is not in [0, 1]", share))
	}
	// The tiny addend keeps 0.29 · 100 = 28.999999999999996 from becoming 28.
	return max(1, int(share*float64(p.Len())+1e-9))
}

// Reversed returns the pairs with both lists negated, so that the worst come first: its PrecisionAt is the overlap of
// the predicted bottom with the true bottom.
func (p *Pairs) Reversed() *Pairs {
	return &Pairs{score: p.score.negated(), truth: p.truth.negated()}
}

func (c column) negated() column {
	neg := column{value: make([]float64, len(c.value)), rank: make([]int32, len(c.rank)), ranks: c.ranks}
	for i := range c.value {
		neg.value[i] = -c.value[i]
		neg.rank[i] = int32(c.ranks) - 1 - c.rank[i]
	}
	neg.group()
	return neg
}
