package analysis

import (
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/all"
	"github.com/oneshot-nas/oneshot/spaces/darts"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

// times is how often an architecture takes an operation.
func times(a spaces.Arch, op nasbench201.Op) float64 {
	n := 0.0
	for _, v := range a.Values() {
		if nasbench201.Op(v) == op {
			n++
		}
	}
	return n
}

// convolutions is a truth that likes them.
func convolutions(a nasbench201.Arch, rng *rand.Rand) float64 {
	return 2*times(a, nasbench201.Conv3x3) + times(a, nasbench201.Conv1x1) + 0.3*rng.NormFloat64()
}

// The bias of four architectures can be counted by hand.
func TestOperatorBiasByHand(t *testing.T) {
	cells := []operatorCell{newOperatorCell("d", "x", true, []float64{1, 1, 0, 0}), newOperatorCell("d", "y", true, []float64{0, 0, 1, 1})}
	found := measureOperators(cells, []float64{1, 2, 4, 3}, []float64{10, 40, 20, 30}, 1)
	// By score x has the ranks 1 and 2 of 4, by truth 1 and 4; a rank r is the share (r−½)/4.
	for i, want := range []struct{ score, truth float64 }{{0.25, 0.5}, {0.75, 0.5}} {
		near(t, "score's rank", report.Number(found[i].score), want.score, 1e-12)
		near(t, "true rank", report.Number(found[i].truth), want.truth, 1e-12)
		near(t, "bias", report.Number(found[i].bias.value), want.score-want.truth, 1e-12)
	}
	// The truth of x and y is alike, so that noise explains nothing of it.
	near(t, "beyond noise", report.Number(found[1].beyond.value), 0.25, 1e-12)
}

// A score that adds something for each skip connection likes them too much, at each edge and at all together, and nothing else.
func TestOperatorBiasIsFound(t *testing.T) {
	e := drawn(300, 5, convolutions)
	judge(e, "supernet", lab.SupernetScore, func(i int) float64 { return e.Truth.Mean[i] + 1.5*times(e.Archs[i], nasbench201.SkipConnect) })
	r, err := biasTables(e)
	if err != nil {
		t.Fatal(err)
	}
	all := operatorGroups(e.Space)[0].name
	for _, decision := range append(slices.Clone(nasbench201.Keys[:]), all) {
		for _, value := range e.Space.Choices()[0].Values {
			beyond := cell(t, r, "operators", "beyond noise", "supernet", decision, value)
			p := cell(t, r, "operators", "p beyond", "supernet", decision, value)
			if value == nasbench201.SkipConnect.String() {
				if !(beyond.Low > 0) || !(p.Value < 0.01) {
					t.Errorf("%s, %s: %v with p %v, want above 0", decision, value, beyond, p.Value)
				}
			} else if skip := cell(t, r, "operators", "beyond noise", "supernet", decision, nasbench201.SkipConnect.String()); beyond.Value > skip.Value/2 {
				t.Errorf("%s, %s: %v, which is not much less than that of skip connections, %v", decision, value, beyond, skip)
			}
		}
	}
	f := r.Findings[0]
	if f.Verdict != report.Reproduced || !strings.Contains(f.Why, "too high: "+nasbench201.SkipConnect.String()) {
		t.Errorf("%s: %s", f.Verdict, f.Why)
	}
	var heat int
	for _, f := range r.Figures {
		if f.Kind() == "heatmap" {
			heat++
		}
	}
	if heat != 2 {
		t.Errorf("%d heat maps, want that of the bias and that beyond noise", heat)
	}
}

// A score that is truth and noise draws what is good towards the middle: it has bias, and none beyond noise. Of many such scores, at most
// about one in twenty has anything significant.
func TestNoiseIsNoBias(t *testing.T) {
	e := drawn(150, 6, convolutions)
	cells := operatorCells(e.Space, e.Archs)
	rng := rand.New(rand.NewPCG(3, 4))
	const tables = 20
	rejected, total, excess := 0, 0.0, 0.0
	for range tables {
		score := make([]float64, len(e.Archs))
		for i := range score {
			score[i] = e.Truth.Mean[i] + 3*rng.NormFloat64()
		}
		found := measureOperators(cells, score, e.Truth.Mean, 1)
		if slices.ContainsFunc(found, func(b operatorBias) bool { return b.beyondP < significance }) {
			rejected++
		}
		conv := slices.IndexFunc(cells, func(c operatorCell) bool { return !c.single && c.value == nasbench201.Conv3x3.String() })
		if !(found[conv].bias.value < -0.02 && found[conv].p < significance) {
			t.Errorf("bias of convolutions %v with p %v: noise should draw them down", found[conv].bias.value, found[conv].p)
		}
		sum := measureTotal("", "", cells, score, e.Truth.Mean, 1)
		total, excess = total+sum.bias.value/tables, excess+sum.beyond.value/tables
	}
	if rejected > 3 { // 1 is expected
		t.Errorf("%d of %d scores have a significant bias beyond noise", rejected, tables)
	}
	if !(total > 0.04) || !(excess < 0.02) {
		t.Errorf("bias %v, of which %v beyond noise", total, excess)
	}
}

// The p-values of permutations are those that permutations have.
func TestPermutationsAgree(t *testing.T) {
	e := drawn(60, 9, convolutions)
	rng := rand.New(rand.NewPCG(1, 9))
	score := make([]float64, len(e.Archs))
	for i := range score {
		score[i] = rng.NormFloat64() + e.Truth.Mean[i]/4
	}
	s, tr := rankShares(score), rankShares(e.Truth.Mean)
	for _, c := range operatorCells(e.Space, e.Archs) {
		got := measureOperators([]operatorCell{c}, score, e.Truth.Mean, 1)[0].p
		sum := func(order []int) (v float64) {
			for i, to := range order {
				v += c.takes[i] * (s[to] - tr[to])
			}
			return v
		}
		order := make([]int, len(s))
		for i := range order {
			order[i] = i
		}
		observed := math.Abs(sum(order))
		const permutations = 4000
		far := 0
		for range permutations {
			rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			if math.Abs(sum(order)) >= observed {
				far++
			}
		}
		near(t, c.decision+" "+c.value, report.Number(got), float64(far)/permutations, 0.03)
	}
}

// The spread of biases has an interval that holds it.
func TestTotalBias(t *testing.T) {
	e := drawn(300, 5, convolutions)
	cells := operatorCells(e.Space, e.Archs)
	score := make([]float64, len(e.Archs))
	for i := range score {
		score[i] = e.Truth.Mean[i] + 2*times(e.Archs[i], nasbench201.SkipConnect)
	}
	b := measureTotal("", "", cells, score, e.Truth.Mean, 1)
	if v := b.beyond.estimate(); !(v.Low > 0.02 && v.Low < v.Value && v.Value < v.High) || b.significant < 6 {
		t.Errorf("bias beyond noise %v, %d values significant, want at least the six edges", v, b.significant)
	}
}

// Decisions of a space are together if their values are the same; values that hardly any architecture takes are left out.
func TestOperatorCells(t *testing.T) {
	space := darts.New()
	groups := operatorGroups(space)
	if groups[0].name == "" || len(groups[0].decisions) != 16 || len(groups[0].values) != 7 {
		t.Errorf("the first group has %d decisions of %d values, want the 16 operations of 7", len(groups[0].decisions), len(groups[0].values))
	}
	e := drawn(12, 2, convolutions)
	for _, c := range operatorCells(e.Space, e.Archs) {
		if len(c.takers) < operatorLeast {
			t.Errorf("%s, %s: %d architectures", c.decision, c.value, len(c.takers))
		}
	}
}

// A score with a preference for the large has one; the truth itself has none.
func TestSizeBias(t *testing.T) {
	e := drawn(150, 8, func(a nasbench201.Arch, rng *rand.Rand) float64 {
		return times(a, nasbench201.Conv1x1) - times(a, nasbench201.None) + 0.1*rng.NormFloat64()
	})
	judge(e, "large", lab.TableScore, func(i int) float64 { return e.Truth.Mean[i] + e.Baselines[0].Values[i]/4e5 })
	judge(e, "fair", lab.TableScore, func(i int) float64 { return e.Truth.Mean[i] + math.Sin(float64(97*i)) })
	r, err := biasTables(e)
	if err != nil {
		t.Fatal(err)
	}
	const column = "partial rho with it given the truth"
	if v := cell(t, r, "size", column, "large", string(lab.TableScore), e.Baselines[0].Name); !(v.Low > 0.3) {
		t.Errorf("a preference of %v for the large", v)
	}
	if v := cell(t, r, "size", column, "fair", string(lab.TableScore), e.Baselines[0].Name); !(v.Low < 0 && v.High > 0) {
		t.Errorf("a preference of %v of a fair score", v)
	}
	var verdicts []report.Verdict
	for _, f := range r.Findings {
		if f.ID == "2.ii, size" {
			verdicts = append(verdicts, f.Verdict)
		}
	}
	if len(verdicts) != 2 || verdicts[0] != report.Reproduced || verdicts[1] == report.Reproduced {
		t.Errorf("verdicts %v", verdicts)
	}
}

// Scores that follow the first epoch, or the last, are told apart.
func TestConvergenceBias(t *testing.T) {
	e := drawn(60, 4, convolutions)
	rng := rand.New(rand.NewPCG(6, 6))
	const epochs = 20
	quick := make([]float64, len(e.Archs)) // how much is learnt at once
	for i, runs := range e.Truth.Runs {
		quick[i] = rng.NormFloat64()
		curves := make([][]float64, len(runs))
		for r, end := range runs {
			for epoch := 1; epoch <= epochs; epoch++ {
				done := float64(epoch) / epochs
				curves[r] = append(curves[r], done*end+(1-done)*quick[i])
			}
		}
		e.Truth.Curves = append(e.Truth.Curves, curves)
	}
	judge(e, "early", lab.TableScore, func(i int) float64 { return quick[i] })
	judge(e, "late", lab.TableScore, func(i int) float64 { return e.Truth.Runs[i][1] })
	r, err := biasTables(e)
	if err != nil {
		t.Fatal(err)
	}
	more := func(by string, epoch int) (first, last report.Estimate) {
		for _, table := range r.Tables {
			if table.Name == "convergence" {
				for _, row := range table.Rows {
					if row[0] == by && row[3] == epoch {
						first, _ = row[5].(report.Estimate)
						return first, row[4].(report.Estimate)
					}
				}
			}
		}
		t.Fatalf("no row of %s and epoch %d", by, epoch)
		return first, last
	}
	if v, _ := more("early", 3); !(v.Low > 0.3) {
		t.Errorf("the early score agrees with epoch 3 by %v more than with the last", v)
	}
	if v, _ := more("late", 3); !(v.High < -0.3) {
		t.Errorf("the late score agrees with epoch 3 by %v more than with the last", v)
	}
	// The score that is another training is the ceiling.
	_, late := more("late", epochs)
	_, ceiling := more("end of another training", epochs)
	if late != ceiling {
		t.Errorf("the other training has %v, as a score %v", ceiling, late)
	}
	if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, "late agrees most with the last, 20") || !strings.Contains(notes, "early agrees most with epoch 3 of 20") {
		t.Errorf("notes:\n%s", notes)
	}
}

