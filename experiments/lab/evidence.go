package lab

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/experiments/lab/proxy"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/plaintext"
	"github.com/oneshot-nas/oneshot/spaces/truth"
)

// Evidence is what rankings are judged by: architectures, what they achieve, and what any number of scores says of them. It comes
// from a study ([Lab.Evidence]) or from anyone's tables ([ReadEvidence]).
type Evidence struct {
	Space    spaces.Space // at the size that the truth is about
	Title    string       // of the space, as papers write it
	Setting  []string     // where scores and truth come from, a line each
	Warnings []string     // what is not as it was asked for, or looks wrong: a sentence each
	Seed     uint64       // of what is drawn at random: resamples, random orders
	Files    []string     // with their fingerprints, where scores and truth come from anyone's tables

	Archs     []spaces.Arch
	Truth     *Truth
	TruthName string // the metric, "minus" it where lower is better

	Scores    []Scorer // what is judged: supernets by seed, or a column of each file
	Baselines []Scorer // what it must be compared to: counts, and proxies if they were asked for
}

// Scorer is a number for each architecture by which they can be ranked; higher is better.
type Scorer struct {
	Name   string
	Kind   ScorerKind
	Values []float64 // as Evidence.Archs
}

// ScorerKind is where a score comes from.
type ScorerKind string

// The kinds of scorers.
const (
	SupernetScore ScorerKind = "supernet"
	CountScore    ScorerKind = "count" // parameters, multiply-adds, weighted layers
	ProxyScore    ScorerKind = "proxy" // computed at initialisation
	TableScore    ScorerKind = "table" // somebody's
)

// All are the scorers judged and those that they are compared to.
func (e *Evidence) All() []Scorer {
	return append(e.Scores[:len(e.Scores):len(e.Scores)], e.Baselines...)
}

// Result begins what an analysis says about the evidence.
func (e *Evidence) Result(name, title, question string) *report.Result {
	return &report.Result{Analysis: name, Title: title, Question: question, Setting: e.Setting, Warnings: e.Warnings}
}

// Seeds are the variants that differ in nothing but the seed, as many as the command line asks for.
func (l *Lab) Seeds() []Variant {
	variants := make([]Variant, l.seeds)
	for i := range variants {
		variants[i].Seed = uint64(i)
	}
	return variants
}

// Ground is the evidence without scores: architectures, the truth about them, and the counts.
func (l *Lab) Ground(ctx context.Context) (*Evidence, error) {
	found, err := l.Truth(ctx, l.chosen)
	if err != nil {
		return nil, err
	}
	if found, err = l.leaveOut(found); err != nil {
		return nil, err
	}
	e := &Evidence{Space: l.counted, Title: l.family.title, Setting: l.Setting(), Warnings: l.Warnings(), Seed: l.Config.Seed, Archs: l.archs,
		Truth: found, TruthName: l.truthName(), Baselines: Counts(l.counted, l.archs)}
	if l.proxies == nil {
		return e, nil
	}
	proxies, err := l.Proxies(ctx, l.archs, l.proxies)
	if err != nil {
		return nil, err
	}
	e.Baselines = append(e.Baselines, proxies...)
	if e.Truth.Curves != nil {
		speed, err := l.TrainingSpeed(l.archs, (l.Config.Alone.Epochs+3)/4)
		if err != nil {
			return nil, err
		}
		e.Baselines = append(e.Baselines, speed)
	}
	return e, nil
}

// divergence is what trainings alone have lost.
type divergence struct{ trainings, archs int }

// leaveOut takes out of the study those of the chosen architectures of which every training alone has diverged. There must be two others.
func (l *Lab) leaveOut(t *Truth) (*Truth, error) {
	if l.table != nil {
		return t, nil
	}
	found, err := l.records()
	if err != nil {
		return nil, err
	}
	l.diverged = divergence{}
	for _, run := range l.trainings(l.chosen) {
		if found.hasDiverged(run) {
			l.diverged.trainings++
		}
	}
	if !slices.ContainsFunc(t.Runs, func(runs []float64) bool { return len(runs) == 0 }) {
		return t, nil
	}
	var archs []spaces.Arch
	left := new(Truth)
	for i, runs := range t.Runs {
		if len(runs) == 0 {
			l.diverged.archs++
			continue
		}
		archs = append(archs, l.chosen[i])
		left.Mean, left.Runs, left.Curves = append(left.Mean, t.Mean[i]), append(left.Runs, runs), append(left.Curves, t.Curves[i])
	}
	if len(archs) < 2 {
		return nil, fmt.Errorf("of %s, every training alone has diverged but of %d: a ranking needs at least 2; try another rate with -lr", Plural(len(l.chosen), "architecture"), len(archs))
	}
	l.archs = archs
	return left, nil
}

