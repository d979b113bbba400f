package guard

import (
	"math"
	"runtime/debug"
	"testing"
	"unsafe"
)

// faults reports whether reading the float at p faults.
func faults(p unsafe.Pointer) (fault bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { fault = recover() != nil }()
	sink = *(*float32)(p)
	return
}

var sink float32

func TestFencesFault(t *testing.T) {
	if !fenced {
		t.Skip("no inaccessible pages on this system")
	}
	for _, n := range []int{0, 1, 3, 1023, 1024, 1025, 5000} {
		tail, head := Float32(t, n), Float32Head(t, n)
		if len(tail) != n || len(head) != n {
			t.Fatalf("n = %d: got %d and %d elements", n, len(tail), len(head))
		}
		if !faults(unsafe.Add(unsafe.Pointer(unsafe.SliceData(tail)), 4*n)) {
			t.Errorf("n = %d: the element after the end is readable", n)
		}
		if !faults(unsafe.Add(unsafe.Pointer(unsafe.SliceData(head)), -4)) {
			t.Errorf("n = %d: the element before the start is readable", n)
		}
		for i := range n {
			if tail[i] != 0 || head[i] != 0 {
				t.Fatalf("n = %d: element %d is not zero", n, i)
			}
		}
	}
}

// recorder stands in for a test, so that a failure can be expected.
type recorder struct {
	testing.TB
	cleanups []func()
	failed   bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) Cleanup(f func())      { r.cleanups = append(r.cleanups, f) }
func (r *recorder) end() {
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
}

func TestCanaries(t *testing.T) {
	for name, tc := range map[string]struct {
		alloc func(testing.TB, int) []float32
		at    int
		fails bool
	}{
		"inside":       {Float32, 4, false},
		"before start": {Float32, -1, true},
		"after end":    {Float32Head, 5, true},
	} {
		r := &recorder{TB: t}
		x := tc.alloc(r, 5)
		*(*float32)(unsafe.Add(unsafe.Pointer(&x[0]), 4*tc.at)) = 1
		r.end()
		if r.failed != tc.fails {
			t.Errorf("%s: failed = %v, want %v", name, r.failed, tc.fails)
		}
	}
	if !math.IsNaN(float64(math.Float32frombits(canary))) {
		t.Error("the canary is not a NaN")
	}
}
