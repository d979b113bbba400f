package dartsptb_test

import (
	"encoding/json"
	"fmt"

	"github.com/oneshot-nas/oneshot/spaces/dartsptb"
)

// The cell that DARTS found, in the notation of the authors' tables.
func ExampleParse() {
	a, err := dartsptb.Parse("Genotype(recurrent=[('sigmoid', 0), ('relu', 1), ('relu', 1), ('identity', 1), " +
		"('tanh', 2), ('sigmoid', 5), ('tanh', 3), ('relu', 5)], concat=range(1, 9))")
	if err != nil {
		panic(err)
	}
	js, err := json.Marshal(a)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(js))
	fmt.Println(dartsptb.New().Network(a).Params(), "parameters")
	// Output:
	// {"act/0":2,"act/1":1,"act/2":1,"act/3":3,"act/4":0,"act/5":2,"act/6":0,"act/7":1,"switch/0":0,"switch/1":1,"switch/2":1,"switch/3":1,"switch/4":2,"switch/5":5,"switch/6":3,"switch/7":5}
	// 22960000 parameters
}

// The numbers of steps that do not depend on each other do not matter.
func ExampleArch_Canonical() {
	a := dartsptb.Arch{{Act: dartsptb.Tanh}, {Act: dartsptb.ReLU}, {Act: dartsptb.Sigmoid, Switch: 1}}
	b := dartsptb.Arch{{Act: dartsptb.ReLU}, {Act: dartsptb.Tanh}, {Act: dartsptb.Sigmoid, Switch: 2}}
	fmt.Println(a.Canonical() == b.Canonical())
	// Output: true
}
