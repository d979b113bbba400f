package analysis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/rank"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/spaces"
)

const (
	pruneShare = 5   // of the supernet's epochs, one part in so many is what it goes on training for in each round
	pruneLook  = 100 // architectures, at least, that branches are judged by, but at most four times as many as the study compares
	pruneFew   = 10  // architectures of the study that rounds must leave on average
	// pruneFound is the share of what is left that the supernet likes best, whose truth is compared. A share and not a number: a search
	// draws as many candidates from a part as from the whole, while the study has fewer in a part.
	pruneFound = 0.10
	pruneDraws = 200 // ways to prune at random that are tried without training
)

// pruneRounds is how often branches are dropped; each time half of what is left goes. Of the few architectures of a small study a quarter
// would be too few to say anything of.
func pruneRounds(archs int) int {
	if archs < 4*pruneFew {
		return 1
	}
	return 2
}

// progressive prunes a space in rounds, between which the supernet goes on training.
type progressive struct {
	space  spaces.Space
	archs  []spaces.Arch // of the study, whose truth is known
	seed   uint64
	rounds int
	epochs int // of each round
	score  func(lab.Variant, []spaces.Arch) ([]float64, error)
	// possible says why a supernet cannot be trained; nil if all can that have a part of the space left.
	possible func(lab.Variant) error
}

func newProgressive(ctx context.Context, l *lab.Lab) *progressive {
	archs := l.Archs()
	p := &progressive{space: l.Space, archs: archs, seed: l.Config.Seed, rounds: pruneRounds(len(archs)),
		epochs: max(1, l.Config.Train.Epochs/pruneShare),
		score:  func(v lab.Variant, archs []spaces.Arch) ([]float64, error) { return l.Scores(ctx, v, archs) }}
	if l.Config.Sampler != "uniform" { // others may find no architectures to combine
		p.possible = l.Possible
	}
	return p
}

// look is how many architectures branches are judged by, at least.
func (p *progressive) look() int { return min(pruneLook, 4*len(p.archs)) }

// arm is a way to prune, and where it has led.
type arm struct {
	name string
	// worth says what branches are worth; nil to drop nothing.
	worth func(*panel, *rand.Rand) [][]float64
	// known are scores that cost nothing and that worth looks at instead of the supernet's; nil where it is the supernet's or none.
	known  []float64
	scored bool // by the supernet

	variant lab.Variant // the supernet at hand
	part    spaces.Space
	left    []int // of the study's architectures, those in the part
	drops   []drop
}

// drop is a branch that was dropped.
type drop struct {
	round int
	branch
	worth float64
}

func random(p *panel, rng *rand.Rand) [][]float64 {
	return p.each(func(branch, []int) float64 { return rng.Float64() })
}

// arms are the ways to prune that a supernet is trained for. All of them cost as much.
func arms() []*arm {
	all := []*arm{{name: "nothing dropped"}, {name: "random", worth: random}}
	for _, s := range branchScores {
		all = append(all, &arm{name: s.name, scored: true, worth: func(p *panel, _ *rand.Rand) [][]float64 { return s.of(p) }})
	}
	return all
}

// run prunes in rounds. What is drawn at random is drawn from the stream of the given number.
func (p *progressive) run(a *arm, stream uint64) error {
	a.part, a.left = p.space, make([]int, len(p.archs))
	for i := range a.left {
		a.left[i] = i
	}
	rng := rand.New(rand.NewPCG(p.seed, stream))
	for round := range p.rounds {
		next := lab.Variant{After: new(a.variant), Epochs: p.epochs}
		if a.worth != nil {
			dropped, err := p.round(a, round, rng)
			if err != nil {
				return fmt.Errorf("%s, round %d: %w", a.name, round+1, err)
			}
			next.Drop = dropped
		}
		a.variant = next
	}
	return nil
}

