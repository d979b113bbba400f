package nn

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Layers that look at a value before they call an operation say so, too, if there is none, or if it is of another step.
func TestForwardOfNothing(t *testing.T) {
	store, rng := NewStore(1), rand.New(rand.NewPCG(1, 2))
	for name, l := range map[string]Layer{
		"nn.Dropout":         Dropout{0.5, rng},
		"nn.LockedDropout":   LockedDropout{0.5, rng},
		"nn.DropPath":        DropPath{0.5, rng},
		"UpsampleBilinear":   UpsampleBilinear{Scale: 2},
		"UpsampleNearest":    UpsampleNearest(2),
		"nn.Linear":          NewLinear(store.Scope("flat"), 8, 2, Flattened(2, 2)),
		"LSTM":               NewLSTM(store.Scope("lstm"), 2, 3, Layers(2), Bidirectional),
		"GRU":                NewGRU(store.Scope("gru"), 2, 3),
		"RNN":                NewRNN(store.Scope("rnn"), 2, 3),
		"MaxPool":            MaxPool2D{Kernel: 2},
		"AvgPool":            AvgPool2D{Kernel: 2},
		"AdaptiveAvgPool":    AdaptiveAvgPool2D{1, 1},
		"Pad":                ZeroPad2D{Left: 1},
		"":                   NewMultiheadAttention(store.Scope("attention"), 4, 2),
		"BatchNorm":          NewBatchNorm2D(store.Scope("norm"), 2),
		"autograd.LayerNorm": NewLayerNorm(store.Scope("layernorm"), 2),
		"Conv2D":             NewConv2D(store.Scope("conv"), 2, 2, 3),
	} {
		tp := autograd.NewTape()
		old := tp.Constant(tensor.New(2, 2, 2, 2))
		tp.Reset(autograd.Training)
		for want, x := range map[string]*autograd.Var{"nil": nil, "Reset": old} {
			err := tensor.Catch(func() { l.Forward(tp, x) })
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s of a value that is not there (%s): %v", name, want, err)
			}
		}
	}
}
