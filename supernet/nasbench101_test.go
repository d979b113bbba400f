package supernet

import (
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/nasbench101"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

// smallNB101 has widths that three or four vertices cannot share evenly.
var smallNB101 = nasbench101.Space{Channels: 10, Cells: 1, Classes: 3, Image: 8}

func TestNASBench101(t *testing.T) {
	modelTest{
		space: smallNB101, image: 8, classes: 3,
		supernet: func() Model { return NewNASBench101(smallNB101, 1, nil) },
		alone: func(a spaces.Arch) Model {
			cell := a.(nasbench101.Arch)
			return NewNASBench101(smallNB101, 2, &cell)
		},
	}.run(t)
}

func TestNASBench101OneShot(t *testing.T) {
	for _, channels := range []int{8, 5} { // with an odd number the halves differ
		space := nasbench101.OneShot{Space: smallNB101}
		space.Channels = channels
		modelTest{
			space: space, image: 8, classes: 3,
			supernet: func() Model { return NewNASBench101OneShot(space, 1, nil) },
			alone: func(a spaces.Arch) Model {
				cell := a.(nasbench101.OneShotArch)
				return NewNASBench101OneShot(space, 2, &cell)
			},
		}.run(t)
	}
}

// At its published size.
func TestNASBench101Parameters(t *testing.T) {
	// The cell whose number of parameters its authors give.
	cell, err := nasbench101.Parse("0111010/0000001/0000001/0000100/0000001/0000001/0000000 conv1x1,conv3x3,conv3x3,conv3x3,maxpool3x3")
	if err != nil {
		t.Fatal(err)
	}
	if n := NewNASBench101(nasbench101.New(), 1, &cell).Store().Size(); n != 2694282 {
		t.Errorf("%d parameters, published are 2,694,282", n)
	}
	// For each of 5 vertices, with C channels of input and c of its own: C·c + 9·c·c + c·c weights and 3 batch norms of c.
	want := 27*128 + 2*128 + 512*10 + 10
	for _, c := range [][2]int{{128, 64}, {128, 64}, {128, 64}, {128, 128}, {256, 128}, {256, 128}, {256, 256}, {512, 256}, {512, 256}} {
		want += 5 * (c[0]*c[1] + 10*c[1]*c[1] + 6*c[1])
	}
	if n := NewNASBench101OneShot(nasbench101.NewOneShot(), 1, nil).Store().Size(); n != want {
		t.Errorf("the supernet of the subspace has %d parameters, want %d", n, want)
	}
}

func TestNASBench101ActivateRefuses(t *testing.T) {
	parse := func(s string) nasbench101.Arch {
		a, err := nasbench101.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	two, three := parse("01/00"), parse("010/001/000 conv3x3")
	whole, alone := NewNASBench101(smallNB101, 1, nil), NewNASBench101(smallNB101, 1, &two)
	subspace := NewNASBench101OneShot(nasbench101.OneShot{Space: smallNB101}, 1, nil)
	for _, tc := range []struct {
		m    Model
		a    spaces.Arch
		says string // "": nothing to complain about
	}{
		{whole, three, ""}, {alone, two, ""}, {alone, three, "made for"},
		{whole, nasbench101.Arch{}, "not an architecture of nasbench101"}, {whole, nasbench201.Arch{}, "not an architecture of nasbench101"},
		{subspace, three, "not an architecture of nasbench101-1shot1"}, {subspace, nasbench101.OneShotArch{Arch: three}, "not an architecture of nasbench101-1shot1"},
	} {
		err := tc.m.Activate(tc.a)
		if tc.says == "" && err != nil || tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)) {
			t.Errorf("%v: error %v, want one that says %q", tc.a, err, tc.says)
		}
	}
}
