package cpu

import (
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/cpuid/v2"
)

func TestChoose(t *testing.T) {
	all := []ISA{Generic, AVX2, AVX512}
	for _, tc := range []struct {
		want string
		have []ISA
		isa  ISA
		warn string
	}{
		{"", all, AVX512, ""},
		{"avx2", all, AVX2, ""},
		{"AVX2", all, AVX2, ""},
		{"generic", all, Generic, ""},
		{"neon", all, AVX512, "not available"},
		{"avx512", all[:2], AVX2, "not available"},
		{"sse9", all, AVX512, "unknown"},
	} {
		var warn strings.Builder
		if got := choose(tc.want, tc.have, &warn); got != tc.isa {
			t.Errorf("choose(%q, %v) = %v, want %v", tc.want, tc.have, got, tc.isa)
		}
		if w := warn.String(); (tc.warn == "") != (w == "") || !strings.Contains(w, tc.warn) {
			t.Errorf("choose(%q, %v) warned %q, want %q", tc.want, tc.have, w, tc.warn)
		}
	}
}

func TestSelectedIsAvailable(t *testing.T) {
	for _, isa := range Available() {
		if isa == Selected() {
			return
		}
	}
	t.Fatalf("selected %v is not among %v", Selected(), Available())
}

func TestWantsBF16(t *testing.T) {
	for value, want := range map[string]bool{"": true, "off": false, "OFF": false, "on": true} {
		var warn strings.Builder
		if got := wantsBF16(value, &warn); got != want {
			t.Errorf("%s=%q: wanted = %v", EnvBF16, value, got)
		}
		if w := warn.String(); strings.Contains(w, "unknown") != (value == "on") {
			t.Errorf("%s=%q warned %q", EnvBF16, value, w)
		}
	}
}

// TestBF16Units: units belong to the set that all of their other kernels come from, and Info names the one in use.
func TestBF16Units(t *testing.T) {
	for _, u := range BF16Units() {
		if Selected() != bf16Units[u].isa || !u.exists() {
			t.Errorf("%v with %v", u, Selected())
		}
	}
	if BF16() != NoBF16Unit && !slices.Contains(BF16Units(), BF16()) {
		t.Errorf("%v is not among %v", BF16(), BF16Units())
	}
	if s := Info(); strings.Contains(s, "bf16 on "+BF16().String()) != (BF16() != NoBF16Unit) {
		t.Errorf("Info() = %q, the unit is %v", s, BF16())
	}
	if findBF16(false) != nil {
		t.Error("units that nobody wants")
	}
}

func TestChooseBF16(t *testing.T) {
	for _, tc := range []struct {
		usable []BF16Unit
		vendor cpuid.Vendor
		want   BF16Unit
	}{
		{nil, cpuid.AMD, NoBF16Unit},
		{[]BF16Unit{AVX512BF16}, cpuid.AMD, AVX512BF16},
		{[]BF16Unit{AVX512BF16}, cpuid.Intel, NoBF16Unit},
		{[]BF16Unit{AMX, AVX512BF16}, cpuid.Intel, AMX},
		{[]BF16Unit{NEONBF16}, cpuid.ARM, NEONBF16},
	} {
		if got := chooseBF16(tc.usable, tc.vendor); got != tc.want {
			t.Errorf("chooseBF16(%v, %v) = %v, want %v", tc.usable, tc.vendor, got, tc.want)
		}
	}
}

func TestInfoNamesTheChoice(t *testing.T) {
	if s := Info(); !strings.Contains(s, "isa "+Selected().String()) {
		t.Fatalf("Info() = %q does not name %v", s, Selected())
	}
	defer func() { tiles = nil }()
	Tiles("gemm", "12×32")
	Tiles("conv", "8×32")
	if s := Info(); !strings.Contains(s, "tiles conv 8×32, gemm 12×32") {
		t.Fatalf("Info() = %q does not name the tiles", s)
	}
}
