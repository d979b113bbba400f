package analysis

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/spaces"
)

// capacitySetting is a way to train, and what it is judged on.
type capacitySetting struct {
	part, name string
	supernets  []capacitySupernet
	// Weights that each choice has for each one of the study's own supernet: in all its supernets, or copies.
	weights int
	curve   string // of the figure, to which it belongs; "" for none
	byTruth bool   // what is trained depends on the truth
}

// capacitySupernet is one of the supernets of a setting, with the architectures that it scores.
type capacitySupernet struct {
	variant lab.Variant
	archs   []int
}

// The curves of the figure.
const (
	curveCopies     = "copies of each choice"
	curveStructured = "folds by one decision"
	curveRandom     = "random folds of the compared"
	curveEach       = ", each trained as long"
)

// capacityPlan is what settings are made of.
type capacityPlan struct {
	capacityRun
	space  spaces.Space
	archs  []spaces.Arch
	truth  []float64
	epochs int
	seed   uint64
}

// share is a k-th of the epochs, to the nearest, at least one.
func (p *capacityPlan) share(k int) int { return max(1, int(math.Round(float64(p.epochs)/float64(k)))) }

// all are the indices of all architectures.
func (p *capacityPlan) all() []int {
	all := make([]int, len(p.archs))
	for i := range all {
		all[i] = i
	}
	return all
}

// of are the architectures that a supernet scores.
func (p *capacityPlan) of(n capacitySupernet) []spaces.Arch {
	archs := make([]spaces.Arch, len(n.archs))
	for i, a := range n.archs {
		archs[i] = p.archs[a]
	}
	return archs
}

// one is a setting of one supernet that scores all.
func (p *capacityPlan) one(part, name string, v lab.Variant) capacitySetting {
	return capacitySetting{part: part, name: name, weights: 1, supernets: []capacitySupernet{{v, p.all()}}}
}

// settings are what is to be compared to the study's own supernet, in the order in which a budget is spent. Those of a group are
// trained together or not at all.
func (p *capacityPlan) settings() [][]capacitySetting {
	list := p.one("folds", "the compared architectures alone", lab.Variant{Archs: p.archs})
	list.curve = curveRandom
	groups := [][]capacitySetting{
		{p.copies(2)},
		p.structured(2, false),
		{p.one("seed", anotherSeed, lab.Variant{Seed: 1})},
		{p.one("length", "half the epochs", lab.Variant{Epochs: p.share(2)})},
		{list, p.random(2, false)},
		p.omniscience(),
		{p.copies(4)},
		p.structured(4, false),
		{p.random(4, false)},
		{p.quantiles(2, false)},
		{p.fair()},
		{p.one("sampler", "three paths a step, a third of the epochs", lab.Variant{Sampler: "multi-path:3", Epochs: p.share(3)})},
		{p.one("schedule", "warm restarts", lab.Variant{Schedule: "cosine-restarts", Restarts: min(3, p.epochs)})},
		{p.one("width", "half the width", lab.Variant{Width: 0.5})},
		{p.one("length", "twice the epochs", lab.Variant{Epochs: 2 * p.epochs})},
		{p.quantiles(4, false)},
		p.structured(2, true),
		{p.random(2, true)},
		{p.quantiles(2, true)},
		{p.one("width", "twice the width", lab.Variant{Width: 2})},
		p.structured(4, true),
		{p.random(4, true)},
		{p.quantiles(4, true)},
	}
	return slices.DeleteFunc(groups, func(g []capacitySetting) bool {
		return len(g) == 0 || !slices.Contains(p.parts, g[0].part)
	})
}

func (p *capacityPlan) copies(k int) capacitySetting {
	s := p.one("copies", fmt.Sprintf("%d copies of each choice", k), lab.Variant{Replicate: k})
	s.weights, s.curve = k, curveCopies
	return s
}

// fair takes as many paths a step as the decision with the most values has, and as many steps fewer.
func (p *capacityPlan) fair() capacitySetting {
	paths := p.fairPaths()
	return p.one("sampler", fmt.Sprintf("fair: %d paths a step, 1/%d of the epochs", paths, paths), lab.Variant{Sampler: "fair", Epochs: p.share(paths)})
}

func (p *capacityPlan) fairPaths() int {
	paths := 1
	for _, values := range spaces.Allowed(p.space) {
		paths = max(paths, len(values))
	}
	return paths
}

// folds is a setting of one supernet for each fold, all together as long as one, or each.
func (p *capacityPlan) folds(how string, parts []capacitySupernet, each bool) capacitySetting {
	s := capacitySetting{part: "folds", supernets: parts, weights: len(parts)}
	epochs, name := p.share(len(parts)), "together as long"
	if each {
		epochs, name = 0, "each as long"
	}
	s.name = fmt.Sprintf("%d folds %s, %s", len(parts), how, name)
	for i := range parts {
		parts[i].variant.Epochs = epochs
	}
	return s
}

// structured divides the whole space by the values of one decision, as few-shot NAS does (Zhao et al. 2021, arXiv 2006.06863): the
// first that has at least three. Where the decision does not arise, the first fold has the architecture.
func (p *capacityPlan) structured(k int, each bool) []capacitySetting {
	choices := p.space.Choices()
	allowed := spaces.Allowed(p.space)
	d := slices.IndexFunc(allowed, func(values []int) bool { return len(values) >= 3 })
	if d < 0 {
		return nil
	}
	k = min(k, len(allowed[d]))
	parts := make([]capacitySupernet, k)
	fold := make(map[int]int) // of a value
	for i, v := range allowed[d] {
		f := i * k / len(allowed[d])
		fold[v] = f
		if parts[f].variant.Keep == nil {
			parts[f].variant.Keep = make(map[string][]string)
		}
		keep := parts[f].variant.Keep
		keep[choices[d].Name] = append(keep[choices[d].Name], choices[d].Values[v])
	}
	for i, a := range p.archs {
		f := fold[a.Values()[d]] // 0 for -1
		parts[f].archs = append(parts[f].archs, i)
	}
	s := p.folds("by "+choices[d].Name, parts, each)
	s.curve = curveStructured
	if each {
		s.curve += curveEach
	}
	return []capacitySetting{s}
}

