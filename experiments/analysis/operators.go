package analysis

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/oneshot-nas/oneshot/experiments/rank"
	"github.com/oneshot-nas/oneshot/spaces"
)

// operatorLeast is how many architectures must take a value, and how many must not, for anything to be said of it.
const operatorLeast = 5

// operatorCell is a value of a decision, or of several decisions that have the same values.
type operatorCell struct {
	decision, value string
	single          bool
	takes           []float64 // by architecture: at how many of the decisions it takes the value
	takers          []int     // the architectures that take it at all
	sum             float64   // of takes
}

// operatorGroup is decisions that have the same values.
type operatorGroup struct {
	name      string
	decisions []int
	values    []string
}

// operatorGroups are the decisions by their values, in the order of the space; those with a value that stands alone are left out, as there is
// nothing to decide.
func operatorGroups(s spaces.Space) (groups []operatorGroup) {
	choices := s.Choices()
	for d, c := range choices {
		if len(c.Values) < 2 {
			continue
		}
		at := slices.IndexFunc(groups, func(g operatorGroup) bool { return slices.Equal(g.values, c.Values) })
		if at < 0 {
			at, groups = len(groups), append(groups, operatorGroup{values: c.Values})
		}
		groups[at].decisions = append(groups[at].decisions, d)
	}
	for i, g := range groups {
		groups[i].name = choices[g.decisions[0]].Name
		if n := len(g.decisions); n > 1 {
			groups[i].name = fmt.Sprintf("%s to %s (%d)", choices[g.decisions[0]].Name, choices[g.decisions[n-1]].Name, n)
		}
	}
	return groups
}

func newOperatorCell(decision, value string, single bool, takes []float64) operatorCell {
	c := operatorCell{decision: decision, value: value, single: single, takes: takes}
	for i, w := range takes {
		if w > 0 {
			c.takers = append(c.takers, i)
		}
		c.sum += w
	}
	return c
}

// among is the cell of some of the architectures.
func (c operatorCell) among(archs []int) operatorCell {
	return newOperatorCell(c.decision, c.value, c.single, valuesOf(c.takes, archs))
}

// operatorCells are the values of all decisions that enough architectures take: for each group those of each decision, and then those of the
// group if it has more than one.
func operatorCells(s spaces.Space, archs []spaces.Arch) (cells []operatorCell) {
	choices := s.Choices()
	taken := make([][]int, len(archs))
	for i, a := range archs {
		taken[i] = a.Values()
	}
	add := func(name, value string, v int, decisions []int) {
		takes := make([]float64, len(archs))
		for i := range archs {
			for _, d := range decisions {
				if taken[i][d] == v {
					takes[i]++
				}
			}
		}
		c := newOperatorCell(name, value, len(decisions) == 1, takes)
		// Of a group, all architectures may take a value at some decision: what tells them apart is how often.
		if n := len(c.takers); n >= operatorLeast && (len(archs)-n >= operatorLeast || !c.single) {
			cells = append(cells, c)
		}
	}
	for _, g := range operatorGroups(s) {
		for _, d := range g.decisions {
			for v, value := range g.values {
				add(choices[d].Name, value, v, []int{d})
			}
		}
		if len(g.decisions) > 1 {
			for v, value := range g.values {
				add(g.name, value, v, g.decisions)
			}
		}
	}
	return cells
}

// operatorBias is how a score ranks the architectures that take a value, beside the truth. Ranks are shares of all architectures: 0 is the
// worst, 1 the best.
type operatorBias struct {
	truth, score float64 // mean ranks
	bias         sampled // score − truth: above 0, the score likes the value more than the truth does
	p            float64 // of a bias as large among architectures drawn at random, corrected for all cells
	// What of the bias goes beyond noise: a score that ranks with noise alone draws what is truly good towards the middle, and so is
	// biased against it. This is the mean distance from the line that the score's ranks have on the truth's.
	beyond  sampled
	beyondP float64
}

// rankShares are the ranks as shares of the architectures, less one half.
func rankShares(values []float64) []float64 {
	shares := rank.Ranks(values)
	for i := range shares {
		shares[i] = (shares[i]-0.5)/float64(len(values)) - 0.5
	}
	return shares
}

// streamOperators is the stream of random numbers that draws resamples of architectures.
const streamOperators = 1 << 34

