package darts

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
)

// The published tables, row by row: parameters, and multiply-adds as they count them. The objects are written as they write them.
func TestPublishedCounts(t *testing.T) {
	for _, table := range []string{"darts-cifar10.csv", "darts-cifar10-seed43.csv"} {
		dir := os.Getenv("ONESHOT_DATA")
		f, err := os.Open(filepath.Join(dir, "truth", table))
		if dir == "" || err != nil {
			t.Skipf("no truth/%s: set ONESHOT_DATA to the folder with the data", table)
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
		for _, r := range rows[1:] { // architecture, accuracy, flops, params
			a := mustParse(t, r[0])
			if js, err := json.Marshal(a); err != nil || string(js) != r[0] {
				t.Errorf("%s is written as %s, %v", r[0], js, err)
			}
			if got, want := New().Network(a).Params(), number(r[3]); got != want {
				t.Errorf("%v has %d parameters, published are %d", a, got, want)
			}
			if got, want := New().PublishedMACs(a), number(r[2]); got != want {
				t.Errorf("%v has %d multiply-adds as published, published are %d", a, got, want)
			}
		}
	}
}

// DARTS_V2, a row of the published table (flops 507457152, params 3349342). The six depthwise convolutions of a normal cell that
// the table leaves out have 9 multiply-adds for each of 36·32², 72·16² and 144·8² values, in six cells each.
func TestCounts(t *testing.T) {
	a, s := mustParse(t, secondOrder), New()
	net := s.Network(a)
	if p := net.Params(); p != 3349342 {
		t.Errorf("%d parameters, want 3,349,342", p)
	}
	if m := s.PublishedMACs(a); m != 507457152 {
		t.Errorf("%d multiply-adds as published, want 507,457,152", m)
	}
	if m := net.MACs(); m != 507457152+6*9*6*(36*32*32+72*16*16+144*8*8) {
		t.Errorf("%d multiply-adds, want 528,359,040", m)
	}
}

// At every scale: which layers a network has, and of which shape.
func TestScale(t *testing.T) {
	a := mustParse(t, secondOrder)
	for _, s := range []Space{New(), {Channels: 16, Cells: 8, Classes: 100, Image: 32},
		{Channels: 5, Cells: 3, Classes: 10, Image: 28, Pool: 7},
		{Channels: 4, Cells: 2, Classes: 10, Image: 16, Pool: 7}} {
		layers := make(map[string]spaces.Layer)
		for _, l := range s.Network(a).Layers {
			if _, ok := layers[l.Name]; ok {
				t.Fatalf("%+v: two layers are called %s", s, l.Name)
			}
			layers[l.Name] = l
		}
		size, channels, reductions := s.Image, s.Channels, 0
		for i := range s.Cells {
			cell := "cells." + strconv.Itoa(i)
			if s.Reduction(i) {
				size, channels = size/2, channels*2
				reductions++
				if l := layers[cell+".node2.0.max_pool_3x3"]; l.Stride != 2 || l.H != size || l.Cout != channels {
					t.Errorf("%+v: %+v, want stride 2 to %d×%d×%d", s, l, size, size, channels)
				}
				continue
			}
			first, second := layers[cell+".node2.0.sep_conv_3x3.first.depthwise"], layers[cell+".node5.1.dil_conv_3x3.depthwise"]
			if first.H != size || first.Groups != channels || second.Dilation != 2 || second.Pad != 2 || second.W != size {
				t.Errorf("%+v: %+v, %+v", s, first, second)
			}
			// The cell after a reduction halves its older input.
			_, halved := layers[cell+".input0.odd"]
			if halved != (i > 0 && s.Reduction(i-1)) || layers[cell+".input1.conv"].Cout != channels {
				t.Errorf("%+v: the older input of cell %d is halved: %v", s, i, halved)
			}
		}
		if l := layers["classifier"]; reductions != 2 || l.Cin != 16*s.Channels || l.Cout != s.Classes {
			t.Errorf("%+v: %d reductions, %+v", s, reductions, l)
		}
	}
}

// A skip_connect is a layer only where it halves the image.
func TestSkipConnect(t *testing.T) {
	var a Arch
	for _, c := range a.cells() {
		for i := range c {
			c[i] = [Slots]Edge{{SkipConnect, 0}, {SkipConnect, uint8(Inputs + i - 1)}}
		}
	}
	edges := 0
	for _, l := range New().Network(a).Layers {
		if !strings.Contains(l.Name, ".skip_connect.") {
			continue
		}
		edges++
		if !strings.HasPrefix(l.Name, "cells.6.") && !strings.HasPrefix(l.Name, "cells.13.") {
			t.Errorf("layer %s", l.Name)
		}
	}
	if edges != 2*(Nodes+1)*3 { // both edges of node 2, one of the others, of three layers each
		t.Errorf("%d layers of skip_connect, want 30", edges)
	}
}

// The classifier averages the first 7×7 of the last 8×8 pixels, unless there are fewer or Pool says otherwise. One window each, and
// no weight depends on it.
func TestPool(t *testing.T) {
	a := samples(1)[0]
	for _, tc := range []struct{ image, pool, want int }{{32, 7, 7}, {32, 0, 8}, {32, 9, 8}, {32, 1, 1}, {16, 7, 4}, {64, 7, 7}} {
		s := New()
		s.Image, s.Pool = tc.image, tc.pool
		net := s.Network(a)
		layers := net.Layers
		if l := layers[len(layers)-2]; l.Kind != spaces.Pool || l.KH != tc.want || l.KW != tc.want || l.H != 1 || l.W != 1 {
			t.Errorf("images of %d, pool %d: %+v, want one window of %d×%d", tc.image, tc.pool, l, tc.want, tc.want)
		}
		if want := New().Network(a).Params(); net.Params() != want {
			t.Errorf("images of %d, pool %d: %d parameters, want %d", tc.image, tc.pool, net.Params(), want)
		}
	}
}

// The auxiliary head of the published size by hand; and at any size its last image is one pixel.
func TestAuxiliary(t *testing.T) {
	want := int64(576*128 + 2*128 + 2*2*128*768 + 2*768 + 768*10 + 10)
	net := New().Auxiliary()
	if p := net.Params(); p != want || net.Layers[0].KH != 5 || net.Layers[0].Stride != 3 {
		t.Errorf("%d parameters, want %d; pool %+v", p, want, net.Layers[0])
	}
	for image := 16; image <= 256; image += 4 {
		s := New()
		s.Image = image
		layers := s.Auxiliary().Layers
		pool, last := layers[0], layers[len(layers)-2]
		if pool.H != 2 || pool.KH+pool.Stride != image/4 || pool.KH <= pool.Stride || last.H != 1 {
			t.Errorf("image %d: pool %+v, last %+v", image, pool, last)
		}
	}
}

func TestNetworkPanics(t *testing.T) {
	odd, small, headless := New(), New(), New()
	odd.Image, small.Image, headless.AuxiliaryFeatures = 30, 12, 0
	a := samples(1)[0]
	for says, f := range map[string]func(){
		"not valid":     func() { New().Network(Arch{}) },
		"nil":           func() { New().Network(nil) },
		"30×30":         func() { odd.Network(a) },
		"at 3×3 pixels": func() { small.Auxiliary() },
		"128 and 0":     func() { headless.Auxiliary() },
	} {
		func() {
			defer func() {
				if r := recover(); r == nil || !strings.Contains(r.(string), says) {
					t.Errorf("panic %v, want one that says %q", r, says)
				}
			}()
			f()
		}()
	}
}
