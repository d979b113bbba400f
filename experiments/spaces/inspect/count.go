package inspect

import (
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"strconv"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/truth"
)

var count = command{
	name: "count", help: "count parameters and multiply-adds of the architectures of a CSV table",
	define: func(f *flag.FlagSet) func(*call) error {
		in := f.String("in", "", "CSV table with a column architecture, plain or .gz")
		return func(c *call) error {
			if *in == "" {
				return errors.New("count needs -in, a CSV table with a column architecture")
			}
			rows, err := truth.Architectures(*in)
			if err != nil {
				return err
			}
			w := csv.NewWriter(c.out)
			if err := w.Write([]string{"architecture", "params", "macs", "published_macs"}); err != nil {
				return err
			}
			for _, r := range rows {
				a, err := c.space.Parse(r.Architecture)
				if err != nil {
					w.Flush()
					return fmt.Errorf("%s:%d: %w", *in, r.Position, err)
				}
				record := []string{r.Architecture}
				net := c.space.Network(a)
				for _, n := range []int64{net.Params(), net.MACs(), publishedMACs(c.space, a)} {
					record = append(record, strconv.FormatInt(n, 10))
				}
				if err := w.Write(record); err != nil {
					return err
				}
			}
			w.Flush()
			return w.Error()
		}
	},
}

// publishedMACs returns the multiply-adds as the authors' tables count them.
func publishedMACs(s spaces.Space, a spaces.Arch) int64 {
	if p, ok := s.(interface{ PublishedMACs(spaces.Arch) int64 }); ok {
		return p.PublishedMACs(a)
	}
	return s.Network(a).MACs()
}
