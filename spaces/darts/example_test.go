package darts_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/spaces/darts"
)

// The cells that DARTS found, and the parameters that it reports for them: 3.3 million.
func ExampleParse() {
	a, err := darts.Parse(`Genotype(
		normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1),
			('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5],
		reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1),
			('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])`)
	if err != nil {
		panic(err)
	}
	space := darts.New()
	net := space.Network(a)
	fmt.Println(a.Normal[3], net.Params(), net.MACs(), space.PublishedMACs(a))
	// Output: [{skip_connect 0} {dil_conv_3x3 2}] 3349342 528359040 507457152
}

// The decisions, and an architecture drawn from the prior: the first of 32 keys of the authors' tables.
func ExampleSpace_Sample() {
	space := darts.New()
	a := space.Sample(rand.New(rand.NewPCG(1, 2)))
	values := a.Values()
	for i, c := range space.Choices()[:4] {
		fmt.Println(c.Name, c.Values[values[i]])
	}
	// Output:
	// normal/2/0/op dil_conv_3x3
	// normal/2/0/input 0
	// normal/2/1/op dil_conv_3x3
	// normal/2/1/input 1
}

// The order of the edges into a node does not matter, nor do the numbers of nodes that do not read each other.
func ExampleArch_Canonical() {
	sep := darts.Edge{Op: darts.SepConv3x3, Input: 0}
	skip := darts.Edge{Op: darts.SkipConnect, Input: 1}
	pool := darts.Edge{Op: darts.MaxPool3x3, Input: 1}
	last := [2]darts.Edge{{Op: darts.DilConv5x5, Input: 2}, {Op: darts.DilConv5x5, Input: 3}}

	a := darts.Cell{{sep, skip}, {sep, pool}, last, last}
	b := darts.Cell{{pool, sep}, {sep, skip}, last, last} // nodes 2 and 3 of a, exchanged

	fmt.Println(darts.Arch{Normal: a, Reduce: a}.Hash() == darts.Arch{Normal: b, Reduce: b}.Hash())
	// Output: true
}
