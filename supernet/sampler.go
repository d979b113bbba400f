package supernet

import (
	"fmt"
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/spaces"
)

// Sampler decides which architectures a training step uses. Their gradients are averaged.
type Sampler interface {
	// Paths appends the architectures of a step, at least one, to dst.
	Paths(dst []spaces.Arch, rng *rand.Rand, step int) []spaces.Arch
}

// Uniform draws one architecture a step from the prior of a space or of a part of one ([spaces.Keep] and the like): what
// the paper does.
func Uniform(space spaces.Space) Sampler { return uniform{space, 1} }

// MultiPath draws k architectures a step independently (arXiv 2010.08219, section on multi-path training).
func MultiPath(space spaces.Space, k int) (Sampler, error) {
	if k < 1 {
		return nil, fmt.Errorf("supernet: multi-path sampling with %d paths: want at least 1", k)
	}
	return uniform{space, k}, nil
}

type uniform struct {
	space spaces.Space
	k     int
}

func (u uniform) Paths(dst []spaces.Arch, rng *rand.Rand, _ int) []spaces.Arch {
	for range u.k {
		dst = append(dst, u.space.Sample(rng))
	}
	return dst
}

// Fixed always draws one architecture: stand-alone training.
type Fixed struct{ Arch spaces.Arch }

// Paths returns the architecture.
func (f Fixed) Paths(dst []spaces.Arch, _ *rand.Rand, _ int) []spaces.Arch {
	return append(dst, f.Arch)
}

// Fair uses every value of every decision equally often in each step (Chu et al. 2021, FairNAS, arXiv 1907.01845, strict
// fairness): as many paths as the decision with the most values has, each decision going through its values in an order of
// its own, those with fewer values once more, as far as the paths reach. The space, or part of one, must be one whose
// architectures are composed of a value for each decision ([spaces.Composer]). Where some combinations are no architecture,
// paths exchange values of a decision until all are. It is an error if that does not succeed.
func Fair(space spaces.Space) (Sampler, error) {
	c, ok := space.(spaces.Composer)
	if !ok {
		return nil, fmt.Errorf("supernet: fair sampling needs a space whose architectures are composed of a value for each decision, which those of %s are not", space.Name())
	}
	f := &fair{composer: c, allowed: spaces.Allowed(space)}
	paths := 0
	for _, values := range f.allowed {
		paths = max(paths, len(values))
	}
	f.paths = make([][]int, paths)
	for k := range f.paths {
		f.paths[k] = make([]int, len(f.allowed))
	}
	f.archs = make([]spaces.Arch, paths)
	if !f.draw(rand.New(rand.NewPCG(0, 0))) {
		return nil, fmt.Errorf("supernet: of %s no %d architectures were found that use every value of every decision equally often", space.Name(), paths)
	}
	return f, nil
}

type fair struct {
	composer spaces.Composer
	allowed  [][]int // values, by decision
	paths    [][]int // values, by path and decision
	archs    []spaces.Arch
}

func (f *fair) Paths(dst []spaces.Arch, rng *rand.Rand, _ int) []spaces.Arch {
	for !f.draw(rng) { // it has succeeded once
	}
	return append(dst, f.archs...)
}

// A draw deals out the values anew if paths that exchange some do not all become architectures: where the number of paths is no
// multiple of that of the values, it depends on which ones are dealt once more than others.
const deals, exchanges = 200, 2000

// draw composes architectures that use every value equally often.
func (f *fair) draw(rng *rand.Rand) bool {
	for range deals {
		if f.deal(rng) {
			return true
		}
	}
	return false
}

func (f *fair) deal(rng *rand.Rand) bool {
	for i, values := range f.allowed {
		for first := 0; first < len(f.paths); first += len(values) {
			for k, v := range rng.Perm(len(values)) {
				if first+k < len(f.paths) {
					f.paths[first+k][i] = values[v]
				}
			}
		}
		rng.Shuffle(len(f.paths), func(a, b int) { f.paths[a][i], f.paths[b][i] = f.paths[b][i], f.paths[a][i] })
	}
	var bad []int
	for k := range f.paths {
		if !f.compose(k) {
			bad = append(bad, k)
		}
	}
	for range exchanges {
		if len(bad) == 0 {
			return true
		}
		// A path that is no architecture exchanges a value with another one, unless that spoils the other.
		a, b, i := bad[rng.IntN(len(bad))], rng.IntN(len(f.paths)), rng.IntN(len(f.allowed))
		wasGood := f.archs[b] != nil
		f.paths[a][i], f.paths[b][i] = f.paths[b][i], f.paths[a][i]
		if okA, okB := f.compose(a), f.compose(b); wasGood && !okB && !okA {
			f.paths[a][i], f.paths[b][i] = f.paths[b][i], f.paths[a][i]
			f.compose(a)
			f.compose(b)
		}
		bad = bad[:0]
		for k, arch := range f.archs {
			if arch == nil {
				bad = append(bad, k)
			}
		}
	}
	return false
}

// compose makes the architecture of path k; false if its values do not go together.
func (f *fair) compose(k int) bool {
	a, ok := f.composer.Compose(f.paths[k])
	if !ok {
		a = nil
	}
	f.archs[k] = a
	return ok
}
