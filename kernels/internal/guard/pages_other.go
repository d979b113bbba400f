//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package guard

import "testing"

const fenced = false

// pages returns heap memory with room for a few vectors of canaries after n bytes. Float32 leaves that room before its
// slice, Float32Head after it.
func pages(_ testing.TB, n int) []byte {
	return make([]byte, n+4*64)
}
