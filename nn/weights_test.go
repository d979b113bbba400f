package nn

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// fixture returns the tensors of a file in testdata, by name.
func fixture(t *testing.T, file string) map[string]tensor.Tensor {
	t.Helper()
	f, err := tensor.LoadSafetensors(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	byName := make(map[string]tensor.Tensor)
	for _, n := range f.Tensors {
		byName[n.Name] = n.Tensor
	}
	return byName
}

// cnn is the network of testdata/cnn.safetensors.
func cnn(s *Store) Sequential {
	features := s.Scope("features")
	return Sequential{
		NewConv2D(features.Sub("0"), 3, 6, 3, Padding(1)), NewBatchNorm2D(features.Sub("1"), 6), ReLU,
		NewConv2D(features.Sub("3"), 6, 6, 3, Stride(2), Padding(1), Groups(6), NoBias),
		NewBatchNorm2D(features.Sub("4"), 6), ReLU, MaxPool2D{Kernel: 2, Stride: 2},
		NewLinear(s.Scope("fc1"), 2*3*6, 7, Flattened(2, 3)), ReLU, NewLinear(s.Scope("fc2"), 7, 4),
	}
}

// agree compares with what PyTorch has computed.
func agree(t *testing.T, name string, got, want tensor.Tensor) {
	t.Helper()
	if !got.SameShape(want) {
		t.Errorf("%s: shape %v, want %v", name, got.Shape(), want.Shape())
		return
	}
	var diff, size float64
	for i, v := range want.Data {
		diff, size = max(diff, math.Abs(float64(got.Data[i]-v))), max(size, math.Abs(float64(v)))
	}
	if !(diff <= 1e-6*size) {
		t.Errorf("%s: off by %.2g of values up to %.2g", name, diff, size)
	}
}

// Networks with PyTorch's weights compute what they do in PyTorch.
func TestLoadWeights(t *testing.T) {
	outputs := fixture(t, "outputs.safetensors")
	tp := autograd.NewTape()
	for _, tc := range []struct {
		file    string
		options []WeightOption
	}{
		{"cnn.safetensors", nil},
		{"cnn.safetensors.index.json", nil},
		{"cnn_parallel.safetensors", []WeightOption{Rename(map[string]string{"module": ""})}},
		{"cnn_parallel.safetensors", []WeightOption{RenameFunc(func(name string) string { return strings.TrimPrefix(name, "module.") })}},
	} {
		s := NewStore(1)
		net := cnn(s)
		report, err := LoadWeights(filepath.Join("testdata", tc.file), s, tc.options...)
		if err != nil || len(report.Loaded) != 15 || len(report.Missing)+len(report.Unexpected)+len(report.Skipped) > 0 {
			t.Errorf("%s: %+v, error %v", tc.file, report, err)
		}
		tp.Reset(autograd.Inference)
		x := outputs["cnn.input"].Transpose(0, 2, 3, 1)
		agree(t, tc.file, net.Forward(tp, tp.Constant(x)).Value, outputs["cnn.output"])
	}

	s := NewStore(1)
	layers := s.Scope("layers")
	mlp := Sequential{
		NewLinear(layers.Sub("0"), 5, 8), Tanh, NewLinear(layers.Sub("2"), 8, 8), Tanh, NewLinear(layers.Sub("4"), 8, 3),
	}
	if _, err := LoadWeights("testdata/mlp.safetensors", s); err != nil {
		t.Fatal(err)
	}
	tp.Reset(autograd.Inference)
	agree(t, "mlp", mlp.Forward(tp, tp.Constant(outputs["mlp.input"])).Value, outputs["mlp.output"])

	s = NewStore(1)
	encoder := NewEmbedding(s.Scope("encoder"), 11, 6)
	lstm, decoder := NewLSTM(s.Scope("lstm"), 6, 6), NewTiedLinear(s.Scope("decoder"), encoder)
	if _, err := LoadWeights("testdata/lm.safetensors", s); err != nil {
		t.Fatal(err)
	}
	tp.Reset(autograd.Inference)
	var tokens []int32
	for _, v := range outputs["lm.input"].Data {
		tokens = append(tokens, int32(v))
	}
	y := lstm.Forward(tp, encoder.Forward(tp, tokens, 5, 2, nil))
	agree(t, "lm", decoder.Forward(tp, y).Value, outputs["lm.output"])
}

// What SaveWeights writes is what PyTorch has written, to the bit, but for the counts of batch norms and the sum of two biases.
func TestSaveWeights(t *testing.T) {
	dir := t.TempDir()
	for _, file := range []string{"cnn", "lm"} {
		s := NewStore(1)
		if file == "cnn" {
			cnn(s)
		} else {
			encoder := NewEmbedding(s.Scope("encoder"), 11, 6)
			NewLSTM(s.Scope("lstm"), 6, 6)
			NewTiedLinear(s.Scope("decoder"), encoder)
		}
		if _, err := LoadWeights(filepath.Join("testdata", file+".safetensors"), s); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, file+".safetensors")
		if err := SaveWeights(path, s); err != nil {
			t.Fatal(err)
		}
		got, err := tensor.LoadSafetensors(path)
		if err != nil {
			t.Fatal(err)
		}
		want := fixture(t, file+".safetensors")
		for name := range want {
			if strings.HasSuffix(name, "num_batches_tracked") {
				delete(want, name)
			}
		}
		if file == "lm" {
			sum := want["lstm.bias_ih_l0"]
			for i, v := range want["lstm.bias_hh_l0"].Data {
				sum.Data[i] += v
			}
			want["lstm.bias_hh_l0"].Fill(0)
		}
		if len(got.Tensors) != len(want) || got.Metadata["format"] != "pt" {
			t.Errorf("%s: %d tensors, want %d; metadata %v", file, len(got.Tensors), len(want), got.Metadata)
		}
		for _, n := range got.Tensors {
			if w := want[n.Name]; !n.Tensor.SameShape(w) || !slices.Equal(n.Tensor.Data, w.Data) {
				t.Errorf("%s: %q of shape %v differs from PyTorch's, of shape %v", file, n.Name, n.Tensor.Shape(), w.Shape())
			}
		}
	}

	// Other names, and not all.
	s := NewStore(1)
	net := cnn(s)
	path := filepath.Join(dir, "part.safetensors")
	if err := SaveWeights(path, s, Except("fc2"), Rename(map[string]string{"": "model", "features": "model.backbone"})); err != nil {
		t.Fatal(err)
	}
	s = NewStore(2)
	other := cnn(s)
	report, err := LoadWeights(path, s, Except("fc2"), Rename(map[string]string{"model": "", "model.backbone": "features"}))
	if err != nil || len(report.Loaded) != 13 {
		t.Fatalf("%+v, error %v", report, err)
	}
	for i := range net {
		a, ok := net[i].(*Linear)
		if !ok {
			continue
		}
		if b, same := other[i].(*Linear), i != len(net)-1; slices.Equal(a.Weight.Value.Data, b.Weight.Value.Data) != same {
			t.Errorf("layer %d: equal weights: %v", i, !same)
		}
	}
}

