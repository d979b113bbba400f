package supernet

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/darts"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

// smallDARTS has cells of both kinds, both kinds of older input, and an auxiliary head on 4×4 pixels.
var smallDARTS = darts.Space{Channels: 4, Cells: 4, Classes: 3, Image: 16, Pool: 3, AuxiliaryChannels: 5, AuxiliaryFeatures: 6}

// dartsTest has drop path and, if the space has one, the auxiliary head.
func dartsTest(space darts.Space) modelTest {
	withDropPath := func(m *DARTS) Model {
		m.DropPath = 0.3
		return m
	}
	t := modelTest{space: space, image: space.Image, classes: space.Classes,
		supernet: func() Model { return withDropPath(NewDARTS(space, 1, nil)) },
		alone: func(a spaces.Arch) Model {
			arch := a.(darts.Arch)
			return withDropPath(NewDARTS(space, 2, &arch))
		}}
	if space.AuxiliaryChannels > 0 {
		t.extra = space.Auxiliary().Layers
	}
	return t
}

func TestDARTS(t *testing.T) { dartsTest(smallDARTS).run(t) }

// Other sizes: one cell, which is a reducing one, or two; an odd number of channels; the published size.
func TestDARTSLayers(t *testing.T) {
	for _, space := range []darts.Space{{Channels: 3, Cells: 1, Classes: 10, Image: 4}, {Channels: 6, Cells: 2, Classes: 10, Image: 8}, {Channels: 5, Cells: 7, Classes: 10, Image: 32, Pool: 7}} {
		dartsTest(space).layers(t)
	}
	full := darts.New()
	a := full.Sample(rand.New(rand.NewPCG(1, 1))).(darts.Arch)
	want := full.Network(a).Params() + full.Auxiliary().Params()
	if got := NewDARTS(full, 1, &a).Store().Size(); int64(got) != want {
		t.Errorf("%d parameters at full size, want %d", got, want)
	}
}

func TestDARTSActivateRefuses(t *testing.T) {
	archs := dartsTest(smallDARTS).archs(2)
	only := archs[0].(darts.Arch)
	m, invalid := NewDARTS(smallDARTS, 1, &only), only
	invalid.Normal[2][0].Input = 4
	for what, a := range map[string]spaces.Arch{"(nasbench201.Arch) is not an architecture of darts": nasbench201.Arch{}, "(darts.Arch) is not an architecture": invalid, "made for": archs[1]} {
		if err := m.Activate(a); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v: error %v, want one that says %q", a, err, what)
		}
	}
	if err := m.Activate(archs[0]); err != nil {
		t.Error(err)
	}
}

// Evaluation has no auxiliary head, and runs in the memory of the widest cell, however many there are.
func TestDARTSEvaluation(t *testing.T) {
	var peak [2]int64
	for i, cells := range []int{6, 9} {
		space := smallDARTS
		space.Cells = cells
		test := dartsTest(space)
		tr, a := test.training(test.supernet()), test.archs(1)[0]
		for _, mode := range []autograd.Mode{autograd.Inference, autograd.BatchStatistics, autograd.CollectStatistics, autograd.PopulationStatistics} {
			if tr.output(mode, a).Auxiliary != nil {
				t.Errorf("mode %v has auxiliary logits", mode)
			}
		}
		peak[i] = tr.pass.Tape.PeakBytes()
	}
	if peak[0] != peak[1] {
		t.Errorf("evaluation of 6 cells takes %d bytes, of 9 cells %d", peak[0], peak[1])
	}
}

// Drop path drops with a probability that grows from zero, and is the same for the same random stream.
func TestDARTSDropPath(t *testing.T) {
	test := dartsTest(smallDARTS)
	a := test.archs(1)[0]
	logits := func(dropPath, progress float64) []float32 {
		m := NewDARTS(smallDARTS, 1, nil)
		m.DropPath = dropPath
		tr := test.training(m)
		tr.pass.Progress = progress
		return slices.Clone(tr.forward(autograd.Training, a).Value.Data)
	}
	plain := logits(0, 1)
	if !slices.Equal(plain, logits(0.9, 0)) {
		t.Error("drop path drops at the beginning of training")
	}
	dropped := logits(0.2, 1)
	if slices.Equal(plain, dropped) {
		t.Error("drop path drops nothing at the end of training")
	}
	if !slices.Equal(dropped, logits(0.4, 0.5)) {
		t.Error("the probability does not grow in proportion")
	}
}

// BenchmarkDARTS is a training step of the networks that published one-shot searches of this space use as proxies: 16 channels, 8
// cells, batches of 64; with and without drop path.
func BenchmarkDARTS(b *testing.B) {
	a, err := darts.Parse(`Genotype(
		normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1),
			('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5],
		reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1),
			('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])`)
	if err != nil {
		b.Fatal(err)
	}
	for _, dropPath := range []float64{0, 0.2} {
		b.Run(fmt.Sprintf("droppath=%v", dropPath), func(b *testing.B) {
			test := dartsTest(darts.Space{Channels: 16, Cells: 8, Classes: 10, Image: 32})
			m, arch := NewDARTS(test.space.(darts.Space), 1, &a), spaces.Arch(a)
			m.DropPath = dropPath
			tr := test.training(m)
			tr.batch = test.batch(64)
			tr.step(arch)
			b.ReportAllocs()
			for b.Loop() {
				tr.step(arch)
			}
		})
	}
}
