package parallel

import (
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/oneshot-nas/oneshot/kernels/fault"
)

// Panic is what a panic of a chunk arrives as in the caller of [Run].
type Panic struct {
	Value any
	Stack []byte // of the chunk, which the caller's own does not show
}

func (p *Panic) Error() string {
	return fmt.Sprintf("parallel: a chunk panicked: %v\n\n%s", p.Value, p.Stack)
}

// Unwrap returns the value if it is an error: errors.As finds a runtime.Error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// failure is the first panic of a job, in the order of its chunks. Chunks are handed out in that order, and those that have begun are
// finished, so whatever the number of threads it is the panic of the same chunk.
type failure struct {
	mu    sync.Mutex
	chunk int64
	value any // nil: none
}

// note records that a chunk panicked with v. It is called where that is recovered, with the chunk still on the stack.
func (f *failure) note(chunk int64, v any) {
	if _, ok := v.(fault.ShapeError); !ok {
		v = &Panic{v, debug.Stack()}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.value == nil || chunk < f.chunk {
		f.chunk, f.value = chunk, v
	}
}