// Evidence scores the study's architectures with its supernets, one for each seed, and finds the truth about them.
func (l *Lab) Evidence(ctx context.Context) (*Evidence, error) {
	for _, v := range l.Seeds() {
		if _, err := l.Scores(ctx, v, l.archs); err != nil {
			return nil, err
		}
	}
	e, err := l.Ground(ctx)
	if err != nil {
		return nil, err
	}
	for _, v := range l.Seeds() {
		values, err := l.Scores(ctx, v, e.Archs) // which are all there
		if err != nil {
			return nil, err
		}
		e.Scores = append(e.Scores, Scorer{Name: l.Label(v), Kind: SupernetScore, Values: values})
	}
	return e, nil
}

// Setting says what a study looks at, for people: space, recipe, training, data, truth.
func (l *Lab) Setting() []string {
	c := &l.Config
	setting := []string{
		fmt.Sprintf("space: %s, recipe %s, %s", l.family.title, c.Name, Plural(len(l.archs), "architecture")),
		fmt.Sprintf("supernet: %s, batch %d, learning rate %g, sampler %s, seed %d%s; batch norm: %s",
			Plural(c.Train.Epochs, "epoch"), c.Train.Batch, c.Train.LR, c.Sampler, c.Seed, l.precisionOf(c.Train.Precision), c.Eval.BN),
		fmt.Sprintf("data: %s, %d to train on, %d to score on", c.Data, c.TrainCount, c.ScoreCount),
		"truth: " + l.truthText(),
	}
	if len(l.proxies) > 0 {
		setting = append(setting, fmt.Sprintf("proxies: of networks of the recipe's size, on batches of %d%s",
			proxy.Default.Batch, l.precisionOf(autograd.Float32)))
	}
	return setting
}

// precisionOf names, behind what is computed in it, a precision if it or that of the study is not float32.
func (l *Lab) precisionOf(p autograd.Precision) string {
	if p == autograd.Float32 && l.Config.Train.Precision == autograd.Float32 {
		return ""
	}
	return fmt.Sprintf(", precision %v", p)
}

// truthText says where the truth comes from.
func (l *Lab) truthText() string {
	switch {
	case l.table != nil && l.again != nil:
		return fmt.Sprintf("%s (%s) and again %s (%s)", l.table.file(), l.table.taken("truth"), l.again.file(), l.again.taken("truth"))
	case l.table != nil:
		return fmt.Sprintf("%s (%s)", l.table.file(), l.table.taken("truth"))
	case l.embedded != nil:
		return fmt.Sprintf("embedded (%s, %s alone of %s%s; %s)",
			Plural(l.embedded.Architectures, "architecture"), Plural(l.embedded.Trainings, "training"),
			Plural(l.Config.Alone.Epochs, "epoch"), l.precisionOf(l.embedded.Depends.Alone.Precision), l.metricText())
	}
	return fmt.Sprintf("trained alone, %s, %s%s (%s)", Plural(l.Config.Alone.Epochs, "epoch"), Plural(max(1, l.Config.Seeds), "seed"),
		l.precisionOf(l.Config.Alone.Precision), l.metricText())
}

// truthName is what the truth is called.
func (l *Lab) truthName() string {
	metric, _ := l.metric()
	switch {
	case l.table != nil:
		return l.table.metricName()
	case truth.IsLowerBetter(metric):
		return "minus " + metric + ", trained alone"
	}
	return metric + ", trained alone"
}

// metricText says what trainings are judged by.
func (l *Lab) metricText() string {
	metric, _ := l.metric()
	if truth.IsLowerBetter(metric) {
		return metric + ", lower is better; shown with the sign turned"
	}
	return metric + ", higher is better"
}

// Warnings are what of the study is not as it was asked for.
func (l *Lab) Warnings() []string {
	d := l.diverged
	if d.trainings == 0 {
		return l.warnings
	}
	w := Plural(d.trainings, "training") + " alone diverged, left out of all means"
	if d.archs > 0 {
		w += ", and " + Plural(d.archs, "architecture") + " of which all did"
	}
	return append(slices.Clip(l.warnings), w)
}

// warn finds out what is not as it was asked for, once the architectures are chosen.
func (l *Lab) warn() {
	if n, asked := len(l.archs), l.Config.Archs; n < asked {
		why := "the space, as far as it is studied, has no more that compute different functions"
		switch {
		case l.table != nil:
			why = fmt.Sprintf("%s has no more, of %d rows, that compute different functions of the input", l.table.file(), len(l.table.archs))
		case l.embedded != nil:
			why = "the embedded truth has no more; -truth trained trains others"
		}
		l.warnings = append(l.warnings, fmt.Sprintf("%d architectures are compared, not %d (-archs): %s", n, asked, why))
	}
	if l.table != nil {
		l.warnings = append(l.warnings, l.table.copies()...)
	}
	l.warnings = append(l.warnings, l.again.lacking(l.archs)...)
}

