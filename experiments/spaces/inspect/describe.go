package inspect

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"strings"
	"text/tabwriter"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/all"
)

var describe = command{
	name: "describe", args: " [ARCH ...]", help: "describe architectures layer by layer; without any, the space or all spaces",
	define: func(*flag.FlagSet) func(*call) error {
		return func(c *call) error {
			one := func(s spaces.Space, a spaces.Arch) error { return describeArch(c.out, s, a) }
			if len(c.args) > 0 {
				return c.each(one)
			}
			if !isTerminal(c.in) { // what is piped is architectures; but there need not be any
				if read, err := c.lines(one); read > 0 || err != nil {
					return err
				}
			}
			if c.space == nil {
				return describeSpaces(c.out)
			}
			return describeSpace(c.out, c.space)
		}
	},
}

// columns lines up tab-separated cells.
func columns(w io.Writer) *tabwriter.Writer {
	return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
}

// notes say what each space is, and what its number of architectures counts. One of the paper's five spaces is here twice: whole, and the
// part that supernets can be trained in.
var notes = map[string]string{
	"darts":              "DARTS for CIFAR-10",
	"dartsptb":           "DARTS for Penn Treebank",
	"nasbench101":        "NAS-Bench-101, whole: isomorphic cells counted once",
	"nasbench101-1shot1": "the part of it that supernets train in: 42,228 up to isomorphism",
	"nasbench201":        "NAS-Bench-201: of 15,625, those whose output depends on the input",
	"nasbenchmacro":      "NAS-Bench-Macro, which is not in the paper; has a complete table",
	"proxylessnas":       "ProxylessNAS for ImageNet",
}

func describeSpaces(w io.Writer) error {
	t := columns(w)
	fmt.Fprintln(t, "space\tarchitectures\tdecisions\twhat it is\t")
	for _, s := range all.Spaces() {
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t\n", s.Name(), number(s.Size()), len(s.Choices()), notes[s.Name()])
	}
	return t.Flush()
}

// number prints a size exactly and, if it is long, in powers of ten too.
func number(n *big.Int) string {
	s := n.String()
	if len(s) <= 9 {
		return s
	}
	f, _ := new(big.Float).SetInt(n).Float64()
	return fmt.Sprintf("%s (%.3g)", s, f)
}

func describeSpace(w io.Writer, s spaces.Space) error {
	fmt.Fprintf(w, "%s: %s architectures\n%s\n\n", s.Name(), number(s.Size()), notes[s.Name()])
	for _, c := range s.Choices() {
		if _, err := fmt.Fprintf(w, "%s: %s\n", c.Name, strings.Join(c.Values, ", ")); err != nil {
			return err
		}
	}
	return nil
}

func describeArch(w io.Writer, s spaces.Space, a spaces.Arch) error {
	net := s.Network(a)
	fmt.Fprintf(w, "%v\ncanonical  %v\nhash       %s\nparams     %d\nMACs       %d\nlayers     %d with weights\n",
		a, a.Canonical(), a.Hash(), net.Params(), net.MACs(), net.WeightedLayers())
	if macs := publishedMACs(s, a); macs != net.MACs() {
		fmt.Fprintf(w, "published  %d MACs\n", macs)
	}
	fmt.Fprintln(w)
	t := columns(w)
	fmt.Fprintln(t, "layer\tkind\tchannels\tkernel\tstride\tgroups\toutput\tparams\tMACs\t")
	for _, l := range net.Layers {
		fmt.Fprintf(t, "%s\t%s\t%d→%d\t%d×%d\t%d\t%d\t%d×%d\t%d\t%d\t\n", l.Name, l.Kind, l.Cin, l.Cout, l.KH, l.KW, l.Stride, l.Groups, l.H, l.W, l.Params, l.MACs)
	}
	return errors.Join(t.Flush(), newline(w))
}

func newline(w io.Writer) error {
	_, err := fmt.Fprintln(w)
	return err
}
