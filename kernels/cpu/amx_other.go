//go:build !(linux && amd64)

package cpu

// allowAMX knows of no other system how to ask it.
func allowAMX() bool { return false }