// listed makes supernets of lists of architectures.
func (p *capacityPlan) listed(lists [][]spaces.Arch) []capacitySupernet {
	index := make(map[string]int, len(p.archs))
	for i, a := range p.archs {
		index[a.String()] = i
	}
	supernets := make([]capacitySupernet, len(lists))
	for f, list := range lists {
		supernets[f].variant.Archs = list
		for _, a := range list {
			supernets[f].archs = append(supernets[f].archs, index[a.String()])
		}
		slices.Sort(supernets[f].archs)
	}
	return supernets
}

func (p *capacityPlan) rng() *rand.Rand { return rand.New(rand.NewPCG(p.seed, streamFolds)) }

func (p *capacityPlan) random(k int, each bool) capacitySetting {
	s := p.folds("at random", p.listed(spaces.RandomFolds(p.archs, k, p.rng())), each)
	s.curve = curveRandom
	if each {
		s.curve += curveEach
	}
	return s
}

func (p *capacityPlan) quantiles(k int, each bool) capacitySetting {
	s := p.folds("by truth", p.listed(spaces.QuantileFolds(p.archs, p.truth, k)), each)
	s.byTruth = true
	return s
}

// omniscience trains on the best third by truth, and on a random third of the same size.
func (p *capacityPlan) omniscience() []capacitySetting {
	thirds := p.listed(spaces.QuantileFolds(p.archs, p.truth, 3))
	best := thirds[2]
	random := p.listed([][]spaces.Arch{spaces.RandomFolds(p.archs, 3, p.rng())[2]})[0]
	on := func(name string, of capacitySupernet, archs []int) capacitySetting {
		return capacitySetting{part: "omniscience", name: name, weights: 1, byTruth: true, supernets: []capacitySupernet{{of.variant, archs}}}
	}
	return []capacitySetting{
		on(bestOnBest, best, best.archs),
		on(randomOnBest, random, best.archs),
		on("the best third, ranking all", best, p.all()),
		on("a random third, ranking all", random, p.all()),
	}
}

// Settings that findings ask for.
const (
	anotherSeed  = "another seed"
	bestOnBest   = "the best third, ranking the best third"
	randomOnBest = "a random third, ranking the best third"
)

// passes is how often a variant goes forwards and backwards through a network in each step.
func (p *capacityPlan) passes(v lab.Variant) int {
	switch v.Sampler {
	case "fair":
		return p.fairPaths()
	case "multi-path:3":
		return 3
	}
	return 1
}

// cost is what settings take, relative to the study's own supernet: passes through networks, whose time grows with the square of
// their width.
func (p *capacityPlan) cost(settings []capacitySetting) float64 {
	sum := 0.0
	var counted []lab.Variant
	for _, s := range settings {
		for _, n := range s.supernets {
			v := n.variant
			if slices.ContainsFunc(counted, func(o lab.Variant) bool { return sameVariant(o, v) }) {
				continue
			}
			counted = append(counted, v)
			c := float64(p.passes(v))
			if v.Epochs != 0 {
				c *= float64(v.Epochs) / float64(p.epochs)
			}
			if v.Width != 0 {
				c *= v.Width * v.Width
			}
			sum += c
		}
	}
	return sum
}

// sameVariant compares what settings of this analysis differ in.
func sameVariant(a, b lab.Variant) bool {
	return a.Seed == b.Seed && a.Epochs == b.Epochs && a.Sampler == b.Sampler && a.Schedule == b.Schedule && a.Restarts == b.Restarts && a.Width == b.Width &&
		a.Replicate == b.Replicate && slices.Equal(a.Archs, b.Archs) && maps.EqualFunc(a.Keep, b.Keep, slices.Equal)
}

// capacitySkipped is a setting that is not run.
type capacitySkipped struct {
	capacitySetting
	why error // nil if it is the budget
}

// affordable takes the settings that are possible, as long as the budget lasts.
func (p *capacityPlan) affordable(possible func(lab.Variant) error) (chosen []capacitySetting, skipped []capacitySkipped) {
	left := p.budget
	for _, group := range p.settings() {
		var why error
		for _, s := range group {
			for _, n := range s.supernets {
				if why == nil {
					why = possible(n.variant)
				}
			}
		}
		cost := p.cost(group)
		if why == nil && cost <= left {
			left -= cost
			chosen = append(chosen, group...)
			continue
		}
		for _, s := range group {
			skipped = append(skipped, capacitySkipped{s, why})
		}
	}
	return chosen, skipped
}

// possibleIn says why a variant cannot be trained in a study.
func possibleIn(l *lab.Lab) func(lab.Variant) error {
	return func(v lab.Variant) error {
		if err := l.Possible(v); err != nil || v.Width == 0 {
			return err
		}
		part, err := l.PartOf(v)
		if err != nil {
			return err
		}
		if a := l.Archs()[0]; part.Network(a).Params() == l.Space.Network(a).Params() {
			return fmt.Errorf("the width of these networks cannot be multiplied by %g", v.Width)
		}
		return nil
	}
}
