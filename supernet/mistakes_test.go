package supernet

import (
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces/nasbench101"
)

// Golden trajectories are not followed by what is slightly wrong, from whichever rounding it starts: of ten runs not one has every step.
func TestGoldenMistakes(t *testing.T) {
	if testing.Short() {
		t.Skip("it is about tests, whatever the instruction set")
	}
	norms := func(change func(n *autograd.BatchNorm)) func(Model, *nn.SGD) {
		return func(m Model, _ *nn.SGD) {
			for _, n := range m.Store().Norms {
				change(n)
			}
		}
	}
	mistakes := map[string]func(m Model, opt *nn.SGD){
		"momentum 0.89":                func(_ Model, opt *nn.SGD) { opt.Momentum = 0.89 },
		"Nesterov or not":              func(_ Model, opt *nn.SGD) { opt.Nesterov = !opt.Nesterov },
		"no weight decay":              func(_ Model, opt *nn.SGD) { opt.WeightDecay = 0 },
		"clipped at 0.5":               func(_ Model, opt *nn.SGD) { opt.Clip = 0.5 },
		"eps ten times":                norms(func(n *autograd.BatchNorm) { n.Eps *= 10 }),
		"momentum of statistics":       norms(func(n *autograd.BatchNorm) { n.Momentum *= 0.9 }),
		"a gamma that starts at 1.001": norms(func(n *autograd.BatchNorm) { n.Gamma.Value.Data[0] *= 1.001 }),
	}
	g := readGolden(t, "nb201")
	space, arch := nasBench201Golden(t, g)
	first := goldenTraining{golden: g, losses: g.Losses, gradNorms: g.GradNorms, strict: true, model: func() Model {
		return NewNASBench201(space, 1, &arch)
	}}
	full := readGolden(t, "nasbench101_full")
	other, err := nasbench101.Parse(full.Architecture)
	if err != nil {
		t.Fatal(err)
	}
	second := goldenTraining{golden: full, losses: full.Losses, gradNorms: full.GradNorms, strict: true, model: func() Model {
		m := NewNASBench101(nasBench101Of(t, full), 1, &other)
		if err := m.Activate(other); err != nil {
			t.Fatal(err)
		}
		return m
	}}
	const runs, enough = 10, 1
	for name, mistake := range mistakes {
		for _, r := range []goldenTraining{first, second} {
			r.mistake = mistake
			if why := r.verdict(t, 0, runs, enough); why == "" {
				t.Errorf("%s: %s is followed", r.name, name)
			} else {
				t.Logf("%s: %s: %.90s", r.name, name, why)
			}
		}
	}
	for _, r := range []goldenTraining{first, second} {
		r.smoothing = 0.01
		if why := r.verdict(t, 0, runs, enough); why == "" {
			t.Errorf("%s: labels that are smoothed a little are followed", r.name)
		}
	}
}