func TestSpacedEpochs(t *testing.T) {
	for _, c := range []struct {
		n    int
		want []int
	}{{3, []int{1, 2, 3}}, {20, []int{3, 5, 8, 10, 13, 15, 18, 20}}} {
		if got := spacedEpochs(c.n, 8); !slices.Equal(got, c.want) {
			t.Errorf("of %d: %v, want %v", c.n, got, c.want)
		}
	}
}

func TestSeedsAgree(t *testing.T) {
	e := hundred(
		scored("a", lab.SupernetScore, func(i int) float64 { return float64(i) }),
		scored("b", lab.SupernetScore, func(i int) float64 { return float64(i ^ 1) }),
		scored("c", lab.SupernetScore, func(i int) float64 { return -float64(i) }),
	)
	for i := range e.Archs {
		e.Archs[i] = nasbench201.FromOrdinal(i)
	}
	e.Space = nasbench201.New()
	r, err := biasTables(e)
	if err != nil {
		t.Fatal(err)
	}
	swapped := (4950 - 2*50) / 4950. // 50 pairs of neighbours change places
	near(t, "a with b", cell(t, r, "seeds", "tau-b", "a", "b").Value, swapped, 1e-12)
	near(t, "a with c", cell(t, r, "seeds", "tau-b", "a", "c").Value, -1, 1e-12)
	near(t, "b with c", cell(t, r, "seeds", "tau-b", "b", "c").Value, -swapped, 1e-12)
	near(t, "mean", cell(t, r, "seeds", "tau-b", "mean", "of all pairs").Value, -1./3, 1e-12)
	near(t, "truth", cell(t, r, "seeds", "tau-b", "truth").Value, swapped, 1e-12)
}

