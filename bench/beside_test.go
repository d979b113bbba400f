package bench

import (
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/tensor"
)

// These benchmarks run the pool of workers as programs meet it: from several goroutines, beside other processes, and with more threads
// than processors. BESIDE in the environment is how many busy processes there are meanwhile.

// envBusy makes a process of this test binary keep a processor busy until its standard input ends.
const envBusy = "ONESHOT_BENCH_BUSY"

func TestMain(m *testing.M) {
	if os.Getenv(envBusy) != "" {
		go func() {
			io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
		for {
			burn(1 << 20)
		}
	}
	os.Exit(m.Run())
}

var sink atomic.Uint64

// burn computes for some n nanoseconds without looking at memory.
func burn(n int) {
	x := uint64(n)
	for range n {
		x ^= x << 13
		x ^= x >> 7
	}
	sink.Store(x)
}

// beside starts the busy processes, which end with the benchmark.
func beside(b *testing.B) {
	n, _ := strconv.Atoi(os.Getenv("BESIDE"))
	for range n {
		busy := exec.Command(os.Args[0])
		busy.Env = append(os.Environ(), envBusy+"=1", "GOMAXPROCS=1")
		in, err := busy.StdinPipe()
		if err == nil {
			err = busy.Start()
		}
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			in.Close()
			busy.Wait()
		})
	}
}

// chunks is a job of equal chunks.
type chunks struct{ nanoseconds int }

func (c *chunks) Chunk(*parallel.Worker, int) { burn(c.nanoseconds) }

// BenchmarkJobs times jobs of 16 chunks, from 1 µs to 10 ms on one thread, and reports how much faster they are than the same chunks in a
// loop, in turns with it.
func BenchmarkJobs(b *testing.B) {
	beside(b)
	unit := 1.0 // nanoseconds that burn takes for one
	for range 20 {
		begin := time.Now()
		burn(1 << 18)
		if t := float64(time.Since(begin)) / (1 << 18); unit == 1 || t < unit {
			unit = t
		}
	}
	for _, us := range []int{1, 3, 10, 30, 100, 1000, 10000} {
		d := time.Duration(us) * time.Microsecond
		b.Run(fmt.Sprint(d), func(b *testing.B) {
			const n = 16
			t := &chunks{int(float64(d) / n / unit)}
			turn := max(1, int(2*time.Millisecond/d)) // jobs
			var alone, shared time.Duration
			for range b.N {
				begin := time.Now()
				for range turn {
					for i := range n {
						t.Chunk(nil, i)
					}
				}
				middle := time.Now()
				for range turn {
					parallel.Run(n, int(d), t)
				}
				alone += middle.Sub(begin)
				shared += time.Since(middle)
			}
			b.ReportMetric(float64(shared)/float64(b.N*turn), "ns/job")
			b.ReportMetric(float64(alone)/float64(shared), "speedup")
		})
	}
}

// cnn is a network for pictures of 32×32 pixels as a first program has it, with 3.7 million multiply-adds.
func cnn() nn.Sequential {
	store := nn.NewStore(1)
	var net nn.Sequential
	for i, c := range [][3]int{{3, 16, 1}, {16, 32, 2}, {32, 64, 2}, {64, 64, 1}} {
		name := fmt.Sprint("block", i)
		conv := nn.NewConv2D(store.Scope(name+".conv"), c[0], c[1], 3, nn.Stride(c[2]), nn.Padding(1), nn.NoBias)
		net = append(net, conv, nn.NewBatchNorm2D(store.Scope(name+".norm"), c[1]), nn.Func(autograd.ReLU))
	}
	return append(net, nn.Func(autograd.GlobalAvgPool), nn.NewLinear(store.Scope("head"), 64, 10))
}

// BenchmarkServe answers requests of one picture from 1, 2, 8 and 32 goroutines that share a network.
func BenchmarkServe(b *testing.B) {
	beside(b)
	net := cnn()
	for _, goroutines := range []int{1, 2, 8, 32} {
		b.Run(fmt.Sprintf("goroutines=%d", goroutines), func(b *testing.B) {
			var left atomic.Int64
			serve := func(requests int) {
				left.Store(int64(requests))
				var servers sync.WaitGroup
				for range goroutines {
					servers.Go(func() {
						tape, picture := autograd.NewTape(), tensor.New(1, 32, 32, 3)
						for left.Add(-1) >= 0 {
							tape.Reset(autograd.Inference)
							net.Forward(tape, tape.Constant(picture))
						}
					})
				}
				servers.Wait()
			}
			serve(20 * goroutines)
			b.ResetTimer()
			serve(b.N)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
		})
	}
}

// BenchmarkStep trains the network with batches of 64.
func BenchmarkStep(b *testing.B) {
	beside(b)
	net, opt, tape := cnn(), nn.SGD{Momentum: 0.9}, autograd.NewTape()
	pictures, labels := tensor.New(64, 32, 32, 3), make([]int32, 64)
	step := func() {
		tape.Reset(autograd.Training)
		loss := autograd.CrossEntropy(tape, net.Forward(tape, tape.Constant(pictures)), labels, 0)
		tape.Backward(loss.Var)
		opt.Step(tape, 1e-3)
	}
	for range 3 {
		step()
	}
	b.ResetTimer()
	for range b.N {
		step()
	}
	b.ReportMetric(64*float64(b.N)/b.Elapsed().Seconds(), "img/s")
}

// TestSideBySide: goroutines that infer with one network, and others that train one each, get the bits that they get alone, on any number
// of threads.
func TestSideBySide(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer parallel.SetThreads(parallel.SetThreads(8)) // however few processors there are
	const answers, trainers = 12, 3
	shared := cnn()
	answer := func(i int) tensor.Tensor {
		tape, picture := autograd.NewTape(), tensor.New(1+i%3, 32, 32, 3)
		for j := range picture.Data {
			picture.Data[j] = float32((j*7+i)%13) / 13
		}
		tape.Reset(autograd.Inference)
		return shared.Forward(tape, tape.Constant(picture)).Value.Clone()
	}
	trained := func() tensor.Tensor {
		net, opt, tape := cnn(), nn.SGD{Momentum: 0.9}, autograd.NewTape()
		pictures, labels := tensor.New(20, 32, 32, 3), make([]int32, 20)
		for j := range pictures.Data {
			pictures.Data[j] = float32(j*11%17) / 17
		}
		for i := range labels {
			labels[i] = int32(i % 10)
		}
		var logits tensor.Tensor
		for range 3 {
			tape.Reset(autograd.Training)
			v := net.Forward(tape, tape.Constant(pictures))
			logits = v.Value.Clone()
			loss := autograd.CrossEntropy(tape, v, labels, 0)
			tape.Backward(loss.Var)
			opt.Step(tape, 0.05)
		}
		return logits
	}
	var want []tensor.Tensor
	for i := range answers {
		want = append(want, answer(i))
	}
	wantTrained := trained()
	same := func(a, b tensor.Tensor) bool {
		return slices.EqualFunc(a.Data, b.Data, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
	}
	for procs := 1; procs <= 8; procs++ {
		runtime.GOMAXPROCS(procs)
		if !same(trained(), wantTrained) {
			t.Errorf("GOMAXPROCS %d: training gives other bits", procs)
		}
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				if !same(answer(i), want[i]) {
					t.Errorf("GOMAXPROCS %d: answer %d has other bits", procs, i)
				}
			})
		}
		for range trainers {
			all.Go(func() {
				if !same(trained(), wantTrained) {
					t.Errorf("GOMAXPROCS %d: training beside others gives other bits", procs)
				}
			})
		}
		all.Wait()
	}
}