// Plural is a number of things, of which the name of one is given: "1 epoch", "2 epochs".
func Plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// counts are the scores that cost nothing.
var counts = []struct {
	name string
	of   func(spaces.Network) float64
}{
	{"parameters", func(n spaces.Network) float64 { return float64(n.Params()) }},
	{"multiply-adds", func(n spaces.Network) float64 { return float64(n.MACs()) }},
	{"weighted layers", func(n spaces.Network) float64 { return float64(n.WeightedLayers()) }},
}

// Counts are the scorers that cost nothing, of the networks that a space makes of architectures.
func Counts(space spaces.Space, archs []spaces.Arch) []Scorer {
	scorers := make([]Scorer, len(counts))
	for i, c := range counts {
		scorers[i] = Scorer{Name: c.name, Kind: CountScore, Values: make([]float64, len(archs))}
	}
	for j, a := range archs {
		n := space.Network(a)
		for i, c := range counts {
			scorers[i].Values[j] = c.of(n)
		}
	}
	return scorers
}

// ReadEvidence joins tables of scores with that of the truth, by architecture; only what all of them have counts. Each file gives a
// scorer. The command line may leave out architectures whose output does not depend on their input.
func ReadEvidence(o *Options) (*Evidence, error) {
	f, r, err := o.recipe()
	if err != nil {
		return nil, err
	}
	space, err := restrict(f.published(r.Scale), o.Keep, o.Drop)
	if err != nil {
		return nil, err
	}
	if o.Truth == "" || o.Truth == TrainedTruth {
		return nil, errors.New("-scores wants -truth, the table to compare with; correlation also compares several with one another")
	}
	t, again, err := o.readTruth(space)
	if err != nil {
		return nil, err
	}
	if o.Connected {
		t = t.connected()
	}
	tables, err := o.readScores(space)
	if err != nil {
		return nil, err
	}
	e := &Evidence{Space: f.published(r.Scale), Title: f.title, Seed: o.Seed, TruthName: t.metricName(), Archs: common(append(tables[:len(tables):len(tables)], t))}
	if len(e.Archs) < 2 {
		return nil, fmt.Errorf("a ranking needs at least 2 architectures, and the tables have %d in common\nscores: %s\ntruth: %s", len(e.Archs), tables[0].joined(t, "score"), t.joined(tables[0], "truth"))
	}
	names, err := tableNames(o.Scores)
	if err != nil {
		return nil, err
	}
	for i, s := range tables {
		scorer := Scorer{Name: names[i], Kind: TableScore}
		all := s.Scores()
		for _, a := range e.Archs {
			scorer.Values = append(scorer.Values, all[s.at[a.String()]])
		}
		e.Scores = append(e.Scores, scorer)
		e.Setting = append(e.Setting, "scores: "+s.joined(t, "score"))
	}
	if e.Truth, err = truthOf(t, again, e.Archs); err != nil {
		return nil, err
	}
	for _, t := range append([]*table{t, again}, tables...) {
		if t != nil {
			e.Files = append(e.Files, t.name())
		}
	}
	e.Baselines = Counts(e.Space, e.Archs)
	e.Setting = append([]string{fmt.Sprintf("space: %s, %d architectures in all tables", f.title, len(e.Archs))}, e.Setting...)
	e.Setting = append(e.Setting, "truth: "+t.joined(tables[0], "truth"))
	if again != nil {
		e.Setting = append(e.Setting, fmt.Sprintf("truth again: %s (%s): %d rows", again.file(), again.taken("truth"), len(again.archs)))
	}
	e.Warnings = append(lost(len(e.Archs), append(tables[:len(tables):len(tables)], t)), t.copies()...)
	e.Warnings = append(e.Warnings, again.lacking(e.Archs)...)
	return e, nil
}

// lost warns where architectures that all tables might have in common, as many as the smallest of them has, are not in all.
func lost(common int, tables []*table) []string {
	smallest := tables[0]
	var sizes []string
	for _, t := range tables {
		if len(t.archs) < len(smallest.archs) {
			smallest = t
		}
		sizes = append(sizes, fmt.Sprintf("%s has %d rows", t.file(), len(t.archs)))
	}
	if common == len(smallest.archs) {
		return nil
	}
	return []string{fmt.Sprintf("%d architectures are in all tables, and only they are compared: %s", common, strings.Join(sizes, ", "))}
}

// tableNames are what the scores of files are called: as the files are, with the folders of those that are called alike or as a count is.
func tableNames(paths []string) ([]string, error) {
	if len(paths) == 1 {
		return []string{"supernet"}, nil
	}
	names := make([]string, len(paths))
	taken := map[string]int{"random": 1}
	for _, c := range counts {
		taken[c.name] = 1
	}
	for i, path := range paths {
		if slices.Contains(paths[:i], path) {
			return nil, fmt.Errorf("-scores names %s twice", path)
		}
		names[i] = plaintext.Name(strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), ".gz"), ".csv"))
		taken[names[i]]++
	}
	for i, path := range paths {
		if taken[names[i]] > 1 {
			names[i] = plaintext.Name(path)
		}
	}
	return names, nil
}
