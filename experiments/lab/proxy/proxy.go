package proxy

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/supernet"
	"github.com/oneshot-nas/oneshot/tensor"
)

// proxy is how one is computed, out of what the passes that it asks for have found.
type proxy struct {
	name  string
	text  bool // is defined for models of text
	needs need
	value func(*Computer) float64
}

// need is what a proxy asks of the passes.
type need int

const (
	codes     need = 1 << iota // of the first batch's forward pass: which units are active
	patterns                   // the same, unit by unit
	gradients                  // of the loss of the first batch
	channels                   // with those of the outputs of layers
	batches                    // of the losses of all batches
	jacobian                   // of the outputs with respect to the images
	flow                       // of the network made linear
)

// registry is in the order of Names.
var registry = []proxy{
	{"synflow", false, flow, func(c *Computer) float64 { return c.synflow }},
	{"snip", true, gradients, (*Computer).snip},
	{"grad_norm", true, gradients, (*Computer).gradNorm},
	{"fisher", false, gradients | channels, func(c *Computer) float64 { return c.fisher }},
	{"plain", true, gradients, (*Computer).plain},
	{"naswot", false, codes, func(c *Computer) float64 { return c.units.naswot() }},
	{"jacob_cov", false, jacobian, (*Computer).jacobCov},
	{"swap", false, patterns, func(c *Computer) float64 { return float64(c.units.distinct()) }},
	{"zico", true, gradients | batches, (*Computer).zico},
}

// Names lists the proxies that are defined for models of images, which are all there are, or of text, which are fewer.
func Names(text bool) []string {
	var names []string
	for _, p := range registry {
		if p.text || !text {
			names = append(names, p.name)
		}
	}
	return names
}

// Config is what proxies are computed on.
type Config struct {
	// Batch is the number of images, or of columns of text, at least 2.
	Batch int `json:"batch"`
	// Batches is how many of them zico reads, at least 2; the others read the first.
	Batches int `json:"batches"`
	// Seed of the batches, which are those that training with this seed begins with, the same for all architectures.
	Seed uint64 `json:"seed"`
}

// Default is as many images as in the code of Abdelfattah et al. 2021, and as many batches as in Li et al. 2023.
var Default = Config{Batch: 64, Batches: 2}

// Computer computes proxies of one architecture after the other, in memory that it uses again. It serves one goroutine; the values are
// the same for any number of threads, and whichever proxies are asked for beside.
type Computer struct {
	config  Config
	data    supernet.Data
	proxies []proxy
	needs   need

	pass     supernet.Pass
	batch    supernet.Batch
	observer autograd.Observer

	weights  []weight // of the active architecture, with the gradient of each batch
	units    units
	fisher   float64
	jacobian []float32 // [Batch][inputs]
	synflow  float64
}

// New prepares to compute the named proxies on batches of data.
func New(data supernet.Data, c Config, names []string) (*Computer, error) {
	com := &Computer{config: c, data: data, pass: supernet.Pass{Tape: autograd.NewTape()}}
	for _, name := range names {
		i := slices.IndexFunc(registry, func(p proxy) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("proxy: there is no %q, there are %s", name, strings.Join(Names(false), ", "))
		}
		com.proxies = append(com.proxies, registry[i])
		com.needs |= registry[i].needs
	}
	switch {
	case len(names) == 0:
		return nil, errors.New("proxy: no proxies to compute")
	case c.Batch < 2:
		return nil, fmt.Errorf("proxy: a batch of %d: proxies compare samples, of which there must be at least 2", c.Batch)
	case com.needs&batches != 0 && c.Batches < 2:
		return nil, fmt.Errorf("proxy: zico on %d batch: it measures how gradients differ between batches, of which there must be at least 2", c.Batches)
	case data.EpochEnd(c.Batch, c.Seed, 0) < com.read():
		return nil, fmt.Errorf("proxy: the training data do not fill %d batches of %d", com.read(), c.Batch)
	}
	return com, nil
}

// read is the number of batches that are read.
func (c *Computer) read() int {
	if c.needs&batches != 0 {
		return c.config.Batches
	}
	return 1
}

// Compute returns the proxies of an architecture, in the order of their names: of the network m, made for it alone and initialised, or
// a supernet that holds it. Its parameters and buffers are afterwards what they were; gradients are not. The error is that of
// [supernet.Model.Activate], or says that a proxy is not defined for the model, or not finite.
func (c *Computer) Compute(m supernet.Model, a spaces.Arch) ([]float64, error) {
	recurrent, text := m.(supernet.Recurrent)
	for _, p := range c.proxies {
		if text && !p.text {
			return nil, fmt.Errorf("proxy: %s is not defined for models of text, for which there are %s", p.name, strings.Join(Names(true), ", "))
		}
	}
	if err := m.Activate(a); err != nil {
		return nil, err
	}
	if text && (c.pass.Hidden.IsZero() || c.pass.Hidden.Dim(1) != recurrent.HiddenSize()) {
		c.pass.Hidden = tensor.New(c.config.Batch, recurrent.HiddenSize())
	}
	if c.needs&flow != 0 { // before the losses, in whose gradients it keeps its own
		if err := c.propagate(m); err != nil {
			return nil, fmt.Errorf("%w, of %v", err, a)
		}
	}
	if c.needs&(codes|patterns|gradients) != 0 {
		c.losses(m)
	}
	if c.needs&jacobian != 0 {
		c.differentiate(m)
	}
	values := make([]float64, len(c.proxies))
	for i, p := range c.proxies {
		v := p.value(c)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("proxy: %s of %v is %v: its activations or gradients are not finite", p.name, a, v)
		}
		values[i] = v
	}
	return values, nil
}

// load reads a batch, of text with the state that it begins with.
func (c *Computer) load(i int) {
	c.data.Train(&c.batch, c.config.Batch, c.config.Seed, i)
	if c.batch.First {
		clear(c.pass.Hidden.Data)
	}
}

// forward runs the network on the batch at hand, to be differentiated: with the statistics of the batch, which leave the running ones
// alone, and as it is when it does not train.
func (c *Computer) forward(m supernet.Model) *autograd.Var {
	c.pass.Tape.Reset(autograd.BatchStatistics)
	c.pass.Tape.Record(true)
	return m.Forward(&c.pass, &c.batch).Logits
}

// losses runs the batches through the network and back, and collects what the proxies of the loss ask for.
func (c *Computer) losses(m supernet.Model) {
	tp := c.pass.Tape
	c.collect(m.Store())
	c.fisher = 0
	c.units.reset(c.config.Batch)
	for i := range c.read() {
		c.load(i)
		c.observer = autograd.Observer{}
		if i == 0 {
			if c.needs&(codes|patterns) != 0 {
				c.observer.Activation = func(x tensor.Tensor, times int) { c.units.add(x, times, c.needs&codes != 0, c.needs&patterns != 0) }
			}
			if c.needs&channels != 0 {
				c.observer.Layer = func(y, grad tensor.Tensor) { c.fisher += fisher(y, grad) }
			}
		}
		tp.Observe(&c.observer)
		logits := c.forward(m)
		if c.needs&gradients != 0 {
			rows := autograd.Reshape(tp, logits, len(c.batch.Targets), logits.Value.Dim(-1))
			tp.Backward(autograd.CrossEntropy(tp, rows, c.batch.Targets, 0).Var)
			c.keep(i)
		}
		tp.Observe(nil)
	}
	tp.Reset(autograd.Inference)
}
