package proxylessnas

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// The published counts: parameters exactly; multiply-adds as far as a sum in single precision tells.
func TestPublishedCounts(t *testing.T) {
	dir := os.Getenv("ONESHOT_DATA")
	f, err := os.Open(filepath.Join(dir, "truth", "proxylessnas.csv"))
	if dir == "" || err != nil {
		t.Skip("no truth/proxylessnas.csv: set ONESHOT_DATA to the folder with the data")
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	number := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, r := range rows[1:] { // architecture, accuracy, accuracy_top5, flops, params
		a, err := Parse(r[0])
		if err != nil {
			t.Fatal(err)
		}
		net := New().Network(a)
		if p := number(r[4]); net.Params() != p {
			t.Errorf("%v has %d parameters, published are %d", a, net.Params(), p)
		}
		if d := net.MACs() - number(r[3]); d < -64 || d > 64 {
			t.Errorf("%v has %d multiply-adds, %d more than published", a, net.MACs(), d)
		}
	}
}

// One row of the published table (flops 586929152, params 6861912).
func TestCounts(t *testing.T) {
	a, err := Parse("4:0:6:3:3:6:4:2:4:6:1:4:5:6:5:6:1:5:5:0:3")
	if err != nil {
		t.Fatal(err)
	}
	net := New().Network(a)
	if p, d := net.Params(), net.MACs()-586929152; p != 6861912 || d < -64 || d > 64 {
		t.Errorf("%d parameters, %d multiply-adds", p, net.MACs())
	}
}

// ProxylessNAS-Mobile, the network that the authors found for phones: by their account 4.08 M parameters and 320 M multiply-adds.
// Its first stage is wider than that of the space.
func TestWidths(t *testing.T) {
	s := Space{Width: 1, Classes: 1000, Image: 224, Depth: perStage, Widths: [Stages]int{0: 32}}
	a, err := Parse("k5e3,k3e3,skip,skip/k7e3,k3e3,k5e3,k5e3/k7e6,k5e3,k5e3,k5e3/k5e6,k5e3,k5e3,k5e3/k7e6,k7e6,k7e3,k7e3/k7e6")
	if err != nil {
		t.Fatal(err)
	}
	net := s.Network(a)
	if p, m := net.Params(), net.MACs(); (p+5_000)/10_000 != 408 || (m+500_000)/1_000_000 != 320 {
		t.Errorf("%d parameters, %d multiply-adds", p, m)
	}
}

// The published channels at width 1.35; and at any width no more than 10 % are lost.
func TestChannels(t *testing.T) {
	s := New()
	for c, want := range map[int]int{16: 24, 24: 32, 32: 40, 40: 56, 80: 112, 96: 128, 192: 256, 320: 432, 1280: 1728} {
		if got := s.Channels(c); got != want {
			t.Errorf("%d channels become %d, want %d", c, got, want)
		}
	}
	for s.Width = 0.1; s.Width < 3; s.Width += 0.01 {
		for _, c := range stageChannels {
			n := s.Channels(c)
			if n%8 != 0 || n < 8 || float64(n) < 0.9*float64(c)*s.Width || float64(n) > max(8, 1.1*float64(c)*s.Width+8) {
				t.Errorf("%d channels at width %v become %d", c, s.Width, n)
			}
		}
	}
}

// Sizes of the last stage, and the layers' own consistency: each reads what the one before puts out.
func TestResolution(t *testing.T) {
	for _, tc := range []struct {
		space Space
		last  int
	}{{New(), 7}, {Small(32, 10), 4}, {Small(64, 10), 4}, {Small(96, 10), 6}, {Small(128, 10), 4}, {Small(224, 10), 7}} {
		layers := tc.space.Network(samples(1)[0]).Layers
		channels, size := 3, tc.space.Image
		names := map[string]bool{}
		for _, l := range layers {
			if l.Cin != channels || names[l.Name] {
				t.Errorf("image %d: layer %+v follows %d channels", tc.space.Image, l, channels)
			}
			if l.Name == "head.conv" && size != tc.last {
				t.Errorf("image %d: the last stage has %d×%d, want %d", tc.space.Image, size, size, tc.last)
			}
			channels, size, names[l.Name] = l.Cout, l.H, true
		}
		if channels != tc.space.Classes {
			t.Errorf("image %d: %d outputs", tc.space.Image, channels)
		}
	}
}

func TestNetworkPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic for an invalid architecture")
		}
	}()
	New().Network(Arch{Zero})
}