func TestConsecutiveEpochsAndControl(t *testing.T) {
	e := drawn(80, 4, convolutions)
	r := e.Result(biasName, biasTitle, biasQuestion)
	reversed := make([]float64, len(e.Archs))
	for i, v := range e.Truth.Mean {
		reversed[i] = -v
	}
	if err := consecutiveEpochs(r, e, []int{1, 2, 3}, [][]float64{reversed, e.Truth.Mean, e.Truth.Mean}); err != nil {
		t.Fatal(err)
	}
	rows := r.Tables[0].Rows
	if rows[0][3] != nil || rows[1][3].(report.Estimate).Value != -1 || rows[2][3].(report.Estimate).Value != 1 {
		t.Errorf("agreement with the epoch before %v, %v, %v", rows[0][3], rows[1][3], rows[2][3])
	}
	if err := replicated(r, e, reversed, e.Truth.Mean); err != nil {
		t.Fatal(err)
	}
	near(t, "gained by copies", cell(t, r, "control", "tau-b more than without", "2 copies of each choice").Value, 2, 1e-12)
	near(t, "bias of the truth", cell(t, r, "control", "bias beyond noise", "2 copies of each choice").Value, 0, 1e-12)
}

// Every space has decisions that something can be said of, and figures that can be drawn.
func TestBiasInEverySpace(t *testing.T) {
	for _, name := range all.Names() {
		space, err := all.New(name)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(2, 3))
		e := &lab.Evidence{Space: space, Title: name, Seed: 1, Truth: &lab.Truth{}}
		for range 40 {
			e.Archs = append(e.Archs, space.Sample(rng))
			e.Truth.Runs = append(e.Truth.Runs, []float64{rng.NormFloat64()})
			e.Truth.Mean = append(e.Truth.Mean, e.Truth.Runs[len(e.Truth.Runs)-1][0])
		}
		judge(e, "supernet", lab.SupernetScore, func(int) float64 { return rng.NormFloat64() })
		r, err := biasTables(e)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, f := range r.Figures {
			if err := f.WriteSVG(io.Discard); err != nil {
				t.Errorf("%s, %s: %v", name, f.FileName(), err)
			}
		}
		if len(r.Tables[0].Rows) < 5 || len(r.Figures) == 0 {
			t.Errorf("%s: %d values of decisions, %d figures", name, len(r.Tables[0].Rows), len(r.Figures))
		}
	}
}
