package nasbench101

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces"
)

// output is the number under which the output's inputs are listed among the choices, however many vertices a cell has.
const output = MaxVertices - 1

// inputSets lists, for each vertex, the sets of vertices that edges can come from. Those that the subspace of [OneShot] knows
// come first, so that its choices are the first values of the whole space's. Otherwise small sets come first; sets of the same
// size are in lexicographic order.
var inputSets = func() (sets [MaxVertices][]uint32) {
	for to := 1; to < MaxVertices; to++ {
		for set := uint32(1); set < 1<<to; set++ {
			sets[to] = append(sets[to], set)
		}
		slices.SortFunc(sets[to], func(s, t uint32) int {
			return slices.Compare(inputKey(to, s), inputKey(to, t))
		})
	}
	return sets
}()

// inputKey is what inputSets is sorted by.
func inputKey(to int, set uint32) []int {
	other := 1
	if oneShotInput(to, set) {
		other = 0
	}
	return append([]int{other, bits.OnesCount32(set)}, members(set)...)
}

// choices lists the decisions op1 … op5 and input1 … input6, with the first sizes[v] values of the inputs of each vertex.
func choices(sizes [MaxVertices]int) []spaces.Choice {
	var c []spaces.Choice
	for v := 1; v < output; v++ {
		c = append(c, spaces.Choice{Name: fmt.Sprintf("op%d", v), Values: opNames})
	}
	for v := 1; v <= output; v++ {
		names := make([]string, sizes[v])
		for i, set := range inputSets[v][:sizes[v]] {
			names[i] = setName(set)
		}
		c = append(c, spaces.Choice{Name: fmt.Sprintf("input%d", v), Values: names})
	}
	return c
}

// setName writes a set of vertices as "0+2".
func setName(set uint32) string {
	var names []string
	for _, v := range members(set) {
		names = append(names, strconv.Itoa(v))
	}
	return strings.Join(names, "+")
}

// Values returns the index of each operation and of each set of inputs, -1 for vertices that the cell does not have. The
// output's inputs are the last value, however many vertices there are.
func (a Arch) Values() []int {
	values := slices.Repeat([]int{-1}, maxInner+output)
	last := a.Vertices() - 1
	for v := 1; v < last; v++ {
		values[v-1] = int(a.Op(v))
		values[maxInner+v-1] = slices.Index(inputSets[v], sources(a.edges, v))
	}
	values[maxInner+output-1] = slices.Index(inputSets[output], sources(a.edges, last))
	return values
}