// measureOperators compares the ranks that a score and the truth give to the architectures that take each value.
//
// Its p-values are those of permutations, which deal the values of a decision anew among the architectures: the sum over the takers is then
// nearly normal, with mean 0 and a variance that is known (Hoeffding, "A combinatorial central limit theorem", 1951), so that none need be
// drawn. Given the truth, what is dealt is what is left of taking once the truth's rank has explained what it can (Freedman and Lane 1983).
// Both are corrected by Holm's procedure for all cells.
func measureOperators(cells []operatorCell, score, truth []float64, seed uint64) []operatorBias {
	s, t := rankShares(score), rankShares(truth)
	n := float64(len(s))
	slope := product(s, t) / product(t, t) // ranks have mean 0
	difference, residual := make([]float64, len(s)), make([]float64, len(s))
	for i := range s {
		difference[i], residual[i] = s[i]-t[i], s[i]-slope*t[i]
	}
	all := make([]operatorBias, len(cells))
	p, beyondP := make([]float64, len(cells)), make([]float64, len(cells))
	for k, c := range cells {
		mean := c.sum / n
		centred, left := make([]float64, len(s)), make([]float64, len(s))
		for i, w := range c.takes {
			centred[i] = w - mean
		}
		along := product(centred, t) / product(t, t)
		for i := range left {
			left[i] = centred[i] - along*t[i]
		}
		p[k] = normalPValue(product(centred, difference), product(centred, centred)*product(difference, difference)/(n-1))
		beyondP[k] = normalPValue(product(left, residual), product(left, left)*product(residual, residual)/(n-2))
		all[k].truth, all[k].score = 0.5+product(c.takes, t)/c.sum, 0.5+product(c.takes, s)/c.sum
		all[k].bias = sampled{all[k].score - all[k].truth, make([]float64, resamples)}
		all[k].beyond = sampled{product(c.takes, residual) / c.sum, make([]float64, resamples)}
	}
	p, beyondP = rank.Holm(p), rank.Holm(beyondP)
	for k := range all {
		all[k].p, all[k].beyondP = p[k], beyondP[k]
	}
	times := make([]float64, len(s))
	for r := range resamples {
		rng := rand.New(rand.NewPCG(seed+streamOperators, uint64(r)))
		clear(times)
		for range times {
			times[rng.IntN(len(times))]++
		}
		var meanS, meanT, st, tt float64
		for i, k := range times {
			meanS, meanT = meanS+k*s[i]/n, meanT+k*t[i]/n
			st, tt = st+k*s[i]*t[i], tt+k*t[i]*t[i]
		}
		slope := (st - n*meanS*meanT) / (tt - n*meanT*meanT)
		for k, c := range cells {
			var w, ws, wt float64
			for _, i := range c.takers {
				x := c.takes[i] * times[i]
				w, ws, wt = w+x, ws+x*s[i], wt+x*t[i]
			}
			ds, dt := ws/w-meanS, wt/w-meanT // NaN if none is drawn
			all[k].bias.resample[r], all[k].beyond.resample[r] = ds-dt, ds-slope*dt
		}
	}
	return all
}

func product(x, y []float64) float64 {
	sum := 0.0
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

// normalPValue is the two-sided p-value of a sum that is normal with mean 0.
func normalPValue(sum, variance float64) float64 {
	if variance <= 0 {
		return 1
	}
	return math.Erfc(math.Abs(sum) / math.Sqrt(2*variance))
}

// biasSpread is the root mean square of biases over the single decisions, of their values as often as they are taken; less what chance alone
// makes of it, as the square of a mean of few architectures is not 0 even if they are drawn at random.
func biasSpread(cells []operatorCell, biases []operatorBias, of func(*operatorBias) sampled, variance float64) sampled {
	total := sampled{resample: make([]float64, resamples)}
	var weight, chance float64
	for _, c := range cells {
		if c.single {
			weight += c.sum
			chance += variance * (1 - c.sum/float64(len(c.takes)))
		}
	}
	if weight == 0 {
		return sampled{math.NaN(), total.resample[:0]}
	}
	for k, c := range cells {
		if !c.single {
			continue
		}
		b := of(&biases[k])
		total.value += c.sum / weight * b.value * b.value
		for r, v := range b.resample {
			if !math.IsNaN(v) {
				total.resample[r] += c.sum / weight * v * v
			}
		}
	}
	// A resample has the chance of the table and its own.
	chance /= weight
	total.value = math.Sqrt(max(0, total.value-chance))
	for r, v := range total.resample {
		total.resample[r] = math.Sqrt(max(0, v-2*chance))
	}
	return total
}

// totalBias is the spread of biases and of what goes beyond noise, and how many of the values are significant.
type totalBias struct {
	name         string
	kind         string
	n            int
	bias, beyond sampled
	significant  int // beyond noise
}

const significance = 0.05

// measureTotal sums up what decisions do to a score.
func measureTotal(name, kind string, cells []operatorCell, score, truth []float64, seed uint64) totalBias {
	biases := measureOperators(cells, score, truth, seed)
	s, t := rankShares(score), rankShares(truth)
	slope := product(s, t) / product(t, t)
	var difference, residual float64
	for i := range s {
		difference += (s[i] - t[i]) * (s[i] - t[i])
		residual += (s[i] - slope*t[i]) * (s[i] - slope*t[i])
	}
	n := float64(len(s))
	b := totalBias{name: name, kind: kind, n: len(s),
		bias:   biasSpread(cells, biases, func(b *operatorBias) sampled { return b.bias }, difference/(n-1)),
		beyond: biasSpread(cells, biases, func(b *operatorBias) sampled { return b.beyond }, residual/(n-2))}
	for k, c := range cells {
		if c.single && biases[k].beyondP < significance {
			b.significant++
		}
	}
	return b
}

// largest are the cells with the largest significant biases beyond noise, at most k, above and below 0; of groups, if the space has any.
func largest(cells []operatorCell, biases []operatorBias, k int) (liked, disliked []int) {
	grouped := slices.ContainsFunc(cells, func(c operatorCell) bool { return !c.single })
	var found []int
	for i, c := range cells {
		if c.single != grouped && biases[i].beyondP < significance {
			found = append(found, i)
		}
	}
	slices.SortStableFunc(found, func(a, b int) int { return cmp.Compare(biases[b].beyond.value, biases[a].beyond.value) })
	for _, i := range found {
		if biases[i].beyond.value > 0 && len(liked) < k {
			liked = append(liked, i)
		}
	}
	for _, i := range slices.Backward(found) {
		if biases[i].beyond.value < 0 && len(disliked) < k {
			disliked = append(disliked, i)
		}
	}
	return liked, disliked
}
