package supernet

import (
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces/nasbench101"
)

func TestGoldenNASBench101(t *testing.T) {
	g := readGolden(t, "nasbench101")
	space := nasbench101.OneShot{Space: nasBench101Of(t, g)}
	a, err := nasbench101.Parse(g.Architecture) // as it is numbered there
	if err != nil {
		t.Fatal(err)
	}
	arch := nasbench101.OneShotArch{Arch: a}
	goldenTraining{golden: g, losses: g.Losses, gradNorms: g.GradNorms, model: func() Model {
		m := NewNASBench101OneShot(space, 1, &arch)
		if err := m.Activate(arch); err != nil {
			t.Fatal(err)
		}
		return m
	}}.follow(t)
}

func TestGoldenNASBench101Full(t *testing.T) {
	g := readGolden(t, "nasbench101_full")
	space := nasBench101Of(t, g)
	arch, err := nasbench101.Parse(g.Architecture)
	if err != nil {
		t.Fatal(err)
	}
	goldenTraining{golden: g, losses: g.Losses, gradNorms: g.GradNorms, model: func() Model {
		m := NewNASBench101(space, 1, &arch)
		if err := m.Activate(arch); err != nil {
			t.Fatal(err)
		}
		return m
	}}.follow(t)
}

// nasBench101Of is the space at the fixture's scale, whose channels for each vertex of its architecture must be ours.
func nasBench101Of(t *testing.T, g *golden) nasbench101.Space {
	t.Helper()
	space := nasbench101.Space{Channels: g.int(t, "channels"), Cells: g.int(t, "cells_per_stack"), Classes: g.int(t, "classes"), Image: g.int(t, "image")}
	a, err := nasbench101.Parse(g.Architecture)
	if err != nil {
		t.Fatal(err)
	}
	var want [][]int // of the vertices 1, 2, …, cell by cell; 0 for the output, which has no operation
	if !g.field(t, "vertex_channels", &want) || len(want) != nasbench101.Stacks*space.Cells {
		t.Fatalf("%s.json lists the channels of %d cells, want %d", g.name, len(want), nasbench101.Stacks*space.Cells)
	}
	for i, w := range want {
		c := a.Channels(space.Channels << (i / space.Cells))
		if last := a.Vertices() - 1; !slices.Equal(c[1:last], w[:min(last-1, len(w))]) {
			t.Errorf("cell %d: the vertices have %v channels, want %v", i, c[1:last], w)
		}
	}
	return space
}
