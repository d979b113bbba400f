package lab

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/supernet"
)

// inPrecision opens a study of seconds, or one in another's place.
func inPrecision(t *testing.T, o *Options) *Lab {
	t.Helper()
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func (l *Lab) settingOf(name string) string {
	for _, line := range l.Setting() {
		if of, text, _ := strings.Cut(line, ": "); of == name {
			return text
		}
	}
	return ""
}

// A precision other than float32 is part of what a study is, is named in its outputs, and float32 leaves no trace: studies of before go on.
func TestPrecisionIsPartOfTheStudy(t *testing.T) {
	unnamed := inPrecision(t, quick(t, "nasbench201"))
	js, err := json.Marshal(&unnamed.Config)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(js), "precision") || strings.Contains(strings.Join(unnamed.Setting(), " "), "precision") {
		t.Errorf("without -precision it is in\n%s\n%q", js, unnamed.Setting())
	}
	float := inPrecision(t, quick(t, "nasbench201", "-precision", "float32"))
	coarse := inPrecision(t, quick(t, "nasbench201", "-precision", "bf16"))
	if float.hash != unnamed.hash || coarse.hash == unnamed.hash {
		t.Errorf("the study is %s, of float32 %s, of bf16 %s", unnamed.hash, float.hash, coarse.hash)
	}
	for _, c := range []supernet.TrainConfig{coarse.Config.Train, coarse.Config.Alone} {
		if c.Precision != autograd.BF16 {
			t.Errorf("%+v", c)
		}
	}
	if coarse.Config.Eval.Precision != autograd.BF16 || coarse.Config.aloneEval().Precision != autograd.BF16 {
		t.Errorf("evaluations: %+v, %+v", coarse.Config.Eval, coarse.Config.aloneEval())
	}
	for _, of := range []string{"supernet", "truth"} {
		if text := coarse.settingOf(of); !strings.Contains(text, ", precision bf16") {
			t.Errorf("the setting says of the %s %q", of, text)
		}
	}
	place := coarse.dir.Path(".")
	coarse.Close()
	o := quick(t, "nasbench201")
	o.Study = place
	if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "train.precision") {
		t.Errorf("a study in bf16 goes on in float32: error %v", err)
	}
}

// What is no precision is refused before anything is written, and so is one for tables, which are there already.
func TestUnknownPrecision(t *testing.T) {
	o := quick(t, "nasbench201", "-precision", "half")
	const says = `-precision half: precision "half": want one of float32, bf16`
	if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(o.Study); err == nil {
		t.Error("a study was made")
	}
	o = options(t, "-scores", "a.csv", "-truth", "b.csv", "-precision", "bf16")
	if err := o.CheckFlags(); err == nil || !strings.Contains(err.Error(), "-precision is about what is trained") {
		t.Errorf("with tables: error %v", err)
	}
}

// The embedded truth, of float32, is that of supernets in either precision, and whatever the seed of a study: it is about the same networks and
// data.
func TestEmbeddedTruthInBF16(t *testing.T) {
	for _, name := range Spaces() {
		dir := t.TempDir()
		l := inPrecision(t, options(t, "-space", name, "-study", dir+"/study", "-quiet", "-precision", "bf16", "-seed", "7"))
		if l.embedded == nil {
			t.Fatalf("%s: not embedded:%s", name, l.why)
		}
		for of, precision := range map[string]string{"supernet": "bf16", "truth": "float32"} {
			if text := l.settingOf(of); !strings.Contains(text, ", precision "+precision) {
				t.Errorf("%s: the setting says of the %s %q", name, of, text)
			}
		}
		// One that is made in bf16 says so, and is another.
		if of := l.Config.identity(); of.hash() == l.embedded.Identity {
			t.Errorf("%s: a truth in bf16 would have the identity of that in float32", name)
		}
	}
}

// A worker trains and scores in the precision of the study that it joins, to the bits of one process.
func TestWorkerInBF16(t *testing.T) {
	var losses []string // of the first epoch
	for _, precision := range []string{"float32", "bf16"} {
		l := inPrecision(t, quick(t, "nasbench201", "-precision", precision))
		js, err := json.Marshal(&l.Config)
		if err != nil {
			t.Fatal(err)
		}
		w := &Worker{Dir: t.TempDir(), Quiet: true}
		if err := w.Join("study", js); err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		w.l.report, w.l.attempt = l.report, nil
		want, err := l.Scores(t.Context(), Variant{}, l.Archs())
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.l.Scores(t.Context(), Variant{}, l.Archs())
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: the worker scores %v, one process %v", precision, got, want)
		}
		curve, err := l.dir.Table(l.folder(Variant{})+"/"+lossesFile, lossColumns...)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, curve.Rows()[0][1])
	}
	if losses[0] == losses[1] {
		t.Errorf("a supernet has a loss of %s in float32 and in bf16", losses[0])
	}
}
