package nn

import (
	"testing"
)

func TestSummary(t *testing.T) {
	s := NewStore(1)
	net := cnn(s)
	before := s.Buffers[0].Value.Clone()
	got := Summary(net, 2, 8, 12, 3)
	const want = `Layer       Operation        Output      Parameters  MACs
            input            [2 8 12 3]
features.0  Conv2D           [2 8 12 6]  168         31,104
features.1  BatchNorm        [2 8 12 6]  12
            ReLU             [2 8 12 6]
features.3  DepthwiseConv2D  [2 4 6 6]   54          2,592
features.4  BatchNorm        [2 4 6 6]   12
            ReLU             [2 4 6 6]
            MaxPool          [2 2 3 6]
            Reshape          [2 36]
fc1         Linear           [2 7]       259         504
            ReLU             [2 7]
fc2         Linear           [2 4]       32          56
537 parameters (2.1 kB), 537 of them trained; 34,256 MACs; outputs of 18.0 kB
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	s.Freeze("features")
	if got := Summary(net, 1, 8, 12, 3); got.Frozen != 168+12+54+12 || got.Params != s.Size() {
		t.Errorf("%d of %d parameters are frozen", got.Frozen, got.Params)
	}
	if got.Params != s.Size() {
		t.Errorf("%d parameters, want the %d of the store", got.Params, s.Size())
	}
	if s.Buffers[0].Value.Data[0] != before.Data[0] {
		t.Error("running statistics have moved")
	}
}
