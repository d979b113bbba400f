package nn_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/tensor"
)

// A multilayer perceptron learns which points lie within a circle.
func Example_multilayerPerceptron() {
	store := nn.NewStore(1)
	net := nn.Sequential{
		nn.NewLinear(store.Scope("0"), 2, 32), nn.ReLU,
		nn.NewLinear(store.Scope("2"), 32, 32), nn.ReLU,
		nn.NewLinear(store.Scope("4"), 32, 2),
	}
	opt, tape := &nn.Adam{}, autograd.NewTape()

	const n = 256
	rng := rand.New(rand.NewPCG(1, 2))
	points, labels := tensor.New(n, 2), make([]int32, n)
	draw := func() {
		for i := range labels {
			x, y := 2*rng.Float64()-1, 2*rng.Float64()-1
			points.Set(float32(x), i, 0)
			points.Set(float32(y), i, 1)
			labels[i] = 0
			if math.Hypot(x, y) < 0.7 {
				labels[i] = 1
			}
		}
	}
	for range 300 {
		draw()
		tape.Reset(autograd.Training)
		loss := autograd.CrossEntropy(tape, net.Forward(tape, tape.Constant(points)), labels, 0)
		tape.Backward(loss.Var)
		opt.Step(tape, 0.01)
	}
	draw()
	tape.Reset(autograd.Inference)
	loss := autograd.CrossEntropy(tape, net.Forward(tape, tape.Constant(points)), labels, 0)
	fmt.Println("at least 95 % correct:", loss.Correct >= n*95/100)
	// Output: at least 95 % correct: true
}

// A batch that does not fit into memory is one step in several parts: NextPath keeps the gradients, and each loss has its share of the
// batch.
func Example_gradientAccumulation() {
	store := nn.NewStore(1)
	net := nn.NewLinear(store.Scope("head"), 8, 3)
	x, labels := tensor.New(16, 8), make([]int32, 16)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range x.Data {
		x.Data[i] = float32(rng.NormFloat64())
	}
	for i := range labels {
		labels[i] = int32(rng.IntN(3))
	}
	tape := autograd.NewTape()

	tape.Reset(autograd.Training)
	tape.Backward(autograd.CrossEntropy(tape, net.Forward(tape, tape.Constant(x)), labels, 0).Var)
	whole := net.Weight.Grad.Clone()

	const parts = 4
	tape.Reset(autograd.Training)
	for i := range parts {
		if i > 0 {
			tape.NextPath()
		}
		part := x.WindowAxis(0, i*4, (i+1)*4)
		loss := autograd.CrossEntropy(tape, net.Forward(tape, tape.Constant(part)), labels[i*4:(i+1)*4], 0)
		tape.Backward(autograd.Scale(tape, loss.Var, 1.0/parts))
	}
	// opt.Step(tape, lr) would move the parameters now.

	var worst float64
	for i, v := range net.Weight.Grad.Data {
		worst = max(worst, math.Abs(float64(v-whole.Data[i])))
	}
	fmt.Println("the gradient of the whole batch:", worst < 1e-7)
	// Output: the gradient of the whole batch: true
}

// An average of the parameters follows them, and takes their place for an evaluation.
func ExampleEMA() {
	store := nn.NewStore(1)
	net := nn.NewLinear(store.Scope("net").Init(nn.Constant(1), nil), 1, 1, nn.NoBias)
	opt, average, tape := &nn.SGD{}, nn.NewEMA(store, 0.9), autograd.NewTape()
	for range 2 {
		tape.Reset(autograd.Training)
		tape.Backward(autograd.Sum(tape, net.Forward(tape, tape.Constant(tensor.Wrap([]float32{1}, 1, 1)))))
		opt.Step(tape, 0.5) // moves the weight by −0.5
		average.Update(tape)
	}
	fmt.Println("trained:", net.Weight.Value.Data)
	average.Swap()
	fmt.Println("average:", net.Weight.Value.Data)
	average.Swap()
	fmt.Println("trained:", net.Weight.Value.Data)
	// Output:
	// trained: [0]
	// average: [0.45]
	// trained: [0]
}

