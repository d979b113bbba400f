package proxy

import (
	"math"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/supernet"
	"github.com/oneshot-nas/oneshot/tensor"
)

// differentiate finds the gradient of the sum of all outputs with respect to the images of the first batch.
func (c *Computer) differentiate(m supernet.Model) {
	c.load(0)
	c.pass.Differentiate = true
	logits := c.forward(m)
	c.pass.Differentiate = false
	tp := c.pass.Tape
	tp.BackwardFrom(autograd.OutputGradient{Var: logits, Grad: filled(logits.Value, 1)})
	c.jacobian = c.jacobian[:0]
	if g := c.pass.Input.Grad(); g.IsZero() { // no output depends on the images
		c.jacobian = append(c.jacobian, make([]float32, c.batch.Images.Len())...)
	} else {
		c.jacobian = append(c.jacobian, g.Data...)
	}
	tp.Reset(autograd.Inference)
}

// filled is a tensor in the shape of t, filled with v.
func filled(t tensor.Tensor, v float32) tensor.Tensor {
	f := tensor.New(t.Shape()...)
	f.Fill(v)
	return f
}

// jacobCov is −Σ_i log(λ_i + k) + 1/(λ_i + k), k = 1e−5, with the eigenvalues λ of the correlation matrix of the gradients of the
// outputs, summed, with respect to each image: least correlated is best. Gradients that are constant, such as those of outputs that do not
// depend on the images, have no correlation; they count as the same, which is the worst. It is the score of the first version of Mellor et al., "Neural
// Architecture Search without Training" (arXiv 2006.04647v1, section 3); the name is that of Abdelfattah et al. 2021.
func (c *Computer) jacobCov() float64 {
	const k = 1e-5
	n := c.config.Batch
	score := 0.0
	for _, v := range eigenvalues(correlations(c.jacobian, n), n) {
		v = max(v, 0) // a correlation matrix has none below but by rounding
		score -= math.Log(v+k) + 1/(v+k)
	}
	return score
}

// correlations of the n rows of x, a symmetric matrix. Rows that are constant are taken for equal to one another, and for uncorrelated with
// the others.
func correlations(x []float32, n int) []float64 {
	size := len(x) / n
	rows := make([]float64, len(x)) // of mean 0 and norm 1
	constant := make([]bool, n)
	for i := range n {
		row, mean, squares := rows[i*size:(i+1)*size], 0.0, 0.0
		for _, v := range x[i*size : (i+1)*size] {
			mean += float64(v) / float64(size)
		}
		for j, v := range x[i*size : (i+1)*size] {
			row[j] = float64(v) - mean
			squares += row[j] * row[j]
		}
		if constant[i] = squares == 0; constant[i] {
			continue
		}
		for j := range row {
			row[j] /= math.Sqrt(squares)
		}
	}
	r := make([]float64, n*n)
	for i := range n {
		for j := range i + 1 {
			sum := 0.0
			for l, v := range rows[i*size : (i+1)*size] {
				sum += v * rows[j*size+l]
			}
			if constant[i] && constant[j] {
				sum = 1
			}
			r[i*n+j], r[j*n+i] = sum, sum
		}
	}
	return r
}

// eigenvalues of a symmetric n×n matrix, which it overwrites: the method of Jacobi, which rotates away one element off the diagonal
// after the other, row by row, until they are below the rounding of the whole (Golub and Van Loan, Matrix Computations, 8.5).
func eigenvalues(a []float64, n int) []float64 {
	norm := 0.0
	for _, v := range a {
		norm += v * v
	}
	for sweep := 0; sweep < 50; sweep++ {
		off := 0.0
		for i := range n {
			for j := range i {
				off += 2 * a[i*n+j] * a[i*n+j]
			}
		}
		if off <= 1e-30*norm {
			break
		}
		for p := range n {
			for q := p + 1; q < n; q++ {
				if a[p*n+q] != 0 {
					rotate(a, n, p, q)
				}
			}
		}
	}
	values := make([]float64, n)
	for i := range values {
		values[i] = a[i*n+i]
	}
	return values
}

// rotate makes element p, q of a symmetric matrix zero.
func rotate(a []float64, n, p, q int) {
	theta := (a[q*n+q] - a[p*n+p]) / (2 * a[p*n+q])
	t := math.Copysign(1/(math.Abs(theta)+math.Hypot(theta, 1)), theta)
	cos := 1 / math.Hypot(t, 1)
	sin := t * cos
	for k := range n {
		x, y := a[k*n+p], a[k*n+q]
		a[k*n+p], a[k*n+q] = cos*x-sin*y, sin*x+cos*y
	}
	for k := range n {
		x, y := a[p*n+k], a[q*n+k]
		a[p*n+k], a[q*n+k] = cos*x-sin*y, sin*x+cos*y
	}
	a[p*n+q], a[q*n+p] = 0, 0
}
