package nn

import (
	"fmt"
	"path"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// NamedGroup is a [Group] of the parameters whose names match a pattern, in which * stands for any characters, dots included, ? for one,
// and [a-c] for one of those: "head.*", "*.bias".
type NamedGroup struct {
	Pattern string
	Group
}

// GroupsByName puts each parameter into the first group whose pattern matches its name; those that match none are left as the optimiser has
// it:
//
//	nn.AdamW{WeightDecay: 0.05, Groups: nn.GroupsByName(
//		nn.NamedGroup{Pattern: "*.bias", Group: nn.Group{LRScale: 1, DecayScale: 0}},
//		nn.NamedGroup{Pattern: "head.*", Group: nn.Group{LRScale: 10, DecayScale: 1}},
//	)}
func GroupsByName(groups ...NamedGroup) func(*autograd.Param) Group {
	for _, g := range groups {
		if _, err := path.Match(g.Pattern, ""); err != nil {
			panic(tensor.ShapeError{Op: "nn.GroupsByName", Got: fmt.Sprintf("the pattern %q", g.Pattern), Want: "one of path.Match"})
		}
	}
	known := make(map[string]Group)
	return func(p *autograd.Param) Group {
		if g, ok := known[p.Name]; ok {
			return g
		}
		g := Group{LRScale: 1, DecayScale: 1}
		for _, named := range groups {
			if ok, _ := path.Match(named.Pattern, p.Name); ok { // a bad pattern has been refused
				g = named.Group
				break
			}
		}
		known[p.Name] = g
		return g
	}
}
