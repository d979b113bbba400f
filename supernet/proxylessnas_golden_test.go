package supernet

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/spaces/proxylessnas"
)

func TestGoldenProxylessNAS(t *testing.T) {
	g := readGolden(t, "proxylessnas")
	arch, err := proxylessnas.Parse(g.Architecture)
	if err != nil {
		t.Fatal(err)
	}
	space := proxylessnas.Space{Classes: g.int(t, "classes"), Image: g.int(t, "image"), Unstrided: g.int(t, "unstrided"), Depth: 4}
	var widths struct {
		Stem, First, Head int
		Stages            []int
	}
	if !g.field(t, "width", &space.Width) || !g.field(t, "widths", &widths) {
		t.Fatal("proxylessnas.json has no width or no widths")
	}
	for i, want := range widths.Stages {
		if got := space.Stage(i); got != want {
			t.Errorf("stage %d has %d channels at width %v, want %d", i, got, space.Width, want)
		}
	}
	if got, want := []int{space.Stem(), space.First(), space.Head()}, []int{widths.Stem, widths.First, widths.Head}; !slices.Equal(got, want) {
		t.Errorf("stem, first block and head have %d channels at width %v, want %d", got, space.Width, want)
	}
	if made := NewProxylessNAS(space, 1, &arch, Separate).Store().Norms[0]; made.Eps != g.BatchNorm.Eps || made.Momentum != g.BatchNorm.Momentum {
		t.Errorf("batch norms have eps %v and momentum %v, want %+v", made.Eps, made.Momentum, g.BatchNorm)
	}

	follow := func(g *golden, prefix string) func(t *testing.T) {
		return func(t *testing.T) {
			goldenTraining{golden: g, losses: g.Losses, gradNorms: g.GradNorms, smoothing: labelSmoothing(t, g, space.Classes), prefix: prefix, model: func() Model {
				return NewProxylessNAS(space, 1, &arch, Separate)
			}}.follow(t)
		}
	}
	t.Run("fixture", follow(g, ""))
	var variants map[string]json.RawMessage
	if !g.field(t, "variants", &variants) {
		t.Fatal("proxylessnas.json has no variants")
	}
	for _, name := range slices.Sorted(maps.Keys(variants)) {
		// What the variant does not say is as in the fixture.
		v := *g
		v.Losses, v.GradNorms, v.fields = nil, nil, maps.Clone(g.fields)
		if err := json.Unmarshal(variants[name], &v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := json.Unmarshal(variants[name], &v.fields); err != nil {
			t.Fatal(err)
		}
		t.Run(name, follow(&v, name+"."))
	}
}

// labelSmoothing reads how labels are smoothed, which the fixture says in words, as PyTorch's share.
func labelSmoothing(t *testing.T, g *golden, classes int) float64 {
	t.Helper()
	var words string
	var share float64
	if !g.field(t, "label_smoothing", &words) {
		t.Fatal("no label_smoothing")
	}
	if _, err := fmt.Sscanf(words, "%g,", &share); err != nil {
		t.Fatalf("label_smoothing %q: %v", words, err)
	}
	switch {
	case strings.Contains(words, "over the other"):
		return autograd.SmoothingOverOthers(share, classes)
	case strings.Contains(words, "over all"):
		return share
	}
	t.Fatalf("label_smoothing %q: want it spread over the other classes or over all", words)
	return 0
}
