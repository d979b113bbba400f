package attention

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
)

// problem is an attention with its operands, each of which ends at an inaccessible page.
type problem struct {
	Attention
	q, k, v, o, do, dq, dk, dv Rows
	mask                       Mask
	lse                        []float32
}

// maskKind is what a mask tells apart: nothing, all pairs of a query and a key, or the keys of a sequence.
type maskKind int

const (
	none maskKind = iota
	full
	padding
)

// newProblem makes operands whose rows are gap floats longer than the heads need; timeFirst puts the sequences of a batch side by side.
func newProblem(t testing.TB, a Attention, gap int, timeFirst bool, masked maskKind) *problem {
	rng := rand.New(rand.NewPCG(1, uint64(a.Queries)))
	rows := func(n, width int) Rows {
		ld := width + gap
		r := Rows{guard.Float32(t, (a.Batch*n-1)*ld+width), n * ld, ld}
		if timeFirst {
			r.Sequence, r.LD = ld, a.Batch*ld
		}
		for i := range r.Data {
			r.Data[i] = float32(rng.NormFloat64())
		}
		return r
	}
	p := &problem{Attention: a, lse: guard.Float32(t, a.Batch*a.Heads*a.Queries)}
	d, dv := a.Heads*a.Dim, a.Heads*a.ValueDim
	p.q, p.k, p.v, p.o, p.do = rows(a.Queries, d), rows(a.Keys, d), rows(a.Keys, dv), rows(a.Queries, dv), rows(a.Queries, dv)
	p.dq, p.dk, p.dv = rows(a.Queries, d), rows(a.Keys, d), rows(a.Keys, dv)
	rowsOfMask := map[maskKind]int{full: a.Queries, padding: 1}[masked]
	if masked != none {
		p.mask = Mask{Data: guard.Float32(t, a.Batch*rowsOfMask*a.Keys), Sequence: rowsOfMask * a.Keys}
		if masked == full {
			p.mask.LD = a.Keys
		}
		for i := range p.mask.Data {
			p.mask.Data[i] = float32(rng.NormFloat64())
			if rng.IntN(3) == 0 || i/a.Keys == 2 { // query 2 of the first sequence, or the third sequence, sees nothing
				p.mask.Data[i] = float32(math.Inf(-1))
			}
		}
	}
	return p
}

func (p *problem) forward() { p.Forward(p.o, p.q, p.k, p.v, p.mask, p.lse) }
func (p *problem) backward() {
	p.Backward(p.dq, p.dk, p.dv, p.do, p.q, p.k, p.v, p.o, p.mask, p.lse)
}

// at is element j of head h of position t of sequence b.
func (r Rows) at(b, t, h, width, j int) *float32 { return &r.Data[b*r.Sequence+t*r.LD+h*width+j] }

// probabilities are those of a head, in float64.
func (p *problem) probabilities(b, h int) [][]float64 {
	all := make([][]float64, p.Queries)
	for i := range all {
		row, sum := make([]float64, p.Keys), 0.
		for j := range row {
			for d := range p.Dim {
				row[j] += float64(p.Scale) * float64(*p.q.at(b, i, h, p.Dim, d)) * float64(*p.k.at(b, j, h, p.Dim, d))
			}
			if p.mask.Data != nil {
				row[j] += float64(p.mask.Data[b*p.mask.Sequence+i*p.mask.LD+j])
			}
			if row[j] = math.Exp(row[j]); p.Causal && j > i {
				row[j] = 0
			}
			sum += row[j]
		}
		for j := range row {
			if sum > 0 {
				row[j] /= sum
			}
		}
		all[i] = row
	}
	return all
}

