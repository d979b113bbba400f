package lab

import "context"

// UnlessStopped returns what do returns. If the context is cancelled before, it leaves do to itself: that may wait for a file, or resample
// many architectures, for a while, and must not have written anything. The error is then context.Canceled.
func UnlessStopped[T any](ctx context.Context, do func() (T, error)) (T, error) {
	var none T
	if ctx.Err() != nil {
		return none, context.Canceled
	}
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1) // so that it can end whether or not anybody still waits
	go func() {
		value, err := do()
		answers <- answer{value, err}
	}()
	select {
	case <-ctx.Done():
		return none, context.Canceled
	case a := <-answers:
		return a.value, a.err
	}
}
