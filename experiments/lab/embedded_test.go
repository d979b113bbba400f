package lab

import (
	"context"
	"flag"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
)

// The embedded tables are about the tiny recipes as they are, on data as they are generated, and large enough.
func TestEmbedded(t *testing.T) {
	for _, name := range Spaces() {
		t.Run(name, func(t *testing.T) {
			l, err := Open(t.Context(), options(t, "-space", name, "-study", filepath.Join(t.TempDir(), "study"), "-quiet"))
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			e := l.embedded
			if e == nil {
				t.Fatalf("the embedded truth is not about the tiny recipe:%s; make it anew with the command in truth/%s.json", l.why, name)
			}
			repeated := 0
			for _, n := range e.seeds {
				if n >= 3 {
					repeated++
				}
			}
			if n := len(e.archs); n < 200 || n != e.Architectures || repeated < 60 || len(e.results) != e.Trainings {
				t.Errorf("%d architectures, %d of them three times, %d results; %s.json says %d and %d", n, repeated, len(e.results), name, e.Architectures, e.Trainings)
			}
			if e.Command == "" || e.Revision == "" || e.Machine == "" || e.Go == "" {
				t.Errorf("where it comes from is not told: %+v", e.Provenance)
			}
			if len(l.Archs()) != min(l.Config.Archs, len(e.archs)) {
				t.Errorf("%d architectures to compare, the recipe says %d", len(l.Archs()), l.Config.Archs)
			}
			truth, err := l.Truth(context.Background(), l.Archs())
			if err != nil {
				t.Fatal(err)
			}
			for i, curves := range truth.Curves {
				for k, c := range curves {
					if len(c) != l.Config.Alone.Epochs || c[len(c)-1] != truth.Runs[i][k] {
						t.Fatalf("%v, run %d: curve %v, result %v", l.archs[i], k, c, truth.Runs[i][k])
					}
				}
			}
		})
	}
}

// cheaper says whether an architecture has as many kinds of layers as another and is trained sooner, or more kinds.
func cheaper(space spaces.Space, a, than spaces.Arch) bool {
	of := func(a spaces.Arch) (kinds int, macs int64) {
		n := space.Network(a)
		seen := make(map[string]bool)
		for _, layer := range n.Layers {
			seen[fmt.Sprint(layer.Kind, layer.KH, layer.Groups > 1)] = true
		}
		return len(seen), n.MACs()
	}
	kinds, macs := of(a)
	most, least := of(than)
	return kinds > most || kinds == most && macs < least
}

var long = flag.Bool("long", false, "an architecture of every embedded truth trained again")

// The cheapest architecture with all kinds of layers, trained again, has the result that the table has, but for what runs of one architecture differ by: on another ISA sums
// are rounded in another order, and after thousands of steps that is another run.
func TestEmbeddedAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("seconds")
	}
	for _, name := range Spaces() {
		t.Run(name, func(t *testing.T) {
			if name != "nasbench201" && !*long {
				t.Skip("seconds for each space; see -long")
			}
			l, err := Open(t.Context(), options(t, "-space", name, "-study", filepath.Join(t.TempDir(), "study"), "-quiet", "-truth", TrainedTruth, "-archs", "2", "-truth-seeds", "1"))
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			metric, _ := l.metric()
			e, err := readEmbedded(l.whole, name, metric)
			if err != nil || e == nil {
				t.Fatal("no embedded truth: ", err)
			}
			var within []float64 // variances between runs
			for _, a := range e.archs {
				var runs []float64
				for s := range e.seeds[a.String()] {
					runs = append(runs, e.results[rowKey(training{a, s + 1}.key()...)])
				}
				if len(runs) > 1 {
					mean, sum := 0.0, 0.0
					for _, v := range runs {
						mean += v / float64(len(runs))
					}
					for _, v := range runs {
						sum += (v - mean) * (v - mean)
					}
					within = append(within, sum/float64(len(runs)-1))
				}
			}
			variance := 0.0
			for _, v := range within {
				variance += v / float64(len(within))
			}
			const deviations = 4
			tolerance := deviations * math.Sqrt(variance)
			a := e.archs[slices.IndexFunc(e.archs, connected)]
			for _, other := range e.archs {
				if connected(other) && cheaper(l.whole, other, a) {
					a = other
				}
			}
			truth, err := l.Truth(context.Background(), []spaces.Arch{a})
			if err != nil {
				t.Fatal(err)
			}
			want := l.better([]float64{e.results[rowKey(training{a, 1}.key()...)]})[0]
			got := truth.Runs[0][0]
			t.Logf("%v: %v, the table has %v (made on %s), tolerance %.3g", a, got, want, e.Machine, tolerance)
			if !(math.Abs(got-want) <= tolerance) {
				t.Errorf("%v trained again has %v, the table %v; they may differ by %.3g, %d standard deviations between runs", a, got, want, tolerance, deviations)
			}
		})
	}
}
