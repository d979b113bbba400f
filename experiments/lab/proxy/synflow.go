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
// values of its weights, and without batch norms and biases: the synaptic saliency of section 4 of Tanaka et al., "Pruning neural networks
// without any data by iteratively conserving synaptic flow" (NeurIPS 2020), for the R_SF of section 6, summed over the network as in
// Abdelfattah et al. 2021, whose code leaves the batch norms out.
//
// The network is then linear: everything is positive, so that a ReLU does nothing, and a ReLU6 is one here. Layer by layer it multiplies by
// more than single precision holds, by 1e50 in a large network of NAS-Bench-201. But scaling by powers of two is exact: the image is
// scaled down until R is finite, and the gradient that goes back by the root of what R would be. That is enough for R up to 1e74; the
// largest networks of DARTS at their published size are beyond, and an error.
func (c *Computer) propagate(m supernet.Model) error {
	defer linearise(m.Store())()
	c.load(0) // for the shape of an image
	_, h, w, channels := c.batch.Images.Dim(0), c.batch.Images.Dim(1), c.batch.Images.Dim(2), c.batch.Images.Dim(3)
	image := tensor.New(1, h, w, channels)
	c.batch = supernet.Batch{Images: image, Targets: c.batch.Targets[:1], RateScale: 1}
	tp := c.pass.Tape
	for down := 0; down <= 120; down += 24 { // 2^-126 is the least normal number
		image.Fill(float32(math.Ldexp(1, -down)))
		tp.Reset(autograd.Inference) // whose statistics are those of linearise
		tp.Record(true)
		tp.Unbounded()
		logits, sum := m.Forward(&c.pass, &c.batch).Logits, 0.0
		for _, v := range logits.Value.Data {
			sum += float64(v)
		}
		if math.IsInf(sum, 0) || math.IsNaN(sum) {
			continue
		}
		c.synflow = 0
		if sum > 0 { // the outputs depend on the image
			up := max(0, (math.Ilogb(sum)+down)/2)
			tp.BackwardFrom(autograd.OutputGradient{Var: logits, Grad: filled(logits.Value, float32(math.Ldexp(1, -up)))})
			c.collect(m.Store())
			c.keep(0)
			c.synflow = math.Ldexp(c.plain(), down+up)
		}
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
