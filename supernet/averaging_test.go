package supernet

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/tensor"
)

// script is a model, and its data, whose validations have given losses and whose training steps have losses that are finite or not.
// A step moves its only weight by one.
type script struct {
	validations []float64
	diverges    map[int]bool // by step
	steps       int          // taken, whether they diverged or not
	store       *nn.Store
	weight      *autograd.Param
	seen        []float32 // the weight at each validation
}

func newScript(validations []float64, diverges ...int) *script {
	s := &script{validations: validations, diverges: map[int]bool{}, store: nn.NewStore(1)}
	s.weight = s.store.Scope("only").Param("weight", nn.Constant(0), 1, 1)
	for _, step := range diverges {
		s.diverges[step] = true
	}
	return s
}

func (s *script) Store() *nn.Store           { return s.store }
func (s *script) Activate(spaces.Arch) error { return nil }

// Forward gives two logits for a target of 0, whose cross-entropy is what the script says, and in training a penalty with gradient −1.
func (s *script) Forward(p *Pass, _ *Batch) Output {
	logits := tensor.New(1, 2)
	if !p.Training() {
		loss := s.validations[len(s.seen)]
		s.seen = append(s.seen, s.weight.Value.Data[0])
		logits.Data[1] = float32(math.Log(math.Expm1(loss)))
		return Output{Logits: p.Tape.Constant(logits)}
	}
	x := tensor.New(1, 1)
	x.Data[0] = -1
	if s.diverges[s.steps] {
		x.Data[0] = float32(math.NaN())
	}
	s.steps++
	y := autograd.Reshape(p.Tape, autograd.Linear(p.Tape, p.Tape.Constant(x), s.weight, nil), 1)
	return Output{Logits: p.Tape.Constant(logits), Penalties: []*autograd.Var{y}}
}

// Two steps make an epoch.
func (s *script) EpochEnd(_ int, _ uint64, epoch int) int { return 2 * (epoch + 1) }

func (s *script) Train(dst *Batch, _ int, _ uint64, _ int) {
	*dst = Batch{Targets: []int32{0}, RateScale: 1}
}

func (s *script) Calibrate(dst *Batch, batch int, seed uint64, i int) { s.Train(dst, batch, seed, i) }

func (s *script) Eval(dst *Batch, _, i int) bool {
	s.Train(dst, 0, 0, 0)
	return i == 0
}