// problems cross the edges of blocks, or stay below one.
var problems = []struct {
	Attention
	gap       int
	timeFirst bool
	masked    maskKind
}{
	{Attention{1, 1, 1, 1, 1, 1, 1, false}, 0, false, none},
	{Attention{2, 3, 5, 7, 4, 3, 0.5, false}, 3, false, none},
	{Attention{2, 3, 7, 7, 4, 3, 0.5, true}, 0, true, full},
	{Attention{1, 2, 145, 144, 17, 16, 0.25, false}, 1, false, none},
	{Attention{1, 2, 289, 289, 16, 8, 0.25, true}, 0, false, none},
	{Attention{2, 1, 100, 400, 8, 20, 0.3, true}, 2, true, none},
	{Attention{2, 2, 400, 100, 8, 8, 0.3, true}, 0, false, full},
	{Attention{1, 1, 200, 390, 8, 8, 0.3, false}, 0, false, full},
	{Attention{3, 2, 20, 150, 4, 5, 0.3, false}, 1, false, padding},
	{Attention{2, 1, 150, 149, 4, 5, 0.3, true}, 0, true, padding},
}

func TestAttention(t *testing.T) {
	for _, c := range problems {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			p := newProblem(t, c.Attention, c.gap, c.timeFirst, c.masked)
			before := map[string][]float32{"dq": slices.Clone(p.dq.Data), "dk": slices.Clone(p.dk.Data), "dv": slices.Clone(p.dv.Data)}
			p.forward()
			p.backward()
			// The gradients were added to what was there, and what lies between the heads has stayed.
			near := func(what string, got Rows, n, width int, want func(b, t, h, j int) float64) {
				t.Helper()
				old := Rows{before[what], got.Sequence, got.LD}
				for b := range p.Batch {
					for i := range n {
						for h := range p.Heads {
							for j := range width {
								g, w := float64(*got.at(b, i, h, width, j)), want(b, i, h, j)
								if old.Data != nil {
									w += float64(*old.at(b, i, h, width, j))
								}
								if !(math.Abs(g-w) <= 1e-5*(1+math.Abs(w))) {
									t.Fatalf("%s of sequence %d, position %d, head %d, column %d is %v, want %v", what, b, i, h, j, g, w)
								}
							}
						}
					}
				}
			}
			P, G := map[[2]int][][]float64{}, map[[2]int][][]float64{}
			out := func(b, i, h, j int) (o float64) {
				for s, v := range P[[2]int{b, h}][i] {
					o += v * float64(*p.v.at(b, s, h, p.ValueDim, j))
				}
				return o
			}
			for b := range p.Batch {
				for h := range p.Heads {
					at := [2]int{b, h}
					P[at] = p.probabilities(b, h)
					for i, row := range P[at] {
						g, delta := make([]float64, p.Keys), 0.
						for j := range p.ValueDim {
							delta += out(b, i, h, j) * float64(*p.do.at(b, i, h, p.ValueDim, j))
						}
						for s := range g {
							for j := range p.ValueDim {
								g[s] += float64(*p.do.at(b, i, h, p.ValueDim, j)) * float64(*p.v.at(b, s, h, p.ValueDim, j))
							}
							g[s] = row[s] * (g[s] - delta)
						}
						G[at] = append(G[at], g)
					}
				}
			}
			near("o", p.o, p.Queries, p.ValueDim, out)
			near("dq", p.dq, p.Queries, p.Dim, func(b, i, h, j int) (d float64) {
				for s, g := range G[[2]int{b, h}][i] {
					d += float64(p.Scale) * g * float64(*p.k.at(b, s, h, p.Dim, j))
				}
				return d
			})
			near("dk", p.dk, p.Keys, p.Dim, func(b, s, h, j int) (d float64) {
				for i, g := range G[[2]int{b, h}] {
					d += float64(p.Scale) * g[s] * float64(*p.q.at(b, i, h, p.Dim, j))
				}
				return d
			})
			near("dv", p.dv, p.Keys, p.ValueDim, func(b, s, h, j int) (d float64) {
				for i, row := range P[[2]int{b, h}] {
					d += row[s] * float64(*p.do.at(b, i, h, p.ValueDim, j))
				}
				return d
			})
			for what, r := range map[string]Rows{"dq": p.dq, "dk": p.dk, "dv": p.dv} {
				heads := p.Heads * p.Dim
				if what == "dv" {
					heads = p.Heads * p.ValueDim
				}
				for i, v := range r.Data {
					if i%min(r.LD, r.Sequence) >= heads && v != before[what][i] {
						t.Fatalf("%s has changed between its rows", what)
					}
				}
			}
		})
	}
}

