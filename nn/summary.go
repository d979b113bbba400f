package nn

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// LayerSummary describes one operation of a model, in the order in which they run.
type LayerSummary struct {
	Name      string  // of the scope that holds its parameters; "" if it has none
	Operation string  // as in [autograd.Operation]
	Outputs   [][]int // shapes
	Params    int     // numbers in parameters that no operation before has read
	MACs      int     // multiply-adds
}

// ModelSummary lists the operations of a model, with their sums.
type ModelSummary struct {
	Input     []int
	Layers    []LayerSummary
	Params    int // numbers in parameters
	Frozen    int // those of them that are not trained
	MACs      int // multiply-adds of one pass
	Activated int // numbers that operations put out
}

// Summary runs a model once on zeros of the given shape, as in inference, and says what it consists of. What runs on anything but one image
// or sequence is wrapped:
//
//	nn.Summary(nn.Func(func(tp *autograd.Tape, _ *autograd.Var) *autograd.Var { return lm.Forward(tp, words) }), 1)
func Summary(model Layer, shape ...int) ModelSummary {
	s := ModelSummary{Input: shape}
	seen := make(map[*autograd.Param]bool)
	tp := autograd.NewTape()
	tp.Observe(&autograd.Observer{Operation: func(o autograd.Operation) {
		l := LayerSummary{Name: commonScope(o.Params), Operation: o.Name, MACs: o.MACs}
		for _, p := range o.Params {
			if !seen[p] {
				seen[p] = true
				l.Params += p.Value.Len()
				if p.Frozen {
					s.Frozen += p.Value.Len()
				}
			}
		}
		for _, y := range o.Outputs {
			l.Outputs = append(l.Outputs, y.Shape())
			s.Activated += y.Len()
		}
		s.Params += l.Params
		s.MACs += l.MACs
		s.Layers = append(s.Layers, l)
	}})
	tp.Reset(autograd.Inference)
	tp.Record(true)
	model.Forward(tp, tp.Variable(tensor.New(shape...)))
	return s
}

// commonScope is the scope that all parameters lie in, directly or in scopes of it.
func commonScope(params []*autograd.Param) string {
	var common []string
	for i, p := range params {
		names := strings.Split(p.Name, ".")
		names = names[:len(names)-1]
		if i == 0 {
			common = names
		}
		n := 0
		for n < len(common) && n < len(names) && common[n] == names[n] {
			n++
		}
		common = common[:n]
	}
	return strings.Join(common, ".")
}

// String is a table of the layers, and the sums below.
func (s ModelSummary) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "Layer\tOperation\tOutput\tParameters\tMACs\n")
	fmt.Fprintf(w, "\tinput\t%v\t\t\n", s.Input)
	for _, l := range s.Layers {
		shapes := make([]string, len(l.Outputs))
		for i, shape := range l.Outputs {
			shapes[i] = fmt.Sprint(shape)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", l.Name, l.Operation, strings.Join(shapes, " "), grouped(l.Params, ""), grouped(l.MACs, ""))
	}
	w.Flush() // to a Builder, which takes all
	fmt.Fprintf(&b, "%s parameters (%s), %s of them trained; %s MACs; outputs of %s\n", grouped(s.Params, "0"), sizeOf(s.Params),
		grouped(s.Params-s.Frozen, "0"), grouped(s.MACs, "0"), sizeOf(s.Activated))
	lines := strings.Split(b.String(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

// grouped writes a number with a comma before every three digits, zero as given.
func grouped(n int, zero string) string {
	if n == 0 {
		return zero
	}
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// sizeOf is the memory of n numbers.
func sizeOf(n int) string {
	if size := float64(4 * n); size >= 1e6 {
		return fmt.Sprintf("%.1f MB", size/1e6)
	}
	return fmt.Sprintf("%.1f kB", float64(4*n)/1e3)
}