// round drops branches of what is left.
func (p *progressive) round(a *arm, round int, rng *rand.Rand) (map[string][]string, error) {
	archs := p.of(a.left)
	if a.known == nil { // architectures that are drawn have no other scores than the supernet's
		archs = draw(archs, p.look(), a.part, rng)
	}
	look := &panel{choices: p.space.Choices(), score: make([]float64, len(archs))}
	for _, arch := range archs {
		look.values = append(look.values, arch.Values())
	}
	if a.scored {
		for _, arch := range archs {
			look.params = append(look.params, float64(p.space.Network(arch).Params()))
		}
		var err error
		if look.score, err = p.score(a.variant, archs); err != nil {
			return nil, err
		}
	} else if a.known != nil {
		for k, i := range a.left {
			look.score[k] = a.known[i]
		}
	}
	worth := a.worth(look, rng)
	dropped := look.halve(worth, func(b []branch) bool {
		byName := names(look.choices, b)
		_, err := spaces.Drop(a.part, byName)
		if err == nil && a.known == nil && p.possible != nil {
			err = p.possible(lab.Variant{After: &a.variant, Drop: byName, Epochs: p.epochs})
		}
		return err == nil
	})
	if len(dropped) == 0 {
		return nil, nil
	}
	for _, b := range dropped {
		a.drops = append(a.drops, drop{round + 1, b, worth[b.decision][b.value]})
		a.left = slices.DeleteFunc(a.left, func(i int) bool { return p.archs[i].Values()[b.decision] == b.value })
	}
	byName := names(look.choices, dropped)
	var err error
	a.part, err = spaces.Drop(a.part, byName)
	return byName, err
}

// draw adds architectures of a part of the space until there are enough to judge branches by, or hardly any more can be found.
func draw(archs []spaces.Arch, enough int, part spaces.Space, rng *rand.Rand) []spaces.Arch {
	known := make(map[string]bool)
	for _, a := range archs {
		known[a.String()] = true
	}
	for tries := 0; len(archs) < enough && tries < 20*enough; tries++ {
		if a := part.Sample(rng); !known[a.String()] {
			known[a.String()] = true
			archs = append(archs, a)
		}
	}
	return archs
}

// pruneScorings are those of all arms. What is dropped by scores that are not found yet is not known: from there on, such an arm is like the
// one that drops at random, which is as long and leaves about as much.
func pruneScorings(l *lab.Lab) (scorings []lab.Scoring) {
	p := newProgressive(context.Background(), l)
	var unknown lab.Scoring // that an arm has asked for last
	p.score = func(v lab.Variant, archs []spaces.Arch) ([]float64, error) {
		if scores, ok := l.Found(v, archs); ok {
			return scores, nil
		}
		unknown = lab.Scoring{Variant: v, Archs: archs}
		return nil, errUnknown
	}
	var chance []lab.Scoring // of the random arm, by round
	for i, a := range arms() {
		err := p.run(a, streamArms+uint64(i))
		last := lab.Scoring{Variant: a.variant, Archs: p.of(a.left)}
		switch {
		case err == nil && !a.scored && a.worth != nil:
			for v := &a.variant; v.After != nil; v = v.After {
				chance = slices.Insert(chance, 0, lab.Scoring{Variant: *v, Archs: last.Archs, Like: true})
			}
			scorings = append(scorings, last)
		case err == nil:
			scorings = append(scorings, last)
		case errors.Is(err, errUnknown) && chance != nil:
			scorings = append(scorings, unknown)
			for round, s := range chance[rounds(unknown.Variant):] {
				if left := p.rounds - rounds(unknown.Variant) - 1; round < left { // branches are judged once more
					s.Archs = unknown.Archs
				}
				scorings = append(scorings, s)
			}
		}
	}
	return scorings
}

// errUnknown says that scores have not been found yet.
var errUnknown = errors.New("not found yet")

// rounds is how often a supernet has gone on.
func rounds(v lab.Variant) (n int) {
	for ; v.After != nil; v = *v.After {
		n++
	}
	return n
}

