package nasbench101

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces/internal/frequency"
)

// Vertices in proportion to 2^n, the graphs of four vertices and the operations alike.
func TestSampleFrequencies(t *testing.T) {
	const draws = 40000
	rng := rand.New(rand.NewPCG(1, 2))
	vertices, graphs4, operations := map[int]int{}, map[uint32]int{}, map[Op]int{}
	for range draws {
		a := New().Sample(rng).(Arch)
		vertices[a.Vertices()]++
		if a.Vertices() == 4 {
			graphs4[a.edges]++
		}
		for v := 1; v < a.Vertices()-1; v++ {
			operations[a.Op(v)]++
		}
	}
	want := map[int]float64{}
	for n := 2; n <= MaxVertices; n++ {
		want[n] = draws * math.Exp2(float64(n)) / 252
	}
	frequency.Check(t, "vertices", vertices, want)
	valid := 0
	for edges := range uint32(1) << shift(4) {
		if complete(4, edges) {
			valid++
		}
	}
	frequency.Uniform(t, "graphs of four vertices", graphs4, valid)
	frequency.Uniform(t, "operations", operations, int(numOps))
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
	frequency.Uniform(t, "graphs", byGraph, 395)
	frequency.Uniform(t, "operations of vertex 3", byOp, int(numOps))
	frequency.Uniform(t, "operations of vertices 1 and 5", byFirstAndLast, int(numOps*numOps))
}
