package spaces_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/internal/frequency"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

// Folds have the same architectures as what they divide, and sizes that differ by one at most.
func checkFolds(t *testing.T, folds [][]spaces.Arch, all []spaces.Arch, k int) {
	t.Helper()
	if len(folds) != k {
		t.Fatalf("%d folds, want %d", len(folds), k)
	}
	seen := make(map[spaces.Arch]int)
	for _, f := range folds {
		if len(f) < len(all)/k || len(f) > (len(all)+k-1)/k {
			t.Errorf("a fold of %d of %d architectures", len(f), len(all))
		}
		for _, a := range f {
			seen[a]++
		}
	}
	for _, a := range all {
		if seen[a] != 1 {
			t.Errorf("%v is in %d folds", a, seen[a])
		}
	}
}

func TestRandomFolds(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	all := slices.Collect(nasbench201.New().All())[:103]
	given := slices.Clone(all)
	for _, k := range []int{1, 2, 5, 103} {
		checkFolds(t, spaces.RandomFolds(all, k, rng), all, k)
	}
	if !slices.Equal(all, given) {
		t.Error("the architectures have been reordered")
	}
	// Any two are as often in one fold as chance has it.
	together := make(map[bool]int)
	const draws = 20000
	for range draws {
		folds := spaces.RandomFolds(all[:10], 2, rng)
		together[slices.Contains(folds[0], all[0]) == slices.Contains(folds[0], all[1])]++
	}
	frequency.Check(t, "two in one fold", together, map[bool]float64{true: draws * 4. / 9, false: draws * 5. / 9})
}

func TestQuantileFolds(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	all := slices.Collect(nasbench201.New().All())[:50]
	results := make([]float64, len(all))
	of := make(map[spaces.Arch]float64)
	for i, a := range all {
		results[i] = float64(rng.IntN(20)) // with ties
		of[a] = results[i]
	}
	for _, k := range []int{1, 3, 50} {
		folds := spaces.QuantileFolds(all, results, k)
		checkFolds(t, folds, all, k)
		for i := 1; i < k; i++ {
			worst := slices.MinFunc(folds[i], func(a, b spaces.Arch) int { return int(of[a] - of[b]) })
			best := slices.MaxFunc(folds[i-1], func(a, b spaces.Arch) int { return int(of[a] - of[b]) })
			if of[worst] < of[best] {
				t.Errorf("fold %d has the result %v, the fold before %v", i, of[worst], of[best])
			}
		}
	}
	// Of equals those that stand earlier are in the lower fold.
	folds := spaces.QuantileFolds(all[:4], []float64{1, 1, 1, 0}, 2)
	if want := [][]spaces.Arch{{all[3], all[0]}, {all[1], all[2]}}; fmt.Sprint(folds) != fmt.Sprint(want) {
		t.Errorf("folds %v, want %v", folds, want)
	}
}

func TestFoldPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"no fold":        func() { spaces.RandomFolds(archs(1, 2), 0, rand.New(rand.NewPCG(1, 2))) },
		"too many folds": func() { spaces.QuantileFolds(archs(1, 2), []float64{1, 2}, 3) },
		"a result less":  func() { spaces.QuantileFolds(archs(1, 2), []float64{1}, 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

// Does a supernet rank better if it is trained on the good architectures only? Here the multiply-adds stand for how good they
// are; the package truth reads what the benchmarks have measured.
func ExampleQuantileFolds() {
	space, err := spaces.Keep(nasbench201.New(), map[string][]string{"0_1": {"skip_connect"}, "0_3": {"skip_connect"}})
	if err != nil {
		panic(err)
	}
	all := slices.Collect(space.All())
	results := make([]float64, len(all))
	for i, a := range all {
		results[i] = float64(space.Network(a).MACs())
	}
	folds := spaces.QuantileFolds(all, results, 3)
	best, err := spaces.List(space, folds[2])
	if err != nil {
		panic(err)
	}
	fmt.Println(space.Size(), best.Size())
	fmt.Println(space.Network(best.Sample(rand.New(rand.NewPCG(1, 2)))).MACs())
	// Output:
	// 625 209
	// 82494080
}
