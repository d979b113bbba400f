package spaces_test

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

// What is written for a Space works in all of them. Here a walk goes to a neighbour as long as that has fewer multiply-adds.
func Example() {
	cheapest := func(s spaces.Space, a spaces.Arch) spaces.Arch {
		best := a
		for b := range a.Neighbours() {
			if s.Network(b).MACs() < s.Network(best).MACs() {
				best = b
			}
		}
		return best
	}
	space := nasbench201.New()
	a, err := space.Parse("|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|avg_pool_3x3~0|nor_conv_3x3~1|none~2|")
	if err != nil {
		panic(err)
	}
	for {
		fmt.Println(a, space.Network(a).MACs())
		b := cheapest(space, a)
		if b == a {
			break
		}
		a = b
	}
	// Output:
	// |nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|avg_pool_3x3~0|nor_conv_3x3~1|none~2| 82494080
	// |none~0|+|skip_connect~0|nor_conv_1x1~1|+|avg_pool_3x3~0|nor_conv_3x3~1|none~2| 47104640
	// |none~0|+|skip_connect~0|nor_conv_1x1~1|+|avg_pool_3x3~0|none~1|none~2| 11715200
	// |none~0|+|skip_connect~0|none~1|+|avg_pool_3x3~0|none~1|none~2| 7783040
}
