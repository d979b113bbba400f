package dataset_test

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/tensor"
)

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// described is a batch of examples by their numbers, and something of chance.
func described(idx []int32, rng *rand.Rand) (string, error) {
	if rng == nil {
		return fmt.Sprint(idx), nil
	}
	time.Sleep(time.Duration(rand.IntN(200)) * time.Microsecond) // batches are ready in another order than they were begun in
	return fmt.Sprint(idx, rng.Uint64()), nil
}

func collect[B any](t *testing.T, batches iter.Seq2[B, error]) (all []B) {
	t.Helper()
	for b, err := range batches {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

func TestBatchesAreTheSameForAnyWorkers(t *testing.T) {
	pass := dataset.Pass{Len: 103, Batch: 10}
	var first []string
	for _, workers := range []int{0, 1, 2, 3, 8, 100} {
		pass.Workers, pass.Rand = workers, seeded(5)
		batches := dataset.Batches(pass, described)
		for range 2 { // ranging again is the same again
			got := collect(t, batches)
			if first == nil {
				first = got
			}
			if !slices.Equal(got, first) {
				t.Errorf("%d workers: %v, want %v", workers, got, first)
			}
		}
	}
	pass.Rand = seeded(6)
	if other := collect(t, dataset.Batches(pass, described)); slices.Equal(other, first) {
		t.Error("two seeds give the same batches")
	}
	rng := seeded(5)
	pass.Rand = rng
	collect(t, dataset.Batches(pass, described))
	if second := collect(t, dataset.Batches(pass, described)); slices.Equal(second, first) {
		t.Error("the second epoch is the first again")
	}
}

func numbers(idx []int32, _ *rand.Rand) ([]int32, error) { return idx, nil }

func TestBatchesHaveEveryExampleOnce(t *testing.T) {
	for _, c := range []struct {
		n, batch int
		drop     bool
		want     []int // sizes
	}{
		{7, 3, false, []int{3, 3, 1}},
		{7, 3, true, []int{3, 3}},
		{6, 3, true, []int{3, 3}},
		{2, 3, false, []int{2}},
		{2, 3, true, nil},
		{0, 3, false, nil},
	} {
		for _, rng := range []*rand.Rand{nil, seeded(1)} {
			var sizes []int
			var all []int32
			pass := dataset.Pass{Len: c.n, Batch: c.batch, DropLast: c.drop, Rand: rng, Workers: 2}
			for _, idx := range collect(t, dataset.Batches(pass, numbers)) {
				sizes = append(sizes, len(idx))
				all = append(all, idx...)
			}
			if !slices.Equal(sizes, c.want) {
				t.Errorf("%+v: batches of %v", c, sizes)
			}
			inOrder := slices.IsSorted(all)
			if rng == nil && !inOrder || rng != nil && c.n == 7 && inOrder {
				t.Errorf("%+v, shuffled %t: examples %v", c, rng != nil, all)
			}
			slices.Sort(all)
			if different := len(slices.Compact(slices.Clone(all))); different != len(all) || !c.drop && len(all) != c.n {
				t.Errorf("%+v: examples %v", c, all)
			}
		}
	}
}

// A shuffle of three has six outcomes, all as likely.
func TestShuffleIsUniform(t *testing.T) {
	counts := map[string]int{}
	pass := dataset.Pass{Len: 3, Batch: 3, Rand: seeded(3)}
	for range 6000 {
		for _, idx := range collect(t, dataset.Batches(pass, numbers)) {
			counts[fmt.Sprint(idx)]++
		}
	}
	for order, n := range counts {
		if n < 850 || n > 1150 { // 1000 ± 5 standard deviations
			t.Errorf("%s came %d times of 6000", order, n)
		}
	}
	if len(counts) != 6 {
		t.Errorf("%d orders, want 6", len(counts))
	}
}

// Batches are made ahead, but not further than one a worker.
func TestBatchesAhead(t *testing.T) {
	for _, workers := range []int{1, 3} {
		var begun atomic.Int64
		taken := int64(0)
		for _, err := range dataset.Batches(dataset.Pass{Len: 20, Batch: 1, Workers: workers}, func([]int32, *rand.Rand) (int, error) {
			begun.Add(1)
			return 0, nil
		}) {
			if err != nil {
				t.Fatal(err)
			}
			taken++
			want := min(taken+int64(workers), 20)
			for begun.Load() < want { // or the test's time runs out
				runtime.Gosched()
			}
			time.Sleep(100 * time.Microsecond)
			if got := begun.Load(); got != want {
				t.Fatalf("%d workers: %d batches begun when %d were taken, want %d", workers, got, taken, want)
			}
		}
	}
}

func TestBatchesStop(t *testing.T) {
	broken := errors.New("disk on fire")
	before := runtime.NumGoroutine()
	var running atomic.Int64
	load := func(fail func(idx []int32)) func(idx []int32, _ *rand.Rand) (int32, error) {
		return func(idx []int32, _ *rand.Rand) (int32, error) {
			running.Add(1)
			defer running.Add(-1)
			if idx[0] == 5 {
				fail(idx)
				return 0, broken
			}
			return idx[0], nil
		}
	}
	ended := func(how string) {
		t.Helper()
		if n := running.Load(); n != 0 {
			t.Errorf("%s: %d calls of load still run", how, n)
		}
		for runtime.NumGoroutine() > before { // or the test's time runs out
			runtime.Gosched()
		}
	}
	for _, workers := range []int{1, 4} {
		pass := dataset.Pass{Len: 20, Batch: 1, Workers: workers}
		for range dataset.Batches(pass, load(func([]int32) {})) {
			break
		}
		ended("break")

		var got []int32
		var last error
		for b, err := range dataset.Batches(pass, load(func([]int32) {})) {
			if last = err; err == nil {
				got = append(got, b)
			}
		}
		if !slices.Equal(got, []int32{0, 1, 2, 3, 4}) || last != broken {
			t.Errorf("%d workers: %v and error %v, want the batches before the error, then it", workers, got, last)
		}
		ended("error")

		shape := tensor.ShapeError{Op: "load", Got: "a label of 7", Want: "0 to 4"}
		if err := tensor.Catch(func() {
			for range dataset.Batches(pass, load(func([]int32) { panic(shape) })) {
			}
		}); err != shape {
			t.Errorf("%d workers: caught %v, want %v", workers, err, shape)
		}
		ended("shape error")

		for how, fail := range map[string]func(idx []int32){
			"index out of range":   func(idx []int32) { _ = idx[len(idx)] },
			"ended its goroutine":  func([]int32) { runtime.Goexit() },
			"disk on fire":         func([]int32) { panic(broken) },
			"TestBatchesStop.func": func([]int32) { panic("with the stack of load") },
		} {
			func() {
				defer func() {
					err, _ := recover().(error)
					if err == nil || !strings.Contains(err.Error(), how) || errors.Is(err, broken) != (how == broken.Error()) {
						t.Errorf("%d workers: panic with %v, want %q in it", workers, err, how)
					}
				}()
				for range dataset.Batches(pass, load(fail)) {
				}
			}()
			ended(how)
		}
	}
}

func TestBatchesMisused(t *testing.T) {
	for _, p := range []dataset.Pass{{Len: 3}, {Len: -1, Batch: 1}, {Len: 3, Batch: 1, Workers: -1}} {
		if err := tensor.Catch(func() { dataset.Batches(p, described) }); err == nil || !strings.Contains(err.Error(), "dataset.Batches") {
			t.Errorf("%+v: error %v", p, err)
		}
	}
}

// An epoch of a Loader is its batches: with the images, labels and augmentation that Batch gives.
func TestEpoch(t *testing.T) {
	set := numbered(11)
	plain := dataset.NewLoader(set, dataset.Augment{Pad: 2, Flip: true})
	seen := 0
	for b := range plain.Epoch(4, nil) {
		n := len(b.Labels)
		idx := make([]int32, n)
		for i := range idx {
			idx[i] = int32(seen + i)
		}
		x, labels := batch(plain, idx, 0)
		if !slices.Equal(b.Images.Shape(), []int{n, 5, 4, 3}) || !slices.Equal(b.Images.Data, x) || !slices.Equal(b.Labels, labels) {
			t.Errorf("images %d to %d: %v, labels %v; want %v", seen, seen+n-1, b.Images, b.Labels, labels)
		}
		seen += n
	}
	if seen != 11 {
		t.Errorf("%d images, want 11", seen)
	}

	epoch := func(rng *rand.Rand) (values []float32) {
		for b := range plain.Epoch(4, rng) {
			values = append(values, b.Images.Data...)
		}
		return values
	}
	first := epoch(seeded(1))
	if !slices.Equal(epoch(seeded(1)), first) {
		t.Error("the same seed gives other batches")
	}
	if rng := seeded(1); !slices.Equal(epoch(rng), first) || slices.Equal(epoch(rng), first) {
		t.Error("the second epoch is the first again")
	}
	unaugmented := dataset.NewLoader(set, dataset.Augment{})
	for b := range unaugmented.Epoch(11, seeded(1)) { // in the order of the first, each image as it is
		for i := range 11 {
			image := int(b.Images.Data[i*60]*0.5*255+0.25*255+0.5-3) / 20 // its red begins with 20 times its number, and 3
			x, labels := batch(unaugmented, []int32{int32(image)}, 0)
			if !slices.Equal(b.Images.Data[i*60:(i+1)*60], x) || b.Labels[i] != labels[0] {
				t.Errorf("image %d at %d is not as it is, or has another's label", image, i)
			}
		}
	}
}
