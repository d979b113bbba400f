package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/supernet"
)

// spoil flips a bit in the middle of a file.
func spoil(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 4
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
}

// The last checkpoint and the one before are there after each save. Where the last is missing, the one before is not given up for the next.
func TestSavedCheckpoints(t *testing.T) {
	l, err := Open(t.Context(), quick(t, "nasbenchmacro", "-channels", "4", "-image", "8"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	trainer, err := l.trainer(t.Context(), Variant{})
	if err != nil {
		t.Fatal(err)
	}
	kept := &checkpoints{lab: l, name: l.folder(Variant{}) + "/" + supernetFile, of: "a test"}
	if err := os.MkdirAll(filepath.Dir(l.dir.Path(kept.name)), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		curve, previous string
		missing         bool // the last, before the save
	}{{"1", "", false}, {"2", "1", false}, {"3", "2", false}, {"4", "2", true}, {"5", "4", false}} {
		if tc.missing {
			if err := os.Remove(l.dir.Path(kept.name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := kept.save(trainer, tc.curve); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{kept.name: tc.curve, kept.previous(): tc.previous} {
			metadata, err := supernet.CheckpointMetadata(l.dir.Path(name))
			if metadata[curveKey] != want || (err != nil) != (want == "") {
				t.Errorf("after save %s: %s holds %q, %v; want %q", tc.curve, name, metadata[curveKey], err, want)
			}
		}
	}
}

// What is damaged or exchanged stops the study with its name and what happens if it is deleted; that happens then, and the scores are those
// of a study in which nothing was ever damaged.
func TestDamagedCheckpoints(t *testing.T) {
	var stopAt, first int // steps; the first of a run
	scores := func(o *Options) ([][]float64, error) {
		l, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		first = 0
		l.afterStep = func(done int) {
			if first == 0 {
				first = done
			}
			if done == stopAt {
				stop()
			}
		}
		_, found, err := l.EpochScores(ctx, Variant{}, l.Archs())
		return found, err
	}
	start := func() (o *Options, last, previous string) {
		o = quick(t, "nasbenchmacro", "-epochs", "4", "-channels", "4", "-image", "8", "-checkpoint", "1ns")
		last = filepath.Join(o.Study, "supernets", "44136fa3", supernetFile)
		return o, last, strings.TrimSuffix(last, checkpointSuffix) + previousSuffix
	}
	refused := func(o *Options, path, remedy string) {
		t.Helper()
		before, _ := os.ReadFile(path)
		_, err := scores(o)
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "delete the file, and "+remedy) {
			t.Fatalf("error %v, want one that names %s and says %q", err, path, remedy)
		}
		if after, _ := os.ReadFile(path); first != 0 || !slices.Equal(before, after) {
			t.Errorf("%s: training went on at step %d, or the file was changed", path, first)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	whole, wholeLast, _ := start()
	want, err := scores(whole)
	if err != nil {
		t.Fatal(err)
	}
	same := func(o *Options, from int) {
		t.Helper()
		stopAt = 0
		if got, err := scores(o); err != nil || !slices.EqualFunc(got, want, slices.Equal) || first != from {
			t.Errorf("from step %d: %v, %v; want from step %d %v", first, got, err, from, want)
		}
	}

	o, last, previous := start()
	stop := func(at int) {
		t.Helper()
		stopAt = at
		if _, err := scores(o); err != context.Canceled {
			t.Fatalf("stopped at step %d: %v", at, err)
		}
	}
	stop(17)
	spoil(t, last)
	refused(o, last, "the training goes on from the checkpoint before, supernet.previous.safetensors")
	stop(19)
	if first != 18 { // the last of step 17 was saved twice, as the step's and as the stop's
		t.Errorf("it went on with step %d, want 18", first)
	}
	spoil(t, last)
	spoil(t, previous)
	refused(o, last, "the training goes on from the checkpoint before")
	refused(o, previous, "the training starts anew")
	stop(19)
	if err := os.Remove(last); err != nil { // as a kill leaves it on file systems without links
		t.Fatal(err)
	}
	same(o, 20)

	// Another supernet's, and another study's.
	o, last, _ = start()
	stop(3)
	other := *o
	l, err := Open(t.Context(), &other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Supernet(context.Background(), Variant{Seed: 1}); err != nil {
		t.Fatal(err)
	}
	l.Close()
	exchange := func(from string) {
		b, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(last, b, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	exchange(filepath.Join(o.Study, l.folder(Variant{Seed: 1}), supernetFile))
	refused(o, last, "the training goes on from the checkpoint before")
	stopAt = 0
	another := quick(t, "nasbenchmacro", "-epochs", "4", "-channels", "4", "-image", "8", "-lr", "0.01")
	if _, err := scores(another); err != nil {
		t.Fatal(err)
	}
	exchange(filepath.Join(another.Study, "supernets", "44136fa3", supernetFile))
	refused(o, last, "the training goes on from the checkpoint before")

	// The losses that a table has lost are in the checkpoint.
	losses := filepath.Join(filepath.Dir(wholeLast), lossesFile)
	table, err := os.ReadFile(losses)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(table), "\n")
	if err := errors.Join(os.WriteFile(losses, []byte(lines[0]+strings.Join(lines[2:], "")), 0o666), os.Remove(filepath.Join(filepath.Dir(losses), scoresFile))); err != nil {
		t.Fatal(err)
	}
	same(whole, 0)
	if again, err := os.ReadFile(losses); err != nil || string(again) != lines[0]+strings.Join(lines[2:], "")+lines[1] {
		t.Errorf("of %q without the second line became %q, %v", table, again, err)
	}

	// Weights on the way.
	weights := filepath.Join(filepath.Dir(wholeLast), "epoch-2.safetensors")
	if err := os.Remove(filepath.Join(filepath.Dir(wholeLast), scoresFile)); err != nil {
		t.Fatal(err)
	}
	spoil(t, weights)
	if _, err := scores(whole); err == nil || !strings.Contains(err.Error(), weights) || !strings.Contains(err.Error(), "the supernet is trained again for it") {
		t.Errorf("error %v", err)
	}
	if err := os.Remove(weights); err != nil {
		t.Fatal(err)
	}
	same(whole, 1)
}

// A checkpoint that cannot be saved when the study is stopped is not reported as a stop.
func TestStopWithoutCheckpoint(t *testing.T) {
	o := quick(t, "nasbenchmacro", "-channels", "4", "-image", "8")
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, stop := context.WithCancel(context.Background())
	l.afterStep = func(int) {
		os.RemoveAll(o.Study)
		stop()
	}
	if _, err := l.Supernet(ctx, Variant{}); err == nil || errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "is lost") {
		t.Errorf("error %v, want one that says that the training is lost", err)
	}
	if _, err := os.Stat(o.Study); !os.IsNotExist(err) {
		t.Errorf("the directory is there again: %v", err)
	}
}
