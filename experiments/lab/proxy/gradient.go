package proxy

import (
	"math"
	"slices"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/tensor"
)

// weight is the weight of a convolution or a linear layer, as far as the active architecture has it.
type weight struct {
	param  *autograd.Param
	values []float32
	grads  [][]float32 // by batch; empty where the loss does not depend on the weight
}

// collect lists the weights of a store: the parameters of at least two axes. Biases, and what batch norms have, have one.
func (c *Computer) collect(s *nn.Store) {
	n := 0
	for _, p := range s.Params {
		if p.Value.Rank() < 2 {
			continue
		}
		if n++; len(c.weights) < n {
			c.weights = append(c.weights, weight{})
		}
		c.weights[n-1].param = p
	}
	c.weights = c.weights[:n]
}

// keep copies the gradients that the i-th batch has given: the next one overwrites them. What the pass has not touched has none, even if
// training has left some.
func (c *Computer) keep(i int) {
	for k := range c.weights {
		w := &c.weights[k]
		if len(w.grads) <= i {
			w.grads = append(w.grads, nil)
		}
		w.values, w.grads[i] = w.values[:0], w.grads[i][:0]
		if !slices.Contains(c.pass.Tape.Touched(), w.param) {
			continue
		}
		for lo, hi := range w.param.Spans {
			w.values = append(w.values, w.param.Value.Data[lo:hi]...)
			w.grads[i] = append(w.grads[i], w.param.Grad.Data[lo:hi]...)
		}
	}
}

// snip is the sensitivity of the loss to each connection, Σ |w · ∂L/∂w|: equation 4 of Lee, Ajanthan and Torr, "SNIP: Single-shot network
// pruning based on connection sensitivity" (ICLR 2019), without the normalisation of equation 5, summed over the network as in
// Abdelfattah et al. 2021, section 3.2.
func (c *Computer) snip() float64 {
	return c.saliency(func(w, g float64) float64 { return math.Abs(w * g) })
}

// plain is the same with its sign, Σ w · ∂L/∂w: what skeletonisation (Mozer and Smolensky, NIPS 1988) makes of units, for weights, as in
// the code of Abdelfattah et al. 2021. A layer behind which there is a batch norm does not care how large its weights are, so that its
// share is zero but for the ε of the batch norm: what is left is the classifier's.
func (c *Computer) plain() float64 {
	return c.saliency(func(w, g float64) float64 { return w * g })
}

func (c *Computer) saliency(of func(w, g float64) float64) float64 {
	sum := 0.0
	for _, w := range c.weights {
		for i, g := range w.grads[0] {
			sum += of(float64(w.values[i]), float64(g))
		}
	}
	return sum
}

// gradNorm is the sum over layers of the Euclidean norms of their weights' gradients: Abdelfattah et al., "Zero-Cost Proxies for
// Lightweight NAS" (ICLR 2021), section 3.2.
func (c *Computer) gradNorm() float64 {
	sum := 0.0
	for _, w := range c.weights {
		squares := 0.0
		for _, g := range w.grads[0] {
			squares += float64(g) * float64(g)
		}
		sum += math.Sqrt(squares)
	}
	return sum
}

// zico is Σ over layers of log Σ over weights of E|∂L/∂w| / √Var|∂L/∂w|, mean and variance over batches: Li et al., "ZiCo: Zero-shot NAS
// via Inverse Coefficient of Variation on Gradients" (ICLR 2023). As in the authors' code, weights whose gradient does not vary are
// passed over, and layers that have no other.
func (c *Computer) zico() float64 {
	sum := 0.0
	n := float64(c.config.Batches)
	for _, w := range c.weights {
		ratios := 0.0
		for i := range w.values {
			mean, squares := 0.0, 0.0
			for _, grads := range w.grads[:c.config.Batches] {
				mean += math.Abs(float64(grads[i])) / n
			}
			for _, grads := range w.grads[:c.config.Batches] {
				d := math.Abs(float64(grads[i])) - mean
				squares += d * d
			}
			if squares > 0 {
				ratios += mean / math.Sqrt(squares/n)
			}
		}
		if ratios > 0 {
			sum += math.Log(ratios)
		}
	}
	return sum
}

// fisher is the share of one layer, with outputs a of shape [N][…][C] and their gradient g:
//
//	Σ_c 1/(2N) Σ_n (Σ_pixels a·g)²
//
// the loss that is to be expected from leaving a channel out: the Δ_c of Turner et al., "BlockSwap: Fisher-guided Block Substitution
// for Network Compression on a Budget" (ICLR 2020), after Theis et al., "Faster gaze prediction with dense networks and Fisher pruning"
// (2018). There g is the gradient of the loss of an image; here it is that of the mean over the batch, as in Abdelfattah et al. 2021,
// which differs by a factor N² in all architectures.
func fisher(a, g tensor.Tensor) float64 {
	n, c, ld := a.Dim(0), a.Cols(), a.LD()
	pixels := a.Rows() / n
	sum := 0.0
	channels := make([]float64, c)
	for i := range n {
		clear(channels)
		for row := i * pixels; row < (i+1)*pixels; row++ {
			values, grads := a.Data[row*ld:][:c], g.Data[row*c:][:c]
			for j, v := range values {
				channels[j] += float64(v) * float64(grads[j])
			}
		}
		for _, s := range channels {
			sum += s * s
		}
	}
	return sum / (2 * float64(n))
}
