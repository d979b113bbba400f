package lab

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/experiments/study"
)

func TestParseShard(t *testing.T) {
	slurm := map[string]string{"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_MIN": "1"}
	kubernetes := map[string]string{"JOB_COMPLETION_INDEX": "0"}
	for _, tc := range []struct {
		s           string
		environment map[string]string
		want        shard // n 0: an error
	}{
		{"1/1", nil, shard{0, 1}}, {"3/8", nil, shard{2, 8}}, {"8", slurm, shard{2, 8}}, {"8", kubernetes, shard{0, 8}},
		{"8", nil, shard{}}, {"0/8", nil, shard{}}, {"9/8", nil, shard{}}, {"2", slurm, shard{}}, {"a/b", nil, shard{}}, {"", slurm, shard{}},
		{"4", map[string]string{"SLURM_ARRAY_TASK_ID": "x"}, shard{}},
	} {
		got, err := parseShard(tc.s, func(name string) string { return tc.environment[name] })
		if got != tc.want || (err == nil) != (tc.want.n > 0) {
			t.Errorf("%q with %v: %+v, %v; want %+v", tc.s, tc.environment, got, err, tc.want)
		}
	}
}

// Shards in any order, merged twice, are the truth of one machine, whatever supernet is compared to it; those of other trainings and what
// contradicts it are refused.
func TestShards(t *testing.T) {
	ctx := context.Background()
	args := []string{"-truth-seeds", "2", "-channels", "4", "-image", "8"}
	truth := func(o *Options) *Truth {
		t.Helper()
		l, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		found, err := l.Truth(ctx, l.Archs())
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	want := truth(quick(t, "nasbenchmacro", args...))
	o := quick(t, "nasbenchmacro", args...)
	for _, s := range []string{"2/2", "1/2"} {
		part := *o
		part.Shard = s
		l, err := Open(t.Context(), &part)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.MakeTruth(ctx, l.Archs()); err != nil {
			t.Fatal(err)
		}
		l.Close()
	}
	// Only the supernet is another.
	whole := *quick(t, "nasbenchmacro", append(args, "-epochs", "2", "-sampler", "fair")...)
	whole.Study, whole.Merge = o.Study, true
	for range 2 {
		l, err := Open(t.Context(), &whole)
		if err != nil {
			t.Fatal(err)
		}
		l.afterStep = func(int) { t.Error("something was trained again") }
		got, err := l.Truth(ctx, l.Archs())
		l.Close()
		if err != nil || !slices.Equal(got.Mean, want.Mean) || !slices.EqualFunc(got.Curves[0], want.Curves[0], slices.Equal) {
			t.Errorf("merged %v, %v; want %v", got, err, want)
		}
	}
	other := *quick(t, "nasbenchmacro", append(args, "-alone-epochs", "2")...)
	other.Merge = true
	if err := os.CopyFS(filepath.Join(other.Study, "shards"), os.DirFS(filepath.Join(o.Study, "shards"))); err != nil {
		t.Fatal(err)
	}
	var different *study.ConfigError
	if _, err := Open(t.Context(), &other); !errors.As(err, &different) || len(different.Differences) != 1 || different.Differences[0].Field != "stand_alone.epochs" {
		t.Errorf("shards whose trainings are shorter: error %v", err)
	}
	part := *o
	part.Shard = "1/2"
	if err := os.Remove(filepath.Join(o.Study, "shards", "1-of-2", truthFile)); err != nil {
		t.Fatal(err)
	}
	l, err := Open(t.Context(), &part)
	if err != nil {
		t.Fatal(err)
	}
	found, err := l.records()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := found.results.add(0.125, l.Archs()[0].String(), "1"); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if l, err := Open(t.Context(), &whole); err == nil || !strings.Contains(err.Error(), "0.125") {
		l.Close()
		t.Errorf("a shard that contradicts the study: error %v", err)
	}
}

// Of a learning curve that somebody deleted a part, and of a result, what is missing is found again, and is what it was.
func TestLostCurve(t *testing.T) {
	o := quick(t, "nasbenchmacro", "-alone-epochs", "3", "-channels", "4", "-image", "8")
	truth := func() *Truth {
		t.Helper()
		l, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		found, err := l.Truth(context.Background(), l.Archs())
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	want := truth()
	for _, name := range []string{curvesFile, truthFile} {
		path := filepath.Join(o.Study, name)
		table, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []int{1, bytes.Count(table, []byte("\n")) - 1} { // of the training long ago, and of the last
			lines := bytes.SplitAfter(table, []byte("\n"))
			lines[at] = nil
			if err := os.WriteFile(path, bytes.Join(lines, nil), 0o666); err != nil {
				t.Fatal(err)
			}
			if got := truth(); !reflect.DeepEqual(got, want) {
				t.Errorf("without line %d of %s it is %v, want %v", at+1, name, got, want)
			}
		}
	}
}

// The name of a study's folder is no pattern, whatever it looks like.
func TestFolderLikeAPattern(t *testing.T) {
	o := quick(t, "nasbenchmacro", "-channels", "4", "-image", "8", "-study", filepath.Join(t.TempDir(), "a[b]*"))
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Scores(context.Background(), Variant{}, l.Archs()); err != nil {
		t.Fatal(err)
	}
	if known, err := l.known(); err != nil || len(known) != 1 {
		t.Errorf("the scores that are known: %v, %v; want those of one supernet", known, err)
	}
	part := *o
	part.Shard = "1/1"
	s, err := Open(t.Context(), &part)
	if err != nil {
		t.Fatal(err)
	}
	err = s.MakeTruth(context.Background(), s.Archs())
	s.Close()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := l.Merge(); err != nil || n != len(l.Archs()) {
		t.Errorf("merged %d trainings, %v", n, err)
	}
}