func (s *script) trainer(t *testing.T, epochs, patience int) *Trainer {
	t.Helper()
	tr, err := NewTrainer(s, Fixed{sampleLanguage(1)}, s, TrainConfig{Epochs: epochs, Batch: 1, LR: 1, Schedule: "constant",
		Averaging: &Averaging{Every: 1, Archs: 3, Patience: patience, Batch: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// The trigger is that of algorithm 1 of Merity et al.: validation i switches if it is worse than the best of validations 0 to
// i−n−1.
func TestNonMonotoneTrigger(t *testing.T) {
	for _, tc := range []struct {
		validations []float64
		patience    int
		switches    int // the validation that does; -1 if none
	}{
		{[]float64{9, 8, 7, 6, 5, 4, 3, 2}, 2, -1},
		{[]float64{5, 5, 5, 5, 5, 5, 5, 5}, 2, -1},        // worse, not equal
		{[]float64{5, 6, 7, 8, 9, 9, 9, 9}, 2, 3},         // the first with three before it
		{[]float64{5, 6, 7, 8, 9, 9, 9, 9}, 5, 6},         //
		{[]float64{5, 6, 7, 8, 9, 9, 9, 9}, 7, -1},        // too few
		{[]float64{5, 6, 7, 4, 4.5, 4.4, 4.3, 9}, 2, 6},   // the best, 4, is out of sight until validation 6
		{[]float64{5, 4, 6, 4.5, 4.6, 3, 4.6, 4.6}, 2, 4}, // 4.5 is better than 5, 4.6 is not better than 4
	} {
		s := newScript(tc.validations)
		tr := s.trainer(t, len(tc.validations), tc.patience)
		switched := -1
		for i := 0; !tr.Done(); i++ {
			r := step(t, tr)
			if r.Validated != (i%2 == 1) {
				t.Fatalf("step %d: validated %v", i, r.Validated)
			}
			if r.Validated && math.Abs(r.Validation-tc.validations[i/2]) > 1e-5 {
				t.Fatalf("step %d: validation %v, want %v", i, r.Validation, tc.validations[i/2])
			}
			if _, asgd := tr.opt.(*nn.ASGD); asgd != tr.averaging.Averages {
				t.Fatalf("step %d: optimiser %T", i, tr.opt)
			}
			if switched < 0 && tr.averaging.Averages {
				switched = i / 2
			}
		}
		// The last validation ends the training; nothing comes after it.
		want := tc.switches
		if want == len(tc.validations)-1 {
			want = -1
		}
		if switched != want {
			t.Errorf("%v with patience %d switches at validation %d, want %d", tc.validations, tc.patience, switched, want)
		}
	}
}

// After the switch what is validated, remembered as the best and left in the end is the average, and what goes on is the last value.
func TestAveragesAreValidated(t *testing.T) {
	s := newScript([]float64{1, 2, 3, 0.5, 4, 5})
	tr := s.trainer(t, 6, 1)
	for !tr.Done() {
		step(t, tr)
		if done := tr.StepsDone(); !tr.Done() && s.weight.Value.Data[0] != float32(done) {
			t.Fatalf("after %d steps the weight is %v", done, s.weight.Value.Data[0])
		}
	}
	// Validations 0 to 2 see 2, 4, 6; the third switches. ASGD counts from its second step on: the mean of 8; of 8 to 10; of 8 to 12.
	if want := []float32{2, 4, 6, 8, 9, 10}; !slices.Equal(s.seen, want) {
		t.Errorf("validations see %v, want %v", s.seen, want)
	}
	if w, best := s.weight.Value.Data[0], tr.averaging.best[0].Tensor.Data[0]; w != 10 || best != 8 {
		t.Errorf("training ends with %v, want the average, 10; the best was %v, want 8", w, best)
	}
}

// A step that diverges is taken back to the best parameters, and training goes on from there.
func TestRollBack(t *testing.T) {
	s := newScript([]float64{3, 2, 4, 5}, 5)
	tr := s.trainer(t, 4, 9)
	var weights []float32
	for i := 0; !tr.Done(); i++ {
		if r := step(t, tr); r.RolledBack != (i == 5) {
			t.Fatalf("step %d: rolled back %v", i, r.RolledBack)
		}
		weights = append(weights, s.weight.Value.Data[0])
	}
	if want := []float32{1, 2, 3, 4, 5, 4, 5, 6}; !slices.Equal(weights, want) {
		t.Errorf("weights %v, want %v", weights, want)
	}
	// The same with averages, which begin anew.
	s = newScript([]float64{1, 2, 3, 0.5, 4, 5}, 9)
	tr = s.trainer(t, 6, 1)
	for !tr.Done() {
		step(t, tr)
	}
	// The best is the average 8 of validation 3; steps 8, 9 (diverges), 10, 11 lead to 9, 8, 9, 10, and the first is not averaged.
	if want := []float32{2, 4, 6, 8, 8, 10}; !slices.Equal(s.seen, want) {
		t.Errorf("validations see %v, want %v", s.seen, want)
	}
}

// A validation that is not finite is a divergence, too, even the last one.
func TestRollBackAfterValidation(t *testing.T) {
	nan := math.NaN()
	s := newScript([]float64{3, nan, 2, nan})
	tr := s.trainer(t, 4, 1)
	var rolled []int
	for i := 0; !tr.Done(); i++ {
		if step(t, tr).RolledBack {
			rolled = append(rolled, i)
		}
	}
	if want := []float32{2, 4, 4, 6}; !slices.Equal(s.seen, want) || !slices.Equal(rolled, []int{3, 7}) {
		t.Errorf("validations see %v, want %v; rolled back in steps %v", s.seen, want, rolled)
	}
	if w := s.weight.Value.Data[0]; w != 4 || len(tr.averaging.History) != 2 {
		t.Errorf("training ends with %v, want the best, 4; history %v", w, tr.averaging.History)
	}
}

// What always diverges is an error in the end.
func TestRollBacksAreBounded(t *testing.T) {
	var always []int
	for i := range 100 {
		always = append(always, i)
	}
	tr := newScript(make([]float64, 100), always...).trainer(t, 100, 1)
	tr.averaging.evaluator.Data = newScript(slices.Repeat([]float64{1}, 100))
	var diverged *DivergedError
	for i := range 100 {
		if _, err := tr.Step(); errors.As(err, &diverged) {
			if i != maxRollBacks {
				t.Errorf("step %d is one too many, want %d", i, maxRollBacks)
			}
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
	t.Error("training went on for ever")
}

// shock is a text with one step, counted from the beginning, whose learning rate is absurd.
type shock struct {
	*Text
	at int
}

func (d shock) Train(dst *Batch, batch int, seed uint64, step int) {
	d.Text.Train(dst, batch, seed, step)
	if step == d.at {
		dst.RateScale = 1e30
	}
}

// averagingConfig switches early, for the rate is far too high to get better for long.
func averagingConfig(epochs int) TrainConfig {
	c := languageConfig(epochs)
	c.LR, c.Averaging = 20, &Averaging{Every: 1, Archs: 2, Patience: 1, Batch: 4}
	return c
}

func TestAbsurdRateRollsBack(t *testing.T) {
	const at = 20
	tr := newLanguage(t, averagingConfig(6))
	tr.Data = shock{tr.Data.(*Text), at}
	tr.averaging.evaluator.Data = tr.Data
	for i := 0; !tr.Done(); i++ {
		r := step(t, tr)
		if r.RolledBack != (i == at+1) && i <= at+1 {
			t.Fatalf("step %d: rolled back %v, loss %v", i, r.RolledBack, r.Loss)
		}
		if i == at+1 && !slices.Equal(tr.pass.Hidden.Data, make([]float32, len(tr.pass.Hidden.Data))) {
			t.Error("the carried state is not zero after a roll back")
		}
	}
	for _, v := range state(tr.Model) {
		if math.IsNaN(float64(v)) || math.Abs(float64(v)) > 100 {
			t.Fatalf("training ends with a parameter of %v", v)
		}
	}
	if n := len(tr.averaging.History); n != 6 || tr.averaging.RollBacks != 1 {
		t.Errorf("%d validations and %d roll backs", n, tr.averaging.RollBacks)
	}
}

// A training of a language model that is saved and loaded into another trainer ends with the same bits: before the switch to ASGD, after
// it, after a roll back, and after the end.
func TestLanguageResumes(t *testing.T) {
	const epochs, at = 6, 80
	start := func(seed uint64) *Trainer {
		tr := newLanguageOf(t, averagingConfig(epochs), seed)
		tr.Data = shock{tr.Data.(*Text), at}
		tr.averaging.evaluator.Data = tr.Data
		return tr
	}
	whole := start(3)
	dir := t.TempDir()
	path := func(step int) string { return filepath.Join(dir, fmt.Sprint(step)) }
	switched := 0
	for !whole.Done() {
		step(t, whole)
		if whole.averaging.Averages && switched == 0 {
			switched = whole.StepsDone()
		}
		if err := whole.Save(path(whole.StepsDone()), map[string]string{"note": "x"}); err != nil {
			t.Fatal(err)
		}
	}
	end := whole.Steps()
	if switched == 0 || switched > at || whole.averaging.RollBacks == 0 {
		t.Fatalf("a switch after %d steps and %d roll backs: the test wants both", switched, whole.averaging.RollBacks)
	}
	for _, from := range []int{1, switched - 1, switched, switched + 1, at + 1, at + 2, end - 1, end} {
		rest := start(99)
		for range 5 { // whatever the trainer did before
			step(t, rest)
		}
		m, err := rest.Load(path(from))
		if err != nil || m["note"] != "x" || len(m) != 1 || rest.StepsDone() != from {
			t.Fatalf("step %d: metadata %v, step %d, error %v", from, m, rest.StepsDone(), err)
		}
		for !rest.Done() {
			step(t, rest)
		}
		if !slices.Equal(state(whole.Model), state(rest.Model)) || !slices.Equal(whole.pass.Hidden.Data, rest.pass.Hidden.Data) ||
			!slices.Equal(whole.averaging.History, rest.averaging.History) || whole.averaging.RollBacks != rest.averaging.RollBacks {
			t.Errorf("the training resumed from step %d ended differently: validations %v, want %v", from, rest.averaging.History, whole.averaging.History)
		}
	}
	// A trainer that averages already goes back to one that does not.
	if _, err := whole.Load(path(1)); err != nil {
		t.Fatal(err)
	}
	if _, asgd := whole.opt.(*nn.ASGD); asgd || whole.averaging.Averages || whole.averaging.Finished {
		t.Error("the trainer averages although the checkpoint does not")
	}
}

func TestAveragingCheckpointsThatDoNotFit(t *testing.T) {
	dir := t.TempDir()
	tr := newLanguage(t, averagingConfig(2))
	for !tr.Done() {
		step(t, tr)
	}
	ended := filepath.Join(dir, "ended")
	if err := tr.Save(ended, nil); err != nil {
		t.Fatal(err)
	}
	plain := newLanguage(t, languageConfig(2))
	other := filepath.Join(dir, "plain")
	if err := plain.Save(other, nil); err != nil {
		t.Fatal(err)
	}
	spoilt := filepath.Join(dir, "spoilt")
	if err := tr.Save(spoilt, map[string]string{averagingKey: `{"roll_backs":x}`}); err != nil {
		t.Fatal(err)
	}
	for what, tc := range map[string]struct {
		into *Trainer
		path string
		want string
	}{
		"an ended training that is to go on":   {newLanguage(t, averagingConfig(3)), ended, "ends there"},
		"no averaging into averaging":          {newLanguage(t, averagingConfig(2)), other, "averaging"},
		"averaging into none":                  {newLanguage(t, languageConfig(2)), ended, bestPrefix},
		"a state of averaging that is no JSON": {newLanguage(t, averagingConfig(2)), spoilt, "averaging"},
	} {
		step(t, tc.into)
		before, hidden, opt := state(tc.into.Model), slices.Clone(tc.into.pass.Hidden.Data), tc.into.opt
		if _, err := tc.into.Load(tc.path); err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), tc.path) {
			t.Errorf("%s: error %v, want one with %q and %q", what, err, tc.want, tc.path)
		}
		if !slices.Equal(before, state(tc.into.Model)) || !slices.Equal(hidden, tc.into.pass.Hidden.Data) || tc.into.StepsDone() != 1 || tc.into.opt != opt {
			t.Errorf("%s: something has changed", what)
		}
	}
}

func TestBadAveraging(t *testing.T) {
	for _, spoil := range []func(c *TrainConfig){
		func(c *TrainConfig) { c.Averaging.Every = 0 },
		func(c *TrainConfig) { c.Averaging.Archs = 0 },
		func(c *TrainConfig) { c.Averaging.Patience = 0 },
		func(c *TrainConfig) { c.Averaging.Batch = 0 },
		func(c *TrainConfig) { c.Averaging.Batch = 201 },
		func(c *TrainConfig) { c.Optimizer = "adam" },
	} {
		c := averagingConfig(2)
		spoil(&c)
		data := &Text{TrainStream: babble(700, 1), EvalStream: babble(200, 2), BPTT: 9}
		if _, err := NewTrainer(NewDARTSPTB(smallLanguage, smallDropout, 3, nil), Uniform(smallLanguage), data, c); err == nil {
			t.Errorf("%+v with %+v was accepted", c, *c.Averaging)
		}
	}
	c := smallConfig(2)
	c.Averaging = averagingConfig(2).Averaging
	if _, err := NewTrainer(NewNASBench201(smallSpace, 3, nil), Uniform(smallSpace), NewImages(blobs{64, 3}, blobs{64, 3}), c); err == nil || !strings.Contains(err.Error(), "batch norm") {
		t.Errorf("a model with batch norms: error %v", err)
	}
}
