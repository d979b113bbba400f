package supernet

import (
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/spaces/nasbenchmacro"
	"github.com/oneshot-nas/oneshot/tensor"
)

func TestNASBenchMacro(t *testing.T) {
	space := nasbenchmacro.Space{Channels: 3, Classes: 3, Image: 8}
	modelTest{
		space: space, image: 8, classes: 3,
		supernet: func() Model { return NewNASBenchMacro(space, 1, nil) },
		alone: func(a spaces.Arch) Model {
			arch := a.(nasbenchmacro.Arch)
			return NewNASBenchMacro(space, 2, &arch)
		},
	}.run(t)
}

// Logits against the definition of the space, operation by operation. Batch norms make values beyond 6, so that ReLU and ReLU6
// differ.
func TestNASBenchMacroAgainstExplicitComputation(t *testing.T) {
	space := nasbenchmacro.Space{Channels: 3, Classes: 3, Image: 11}
	m := NewNASBenchMacro(space, 1, nil)
	for _, n := range m.Store().Norms {
		n.Gamma.Value.Fill(4)
	}
	test := modelTest{space: space, image: 11, classes: 3}
	tr := test.training(m)
	tp := tr.pass.Tape
	for _, a := range append(test.archs(20), nasbenchmacro.Arch{}) {
		got := slices.Clone(tr.forward(autograd.BatchStatistics, a).Value.Data)
		tp.Reset(autograd.BatchStatistics)
		normed := func(c normedConv, x *autograd.Var) *autograd.Var { return c.norm.Forward(tp, c.conv.Forward(tp, x)) }
		x := autograd.ReLU(tp, normed(m.stem, tp.Constant(tr.batch.Images)))
		for i, op := range a.(nasbenchmacro.Arch) {
			l := m.layers[i]
			if op == nasbenchmacro.Identity {
				if nasbenchmacro.First(i) {
					x = normed(l.identity, x)
				}
				continue
			}
			b := l.mb3k3
			if op == nasbenchmacro.MB6K5 {
				b = l.mb6k5
			}
			y := autograd.ReLU(tp, normed(b.expand, x))
			y = autograd.ReLU(tp, b.depthwiseNorm.Forward(tp, b.depthwise.Forward(tp, y)))
			y = normed(b.project, y)
			if !nasbenchmacro.First(i) {
				y = autograd.Add(tp, x, y)
			}
			x = y
		}
		x = autograd.ReLU(tp, normed(m.head, x))
		want := m.classifier.Forward(tp, autograd.GlobalAvgPool(tp, x)).Value
		if e := nmse(tensor.Wrap(got, want.Shape()...), want); e > 1e-9 {
			t.Errorf("%v: logits with a normalised error of %.2g", a, e)
		}
	}
}

// The numbers of parameters of the published table: the smallest network, the best and the largest.
func TestNASBenchMacroParameters(t *testing.T) {
	for s, want := range map[string]int{"00000000": 387882, "22212220": 1985514, "22222222": 2932586} {
		a, err := nasbenchmacro.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		if n := NewNASBenchMacro(nasbenchmacro.New(), 1, &a).Store().Size(); n != want {
			t.Errorf("%v has %d parameters, published are %d", a, n, want)
		}
	}
}

func TestNASBenchMacroActivateRefuses(t *testing.T) {
	space := nasbenchmacro.Space{Channels: 3, Classes: 3, Image: 8}
	only := nasbenchmacro.Arch{nasbenchmacro.MB3K3}
	m := NewNASBenchMacro(space, 1, &only)
	for says, a := range map[string]spaces.Arch{"is not an architecture of nasbenchmacro": nasbench201.Arch{}, "(nasbenchmacro.Arch) is not": nasbenchmacro.Arch{7: 9}, "made for": nasbenchmacro.Arch{}} {
		if err := m.Activate(a); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: error %v, want one that says %q", a, err, says)
		}
	}
	if err := m.Activate(only); err != nil {
		t.Error(err)
	}
}
