package cellgraph

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/darts"
	"github.com/oneshot-nas/oneshot/spaces/dartsptb"
	"github.com/oneshot-nas/oneshot/spaces/nasbench101"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/spaces/nasbenchmacro"
	"github.com/oneshot-nas/oneshot/spaces/proxylessnas"
)

// Of returns the graphs of an architecture: its cells, or for a chain of blocks the whole chain. It panics for an
// architecture of another space.
func Of(arch spaces.Arch) []Graph {
	switch a := arch.(type) {
	case darts.Arch:
		return []Graph{dartsCell("DARTS, normal cell", a.Normal), dartsCell("DARTS, reduction cell", a.Reduce)}
	case dartsptb.Arch:
		return []Graph{dartsPTB(a)}
	case nasbench101.Arch:
		return []Graph{nasBench101(a)}
	case nasbench101.OneShotArch:
		return []Graph{nasBench101(a.Arch)}
	case nasbench201.Arch:
		return []Graph{nasBench201(a)}
	case nasbenchmacro.Arch:
		return []Graph{nasBenchMacro(a)}
	case proxylessnas.Arch:
		return []Graph{proxylessNAS(a)}
	}
	panic(fmt.Sprintf("cellgraph: no picture of architectures of type %T", arch))
}

func dartsCell(name string, c darts.Cell) Graph {
	g := Graph{Name: name}
	nodes := []int{g.add(Value, "cell before last"), g.add(Value, "last cell")}
	var outputs []int
	for i, edges := range c {
		var terms []int
		for _, e := range edges {
			terms = append(terms, g.add(Operation, e.Op.String(), nodes[e.Input]))
		}
		node := g.add(Value, fmt.Sprintf("node %d", darts.Inputs+i), terms...)
		nodes, outputs = append(nodes, node), append(outputs, node)
	}
	g.add(Value, "output", outputs...)
	return g
}

// dartsPTB draws a step and the state that it makes as one.
func dartsPTB(a dartsptb.Arch) Graph {
	g := Graph{Name: "DARTS-PTB"}
	states := []int{g.add(Operation, "s0", g.add(Value, "word"), g.add(Value, "hidden state"))}
	for i, s := range a {
		states = append(states, g.add(Operation, fmt.Sprintf("s%d %v", i+1, s.Act), states[s.Switch]))
	}
	g.add(Value, "mean", states[1:]...)
	return g
}

func nasBench101(a nasbench101.Arch) Graph {
	g := Graph{Name: "NAS-Bench-101"}
	g.add(Value, "input")
	last := a.Vertices() - 1
	for v := 1; v < last; v++ {
		g.add(Operation, a.Op(v).String(), a.Inputs(v)...)
	}
	g.add(Value, "output", a.Inputs(last)...)
	return g
}

// nasBench201 leaves out the edges that carry none.
func nasBench201(a nasbench201.Arch) Graph {
	g := Graph{Name: "NAS-Bench-201"}
	nodes := []int{g.add(Value, "input")}
	for to := 1; to < nasbench201.Nodes; to++ {
		var terms []int
		for from := range to {
			if op := a.Op(from, to); op != nasbench201.None {
				terms = append(terms, g.add(Operation, op.String(), nodes[from]))
			}
		}
		label := fmt.Sprintf("node %d", to)
		if to == nasbench201.Nodes-1 {
			label = "output"
		}
		if len(terms) == 0 {
			label += " = 0"
		}
		nodes = append(nodes, g.add(Value, label, terms...))
	}
	return g
}

// nasBenchMacro is the chain of the layers that compute something.
func nasBenchMacro(a nasbenchmacro.Arch) Graph {
	g := Graph{Name: "NAS-Bench-Macro"}
	last := g.add(Value, "stem")
	for i, op := range a {
		label := fmt.Sprintf("%s %v", nasbenchmacro.Key(i), op)
		switch {
		case nasbenchmacro.First(i):
			label += ", stride 2"
		case op == nasbenchmacro.Identity:
			continue
		default:
			label += " + input"
		}
		last = g.add(Operation, label, last)
	}
	g.add(Value, "head", last)
	return g
}

// proxylessNAS is the chain of the blocks that there are.
func proxylessNAS(a proxylessnas.Arch) Graph {
	g := Graph{Name: "ProxylessNAS"}
	last := g.add(Value, "stem, first block")
	for stage := range proxylessnas.Stages {
		for cell, op := range a.Stage(stage) {
			if op == proxylessnas.Zero {
				continue
			}
			label := fmt.Sprintf("stage%d.%d %v", stage, cell, op)
			if cell > 0 {
				label += " + input"
			}
			last = g.add(Operation, label, last)
		}
	}
	g.add(Value, "head", last)
	return g
}
