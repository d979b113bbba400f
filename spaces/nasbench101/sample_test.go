package nasbench101

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// chiSquare fails the test if counts do not fit the expected ones at a level of about one in a million.
func chiSquare[K comparable](t *testing.T, what string, got map[K]int, want map[K]float64) {
	t.Helper()
	chi := 0.0
	for k, w := range want {
		d := float64(got[k]) - w
		chi += d * d / w
	}
	for k := range got {
		if want[k] == 0 {
			t.Errorf("%s: %v was drawn", what, k)
		}
	}
	// The normal approximation of Wilson and Hilferty, 4.75 standard deviations out.
	df := float64(len(want) - 1)
	if limit := df * math.Pow(1-2/(9*df)+4.75*math.Sqrt(2/(9*df)), 3); chi > limit {
		t.Errorf("%s: chi-square %.1f with %.0f degrees of freedom, limit %.1f", what, chi, df, limit)
	}
}

// Vertices in proportion to 2^n, the graphs of four vertices and the operations alike.
func TestSampleFrequencies(t *testing.T) {
	const draws = 40000
	rng := rand.New(rand.NewPCG(1, 2))
	vertices, graphs4, operations := map[int]int{}, map[uint32]int{}, map[[2]int]int{}
	inner := 0
	for range draws {
		a := New().Sample(rng).(Arch)
		vertices[a.Vertices()]++
		if a.Vertices() == 4 {
			graphs4[a.edges]++
		}
		for v := 1; v < a.Vertices()-1; v++ {
			operations[[2]int{0, int(a.Op(v))}]++
			inner++
		}
	}
	want := map[int]float64{}
	for n := 2; n <= MaxVertices; n++ {
		want[n] = draws * math.Exp2(float64(n)) / 252
	}
	chiSquare(t, "vertices", vertices, want)
	wantGraphs := map[uint32]float64{}
	for edges := range uint32(1) << shift(4) {
		if complete(4, edges) && bits.OnesCount32(edges) <= MaxEdges {
			wantGraphs[edges] = 0
		}
	}
	for edges := range wantGraphs {
		wantGraphs[edges] = float64(vertices[4]) / float64(len(wantGraphs))
	}
	chiSquare(t, "graphs of four vertices", graphs4, wantGraphs)
	wantOps := map[[2]int]float64{}
	for o := range int(numOps) {
		wantOps[[2]int{0, o}] = float64(inner) / float64(numOps)
	}
	chiSquare(t, "operations", operations, wantOps)
}

func TestOneShotSampleFrequencies(t *testing.T) {
	const draws = 40000
	rng := rand.New(rand.NewPCG(1, 2))
	byGraph, byOp, byFirstAndLast := map[uint32]int{}, map[Op]int{}, map[[2]Op]int{}
	for range draws {
		a := NewOneShot().Sample(rng).(OneShotArch)
		byGraph[a.edges]++
		byOp[a.Op(3)]++
		byFirstAndLast[[2]Op{a.Op(1), a.Op(5)}]++
	}
	wantGraph, wantOp, wantPair := map[uint32]float64{}, map[Op]float64{}, map[[2]Op]float64{}
	for _, g := range graphs() {
		wantGraph[g] = draws / 395.0
	}
	for o := range numOps {
		wantOp[o] = draws / 3.0
		for p := range numOps {
			wantPair[[2]Op{o, p}] = draws / 9.0
		}
	}
	chiSquare(t, "graphs", byGraph, wantGraph)
	chiSquare(t, "operations of vertex 3", byOp, wantOp)
	chiSquare(t, "operations of vertices 1 and 5", byFirstAndLast, wantPair)
}
