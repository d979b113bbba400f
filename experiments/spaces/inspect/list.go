package inspect

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

var sample = command{
	name: "sample", help: "draw architectures from the prior of the paper",
	define: func(f *flag.FlagSet) func(*call) error {
		n := f.Int("n", 10, "how many")
		seed := f.Uint64("seed", 1, "of the random numbers: the same seed draws the same architectures")
		return func(c *call) error {
			rng := rand.New(rand.NewPCG(*seed, 0))
			return list(c.out, *n, func(yield func(spaces.Arch) bool) {
				for yield(c.space.Sample(rng)) {
				}
			})
		}
	},
}

var enumerate = command{
	name: "enumerate", help: "list the architectures of a space, always in the same order",
	define: func(f *flag.FlagSet) func(*call) error {
		n := f.Int("n", -1, "how many at most; -1: all")
		unique := f.Bool("unique", false, "of those that compute the same function only the first")
		whole := f.Bool("whole", false, "of nasbench201 all 15,625: also those whose output does not depend on the input")
		return func(c *call) error {
			if s, ok := c.space.(nasbench201.Space); ok {
				s.Whole = *whole
				c.space = s
			} else if *whole {
				return fmt.Errorf("-whole is for nasbench201; of %s everything is listed without it", c.space.Name())
			}
			archs := c.space.All()
			switch {
			case archs == nil:
				return fmt.Errorf("%s has %s architectures, too many to list; sample draws some", c.space.Name(), number(c.space.Size()))
			case *unique:
				archs = distinct(archs)
			}
			return list(c.out, *n, archs)
		}
	},
}

var neighbours = command{
	name: "neighbours", args: " [ARCH ...]", help: "list the architectures that differ in one elementary mutation",
	define: func(*flag.FlagSet) func(*call) error {
		return func(c *call) error {
			return c.each(func(_ spaces.Space, a spaces.Arch) error { return list(c.out, -1, a.Neighbours()) })
		}
	},
}

// distinct yields the first architecture of each hash.
func distinct(archs iter.Seq[spaces.Arch]) iter.Seq[spaces.Arch] {
	return func(yield func(spaces.Arch) bool) {
		seen := make(map[string]bool)
		for a := range archs {
			h := a.Hash()
			if seen[h] {
				continue
			}
			seen[h] = true
			if !yield(a) {
				return
			}
		}
	}
}

// list prints at most n architectures, one a line; all if n is negative.
func list(w io.Writer, n int, archs iter.Seq[spaces.Arch]) error {
	b := bufio.NewWriter(w)
	for a := range archs {
		if n == 0 {
			break
		}
		n--
		if _, err := fmt.Fprintln(b, a); err != nil {
			return err
		}
	}
	return b.Flush()
}
