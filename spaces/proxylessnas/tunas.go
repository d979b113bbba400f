package proxylessnas

import (
	"fmt"
	"strconv"
	"strings"
)

// TuNAS numbers the decisions of its space proxylessnas_search in two ways. Both start with the kernel of the first block,
// which this space fixes to index 0, kernel 3.
//
// The short way has one number for each block: kernels 3, 5, 7 with expansion 3, then the same with expansion 6, then the
// block left out.
//
// The long way follows the definition of the space layer by layer: for each cell the index of the kernel, that of the
// expansion, and 0 or, for a cell left out, 1; after the cells of each part of the network (stem, first block, the stages,
// head) the index of its number of channels, of which there is only one.
const (
	tunasShort = 1 + Cells
	tunasLong  = 1 + 3*Cells + (3 + Stages)
)

// TuNAS writes the architecture as TuNAS does on its command line: 73 indices separated by colons. The kernel and the
// expansion of a cell that is left out are written as 0.
func (a Arch) TuNAS() string {
	n := []string{"0", "0", "0"} // channels of the stem; kernel and channels of the first block
	for s := range Stages {
		for _, o := range a.Stage(s) {
			kernel, expansion, skip := 0, 0, 1
			if o != Zero {
				kernel, expansion, skip = int(o/2), int(o%2), 0
			}
			n = append(n, strconv.Itoa(kernel), strconv.Itoa(expansion), strconv.Itoa(skip))
		}
		n = append(n, "0")
	}
	return strings.Join(append(n, "0"), ":") // channels of the head
}

func fromTuNASLong(n []int) (a Arch, err error) {
	at := 0
	next := func(what string, below int) (v int) {
		if v = n[at]; err == nil && (v < 0 || v >= below) {
			err = fmt.Errorf("proxylessnas: index %d of the %d of TuNAS, %s, is %d, want 0 to %d", at, tunasLong, what, v, below-1)
		}
		at++
		return v
	}
	next("the channels of the stem", 1)
	next("the kernel of the first block, here always 3", 1)
	next("the channels of the first block", 1)
	cell := 0
	for s := range Stages {
		for range Depth(s) {
			kernel := next("the kernel of "+Key(cell), 3)
			expansion := next("the expansion of "+Key(cell), 2)
			if next("whether "+Key(cell)+" is left out", 1+options(cell)-int(Zero)) == 1 {
				a[cell] = Zero
			} else {
				a[cell] = Op(2*kernel + expansion)
			}
			cell++
		}
		next("the channels of the stage", 1)
	}
	next("the channels of the head", 1)
	if err != nil {
		return Arch{}, err
	}
	return a, nil
}

func fromTuNASShort(n []int) (a Arch, err error) {
	if n[0] != 0 {
		return Arch{}, fmt.Errorf("proxylessnas: the first of the %d indices of TuNAS is %d, want 0: the first block has kernel 3 here",
			tunasShort, n[0])
	}
	for i, v := range n[1:] {
		if v >= 0 && v < int(Zero) {
			v = v%3*2 + v/3
		}
		if a[i], err = fromIndex(v, i); err != nil {
			return Arch{}, err
		}
	}
	return a, nil
}