// of are architectures of the study by their indices.
func (p *progressive) of(index []int) []spaces.Arch {
	archs := make([]spaces.Arch, len(index))
	for i, at := range index {
		archs[i] = p.archs[at]
	}
	return archs
}

// pruneStudy adds to what tables say what becomes of a supernet that goes on training in a pruned space.
func pruneStudy(ctx context.Context, l *lab.Lab) (answer func() (*report.Result, error), err error) {
	e, err := l.Evidence(ctx)
	if err != nil {
		return nil, err
	}
	p := newProgressive(ctx, l)
	trained, err := p.train()
	if err != nil {
		return nil, err
	}
	return func() (*report.Result, error) {
		r, err := pruneArchitectures(e)
		if err != nil {
			return nil, err
		}
		return r, p.report(r, e, trained)
	}, nil
}

// trainedArms are what supernets were trained for.
type trainedArms struct {
	arms   []*arm
	before []float64   // scores of the supernet that all begin with
	after  [][]float64 // by arm: of the supernet at the end, of the architectures that are left
}

// train runs all arms.
func (p *progressive) train() (*trainedArms, error) {
	before, err := p.score(lab.Variant{}, p.archs)
	if err != nil {
		return nil, err
	}
	t := &trainedArms{arms: arms(), before: before}
	for i, a := range t.arms {
		if err := p.run(a, streamArms+uint64(i)); err != nil {
			return nil, err
		}
		scores, err := p.score(a.variant, p.of(a.left))
		if err != nil {
			return nil, err
		}
		after := make([]float64, len(p.archs))
		for k, at := range a.left {
			after[at] = scores[k]
		}
		t.after = append(t.after, after)
	}
	return t, nil
}

// report says what the arms have led to. The evidence is about the architectures of p.
func (p *progressive) report(r *report.Result, e *lab.Evidence, t *trainedArms) error {
	p.dropTable(r, t.arms)
	if err := p.leftTable(r, e, t.arms); err != nil {
		return err
	}
	p.continued(r, e.Truth.Mean, t.arms, t.before, t.after)
	rounds := "in one round"
	if p.rounds > 1 {
		rounds = fmt.Sprintf("in each of %d rounds", p.rounds)
	}
	r.Notes = append(r.Notes, fmt.Sprintf("Progressive pruning: %s the values of decisions that are worth least are dropped, one after another, until at most half of the architectures is left of at least %d that are looked at, "+
		"and the supernet goes on training with what is left for %s, with the schedule of the recipe from its beginning. With nothing dropped it goes on as long in the whole space. "+
		"Mean score is that of the architectures that take a value; dominance the share of pairs in which such an architecture has the higher score and no more parameters than one that decides otherwise; "+
		"residual the mean of what a line in the logarithm of the number of parameters leaves of the scores.", rounds, p.look(), lab.Plural(p.epochs, "epoch")))
	return nil
}

// dropTable lists what was dropped.
func (p *progressive) dropTable(r *report.Result, arms []*arm) {
	table := r.Table("dropped", "Progressive pruning: the values that were dropped",
		report.Text("by"), report.Integer("round"), report.Text("decision"), report.Text("value"), report.Real("worth", 4))
	for _, a := range arms {
		for _, d := range a.drops {
			c := p.space.Choices()[d.decision]
			var worth any
			if a.scored {
				worth = d.worth
			}
			table.Add(a.name, d.round, c.Name, c.Values[d.value], worth)
		}
	}
}

