package parallel

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/fault"
)

// panicOf returns what f panics with, nil if it does not.
func panicOf(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

func TestShapeErrorArrivesAsItIs(t *testing.T) {
	want := fault.ShapeError{Op: "x.Y", Got: "3", Want: "4"}
	onThreads(t, func(t *testing.T) {
		for range 3 { // the pool survives it
			if got := panicOf(func() {
				Run(100, big, chunkFunc(func(_ *Worker, i int) {
					if i == 7 {
						panic(want)
					}
				}))
			}); got != want {
				t.Errorf("recovered %v, want %v", got, want)
			}
		}
	})
}

func outOfRange(x []int, i int) int { return x[i] }

func TestOtherPanicsArriveWithTheirStack(t *testing.T) {
	onThreads(t, func(t *testing.T) {
		p, ok := panicOf(func() {
			Run(100, big, chunkFunc(func(_ *Worker, i int) { outOfRange(make([]int, 99), i) }))
		}).(*Panic)
		if !ok {
			t.Fatal("not a *Panic")
		}
		var bounds runtime.Error
		if !errors.As(p, &bounds) || !strings.Contains(bounds.Error(), "[99]") {
			t.Errorf("%v is no runtime.Error about index 99", p.Value)
		}
		if !strings.Contains(p.Error(), "parallel.outOfRange(") {
			t.Errorf("the stack does not show where it happened:\n%s", p.Stack)
		}
		if p, ok := panicOf(func() { Run(2, big, chunkFunc(func(*Worker, int) { panic("no such thing") })) }).(*Panic); !ok ||
			p.Value != "no such thing" || p.Unwrap() != nil {
			t.Errorf("recovered %v", p)
		}
	})
}

// The panic that arrives is that of the first chunk, even if a later one panics earlier.
func TestFirstPanicCounts(t *testing.T) {
	onThreads(t, func(t *testing.T) {
		for range 50 {
			p, ok := panicOf(func() {
				Run(30, big, chunkFunc(func(_ *Worker, i int) {
					if i%10 == 9 {
						for range i % 20 * 1000 { // the first of them takes longer
							runtime.KeepAlive(i)
						}
						panic(i)
					}
				}))
			}).(*Panic)
			if !ok || p.Value != 9 {
				t.Fatalf("recovered %v, want that of chunk 9", p)
			}
		}
	})
}
