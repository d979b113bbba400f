package tensor

import (
	"testing"
	"unsafe"
)

func TestArena(t *testing.T) {
	var a Arena
	x := a.Get(1000)
	if len(x) != 1000 || uintptr(unsafe.Pointer(&x[0]))%64 != 0 {
		t.Errorf("%d floats at address %p, want 1000 at a cache line", len(x), &x[0])
	}
	if a.Get(0) != nil {
		t.Error("no floats are something")
	}
	used := a.Used()
	y := a.Get(1000)
	if &x[0] == &y[0] {
		t.Fatal("a buffer is handed out twice")
	}
	if a.Used() != 2*used || a.Peak() != 2*used || a.Held() != 2*used {
		t.Errorf("used %d, peak %d, held %d, want %d each", a.Used(), a.Peak(), a.Held(), 2*used)
	}
	a.Put(x)
	a.Put(y)
	a.Put(nil)
	if a.Used() != 0 || a.Peak() != 2*used || a.Held() != 2*used {
		t.Errorf("after Put: used %d, peak %d, held %d", a.Used(), a.Peak(), a.Held())
	}
	if z := a.Get(990); &z[0] != &y[0] {
		t.Error("the last buffer put is not the first one got")
	}
	if n := testing.AllocsPerRun(10, func() { a.Put(a.Get(1000)) }); n != 0 {
		t.Errorf("%v allocations to get a buffer that was put", n)
	}
	if err := Catch(func() { a.Put(make([]float32, 1000)) }); err == nil {
		t.Error("a buffer of somebody else's is taken")
	}
}

// TestSizeClass: classes are in order, hold what they are for, and waste at most a quarter.
func TestSizeClass(t *testing.T) {
	last := -1
	for n := 1; n < 1<<20; n += 1 + n/100 {
		class, size := sizeClass(n)
		if size < n || n > 16 && (size-n)*4 > size {
			t.Fatalf("%d floats get %d", n, size)
		}
		if class < last {
			t.Fatalf("%d floats are of class %d, fewer were of class %d", n, class, last)
		}
		if c, s := sizeClass(size); c != class || s != size {
			t.Fatalf("size %d of class %d is itself of class %d with size %d", size, class, c, s)
		}
		last = class
	}
}