// Whatever does not fit is named, all of it, and nothing is changed.
func TestLoadWeightsRefuses(t *testing.T) {
	// The model of the fixture in the given scope, but for its last layer.
	body := func(sc Scope) Scope {
		NewLinear(sc.Sub("0"), 5, 8)
		NewLinear(sc.Sub("2"), 8, 8)
		return sc.Sub("4")
	}
	for _, tc := range []struct {
		name    string
		model   func(s *Store)
		options []WeightOption
		want    []string
	}{
		{"names", func(s *Store) { body(s.Scope("layers")); NewLinear(s.Scope("head"), 8, 3) }, nil, []string{
			"2 missing in the file:\n\thead.weight\n\thead.bias", "2 in the file that the model has not:\n\tlayers.4.bias\n\tlayers.4.weight"}},
		{"classes", func(s *Store) { NewLinear(body(s.Scope("layers")), 8, 10) }, nil, []string{
			`"layers.4.weight": shape [3 8], want [10 8]: the layer has 3 outputs there, such as classes, and 10 here`,
			`"layers.4.bias": shape [3], want [10]`}},
		{"transposed", func(s *Store) { NewLinear(body(s.Scope("layers")), 3, 8) }, nil, []string{`want [8 3]: it seems to be [in][out]`}},
		{"partial", func(s *Store) { NewLinear(body(s.Scope("layers")), 9, 3) }, []WeightOption{Partial}, []string{
			`the layer has 8 inputs there and 9 here`}},
		{"width", func(s *Store) { NewLinear(body(s.Scope("layers")), 9, 4) }, nil, []string{`want [4 9]: the network is of another width`}},
		{"a convolution", func(s *Store) { NewConv2D(body(s.Scope("layers")), 8, 3, 1) }, nil, []string{
			`want [3 8 1 1]: as many elements, arranged in another way`}},
		{"axes", func(s *Store) { NewConv2D(body(s.Scope("layers")), 8, 3, 3) }, nil, []string{
			`want [3 8 3 3]: 2 axes and not 4: the parameter of a layer of another kind`}},
		{"no scope to leave out", func(s *Store) { NewLinear(body(s.Scope("layers")), 8, 3) }, []WeightOption{Except("head")}, []string{
			`Except("head"): the model has nothing of that name`}},
		{"no name to translate", func(s *Store) { NewLinear(body(s.Scope("layers")), 8, 3) },
			[]WeightOption{Rename(map[string]string{"head": "layers.4"})}, []string{`Rename: nothing is called, or lies within, "head"`}},
		{"one name for two", func(s *Store) { NewLinear(body(s.Scope("layers")), 8, 3) },
			[]WeightOption{Rename(map[string]string{"layers.0": "layers.4"})}, []string{
				`"layers.0.bias" and "layers.4.bias" of the file would both be "layers.4.bias" of the model`}},
		{"a scope less", func(s *Store) { NewLinear(body(s.Scope("")), 8, 3) }, nil, []string{
			`what is missing is there within "layers": Rename(map[string]string{"layers": ""}) takes it from there`}},
		{"a scope more", func(s *Store) { NewLinear(body(s.Scope("net.layers")), 8, 3) }, nil, []string{
			`what is missing is there without "net": Rename(map[string]string{"": "net"}) puts it there`}},
	} {
		s := NewStore(1)
		tc.model(s)
		var before []tensor.Tensor
		for _, n := range s.named() {
			before = append(before, n.Tensor.Clone())
		}
		report, err := LoadWeights("testdata/mlp.safetensors", s, tc.options...)
		for _, want := range append(tc.want, "testdata/mlp.safetensors: ") {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want one that says %q", tc.name, err, want)
			}
		}
		for i, n := range s.named() {
			if !slices.Equal(n.Tensor.Data, before[i].Data) {
				t.Errorf("%s: %s was changed", tc.name, n.Name)
			}
		}
		if len(report.Loaded) > 0 {
			t.Errorf("%s: it says that it has loaded %q", tc.name, report.Loaded)
		}
	}
}

