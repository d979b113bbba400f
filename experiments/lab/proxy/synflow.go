package proxy

import (
	"errors"
	"math"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/supernet"
	"github.com/oneshot-nas/oneshot/tensor"
)

// propagate computes synflow, Σ w · ∂R/∂w, where R is the sum of the outputs for an image of ones of the network with the absolute
// values of its weights, and without batch norms and biases: equations 1 and 3 of Tanaka et al., "Pruning neural networks without any data
// by iteratively conserving synaptic flow" (NeurIPS 2020), summed over the network as in Abdelfattah et al. 2021.
//
// The network is then linear: everything is positive, so that a ReLU does nothing, and it multiplies, layer by layer, by more than single
// precision holds: by 1e41 in a NAS-Bench-201 network of full size. But scaling by powers of two is exact. The image is scaled down until
// R is finite and nothing is as high as the 6 where a ReLU6 bends, and the gradient that goes back by the root of what R would be.
func (c *Computer) propagate(m supernet.Model) error {
	defer linearise(m.Store())()
	c.load(0) // for the shape of an image
	_, h, w, channels := c.batch.Images.Dim(0), c.batch.Images.Dim(1), c.batch.Images.Dim(2), c.batch.Images.Dim(3)
	image := tensor.New(1, h, w, channels)
	c.batch = supernet.Batch{Images: image, Targets: c.batch.Targets[:1], RateScale: 1}
	tp := c.pass.Tape
	// output runs the network on an image of 2^-down.
	output := func(down int) (logits *autograd.Var, sum float64) {
		image.Fill(float32(math.Ldexp(1, -down)))
		tp.Reset(autograd.Inference) // whose statistics are those of linearise
		tp.Record(true)
		logits = m.Forward(&c.pass, &c.batch).Logits
		for _, v := range logits.Value.Data {
			sum += float64(v)
		}
		return logits, sum
	}
	const step, most = 24, 240
	for down := 0; down <= most; down += step {
		_, half := output(down + 1)
		logits, sum := output(down)
		if math.IsInf(sum, 0) || math.IsNaN(sum) || math.Abs(2*half-sum) > 1e-3*sum {
			continue // not finite, or not linear
		}
		if sum == 0 {
			c.synflow = 0 // no output depends on the image
			return nil
		}
		up := max(0, (math.Ilogb(sum)+down)/2)
		tp.BackwardFrom(autograd.Seed{Var: logits, Grad: filled(logits.Value, float32(math.Ldexp(1, -up)))})
		c.collect(m.Store())
		c.keep(0)
		c.synflow = math.Ldexp(c.plain(), down+up)
		tp.Reset(autograd.Inference)
		return nil
	}
	return errors.New("proxy: synflow is beyond what single precision holds, however the image is scaled")
}

// linearise makes weights positive, biases zero and batch norms the identity. The function that it returns undoes that.
func linearise(s *nn.Store) (restore func()) {
	var kept []float32
	each := func(f func(data []float32)) {
		for _, p := range s.Params {
			f(p.Value.Data)
		}
		for _, b := range s.Buffers {
			f(b.Value.Data)
		}
	}
	each(func(data []float32) { kept = append(kept, data...) })
	for _, p := range s.Params {
		if p.Value.Rank() < 2 {
			p.Value.Fill(0)
			continue
		}
		for i, v := range p.Value.Data {
			p.Value.Data[i] = float32(math.Abs(float64(v)))
		}
	}
	for _, bn := range s.Norms {
		bn.Gamma.Value.Fill(1)
		bn.RunningMean.Fill(0)
		bn.RunningVar.Fill(float32(1 - bn.Eps))
	}
	return func() { each(func(data []float32) { kept = kept[copy(data, kept):] }) }
}
