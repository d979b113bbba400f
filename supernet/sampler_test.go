package supernet

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/darts"
	"github.com/oneshot-nas/oneshot/spaces/dartsptb"
	"github.com/oneshot-nas/oneshot/spaces/nasbench101"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/spaces/nasbenchmacro"
	"github.com/oneshot-nas/oneshot/spaces/proxylessnas"
	"github.com/oneshot-nas/oneshot/tensor"
)

// In every step a fair sampler uses the values of a decision equally often, as far as the number of paths is a multiple of theirs.
func TestFair(t *testing.T) {
	kept, err := spaces.Keep(nasbench201.New(), map[string][]string{"0_1": {"none", "nor_conv_3x3", "skip_connect"}, "1_2": {"avg_pool_3x3"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, space := range map[string]spaces.Space{
		"nasbench201": nasbench201.New(), "part of nasbench201": kept, "darts": darts.New(), "dartsptb": dartsptb.New(),
		"proxylessnas": proxylessnas.New(), "nasbenchmacro": nasbenchmacro.New(),
	} {
		s, err := Fair(space)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		allowed := spaces.Allowed(space)
		rng := rand.New(rand.NewPCG(1, 2))
		var first []spaces.Arch
		for step := range 5 {
			paths := s.Paths(nil, rng, step)
			if step == 0 {
				first = paths
			}
			used := make([]map[int]int, len(allowed))
			for i := range used {
				used[i] = make(map[int]int)
			}
			for _, a := range paths {
				if _, err := space.Parse(a.String()); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				for i, v := range a.Values() {
					used[i][v]++
				}
			}
			for i, values := range allowed {
				least, most := len(paths)/len(values), (len(paths)+len(values)-1)/len(values)
				for _, v := range values {
					if n := used[i][v]; n < least || n > most {
						t.Errorf("%s, step %d: decision %d takes value %d %d times in %d paths, want %d to %d", name, step, i, v, n, len(paths), least, most)
					}
				}
			}
		}
		if again := s.Paths(nil, rand.New(rand.NewPCG(1, 2)), 0); !slices.EqualFunc(first, again, func(a, b spaces.Arch) bool { return a.String() == b.String() }) {
			t.Errorf("%s: the same random numbers draw other architectures", name)
		}
	}
}

func TestFairWhereItCannotBe(t *testing.T) {
	if _, err := Fair(nasbench101.New()); err == nil {
		t.Error("a space whose architectures are not composed of values was accepted")
	}
}

func TestMultiPath(t *testing.T) {
	s, err := MultiPath(nasbench201.New(), 4)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(s.Paths(nil, rand.New(rand.NewPCG(1, 2)), 0)); n != 4 {
		t.Errorf("%d paths, want 4", n)
	}
	if _, err := MultiPath(nasbench201.New(), 0); err == nil {
		t.Error("no paths were accepted")
	}
}

// The gradient of a step with several paths is the mean of their gradients: twice the same path is that path, up to rounding.
func TestPathsAreAveraged(t *testing.T) {
	arch := nasbench201.FromOrdinal(11111)
	train := func(paths int) []float32 {
		tr, err := NewTrainer(NewNASBench201(smallSpace, 3, nil), repeated{arch, paths}, NewImages(blobs{64, 3}, blobs{64, 3}), smallConfig(1))
		if err != nil {
			t.Fatal(err)
		}
		step(t, tr)
		var all []float32
		for _, p := range tr.Model.Store().Params { // running statistics move with every path
			all = append(all, p.Value.Data...)
		}
		return all
	}
	one, two := train(1), train(2)
	if e := nmse(tensor.Wrap(two, len(two)), tensor.Wrap(one, len(one))); e > 1e-12 {
		t.Errorf("twice the same path is another step than once: normalised error %.2g", e)
	}
}

// repeated takes one architecture several times in each step.
type repeated struct {
	arch spaces.Arch
	n    int
}

func (r repeated) Paths(dst []spaces.Arch, _ *rand.Rand, _ int) []spaces.Arch {
	return append(dst, slices.Repeat([]spaces.Arch{r.arch}, r.n)...)
}