// What a model and a file have in common can be loaded, and the rest is reported.
func TestPartialWeights(t *testing.T) {
	s := NewStore(1)
	NewLinear(s.Scope("layers.0"), 5, 8)
	head := NewLinear(s.Scope("head"), 8, 3)
	before := slices.Clone(head.Weight.Value.Data)
	report, err := LoadWeights("testdata/mlp.safetensors", s, Partial)
	if got := fmt.Sprint(report.Loaded, report.Missing, report.Unexpected, err); got !=
		"[layers.0.weight layers.0.bias] [head.weight head.bias] [layers.2.bias layers.2.weight layers.4.bias layers.4.weight] <nil>" {
		t.Error(got)
	}
	if !slices.Equal(before, head.Weight.Value.Data) {
		t.Error("what is missing was changed")
	}
}

// The names of tied weights, the two biases of an LSTM, and tensors that are no weights.
func TestOddWeights(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd.safetensors")
	load := func(change func(map[string]tensor.Tensor), bools string) (WeightsReport, *Store, error) {
		dict := fixture(t, "lm.safetensors")
		change(dict)
		var named []tensor.Named
		for name, v := range dict {
			named = append(named, tensor.Named{Name: name, Tensor: v})
		}
		if err := tensor.SaveSafetensors(path, named, nil); err != nil {
			t.Fatal(err)
		}
		if bools != "" {
			addBools(t, path, bools, 7)
		}
		s := NewStore(1)
		encoder := NewEmbedding(s.Scope("encoder"), 11, 6)
		NewLSTM(s.Scope("lstm"), 6, 6)
		NewTiedLinear(s.Scope("decoder"), encoder)
		report, err := LoadWeights(path, s)
		return report, s, err
	}
	for _, one := range []string{"encoder.weight", "decoder.weight"} {
		_, s, err := load(func(dict map[string]tensor.Tensor) { delete(dict, one) }, "")
		if err != nil || !slices.Equal(s.Params[0].Value.Data, fixture(t, "lm.safetensors")[one].Data) {
			t.Errorf("without %s: %v", one, err)
		}
	}
	report, _, err := load(func(map[string]tensor.Tensor) {}, "attention.mask")
	if got := fmt.Sprint(report.Skipped, err); got != `["attention.mask" (BOOL [7])] <nil>` {
		t.Error(got)
	}
	for want, change := range map[string]func(dict map[string]tensor.Tensor){
		`"decoder.weight": the model shares it with "encoder.weight", which has other values`: func(dict map[string]tensor.Tensor) {
			dict["decoder.weight"].Data[5]++
		},
		"1 missing in the file:\n\tlstm.bias_hh_l0": func(dict map[string]tensor.Tensor) {
			delete(dict, "lstm.bias_hh_l0")
		},
		`"lstm.bias_hh_l0": shape [1], want [24]`: func(dict map[string]tensor.Tensor) {
			dict["lstm.bias_hh_l0"] = tensor.New(1)
		},
	} {
		if _, _, err := load(change, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
	_, _, err = load(func(dict map[string]tensor.Tensor) { delete(dict, "decoder.bias") }, "decoder.bias")
	if err == nil || !strings.Contains(err.Error(), `"decoder.bias" (BOOL [7]): want at most 4 axes of F32, F64, F16 or BF16`) {
		t.Errorf("error %v, want that decoder.bias is of a type that is not read", err)
	}
}

func TestFromPyTorch(t *testing.T) {
	s := NewStore(1)
	NewLinear(s.Scope("head"), 5, 5) // square: the shape does not tell the layout
	if got, err := s.FromPyTorch("head.weight", tensor.Wrap([]float32{0: 0, 1: 7, 24: 0}, 5, 5)); err != nil || got.At(1, 0) != 7 {
		t.Errorf("FromPyTorch: %v, error %v", got.Data, err)
	}
	for name, like := range map[string]tensor.Tensor{"none": tensor.New(1), "head.weight": tensor.New(5, 4)} {
		if _, err := s.FromPyTorch(name, like); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// addBools appends a tensor of truth values to a safetensors file.
func addBools(t *testing.T, path, name string, n int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	end := 8 + binary.LittleEndian.Uint64(b)
	header := make(map[string]any)
	if err := json.Unmarshal(b[8:end], &header); err != nil {
		t.Fatal(err)
	}
	values := append(b[end:], make([]byte, n)...)
	header[name] = map[string]any{"dtype": "BOOL", "shape": []int{n}, "data_offsets": []int{len(values) - n, len(values)}}
	js, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	b = append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(js))), js...), values...)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
