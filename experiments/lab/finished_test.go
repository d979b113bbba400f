package lab

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// finish makes a study of two supernets and returns its folder, its lab, closed, and the scores of both.
func finish(t *testing.T, space string, more ...string) (dir string, l *Lab, scores [][]float64) {
	t.Helper()
	o := quick(t, space, append([]string{"-seeds", "2", "-archs", "4", "-epochs", "2"}, more...)...)
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range l.Seeds() {
		s, err := l.Scores(t.Context(), v, l.Archs())
		if err != nil {
			t.Fatal(err)
		}
		scores = append(scores, s)
	}
	// Scores of other weights, which must not be taken for those of the end.
	if _, _, err := l.EpochScores(t.Context(), Variant{}, l.Archs()[:2]); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Scores(t.Context(), Variant{Epochs: 1}, l.Archs()); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return o.Study, l, scores
}

// filesIn are the files of a folder and what is in them.
func filesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		files[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Studies are read as tables of which each supernet is a run: with the weights after the last epoch, and nothing is added to them.
func TestFinishedStudies(t *testing.T) {
	for space, more := range map[string][]string{
		"nasbench201": {"-channels", "4", "-image", "8"},
		"dartsptb":    {"-hidden", "8", "-train-count", "600"}, // whose perplexities are better if lower
	} {
		t.Run(space, func(t *testing.T) {
			float, l, first := finish(t, space, more...)
			coarse, _, second := finish(t, space, append(more, "-precision", "bf16")...)
			before := filesIn(t, float)
			k, err := ReadRankings(options(t, "-space", space, "-scores", float, "-scores", coarse))
			if err != nil {
				t.Fatal(err)
			}
			if after := filesIn(t, float); len(after) != len(before) {
				t.Errorf("there are %d files in the study, and were %d", len(after), len(before))
			}
			if len(k.Archs) != 4 || len(k.Of) != 2 || len(k.Warnings) != 0 {
				t.Fatalf("%+v", k)
			}
			at := make(map[string]int)
			for i, a := range l.Archs() {
				at[a.String()] = i
			}
			for i, want := range [][][]float64{first, second} {
				if !slices.Equal(k.Of[i].Seeds, []uint64{1, 2}) {
					t.Errorf("seeds %v", k.Of[i].Seeds)
				}
				for s, scores := range k.Of[i].Scores {
					for j, v := range scores {
						if w := want[s][at[k.Archs[j].String()]]; v != w {
							t.Errorf("%s, supernet %d: %v has %v, want %v", k.Of[i].Name, s, k.Archs[j], v, w)
						}
					}
				}
			}
			if fmt.Sprint(first) == fmt.Sprint(second) {
				t.Error("both precisions score alike: nothing has been compared")
			}
			for s, losses := range k.Of[0].Losses {
				text, err := os.ReadFile(filepath.Join(float, l.folder(Variant{Seed: uint64(s)}), lossesFile))
				if err != nil || len(losses) != 2 || !strings.Contains(string(text), fmt.Sprintf("\n2,%s,", decimal(losses[1]))) {
					t.Errorf("losses %v, the table has %s, %v", losses, text, err)
				}
			}
			setting := strings.Join(k.Setting, "\n")
			if !strings.Contains(setting, `train.precision ("bf16", there absent)`) || strings.Contains(setting, "stand_alone") ||
				strings.Count(setting, "2 supernets after 2 epochs, seeds 1, 2") != 2 {
				t.Errorf("setting:\n%s", setting)
			}
			// One supernet, by its table or its folder: not the study's own, too.
			shorter := filepath.Join(float, l.folder(Variant{Epochs: 1}))
			own := filepath.Join(float, l.folder(Variant{}), scoresFile)
			if k, err = ReadRankings(options(t, "-space", space, "-scores", shorter+","+own)); err != nil {
				t.Fatal(err)
			}
			if len(k.Of[0].Scores) != 1 || len(k.Of[0].Losses[0]) != 1 || len(k.Of[1].Losses[0]) != 2 ||
				!strings.HasSuffix(k.Setting[3], "differs from "+k.Of[0].Name+" in epochs (2, there 1)") {
				t.Errorf("%+v\n%s", k.Of, strings.Join(k.Setting, "\n"))
			}
			// As scores and truth of what takes both, supernets are runs.
			e, err := ReadEvidence(options(t, "-space", space, "-scores", float, "-truth", coarse))
			if err != nil {
				t.Fatal(err)
			}
			for i, a := range e.Archs {
				j := at[a.String()]
				if !slices.Equal(e.Truth.Runs[i], []float64{second[0][j], second[1][j]}) || math.Abs(e.Scores[0].Values[i]-(first[0][j]+first[1][j])/2) > 1e-9 {
					t.Errorf("%v: runs %v and score %v", a, e.Truth.Runs[i], e.Scores[0].Values[i])
				}
			}
		})
	}
}

// What cannot be compared is refused, and says why.
func TestStudiesThatDoNotCompare(t *testing.T) {
	small := []string{"-channels", "4", "-image", "8"}
	whole, l, _ := finish(t, "nasbench201", small...)
	fewer, _, _ := finish(t, "nasbench201", append(small, "-seeds", "1")...)
	other, _, _ := finish(t, "nasbench201", append(small, "-keep", "0_3=none")...)
	rest, _, _ := finish(t, "nasbench201", append(small, "-drop", "0_3=none")...)
	table := write(t, "scores.csv", "architecture,score\n"+archA+",1\n"+archB+",2\n")
	untrained := quick(t, "nasbench201", small...)
	open, err := Open(t.Context(), untrained)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	closed := quick(t, "nasbench201", small...)
	if l, err := Open(t.Context(), closed); err != nil || l.Close() != nil {
		t.Fatal(err)
	}
	damaged, dl, _ := finish(t, "nasbench201", small...)
	path := filepath.Join(damaged, dl.folder(Variant{Seed: 1}), scoresFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), ",2,", ",3,", 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	tables := filepath.Dir(write(t, "config.json", `{"space": "nasbench201", "files": [], "seed": 1}`))
	for name, c := range map[string]struct {
		args []string
		says []string
	}{
		"study of tables": {[]string{"-scores", whole, "-scores", tables}, []string{tables, "no supernets"}},
		"one":             {[]string{"-scores", whole}, []string{"at least two"}},
		"twice":           {[]string{"-scores", whole, "-scores", whole}, []string{"twice"}},
		"seeds": {[]string{"-scores", whole, "-scores", fewer},
			[]string{"other seeds", "2 supernets after 2 epochs, seeds 1, 2", "1 supernet after 2 epochs, seed 1", "-seeds"}},
		"architectures":     {[]string{"-scores", other, "-scores", rest}, []string{"at least 2", "have 0 in common", "4 not in the other table"}},
		"nothing with file": {[]string{"-scores", whole, "-scores", table}, []string{"at least 2 architectures"}},
		"another space":     {[]string{"-space", "darts", "-scores", whole, "-scores", fewer}, []string{"is a study of nasbench201", "-space nasbench201"}},
		"no study":          {[]string{"-scores", whole, "-scores", filepath.Dir(whole)}, []string{filepath.Dir(whole), "config.json"}},
		"open":              {[]string{"-scores", whole, "-scores", untrained.Study}, []string{untrained.Study, "is in use"}},
		"no scores":         {[]string{"-scores", whole, "-scores", closed.Study}, []string{closed.Study, "no scores"}},
		"damaged":           {[]string{"-scores", damaged, "-scores", whole}, []string{path, "checksum"}},
		"column":            {[]string{"-scores", whole, "-scores", fewer, "-score-column", "x"}, []string{"-score-column"}},
		"direction":         {[]string{"-scores", table, "-truth", whole, "-truth-higher-is-better"}, []string{"-truth-higher-is-better"}},
		"malformed":         {[]string{"-scores", whole, "-scores", write(t, "bad.csv", "architecture,score\n"+archA+",x\n")}, []string{"bad.csv:2"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t, c.args...)
			_, err := ReadRankings(o)
			if o.Truth != "" {
				_, err = ReadEvidence(o)
			}
			if err == nil {
				t.Fatal("accepted")
			}
			for _, says := range c.says {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("error %q does not say %q", err, says)
				}
			}
		})
	}
	// Architectures that one supernet of two has scored do not count, and it is said how many.
	again := quick(t, "nasbench201", append(small, "-epochs", "2", "-archs", "6")...)
	again.Study = whole
	more, err := Open(t.Context(), again)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := more.Scores(t.Context(), Variant{}, more.Archs()); err != nil {
		t.Fatal(err)
	}
	if err := more.Close(); err != nil {
		t.Fatal(err)
	}
	k, err := ReadRankings(options(t, "-scores", whole, "-scores", filepath.Join(whole, l.folder(Variant{}))))
	if err == nil || !strings.Contains(err.Error(), "left out as not scored by all of them: "+strconv.Itoa(2)) {
		t.Errorf("%+v, %v", k, err)
	}
}
