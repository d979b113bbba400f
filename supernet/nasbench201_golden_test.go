package supernet

import (
	"testing"

	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

func TestGoldenNASBench201(t *testing.T) {
	g := readGolden(t, "nb201")
	arch, err := nasbench201.Parse(g.Architecture)
	if err != nil {
		t.Fatal(err)
	}
	space := nasbench201.Space{Channels: g.int(t, "channels"), Cells: g.int(t, "cells_per_stage"), Classes: 10, Image: 32}
	goldenTraining{golden: g, losses: g.Losses, gradNorms: g.GradNorms, model: func() Model {
		m := NewNASBench201(space, 1, &arch)
		if err := m.Activate(arch); err != nil {
			t.Fatal(err)
		}
		return m
	}}.follow(t)
}