// leftTable says what the architectures that are left are worth. Counts can prune too, and chance many times, as neither has to be trained.
func (p *progressive) leftTable(r *report.Result, e *lab.Evidence, trained []*arm) error {
	n := len(p.archs)
	all := slices.Clone(trained)
	for _, b := range e.Baselines {
		a := &arm{name: "mean of " + b.Name, known: b.Values, worth: func(p *panel, _ *rand.Rand) [][]float64 { return p.mean(p.score) }}
		if err := p.run(a, 0); err != nil {
			return err
		}
		all = append(all, a)
	}
	top, digits := shareKept(e.Truth.Mean), truthDigits(e.Truth.Mean)
	table := r.Table("left", "Progressive pruning: the architectures that are left",
		report.Text("pruned by"), report.Integer("values dropped"), report.Integer("left"), report.Real("share", 3), report.Real("mean truth", digits), report.Real("best truth", digits), report.Real("of the true top 10 %", 3))
	for _, a := range all {
		truth := resampled(n, e.Seed, func(index []int) []float64 { return []float64{meanWithin(e.Truth.Mean, a.left, index)} })
		table.Add(a.name, len(a.drops), len(a.left), float64(len(a.left))/float64(n), truth[0].estimate(), bestWithin(e.Truth.Mean, a.left), top(a.left))
	}
	var shares, means, bests, kept []float64
	for i := range pruneDraws {
		a := &arm{name: "random", known: e.Truth.Mean, worth: random}
		if err := p.run(a, streamDraws+uint64(i)); err != nil {
			return err
		}
		if len(a.left) == 0 {
			continue
		}
		shares, kept = append(shares, float64(len(a.left))/float64(n)), append(kept, top(a.left))
		means, bests = append(means, mean(valuesOf(e.Truth.Mean, a.left))), append(bests, bestWithin(e.Truth.Mean, a.left))
	}
	table.Add(fmt.Sprintf("random, %d times", pruneDraws), nil, nil, spread(shares), spread(means), spread(bests), spread(kept))
	table.Note = fmt.Sprintf("Intervals are over architectures; in the last row they hold 95 %% of %d ways to prune at random.", pruneDraws)
	return nil
}

// continued compares the supernets that have gone on training.
func (p *progressive) continued(r *report.Result, truth []float64, arms []*arm, before []float64, after [][]float64) {
	const whole = 0 // the arm that drops nothing
	n, digits := len(truth), truthDigits(truth)
	ranking := r.Table("ranking", "Progressive pruning: rank correlation (τ-b) inside what is left",
		report.Text("pruned by"), report.Integer("n"), report.Real("before", 3), report.Real("gone on, nothing dropped", 3), report.Real("gone on in what is left", 3), report.Real("gained by pruning", 3))
	found := r.Table("found", fmt.Sprintf("Progressive pruning: mean truth of the %s of what is left that the supernet at the end likes best", percent(pruneFound)),
		report.Text("pruned by"), report.Real("mean truth", digits), report.Real("more than nothing dropped", digits))
	plot := &figure.Intervals{Name: "progressive", Title: "What pruning and going on gains over going on in the whole space", Subtitle: subtitle(r),
		Axis: "difference of truth"}
	best, left := make([]sampled, len(arms)), make([]sampled, len(arms)) // by arm: truth of what is found, and how much better what is left is
	for i, a := range arms {
		v := resampled(n, p.seed, func(index []int) []float64 {
			in := within(a.left, index)
			return []float64{kendallOf(before, truth, in), kendallOf(after[whole], truth, in), kendallOf(after[i], truth, in),
				topMean(after[i], truth, in, max(1, int(math.Round(pruneFound*float64(len(in)))))), meanWithin(truth, a.left, index), meanWithin(truth, arms[whole].left, index)}
		})
		best[i], left[i] = v[3], v[4].minus(v[5])
		ranking.Add(a.name, len(a.left), v[0].estimate(), v[1].estimate(), v[2].estimate(), v[2].minus(v[1]).estimate())
		gain := best[i].minus(best[whole]).estimate()
		found.Add(a.name, best[i].estimate(), gain)
		if i == whole {
			continue
		}
		row := figure.IntervalRow{Name: a.name}
		for _, point := range []struct {
			series string
			of     report.Estimate
		}{{"mean of what is left", left[i].estimate()}, {fmt.Sprintf("the best %s by score", percent(pruneFound)), gain}} {
			if point.of.Defined() {
				row.Points = append(row.Points, figure.IntervalPoint{Series: point.series, Value: float64(point.of.Value), Low: float64(point.of.Low), High: float64(point.of.High)})
			}
		}
		if row.Points != nil {
			plot.Rows = append(plot.Rows, row)
		}
	}
	if plot.Rows != nil {
		r.Figures = append(r.Figures, plot)
	}

	var pruned, chance, easier []sampled
	fewest := n // architectures that are left
	for i, a := range arms {
		fewest = min(fewest, len(a.left))
		if a.scored {
			pruned, easier = append(pruned, best[i]), append(easier, left[i])
		} else if i != whole {
			chance = append(chance, best[i])
		}
	}
	ours := average(pruned)
	gain, overChance := ours.minus(best[whole]).estimate(), ours.minus(average(chance)).estimate()
	verdict := aboveOf(fewest, gain)
	// A smaller space may be easier whoever has made it smaller: with the supernet's help, what is left is better than what pruning at
	// random leaves, which on average is as good as the whole. (One pruning at random is trained for; it may have been lucky.)
	help := average(easier).estimate()
	if verdict == report.Reproduced {
		verdict = aboveOf(fewest, help)
	}
	r.Findings = append(r.Findings, report.Finding{
		ID: "v", Claim: "A supernet that goes on training in the part of the space that it has pruned finds better architectures.",
		Verdict: verdict,
		Measure: fmt.Sprintf("mean truth of the %s that it likes best there (mean of %d branch scores)", percent(pruneFound), len(pruned)), Number: ours.estimate(),
		Against: "going on as long with nothing dropped", Other: best[whole].estimate(),
		Why: fmt.Sprintf("The gain is %s; over one pruning at random it is %s. What is left is better on average than the whole by %s.", written(gain, digits), written(overChance, digits), written(help, digits)),
	})
}

