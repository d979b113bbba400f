package cpu

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/cpuid/v2"
)

// BF16Unit is what a processor multiplies bfloat16 numbers with, and adds up in float32.
type BF16Unit int

// The units, in the order of preference.
const (
	NoBF16Unit BF16Unit = iota
	AMX                 // tiles: TDPBF16PS
	AVX512BF16          // vectors of AVX-512: VDPBF16PS
	NEONBF16            // vectors of NEON: BFMMLA
)

// bf16Units holds for each unit its name, the instruction set that all of the other kernels come from where it is used, and what the
// processor must have beyond it.
var bf16Units = [...]struct {
	name  string
	isa   ISA
	needs []cpuid.FeatureID
}{
	NoBF16Unit: {name: "none"},
	AMX:        {"amx", AVX512, []cpuid.FeatureID{cpuid.AMXTILE, cpuid.AMXBF16}},
	AVX512BF16: {"avx512_bf16", AVX512, []cpuid.FeatureID{cpuid.AVX512BF16}},
	NEONBF16:   {"neon_bf16", NEON, []cpuid.FeatureID{cpuid.BF16}},
}

// String returns the unit's name, none for none.
func (u BF16Unit) String() string { return bf16Units[u].name }

// EnvBF16 is the environment variable that, set to off, leaves these units alone.
const EnvBF16 = "ONESHOT_BF16"

var (
	usableBF16   = findBF16(wantsBF16(os.Getenv(EnvBF16), os.Stderr))
	selectedBF16 = chooseBF16(usableBF16, cpuid.CPU.VendorID)
)

// BF16 returns the unit that the kernels of this process use.
func BF16() BF16Unit { return selectedBF16 }

// BF16Units lists the units that work beside the instruction set in use: the processor has them, the operating system allows them, and the
// environment does not say off. Tests loop over it.
func BF16Units() []BF16Unit { return slices.Clone(usableBF16) }

// findBF16 looks for units if they are wanted.
func findBF16(wanted bool) (usable []BF16Unit) {
	if !wanted {
		return nil
	}
	for u := AMX; int(u) < len(bf16Units); u++ {
		if bf16Units[u].isa == selected && u.exists() && (u != AMX || allowAMX()) {
			usable = append(usable, u)
		}
	}
	return usable
}

// exists reports whether the processor has the unit.
func (u BF16Unit) exists() bool { return cpuid.CPU.Supports(bf16Units[u].needs...) }

// chooseBF16 returns the first unit that is faster than float32. The vectors of AVX-512 are so with processors of AMD (Zen 4, Zen 5), which
// do a VDPBF16PS, of twice the products, as often as a multiply-add of float32; those of Intel do it so seldom that float32 is faster.
func chooseBF16(usable []BF16Unit, vendor cpuid.Vendor) BF16Unit {
	for _, u := range usable {
		if u != AVX512BF16 || vendor == cpuid.AMD {
			return u
		}
	}
	return NoBF16Unit
}

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

// describeBF16 says which unit multiplies bfloat16 numbers, and which the processor has that are left alone.
func describeBF16() string {
	unit := "rounded to float32"
	if selectedBF16 != NoBF16Unit {
		unit = "on " + selectedBF16.String()
	}
	var unused []string
	for u := AMX; int(u) < len(bf16Units); u++ {
		if u != selectedBF16 && u.exists() {
			unused = append(unused, u.String())
		}
	}
	if len(unused) > 0 {
		unit += " (" + strings.Join(unused, ", ") + " unused)"
	}
	return unit
}
