package proxylessnas

import (
	"fmt"
	"iter"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces"
)

// Op is what a cell does, in the index order of the authors' tables.
type Op uint8

// The operations: MBConv with kernel K and expansion E, or nothing.
const (
	K3E3 Op = iota
	K3E6
	K5E3
	K5E6
	K7E3
	K7E6
	Zero // the cell is left out
	numOps
)

var opNames = []string{"k3e3", "k3e6", "k5e3", "k5e6", "k7e3", "k7e6", "skip"}

// Kernel returns 3, 5 or 7: height and width of the depthwise convolution. It panics for Zero.
func (o Op) Kernel() int { return 3 + 2*int(o.block()/2) }

// Expansion returns 3 or 6, the factor by which the first convolution widens. It panics for Zero.
func (o Op) Expansion() int { return 3 + 3*int(o.block()%2) }

func (o Op) block() Op {
	if o >= Zero {
		panic(fmt.Sprintf("proxylessnas: %v has neither kernel nor expansion", o))
	}
	return o
}

// String returns the name, such as "k3e6" or "skip".
func (o Op) String() string {
	if o < numOps {
		return opNames[o]
	}
	return fmt.Sprintf("Op(%d)", uint8(o))
}

// Stages is the number of stages, Cells that of the cells in all stages.
const (
	Stages = 6
	Cells  = 21
)

// perStage is the number of cells of a stage; the last stage has one.
const perStage = 4

// Depth returns the number of cells of a stage: four, or one in the last stage.
func Depth(stage int) int {
	if stage == Stages-1 {
		return 1
	}
	return perStage
}

// Arch is an architecture: the operations of the cells, stage by stage.
type Arch [Cells]Op

var _ spaces.Arch = Arch{}

// Stage returns a copy of the operations of a stage.
func (a Arch) Stage(stage int) []Op { return a[stage*perStage:][:Depth(stage)] }

// optional reports whether a cell can be left out: all can but the first of each stage.
func optional(cell int) bool { return cell%perStage != 0 }

// options is the number of operations that a cell can have.
func options(cell int) int {
	if optional(cell) {
		return int(numOps)
	}
	return int(Zero)
}

// Key returns the name of a decision in the authors' tables, such as "stage0_cell3".
func Key(cell int) string { return fmt.Sprintf("stage%d_cell%d", cell/perStage, cell%perStage) }

// String lists the operations, with commas between cells and slashes between stages.
func (a Arch) String() string {
	var b strings.Builder
	for i, o := range a {
		switch {
		case i == 0:
		case i%perStage == 0:
			b.WriteByte('/')
		default:
			b.WriteByte(',')
		}
		b.WriteString(o.String())
	}
	return b.String()
}

// Valid reports whether every operation is one of the seven and no cell is left out that cannot be.
func (a Arch) Valid() bool {
	for i, o := range a {
		if int(o) >= options(i) {
			return false
		}
	}
	return true
}

// Values returns the operation indices.
func (a Arch) Values() []int {
	v := make([]int, Cells)
	for i, o := range a {
		v[i] = int(o)
	}
	return v
}

// Canonical returns the architecture of the same blocks with the cells that are left out at the end of each stage.
func (a Arch) Canonical() spaces.Arch {
	for s := range Stages {
		kept := s * perStage
		for _, o := range a.Stage(s) { // which is a copy
			if o != Zero {
				a[kept] = o
				kept++
			}
		}
		for ; kept < s*perStage+Depth(s); kept++ {
			a[kept] = Zero
		}
	}
	return a
}

// Hash returns the String of the canonical architecture.
func (a Arch) Hash() string { return a.Canonical().String() }

// Neighbours yields the 120 architectures that differ in one cell.
func (a Arch) Neighbours() iter.Seq[spaces.Arch] {
	return func(yield func(spaces.Arch) bool) {
		for i := range a {
			for o := range Op(options(i)) {
				if o == a[i] {
					continue
				}
				b := a
				b[i] = o
				if !yield(b) {
					return
				}
			}
		}
	}
}
