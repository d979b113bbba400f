package parallel

import "sync/atomic"

// FreeList keeps what calls of a kernel need for as long as they last, above all the task that they run, so that the calls that come
// later find it and allocate nothing, and those of several goroutines have one each. The zero value is ready.
//
// There is no lock, for who is suspended while he holds one suspends all others. A slot that is not nil belongs to nobody; it is taken by
// exchanging it for nil, which one goroutine alone succeeds in, and which orders what it does after all that the one who put it did.
type FreeList[T any] struct{ slots [maxFree]atomic.Pointer[T] }

// maxFree is how many unused elements a list keeps. Calls that run at the same time may be more.
const maxFree = 128

// Get returns an element that nobody uses, with what it held when it was put, or a new one. Those put lately are still in the cache, so
// the first slots, which are the first that are filled, are looked at first.
func (l *FreeList[T]) Get() *T {
	for i := range l.slots {
		if p := l.slots[i].Load(); p != nil && l.slots[i].CompareAndSwap(p, nil) {
			return p
		}
	}
	return new(T)
}

// Put takes back an element; what it refers to is kept, too.
func (l *FreeList[T]) Put(p *T) {
	for i := range l.slots {
		if l.slots[i].Load() == nil && l.slots[i].CompareAndSwap(nil, p) {
			return
		}
	}
}