// A classifier of PyTorch's is taken over for other classes: all of its weights but those of the last layer.
func ExampleLoadWeights() {
	store := nn.NewStore(1)
	features := store.Scope("features")
	net := nn.Sequential{
		nn.NewConv2D(features.Sub("0"), 3, 6, 3, nn.Padding(1)), nn.NewBatchNorm2D(features.Sub("1"), 6), nn.ReLU,
		nn.NewConv2D(features.Sub("3"), 6, 6, 3, nn.Stride(2), nn.Padding(1), nn.Groups(6), nn.NoBias),
		nn.NewBatchNorm2D(features.Sub("4"), 6), nn.ReLU, nn.MaxPool2D{Kernel: 2},
		nn.NewLinear(store.Scope("fc1"), 2*3*6, 7, nn.Flattened(2, 3)), nn.ReLU,
		nn.NewLinear(store.Scope("fc2"), 7, 10),
	}
	const path = "testdata/cnn.safetensors" // of 4 classes
	_, err := nn.LoadWeights(path, store)
	fmt.Println(err)
	report, err := nn.LoadWeights(path, store, nn.Except("fc2"))
	fmt.Println(len(report.Loaded), "tensors", err)

	tape := autograd.NewTape()
	tape.Reset(autograd.Inference)
	fmt.Println(net.Forward(tape, tape.Constant(tensor.New(1, 8, 12, 3))).Value.Shape())
	// Output:
	// testdata/cnn.safetensors: the weights are not those of this model
	// 2 cannot be loaded:
	// 	"fc2.weight": shape [4 7], want [10 7]: the layer has 4 outputs there, such as classes, and 10 here
	// 	"fc2.bias": shape [4], want [10]: the layer has 4 outputs there, such as classes, and 10 here
	// 13 tensors <nil>
	// [1 10]
}

// For fine-tuning, the body of a network is frozen, and its head trained alone: nothing before the head is recorded.
func ExampleStore_Freeze() {
	store := nn.NewStore(1)
	net := nn.Sequential{
		nn.NewConv2D(store.Scope("body.0"), 3, 8, 3), nn.NewBatchNorm2D(store.Scope("body.1"), 8), nn.ReLU,
		nn.GlobalAvgPool, nn.NewLinear(store.Scope("head"), 8, 2),
	}
	store.Freeze("body")
	tape := autograd.NewTape()
	loss := autograd.CrossEntropy(tape, net.Forward(tape, tape.Constant(tensor.New(2, 5, 5, 3))), []int32{0, 1}, 0)
	tape.Backward(loss.Var)
	for _, p := range tape.Touched() {
		fmt.Println(p.Name)
	}
	// Output:
	// head.weight
	// head.bias
}

// Weights go back to PyTorch under the names and in the layouts of its state dict.
func ExampleSaveWeights() {
	dir, err := os.MkdirTemp("", "weights")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	store := nn.NewStore(1)
	nn.NewConv2D(store.Scope("conv"), 3, 8, 5)
	nn.NewLSTM(store.Scope("lstm"), 8, 4)
	path := filepath.Join(dir, "model.safetensors")
	if err := nn.SaveWeights(path, store, nn.Rename(map[string]string{"": "model"})); err != nil {
		fmt.Println(err)
		return
	}
	file, err := tensor.LoadSafetensors(path)
	for _, n := range file.Tensors {
		fmt.Println(n.Name, n.Tensor.Shape())
	}
	fmt.Println(err)
	// Output:
	// model.conv.bias [8]
	// model.conv.weight [8 3 5 5]
	// model.lstm.bias_hh_l0 [16]
	// model.lstm.bias_ih_l0 [16]
	// model.lstm.weight_hh_l0 [16 4]
	// model.lstm.weight_ih_l0 [16 8]
	// <nil>
}

// What a network consists of, for a batch of one image.
func ExampleSummary() {
	store := nn.NewStore(1)
	net := nn.Sequential{
		nn.NewConv2D(store.Scope("conv1"), 3, 16, 3, nn.Stride(2), nn.Padding(1)), nn.ReLU,
		nn.GlobalAvgPool, nn.NewLinear(store.Scope("head"), 16, 10),
	}
	fmt.Print(strings.TrimSpace(nn.Summary(net, 1, 32, 32, 3).String()))
	// Output:
	// Layer  Operation      Output        Parameters  MACs
	//        input          [1 32 32 3]
	// conv1  Conv2D         [1 16 16 16]  448         110,592
	//        ReLU           [1 16 16 16]
	//        GlobalAvgPool  [1 16]
	// head   Linear         [1 10]        170         160
	// 618 parameters (2.5 kB), 618 of them trained; 110,752 MACs; outputs of 32.9 kB
}
