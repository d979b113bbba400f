package cpu

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/cpuid/v2"
)

// ISA is an instruction set that kernels are written for. Larger values are preferred where several are available.
type ISA int

// The instruction sets, in the order of preference.
const (
	Generic ISA = iota
	NEON
	AVX2
	AVX512
)

var names = [...]string{Generic: "generic", NEON: "neon", AVX2: "avx2", AVX512: "avx512"}

// String returns the name that ONESHOT_ISA understands.
func (i ISA) String() string { return names[i] }

// EnvISA is the environment variable that lowers the instruction set.
const EnvISA = "ONESHOT_ISA"

var selected = choose(os.Getenv(EnvISA), Available(), os.Stderr)

// Selected returns the instruction set that the kernels of this process use.
func Selected() ISA { return selected }

// needs lists what the assembly of an instruction set uses, beside what the one before it does. FMA3 and BMI2 (BZHI, which makes the masks
// of what is left of a row) are features of their own, that every processor with AVX2 or AVX-512 is known to have but a hypervisor may
// hide.
var needs = map[ISA][]cpuid.FeatureID{
	NEON:   {cpuid.ASIMD},
	AVX2:   {cpuid.AVX2, cpuid.FMA3},
	AVX512: {cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL, cpuid.BMI2},
}

// Available lists what this build can run on this machine, Generic first. Tests loop over it.
func Available() []ISA {
	isas := []ISA{Generic}
	if !hasAssembly {
		return isas
	}
	ladder := map[string][]ISA{"arm64": {NEON}, "amd64": {AVX2, AVX512}}[runtime.GOARCH]
	for _, isa := range ladder {
		if !cpuid.CPU.Supports(needs[isa]...) {
			break
		}
		isas = append(isas, isa)
	}
	return isas
}

// choose returns the best of the available sets, or the one that the environment asks for.
func choose(want string, available []ISA, warn io.Writer) ISA {
	best := available[len(available)-1]
	if want == "" {
		return best
	}
	for _, isa := range available {
		if isa.String() == strings.ToLower(want) {
			return isa
		}
	}
	if slices.Contains(names[:], strings.ToLower(want)) {
		fmt.Fprintf(warn, "oneshot: %s=%s is not available on this machine or in this build; using %s\n", EnvISA, want, best)
	} else {
		fmt.Fprintf(warn, "oneshot: %s=%q is unknown (want one of %s); using %s\n", EnvISA, want, strings.Join(names[:], ", "), best)
	}
	return best
}

// CacheSizes holds the data cache sizes seen by one core, in bytes.
type CacheSizes struct{ L1D, L2, L3 int }

// Caches is what the processor reports, with the sizes of a small machine where it reports nothing.
var Caches = caches()

func caches() CacheSizes {
	c := CacheSizes{L1D: cpuid.CPU.Cache.L1D, L2: cpuid.CPU.Cache.L2, L3: cpuid.CPU.Cache.L3}
	if c.L1D <= 0 {
		c.L1D = 32 << 10
	}
	if c.L2 <= 0 {
		c.L2 = 256 << 10
	}
	if c.L3 <= 0 {
		c.L3 = 4 << 20
	}
	return c
}

// NonTemporal reports whether a result of so many bytes had better be written past the caches, by non-temporal stores: with what it is made
// from, it would not stay there until somebody reads it, and a processor that writes to memory through its caches reads every line first.
func NonTemporal(bytes int) bool { return bytes > Caches.L3/3 }

var (
	tilesMu sync.Mutex
	tiles   []string
)

// Tiles makes [Info] name the register tiles that a package of kernels has chosen, as "gemm", "12×32". Packages call it once,
// when they fill their table of functions.
func Tiles(family, sizes string) {
	tilesMu.Lock()
	defer tilesMu.Unlock()
	tiles = append(tiles, family+" "+sizes)
	slices.Sort(tiles) // not in the order of initialisation
}

// Info describes the processor and the choices made, on one line.
func Info() string {
	name := cpuid.CPU.BrandName
	if name == "" {
		name = "unknown processor"
	}
	tilesMu.Lock()
	chosen := strings.Join(tiles, ", ")
	tilesMu.Unlock()
	if chosen != "" {
		chosen = ", tiles " + chosen
	}
	return fmt.Sprintf("%s, %s/%s, isa %s of %v, bf16 %s, L1d %d KiB, L2 %d KiB, L3 %d KiB%s, %d threads",
		name, runtime.GOOS, runtime.GOARCH, selected, Available(), describeBF16(),
		Caches.L1D>>10, Caches.L2>>10, Caches.L3>>10, chosen, runtime.GOMAXPROCS(0))
}
