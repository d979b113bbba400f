// Package asm holds what assembly files of several packages of kernels include:
//
//	avx2_amd64.h  the lanes of the last vector of a row, by comparison and from a mask in memory
//	neon_arm64.h  the instructions that the Go assembler lacks
//
// A package whose assembly includes one imports this one for nothing else: Go assembles a file again when something in its own directory
// changes or what the package imports, and this package changes with its headers.
//
// # The dialect
//
// A file holds one group of routines for one instruction set and is named after both: outer_avx2_amd64.s. Operands and backslashes stand
// in columns, labels, also those of macros, at the margin. Above each routine stand its Go declaration and the loop that it computes.
//
//   - Names of general registers are in lower case or camel case, as are labels; those of vector and mask registers, macros and constants
//     (C_…) in upper case.
//   - What walks an image or a matrix takes a pointer to a struct and reads its fields by the names of go_asm.h, as outerArgs_dw(args).
//     What walks slices takes them, and a few numbers, as arguments. Distances count floats in Go and bytes in registers.
//   - Constants are read from memory, in a file's or a header's DATA. A NaN of the data is the second operand of a minimum or a maximum,
//     so that it stays one.
//   - Nothing outside of the operands is touched but for what the Go declaration allows: the last lanes go under a mask (AVX2, AVX-512) or
//     one by one (NEON).
//   - A routine that stores past the caches (non-temporal stores) ends with a fence, one that used Y or Z registers with VZEROUPPER.
package asm

import "embed"

//go:embed *.h
var _ embed.FS
