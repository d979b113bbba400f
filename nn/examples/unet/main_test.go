package main

import "testing"

func TestLearns(t *testing.T) {
	if iou := (options{size: 32, width: 8, steps: 250}).run(t.Output()); iou < 0.7 {
		t.Errorf("intersection over union %.3f, want 0.7 at least", iou)
	}
}

func TestMeanIoU(t *testing.T) {
	// class 0: 1 of 1; class 1: 1 of 2; class 2: 1 of 2
	if got, want := meanIoU([]int{0, 1, 1, 2}, []int32{0, 1, 2, 2}), 2.0/3; got < want-1e-12 || got > want+1e-12 {
		t.Errorf("%v, want %v", got, want)
	}
}
