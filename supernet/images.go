package supernet

import "github.com/oneshot-nas/oneshot/tensor"

// Source is a set of labelled images.
type Source interface {
	Len() int
	Shape() (h, w, c, classes int)
	// Batch writes the normalised images idx to x, [len(idx)][H][W][C], and their labels. key seeds the random
	// augmentation: the same key and idx give the same values. Key 0 does not augment.
	Batch(x []float32, labels []int32, idx []int32, key uint64)
}

// Images is image classification: each epoch goes through the training images once, in an order of its own; what does not
// fill a batch is left out and has its turn in another epoch.
type Images struct {
	train, eval Source

	stream stream
	x      []float32
	labels []int32
	index  []int32
	order  []int32 // of the epoch at hand
	seed   uint64  // to which order belongs
	epoch  int     // to which order belongs, plus one
}

// NewImages trains on the one set, augmented, and scores on the other as it is. The two have images of one shape.
func NewImages(train, eval Source) *Images { return &Images{train: train, eval: eval} }

// EpochEnd counts whole batches.
func (d *Images) EpochEnd(batch int, _ uint64, epoch int) int {
	return d.train.Len() / batch * (epoch + 1)
}

// Train fills dst with images that this epoch has not had yet.
func (d *Images) Train(dst *Batch, batch int, seed uint64, step int) {
	per := d.train.Len() / batch
	d.shuffle(seed, step/per)
	at := step % per * batch
	key := d.stream.of(seed, streamAugment, step).Uint64() | 1
	d.fill(dst, d.train, d.order[at:at+batch], key)
}

// shuffle prepares the order of the training images in an epoch.
func (d *Images) shuffle(seed uint64, epoch int) {
	if d.epoch == epoch+1 && d.seed == seed {
		return
	}
	d.epoch, d.seed = epoch+1, seed
	if d.order == nil {
		d.order = make([]int32, d.train.Len())
	}
	for i := range d.order {
		d.order[i] = int32(i)
	}
	d.stream.of(seed, streamOrder, epoch).Shuffle(len(d.order), func(i, j int) { d.order[i], d.order[j] = d.order[j], d.order[i] })
}

// Calibrate draws training images with replacement.
func (d *Images) Calibrate(dst *Batch, batch int, seed uint64, i int) {
	rng := d.stream.of(seed, streamCalibration, i)
	d.index = resize(d.index, batch)
	for j := range d.index {
		d.index[j] = int32(rng.IntN(d.train.Len()))
	}
	d.fill(dst, d.train, d.index, rng.Uint64()|1)
}

// Eval goes through the images to score on in their order.
func (d *Images) Eval(dst *Batch, batch, i int) bool {
	at := i * batch
	if at >= d.eval.Len() {
		return false
	}
	d.index = resize(d.index, min(batch, d.eval.Len()-at))
	for j := range d.index {
		d.index[j] = int32(at + j)
	}
	d.fill(dst, d.eval, d.index, 0)
	return true
}

// fill writes images to dst, in memory that all batches share.
func (d *Images) fill(dst *Batch, s Source, index []int32, key uint64) {
	h, w, c, _ := s.Shape()
	n := len(index)
	if size := n * h * w * c; cap(d.x) < size {
		d.x = tensor.New(size).Data
	}
	d.x, d.labels = d.x[:n*h*w*c], resize(d.labels, n)
	s.Batch(d.x, d.labels, index, key)
	*dst = Batch{Images: tensor.Wrap(d.x, n, h, w, c), Targets: d.labels, RateScale: 1}
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
