package supernet

import (
	"maps"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

// nasBench201Golden reads the space of a fixture, and its architecture if it has one.
func nasBench201Golden(t *testing.T, g *golden) (space nasbench201.Space, arch nasbench201.Arch) {
	t.Helper()
	space = nasbench201.Space{Channels: g.int(t, "channels"), Cells: g.int(t, "cells_per_stage"), Classes: g.get(t, "classifier.bias").Len()}
	g.field(t, "image", &space.Image) // nb201 says nothing of it
	if g.Architecture != "" {
		arch = parseNASBench201(t, g.Architecture)
	}
	return space, arch
}

func parseNASBench201(t *testing.T, s string) nasbench201.Arch {
	t.Helper()
	a, err := nasbench201.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestGoldenNASBench201(t *testing.T) {
	g := readGolden(t, "nb201")
	space, arch := nasBench201Golden(t, g)
	goldenTraining{golden: g, losses: g.Losses, gradNorms: g.GradNorms, model: func() Model {
		return NewNASBench201(space, 1, &arch)
	}}.follow(t)
}

// Steps of a supernet, each with another architecture.
func TestGoldenSupernetNASBench201(t *testing.T) {
	g := readGolden(t, "supernet_nb201")
	space, _ := nasBench201Golden(t, g)
	var archs []spaces.Arch
	for _, s := range g.Architectures {
		archs = append(archs, parseNASBench201(t, s))
	}
	g.followSupernet(t, NewNASBench201(space, 1, nil), archs)
}

func TestGoldenRecalibrationNASBench201(t *testing.T) {
	g := readGolden(t, "recalibration_nb201")
	space, arch := nasBench201Golden(t, g)
	// Names are those of the supernet.
	alone := strings.NewReplacer(".nor_conv_1x1.", ".", ".nor_conv_3x3.", ".")
	for name, v := range maps.Clone(g.tensors) {
		g.tensors[alone.Replace(name)] = v
	}
	g.recalibrate(t, NewNASBench201(space, 1, &arch))
}
