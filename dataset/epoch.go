package dataset

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime/debug"
	"sync"

	"github.com/oneshot-nas/oneshot/tensor"
)

// Pass is how a data set is gone through once.
type Pass struct {
	Len      int        // examples of the data set
	Batch    int        // examples of a batch; the last one has those that are left
	DropLast bool       // leaves the last batch out if it is smaller
	Rand     *rand.Rand // shuffles, and seeds what batches have of chance; nil: examples come in their order, and nothing is left to chance
	Workers  int        // goroutines that make batches; 0 is one
}

// Batches is a pass in batches that load makes of the examples idx, in goroutines that are ahead of the loop by one batch each:
//
//	for batch, err := range dataset.Batches(pass, load) {
//
// The batches and their order depend on the state of p.Rand alone, not on the number of workers: load is given a generator of its own for
// each batch, nil if p.Rand is, and may be called by several goroutines at once. It may keep idx.
//
// Batches draws one number from p.Rand; the sequence that it returns is the same whenever it is ranged over. An error of load is yielded
// in its batch's turn, and is the last; a panic of load arrives in the loop. When the loop ends, however it does, no goroutine is left.
func Batches[B any](p Pass, load func(idx []int32, rng *rand.Rand) (B, error)) iter.Seq2[B, error] {
	if p.Len < 0 || p.Batch < 1 || p.Workers < 0 {
		panic(tensor.ShapeError{Op: "dataset.Batches", Got: fmt.Sprintf("%d examples in batches of %d by %d workers", p.Len, p.Batch, p.Workers),
			Want: "batches of at least one, nothing negative"})
	}
	var seed uint64
	if p.Rand != nil {
		seed = p.Rand.Uint64()
	}
	return func(yield func(B, error) bool) {
		order := p.order(seed)
		batch := func(k int) (B, error) {
			var rng *rand.Rand
			if p.Rand != nil {
				rng = rand.New(rand.NewPCG(seed, uint64(k)))
			}
			lo, hi := k*p.Batch, min((k+1)*p.Batch, p.Len)
			return load(order[lo:hi:hi], rng)
		}
		for b, err := range ahead(p.count(), max(p.Workers, 1), batch) {
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// count is the number of batches.
func (p Pass) count() int {
	if p.DropLast {
		return p.Len / p.Batch
	}
	return (p.Len + p.Batch - 1) / p.Batch
}

// orderStream is the stream of random numbers of the order: those of batches are numbered from 0.
const orderStream = 1<<64 - 1

// order of the examples, by a Fisher-Yates shuffle if there is chance.
func (p Pass) order(seed uint64) []int32 {
	order := make([]int32, p.Len)
	for i := range order {
		order[i] = int32(i)
	}
	if p.Rand != nil {
		r := newStream(seed, orderStream)
		for i := len(order) - 1; i > 0; i-- {
			j := r.between(0, i)
			order[i], order[j] = order[j], order[i]
		}
	}
	return order
}

// result is what became of one call.
type result[B any] struct {
	value B
	err   error
	panic error
}

// loadPanic is a panic of load, as it arrives in the loop.
type loadPanic struct {
	value any
	stack []byte // of load, which that of the loop does not show
}

func (p *loadPanic) Error() string {
	return fmt.Sprintf("dataset: making a batch panicked: %v\n\n%s", p.value, p.stack)
}

// Unwrap returns the value if it is an error.
func (p *loadPanic) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// ahead yields do(0), ..., do(n-1), which so many workers call. A worker begins with a value when one that was made before is taken, so
// that there are as many as there are workers beside the one that the loop has.
func ahead[B any](n, workers int, do func(i int) (B, error)) iter.Seq2[B, error] {
	return func(yield func(B, error) bool) {
		workers := min(workers, n)
		next := make(chan int, workers)         // what may be begun
		made := make([]chan result[B], workers) // value i comes through channel i mod workers
		var running sync.WaitGroup
		defer func() {
			close(next)
			for range next { // what nobody has begun need not be
			}
			running.Wait()
		}()
		for i := range workers {
			made[i] = make(chan result[B], 1)
			next <- i
			running.Go(func() {
				for i := range next {
					attempt(made[i%workers], func() (B, error) { return do(i) })
				}
			})
		}
		for i := range n {
			r := <-made[i%workers]
			if r.panic != nil {
				panic(r.panic)
			}
			if i+workers < n {
				next <- i + workers
			}
			if !yield(r.value, r.err) {
				return
			}
		}
	}
}

// attempt sends what do returns, or panics with.
func attempt[B any](to chan<- result[B], do func() (B, error)) {
	r := result[B]{panic: errors.New("dataset: making a batch ended its goroutine")} // runtime.Goexit, which no recover sees
	defer func() {
		if v := recover(); v != nil {
			r.panic = passedOn(v)
		}
		to <- r
	}()
	r.value, r.err = do()
	r.panic = nil
}

// passedOn is what the loop panics with where load did with v: a ShapeError is left as it is, for tensor.Catch.
func passedOn(v any) error {
	if e, ok := v.(tensor.ShapeError); ok {
		return e
	}
	return &loadPanic{v, debug.Stack()}
}
