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

// TestArenaLends: a buffer that is free does for one up to four times smaller, which counts as what it is; in the end nothing is allocated.
func TestArenaLends(t *testing.T) {
	var a Arena
	large := a.Get(4096)
	a.Put(large)
	small := a.Get(1024)
	if &small[0] != &large[0] || len(small) != 1024 || a.Held() != 4*4096 || a.Used() != 4*1024 {
		t.Errorf("of a free buffer of 4096 floats 1024 are %d, %d bytes held and %d used", len(small), a.Held(), a.Used())
	}
	if again := a.Get(4096); &again[0] == &large[0] {
		t.Fatal("a buffer that is lent is handed out again")
	} else {
		a.Put(again)
	}
	if tiny := a.Get(1000); &tiny[0] == &small[0] || a.Held() != 2*4*4096 {
		t.Error("the second buffer is not lent")
	} else {
		a.Put(tiny)
	}
	a.Put(small)
	if a.Used() != 0 {
		t.Errorf("%d bytes are used after Put", a.Used())
	}
	if a.Get(512); a.Held() != 2*4*4096+4*512 {
		t.Errorf("%d bytes held: a buffer eight times as large was lent", a.Held())
	}
	if x := a.Get(4096); len(x) != 4096 || cap(x) != 4096 {
		t.Errorf("a buffer comes back with %d of %d floats", len(x), cap(x))
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
