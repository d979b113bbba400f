//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package study

import "os"

// lockFile lets everybody in: there is no lock here that surely ends with its process.
func lockFile(*os.File) error { return nil }

func lockFolder(string) (*os.File, error) { return nil, nil }
