package guard

import (
	"math"
	"testing"
	"unsafe"
)

// Sides holds both allocators, for tests to loop over.
var Sides = []func(t testing.TB, n int) []float32{Float32, Float32Head}

// Float32 returns n zeros; the address after the last one is inaccessible.
func Float32(t testing.TB, n int) []float32 {
	t.Helper()
	room := floats(t, n)
	return slice(t, room, len(room)-n, n)
}

// Float32Head returns n zeros; the address before the first one is inaccessible.
func Float32Head(t testing.TB, n int) []float32 {
	t.Helper()
	return slice(t, floats(t, n), 0, n)
}

// floats returns at least n floats between two inaccessible pages, or between canaries alone.
func floats(t testing.TB, n int) []float32 {
	t.Helper()
	bytes := pages(t, 4*n)
	return unsafe.Slice((*float32)(unsafe.Pointer(&bytes[0])), len(bytes)/4)
}

// canary is the bit pattern of a quiet NaN that no computation produces.
const canary = 0x7fdead77

// slice returns room[from:from+n] and watches over the rest of room until the test ends.
func slice(t testing.TB, room []float32, from, n int) []float32 {
	for i := range room {
		if i < from || i >= from+n {
			room[i] = math.Float32frombits(canary)
		}
	}
	t.Cleanup(func() {
		for i, v := range room {
			if bits := math.Float32bits(v); (i < from || i >= from+n) && bits != canary {
				t.Errorf("guard: element %d of a slice of %d was overwritten with %v (%#x)", i-from, n, v, bits)
				return
			}
		}
	})
	// Not room[from:from+n:from+n], which would move an empty slice back to the start of room.
	return unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(&room[0]), 4*from)), n)
}
