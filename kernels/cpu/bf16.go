package cpu

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/cpuid/v2"
)

// EnvBF16 is the environment variable that, set to off, leaves matrix units alone.
const EnvBF16 = "ONESHOT_BF16"

var amx = wantsBF16(os.Getenv(EnvBF16), os.Stderr) && selected == AVX512 && hasAMX && allowAMX()

// AMX reports whether kernels may compute with the tiles of AMX on bfloat16 numbers: the processor has them, the operating system has
// allowed the process to use them, the instruction set is [AVX512], and the environment does not say off.
func AMX() bool { return amx }

// hasAMX is whether the processor has tiles that multiply bfloat16 numbers.
var hasAMX = cpuid.CPU.Supports(cpuid.AMXTILE, cpuid.AMXBF16)

// wantsBF16 reads the environment variable.
func wantsBF16(value string, warn io.Writer) bool {
	switch strings.ToLower(value) {
	case "off":
		return false
	case "":
	default:
		fmt.Fprintf(warn, "oneshot: %s=%q is unknown (want off or nothing); ignored\n", EnvBF16, value)
	}
	return true
}

// describeBF16 says which unit multiplies bfloat16 numbers, and what the processor has that is left alone.
func describeBF16() string {
	var has []string
	if hasAMX && !amx {
		has = append(has, "amx")
	}
	if cpuid.CPU.Supports(cpuid.AVX512BF16) {
		has = append(has, "avx512_bf16")
	}
	if cpuid.CPU.Supports(cpuid.BF16) {
		has = append(has, "arm64 bf16")
	}
	unit := "rounded to float32"
	if amx {
		unit = "on amx"
	}
	if len(has) > 0 {
		unit += " (" + strings.Join(has, ", ") + " unused)"
	}
	return unit
}
