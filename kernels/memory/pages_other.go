//go:build !linux

package memory

// hugePages does nothing: other systems choose for themselves.
func hugePages([]float32) {}
