package supernet

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/tensor"
)

var copyMark = regexp.MustCompile(`\.copy([0-9]+)`)

// original is the name of which a tensor is a copy.
func original(name string) string { return copyMark.ReplaceAllString(name, "") }

func replicate(t testing.TB, m Model, k int) Model {
	t.Helper()
	r, err := Replicate(m, k)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// checkCopies compares a model with what it has become with k copies: the originals have names and values of before, and copies have
// their shapes. It returns the names that have copies.
func checkCopies(t *testing.T, plain, replicated Model, k int) map[string]bool {
	t.Helper()
	before, all := tensors(plain), tensors(replicated)
	count := make(map[string]int)
	for name, v := range all {
		w, ok := before[original(name)]
		switch {
		case !ok || !v.SameShape(w):
			t.Fatalf("%s, of shape %v, is no copy of anything", name, v.Shape())
		case name != original(name):
			count[original(name)]++
			if v.Rank() > 1 && slices.Equal(v.Data, w.Data) {
				t.Errorf("%s begins as the original does", name)
			}
		case !slices.Equal(v.Data, w.Data):
			t.Errorf("%s does not begin as without copies", name)
		}
	}
	has := make(map[string]bool)
	size := plain.Store().Size()
	for _, p := range plain.Store().Params {
		if count[p.Name] > 0 {
			size += (k - 1) * p.Value.Len()
		}
	}
	for name, n := range count {
		has[name] = true
		if n != k-1 {
			t.Errorf("%s has %d copies beside it, want %d", name, n, k-1)
		}
	}
	if got := replicated.Store().Size(); got != size || len(has) == 0 {
		t.Errorf("%d parameters, want %d", got, size)
	}
	return has
}

// checkMoved checks that of each tensor one copy at most has moved, of weights, which decay, exactly one, if the step uses it, and none
// otherwise.
func checkMoved(t *testing.T, before, after map[string]tensor.Tensor, uses func(name string) bool) {
	t.Helper()
	moved := make(map[string]int)
	for name, v := range after {
		if !slices.Equal(v.Data, before[name].Data) {
			moved[original(name)]++
		}
	}
	for name, v := range after {
		switch n := moved[original(name)]; {
		case name != original(name):
		case !uses(name) && n > 0:
			t.Errorf("%s is not used, but %d copies of it have moved", name, n)
		case uses(name) && (n > 1 || n == 0 && v.Rank() > 1):
			t.Errorf("%d copies of %s have moved, want 1", n, name)
		}
	}
}

// copies are weights of their own that take turns in training, and that an architecture chooses from in evaluation.
func (m modelTest) copies(t *testing.T) {
	const k = 3
	plain, tr := m.training(m.supernet()), m.training(replicate(t, m.supernet(), k))
	has := checkCopies(t, plain.m, tr.m, k)
	all, allPlain := tensors(tr.m), tensors(plain.m)
	used := func(a spaces.Arch) map[string]bool {
		names := make(map[string]bool)
		for name := range tensors(m.alone(a)) {
			if m.shared != nil {
				name = m.shared(a, name)
			}
			names[name] = true
		}
		return names
	}
	archs := m.archs(6)
	for _, a := range archs {
		names := used(a)
		for name := range all {
			if original(name) == name && !names[name] && !has[name] {
				t.Fatalf("%s has no copies, though %v does without", name, a)
			}
		}
		before, beforePlain := cloned(all), cloned(allPlain)
		tr.step(a)
		plain.step(a)
		checkMoved(t, before, all, func(name string) bool { return !slices.Equal(allPlain[name].Data, beforePlain[name].Data) })
	}
	i := 0
	if n := testing.AllocsPerRun(10, func() { tr.step(archs[i%len(archs)]); i++ }); n != 0 {
		t.Errorf("%v allocations in a step", n)
	}

	logits := func(tr *imageTraining, a spaces.Arch) []float32 {
		return slices.Clone(tr.forward(autograd.Inference, a).Value.Data)
	}
	var want [][]float32
	for _, a := range archs {
		want = append(want, logits(tr, a))
	}
	for i, a := range slices.Backward(archs) {
		if !slices.Equal(logits(tr, a), want[i]) {
			t.Errorf("%v: other logits than before, after other architectures", a)
		}
	}
	for name, v := range allPlain {
		v.CopyFrom(all[name])
	}
	differ := 0
	for i, a := range archs {
		if !slices.Equal(logits(plain, a), want[i]) {
			differ++
		}
	}
	if differ == 0 {
		t.Error("no architecture uses another copy than the first")
	}
	for name, v := range all {
		v.CopyFrom(all[original(name)])
	}
	for _, a := range archs {
		if !slices.Equal(logits(plain, a), logits(tr, a)) {
			t.Errorf("%v: copies of the same weights compute something else", a)
		}
	}
}

func TestReplicateOnce(t *testing.T) {
	m := NewNASBench201(smallSpace, 3, nil)
	if r := replicate(t, m, 1); r != Model(m) {
		t.Errorf("one copy of each choice is a %T", r)
	}
	for _, k := range []int{0, -1} {
		if _, err := Replicate(m, k); err == nil {
			t.Errorf("%d copies were accepted", k)
		}
	}
	if _, err := Replicate(struct{ Model }{m}, 2); err == nil || !strings.Contains(err.Error(), "replicated") {
		t.Errorf("a model that does not know its choices: error %v", err)
	}
}

// The cells of a network use the same copy, of which each decision has one.
func TestCopiesAreDrawnForDecisions(t *testing.T) {
	space := smallSpace
	space.Cells = 2
	m := replicate(t, NewNASBench201(space, 3, nil), 2)
	var a nasbench201.Arch
	for e := range a {
		a[e] = nasbench201.Conv3x3
	}
	tr, err := NewTrainer(m, Fixed{a}, NewImages(blobs{64, 3}, blobs{64, 3}), smallConfig(10))
	if err != nil {
		t.Fatal(err)
	}
	all := tensors(m)
	first, steps, same := make(map[string]int), 40, 0
	for range steps {
		before := cloned(all)
		step(t, tr)
		drawn := make(map[string]string) // by edge
		for name, v := range all {
			_, edge, ok := strings.Cut(name, ".edge.")
			if !ok || !strings.HasSuffix(name, "1.weight") || slices.Equal(v.Data, before[name].Data) {
				continue
			}
			edge, _, _ = strings.Cut(edge, ".")
			mark := copyMark.FindString(name)
			if other, ok := drawn[edge]; ok && other != mark {
				t.Fatalf("edge %s: one cell uses the copy %q, another %q", edge, other, mark)
			}
			drawn[edge] = mark
		}
		if len(drawn) != nasbench201.Edges {
			t.Fatalf("convolutions of the edges %v have moved, want all", drawn)
		}
		for edge, mark := range drawn {
			if mark == "" {
				first[edge]++
			}
		}
		if drawn["0_1"] == drawn["2_3"] {
			same++
		}
	}
	for edge, n := range first { // ± 4 standard deviations
		if n < 8 || n > 32 {
			t.Errorf("edge %s: of %d draws %d are of the first of two copies", edge, steps, n)
		}
	}
	if same < 8 || same > 32 {
		t.Errorf("two edges agree in %d of %d draws: want half", same, steps)
	}
}

// Training with copies goes on from a checkpoint, and gives the same bits again.
func TestReplicatedTrainingResumes(t *testing.T) {
	start := func() *Trainer {
		tr := newLanguage(t, languageConfig(2))
		tr.Model = replicate(t, tr.Model, 2)
		return tr
	}
	whole, part, rest := start(), start(), start()
	has := checkCopies(t, newLanguage(t, languageConfig(2)).Model, whole.Model, 2)
	for name := range has {
		if !strings.HasPrefix(name, "cell.") || strings.HasPrefix(name, "cell.input") {
			t.Errorf("%s has a copy", name)
		}
	}
	all := tensors(whole.Model)
	for !whole.Done() {
		before := cloned(all)
		step(t, whole)
		checkMoved(t, before, all, func(string) bool { return true })
	}
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	for range whole.Steps() / 2 {
		step(t, part)
	}
	if err := part.Save(path, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := rest.Load(path); err != nil {
		t.Fatal(err)
	}
	for !rest.Done() {
		step(t, rest)
	}
	if !slices.Equal(state(whole.Model), state(rest.Model)) {
		t.Error("the resumed run ended differently")
	}
	ev, err := NewEvaluator(whole.Model, whole.Data, EvalConfig{BN: NoBatchNorm, Batch: 3})
	if err != nil {
		t.Fatal(err)
	}
	a, b := sampleLanguage(1), sampleLanguage(2)
	score := evaluate(t, ev, a)
	evaluate(t, ev, b)
	if again := evaluate(t, ev, a); again != score {
		t.Errorf("%v scores %v, then %v", a, score, again)
	}
}