// within are those of the drawn that are left, as often as they were drawn; left is in rising order.
func within(left, drawn []int) (in []int) {
	for _, i := range drawn {
		if _, ok := slices.BinarySearch(left, i); ok {
			in = append(in, i)
		}
	}
	return in
}

// kendallOf is τ-b among some; NaN of fewer than two.
func kendallOf(score, truth []float64, index []int) float64 {
	p, err := rank.New(valuesOf(score, index), valuesOf(truth, index))
	if err != nil {
		return math.NaN()
	}
	return p.Kendall()
}

// topMean is the mean truth of the k of some with the highest scores, over all orders of equal scores; of all of them if they are fewer.
func topMean(score, truth []float64, index []int, k int) float64 {
	order := slices.Clone(index)
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(score[b], score[a]) })
	k = min(k, len(order))
	sum := 0.0
	for start := 0; start < k; {
		end := start
		group := 0.0
		for ; end < len(order) && score[order[end]] == score[order[start]]; end++ {
			group += truth[order[end]]
		}
		sum += group * float64(min(end, k)-start) / float64(end-start)
		start = end
	}
	return sum / float64(k)
}

// meanWithin is the mean of those of the drawn that are left.
func meanWithin(values []float64, left, drawn []int) float64 {
	return mean(valuesOf(values, within(left, drawn)))
}

// bestWithin is NaN where nothing is left.
func bestWithin(values []float64, left []int) float64 {
	if len(left) == 0 {
		return math.NaN()
	}
	return slices.Max(valuesOf(values, left))
}

// shareKept returns a function that tells which share of the true top tenth is left.
func shareKept(truth []float64) func(left []int) float64 {
	return func(left []int) float64 {
		in := make([]float64, len(truth))
		for _, i := range left {
			in[i] = 1
		}
		p, err := rank.New(in, truth)
		if err != nil {
			return math.NaN()
		}
		return 1 - p.PruningLoss(p.Share(pruneTop), p.Len()-len(left), rank.Average)
	}
}

// spread is the mean of values with the interval that holds 95 % of them.
func spread(values []float64) report.Estimate {
	return sampled{mean(values), values}.estimate()
}
