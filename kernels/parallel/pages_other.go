//go:build !linux

package parallel

// hugePages does nothing: other systems choose for themselves.
func hugePages([]float32) {}
