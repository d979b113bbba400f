package analysis

import (
	"cmp"
	"math"
	"slices"

	"github.com/oneshot-nas/oneshot/spaces"
)

// branch is a value of a decision of a space.
type branch struct{ decision, value int }

// panel is architectures of the part of a space that is left, with what branches are judged by.
type panel struct {
	choices []spaces.Choice
	values  [][]int   // of each architecture
	score   []float64 // higher is better
	params  []float64
}

// takers is how many architectures must take a branch for anything to be said of it.
const takers = 3

// branchScore says what branches are worth, by decision and value; NaN where too few architectures of the panel take them.
type branchScore struct {
	name string
	of   func(*panel) [][]float64
}

// branchScores are those of the paper's second version.
var branchScores = []branchScore{
	{"mean score", func(p *panel) [][]float64 { return p.mean(p.score) }},
	{"dominance", (*panel).dominance},
	{"residual", func(p *panel) [][]float64 { return p.mean(residuals(p.score, p.params)) }},
}

// each calls f with every branch and the architectures that take it.
func (p *panel) each(f func(branch, []int) float64) [][]float64 {
	worth := make([][]float64, len(p.choices))
	for d, c := range p.choices {
		taking := make([][]int, len(c.Values))
		for i, v := range p.values {
			if v[d] >= 0 {
				taking[v[d]] = append(taking[v[d]], i)
			}
		}
		worth[d] = make([]float64, len(c.Values))
		for v := range c.Values {
			worth[d][v] = math.NaN()
			if len(taking[v]) >= takers {
				worth[d][v] = f(branch{d, v}, taking[v])
			}
		}
	}
	return worth
}

// mean is the mean number of the architectures that take a branch.
func (p *panel) mean(number []float64) [][]float64 {
	return p.each(func(_ branch, taking []int) float64 {
		sum := 0.0
		for _, i := range taking {
			sum += number[i]
		}
		return sum / float64(len(taking))
	})
}

// dominance is the share of pairs, of an architecture that takes the branch and one that decides otherwise, in which the first has the
// higher score and no more parameters.
func (p *panel) dominance() [][]float64 {
	return p.each(func(b branch, taking []int) float64 {
		wins, pairs := 0, 0
		for j, v := range p.values {
			if v[b.decision] < 0 || v[b.decision] == b.value {
				continue
			}
			for _, i := range taking {
				pairs++
				if p.score[i] > p.score[j] && p.params[i] <= p.params[j] {
					wins++
				}
			}
		}
		if pairs == 0 {
			return math.NaN() // the only value that is left
		}
		return float64(wins) / float64(pairs)
	})
}

// residuals are what is left of scores once a line in the logarithm of the number of parameters has been fitted to them by least squares:
// how much better an architecture is than its size lets expect.
func residuals(score, params []float64) []float64 {
	n := float64(len(score))
	var meanX, meanY float64
	x := make([]float64, len(params))
	for i, p := range params {
		x[i] = math.Log(p)
		meanX += x[i] / n
		meanY += score[i] / n
	}
	var xx, xy float64
	for i := range x {
		xx += (x[i] - meanX) * (x[i] - meanX)
		xy += (x[i] - meanX) * (score[i] - meanY)
	}
	slope := 0.0
	if xx > 1e-12*n { // or all are of one size
		slope = xy / xx
	}
	rest := make([]float64, len(score))
	for i := range rest {
		rest[i] = score[i] - meanY - slope*(x[i]-meanX)
	}
	return rest
}

// halve drops the branches that are worth least, one after another, until at most half of the architectures of the panel are left. It
// drops none that is all that is left of a decision, none that would take more than three quarters of the panel away, none that nothing is
// known of, and none that cannot be dropped besides those before it.
func (p *panel) halve(worth [][]float64, possible func([]branch) bool) (dropped []branch) {
	var order []branch
	open := make([]int, len(p.choices)) // values left
	for d := range worth {
		for v, w := range worth[d] {
			if !math.IsNaN(w) {
				order = append(order, branch{d, v})
				open[d]++
			}
		}
	}
	slices.SortStableFunc(order, func(a, b branch) int {
		return cmp.Compare(worth[a.decision][a.value], worth[b.decision][b.value])
	})
	left := p.values
	for _, b := range order {
		if 2*len(left) <= len(p.values) {
			break
		}
		without := slices.DeleteFunc(slices.Clone(left), func(v []int) bool { return v[b.decision] == b.value })
		if open[b.decision] < 2 || len(without) == len(left) || 4*len(without) < len(p.values) {
			continue
		}
		if !possible(append(dropped[:len(dropped):len(dropped)], b)) {
			continue
		}
		dropped, left = append(dropped, b), without
		open[b.decision]--
	}
	return dropped
}

// names writes branches as variants and flags have them.
func names(choices []spaces.Choice, branches []branch) map[string][]string {
	m := make(map[string][]string)
	for _, b := range branches {
		c := choices[b.decision]
		m[c.Name] = append(m[c.Name], c.Values[b.value])
	}
	for _, values := range m {
		slices.Sort(values)
	}
	return m
}