// The result is the same bits for any number of threads, and whether heads are cut into blocks or not.
func TestThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, heads := range []int{1, 2} {
		a := Attention{Batch: 1, Heads: heads, Queries: 500, Keys: 420, Dim: 16, ValueDim: 24, Scale: 0.3, Causal: heads == 2}
		var want []float32
		for _, procs := range []int{1, 2} {
			runtime.GOMAXPROCS(procs)
			p := newProblem(t, a, 0, false, none)
			p.forward()
			p.backward()
			got := slices.Concat(p.o.Data, p.lse, p.dq.Data, p.dk.Data, p.dv.Data)
			if want == nil {
				want = got
			} else if !slices.Equal(want, got) {
				t.Errorf("%d heads: %d threads change the result", heads, procs)
			}
		}
	}
}

// A gradient that nobody wants changes none of the others.
func TestUnwanted(t *testing.T) {
	a := Attention{Batch: 2, Heads: 2, Queries: 200, Keys: 210, Dim: 8, ValueDim: 12, Scale: 0.3}
	all := newProblem(t, a, 0, false, none)
	all.forward()
	all.backward()
	for i := range 8 {
		p := newProblem(t, a, 0, false, none)
		for k, r := range []*Rows{&p.dq, &p.dk, &p.dv} {
			if i>>k&1 == 0 {
				r.Data = nil
			}
		}
		p.forward()
		p.backward()
		for k, r := range [][2]Rows{{p.dq, all.dq}, {p.dk, all.dk}, {p.dv, all.dv}} {
			if r[0].Data != nil && !slices.Equal(r[0].Data, r[1].Data) {
				t.Errorf("gradient %d is another one if only those of %03b are wanted", k, i)
			}
		}
	}
}

func TestAllocatesNothing(t *testing.T) {
	p := newProblem(t, Attention{Batch: 1, Heads: 3, Queries: 250, Keys: 250, Dim: 16, ValueDim: 16, Scale: 0.25}, 0, false, none)
	run := func() {
		p.forward()
		p.backward()
	}
	run()
	run()
	if n := testing.AllocsPerRun(10, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestPanics(t *testing.T) {
	a := Attention{Batch: 2, Heads: 2, Queries: 3, Keys: 4, Dim: 5, ValueDim: 6, Scale: 1}
	for want, f := range map[string]func(p *problem){
		"attention.Forward: got lse of 11 elements, want 12":    func(p *problem) { p.lse = p.lse[:11]; p.forward() },
		"attention.Forward: got q of 59 elements, want 60":      func(p *problem) { p.q.Data = p.q.Data[:59]; p.forward() },
		"attention.Forward: got v with distances of 48 and -12": func(p *problem) { p.v.LD = -12; p.forward() },
		"attention.Forward: got mask of 3 elements, want 24":    func(p *problem) { p.mask = Mask{make([]float32, 3), 12, 4}; p.forward() },
		"attention.Backward: got dk of 79 elements, want 80":    func(p *problem) { p.dk.Data = p.dk.Data[:79]; p.backward() },
		"want at least one of everything but sequences":         func(p *problem) { p.Keys = 0; p.forward() },
		"attention.Backward: got do of 71 elements, want 72":    func(p *problem) { p.do.Data = p.do.Data[:71]; p.backward() },
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
					t.Errorf("panicked with %q, want %q", got, want)
				}
			}()
			f(newProblem(t, a, 0, false, none))
		}()
	}
}
