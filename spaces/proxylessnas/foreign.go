package proxylessnas

import (
	"encoding/json"
	"fmt"

	"github.com/oneshot-nas/oneshot/spaces"
)

// block returns the operation of kernel and expansion if a cell can have it. Those that other spaces of the kind have, but not this one,
// are an [spaces.OutsideError].
func block(kernel, expansion float64, cell int) (Op, error) {
	for o := range Zero {
		if float64(o.Kernel()) == kernel && float64(o.Expansion()) == expansion {
			return o, nil
		}
	}
	return 0, spaces.Outside("proxylessnas: %s has kernel %v and expansion %v, want kernel 3, 5 or 7 and expansion 3 or 6",
		Key(cell), kernel, expansion)
}

// fromOnceForAll reads the setting of a subnetwork of once-for-all's supernet of this space, OFAProxylessNASNets: kernel and expansion
// of every cell, and the depth of every stage, whose last cells are left out. The size of the image (r) and the width (w, wid), which
// it may have too, are no part of an architecture.
func fromOnceForAll(m map[string]json.RawMessage) (a Arch, err error) {
	read := func(key string, n int) (list []float64, err error) {
		if m[key] == nil {
			return nil, fmt.Errorf("proxylessnas: the key %s is missing beside ks, want ks, e and d of once-for-all", key)
		}
		var one *float64
		if json.Unmarshal(m[key], &one) == nil && one != nil {
			for range n {
				list = append(list, *one)
			}
			return list, nil
		}
		if json.Unmarshal(m[key], &list) != nil {
			return nil, fmt.Errorf("proxylessnas: %s is %.80s, want a list of %d numbers, as once-for-all has it", key, m[key], n)
		}
		return list, nil
	}
	for key := range m {
		switch key {
		case "ks", "e", "d", "r", "w", "wid":
		default:
			return Arch{}, fmt.Errorf("proxylessnas: unknown key %.40q beside ks, e and d", key)
		}
	}
	var lists [3][]float64
	for i, key := range []string{"ks", "e", "d"} {
		want := []int{Cells, Cells, Stages}[i]
		if lists[i], err = read(key, want); err != nil {
			return Arch{}, err
		}
		if n := len(lists[i]); key == "d" && n == Stages-1 {
			lists[i] = append(lists[i], 1) // the last stage has one cell anyway
		} else if n == 20 && want == Cells {
			return Arch{}, fmt.Errorf("proxylessnas: %s has 20 numbers: this is a network of "+
				"once-for-all's MobileNetV3, which is another space; want the %d of its ProxylessNAS",
				key, Cells)
		} else if n != want {
			return Arch{}, fmt.Errorf("proxylessnas: %s has %d numbers, want %d", key, n, want)
		}
	}
	kernels, expansions, depths := lists[0], lists[1], lists[2]
	for s := range Stages {
		// The depth of the last stage is whatever it is in all stages; it has one cell.
		if d := depths[s]; d != float64(int(d)) || d < 1 || d > perStage {
			return Arch{}, fmt.Errorf("proxylessnas: the depth of stage %d is %v, want 1 to %d", s, d, perStage)
		}
		for c := range Depth(s) {
			cell := s*perStage + c
			if a[cell] = Zero; c < int(depths[s]) {
				if a[cell], err = block(kernels[cell], expansions[cell], cell); err != nil {
					return Arch{}, err
				}
			}
		}
	}
	return a, nil
}

// fromConfig reads the blocks of a network: a first one of expansion 1, which is not searched, and the cells. A stage begins where the
// number of channels changes; the numbers themselves are no part of an architecture.
func fromConfig(raw json.RawMessage) (a Arch, err error) {
	var blocks []struct {
		Conv     *netConv `json:"conv"`
		Inverted *netConv `json:"mobile_inverted_conv"`
	}
	if err := json.Unmarshal(raw, &blocks); err != nil {
		return Arch{}, fmt.Errorf("proxylessnas: the blocks of the network: %v", err)
	}
	for i := range a {
		a[i] = Zero
	}
	stage, next := -1, 0
	for i, b := range blocks {
		conv := b.Conv
		if conv == nil {
			conv = b.Inverted
		}
		left := conv == nil || conv.Name == "ZeroLayer"
		if i == 0 {
			if left || conv.Expansion != 1 || conv.Kernel != 3 {
				return Arch{}, spaces.Outside("proxylessnas: the first block of the network has not kernel 3 and expansion 1")
			}
			continue
		}
		if !left && (stage < 0 || string(conv.In) != string(conv.Out)) {
			stage, next = stage+1, 0
		}
		if stage < 0 || stage >= Stages || next >= Depth(stage) {
			return Arch{}, spaces.Outside("proxylessnas: block %d of the network is in stage %d as cell %d, "+
				"want %d stages of at most %d cells, the last of 1",
				i, stage, next, Stages, perStage)
		}
		cell := stage*perStage + next
		next++
		if !left {
			if a[cell], err = block(conv.Kernel, conv.Expansion, cell); err != nil {
				return Arch{}, err
			}
		}
	}
	if stage != Stages-1 {
		return Arch{}, spaces.Outside("proxylessnas: the network has %d stages, want %d", stage+1, Stages)
	}
	return a, nil
}

// netConv is the convolution of a block.
type netConv struct {
	Name      string          `json:"name"`
	In        json.RawMessage `json:"in_channels"`
	Out       json.RawMessage `json:"out_channels"`
	Kernel    float64         `json:"kernel_size"`
	Expansion float64         `json:"expand_ratio"`
}

// fromHub reads the object of NNI's model hub: s2_depth, s2_i0, … for the first stage to s7_i0 for the last.
func fromHub(m map[string]json.RawMessage) (a Arch, err error) {
	known := 0
	for s := range Stages {
		depthKey := fmt.Sprintf("s%d_depth", s+2)
		depth := 0 // without the key, as many cells as are there
		for depth < Depth(s) && m[fmt.Sprintf("s%d_i%d", s+2, depth)] != nil {
			depth++
		}
		if v, ok := m[depthKey]; ok {
			known++
			if json.Unmarshal(v, &depth) != nil || depth < 1 || depth > Depth(s) {
				return Arch{}, fmt.Errorf("proxylessnas: %s is %.40s, want 1 to %d", depthKey, v, Depth(s))
			}
		}
		for c := range Depth(s) {
			key := fmt.Sprintf("s%d_i%d", s+2, c)
			v, ok := m[key]
			if ok {
				known++
			}
			cell := s*perStage + c
			if a[cell] = Zero; c >= max(depth, 1) {
				continue
			}
			var name string
			if !ok || json.Unmarshal(v, &name) != nil {
				return Arch{}, fmt.Errorf("proxylessnas: %s is %.40q, want one of %v", key, v, opNames[:Zero])
			}
			if a[cell], err = parseOp(name, cell); err != nil {
				return Arch{}, fmt.Errorf("%w (key %s)", err, key)
			}
		}
	}
	if known < len(m) {
		return Arch{}, fmt.Errorf("proxylessnas: %d keys, of which %d are s2_depth to s7_depth and s2_i0 to s7_i0", len(m), known)
	}
	return a, nil
}
