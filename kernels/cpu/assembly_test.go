package cpu

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/cpuid/v2"
)

// features tells by their mnemonics (and registers) which instructions of amd64 want a feature that has to be asked for.
var features = map[cpuid.FeatureID]*regexp.Regexp{
	cpuid.FMA3:    regexp.MustCompile(`\bVFN?M(ADD|SUB)`),
	cpuid.BMI1:    regexp.MustCompile(`\b(ANDN|BEXTR|BLSI|BLSMSK|BLSR|TZCNT)[LQ]\b`),
	cpuid.BMI2:    regexp.MustCompile(`\b(BZHI|MULX|PDEP|PEXT|RORX|SARX|SHLX|SHRX)[LQ]\b`),
	cpuid.LZCNT:   regexp.MustCompile(`\bLZCNT[LQW]\b`),
	cpuid.POPCNT:  regexp.MustCompile(`\bPOPCNT[LQW]\b`),
	cpuid.F16C:    regexp.MustCompile(`\bVCVTP(H2PS|S2PH)\b`),
	cpuid.AVX512F: regexp.MustCompile(`\b(Z[0-9]+|K[0-7])\b`),
	// Forms with masks or Z registers: the same mnemonics without them are AVX2's.
	cpuid.AVX512BW:   regexp.MustCompile(`\bVMOVDQU(8|16)\b|\bK(ADD|AND|ANDN|MOV|NOT|OR|ORTEST|XOR)[DQ]\b`),
	cpuid.AVX512DQ:   regexp.MustCompile(`\bV(AND|ANDN|OR|XOR)P[SD]\b.*\bZ[0-9]|\bK(ADD|AND|ANDN|MOV|NOT|OR|ORTEST|XOR)B\b`),
	cpuid.AVX512VNNI: regexp.MustCompile(`\bVPDP`),
	cpuid.AVX512VBMI: regexp.MustCompile(`\bVPERM[IT]?2?B\b`),
	cpuid.AVX512BF16: regexp.MustCompile(`\bVDPBF16PS\b`),
}

// TestTiersAskForWhatTheyUse: an instruction set is offered only where the processor has all that its files use.
func TestTiersAskForWhatTheyUse(t *testing.T) {
	seen := map[cpuid.FeatureID]bool{}
	avx512 := slices.Concat(needs[AVX2], needs[AVX512])
	for tier, has := range map[string][]cpuid.FeatureID{
		"avx2": needs[AVX2], "avx512": avx512, "avx512bf16": slices.Concat(avx512, bf16Units[AVX512BF16].needs),
	} {
		for file, text := range assembly(t, "*_"+tier+"_amd64.s") {
			for f, used := range features {
				if m := used.FindString(text); m != "" {
					seen[f] = true
					if !slices.Contains(has, f) {
						t.Errorf("%s uses %s, which wants %v", file, m, f)
					}
				}
			}
		}
	}
	for _, f := range slices.Concat(avx512, bf16Units[AVX512BF16].needs) {
		if features[f] != nil && !seen[f] && f != cpuid.AVX512DQ { // which CLEAR of depthwise uses, whose registers have other names
			t.Errorf("nothing uses %v", f)
		}
	}
}

// TestStoresPastTheCachesAreFenced: stores that go past the caches are not ordered with others, not even with those that tell another
// thread that the work is done; whoever issues them ends with a fence. Between such a store and the next return in its file stands one, be
// it in the routine itself or in the macros that it is made of.
func TestStoresPastTheCachesAreFenced(t *testing.T) {
	store, returns := regexp.MustCompile(`\bV?MOVNT`), regexp.MustCompile(`\bRET\b`)
	found := 0
	for file, text := range assembly(t, "*_amd64.*") {
		for _, at := range store.FindAllStringIndex(text, -1) {
			found++
			rest := text[at[0]:]
			if end := returns.FindStringIndex(rest); end != nil {
				rest = rest[:end[0]]
			}
			if !strings.Contains(rest, "SFENCE") {
				line := 1 + strings.Count(text[:at[0]], "\n")
				t.Errorf("%s:%d stores past the caches and returns without an SFENCE", file, line)
			}
		}
	}
	if found == 0 {
		t.Error("nothing stores past the caches")
	}
}

// assembly reads the assembly of all kernels, without comments.
func assembly(t *testing.T, pattern string) map[string]string {
	comment := regexp.MustCompile(`//.*`)
	files := map[string]string{}
	for _, dir := range []string{"*", "internal/*"} {
		names, err := filepath.Glob(filepath.Join("..", dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, ".go") {
				continue
			}
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files[name] = comment.ReplaceAllString(string(text), "")
		}
	}
	if len(files) == 0 {
		t.Fatalf("found no files for %s", pattern)
	}
	return files
}
