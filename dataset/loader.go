package dataset

import (
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/tensor"
)

// Augment is how training images vary from one epoch to the next. The zero value leaves them as they are.
type Augment struct {
	Pad    int  `json:"pad"`    // shift by up to Pad pixels in each direction; black comes in from outside
	Flip   bool `json:"flip"`   // exchange left and right, with probability 1/2
	Cutout int  `json:"cutout"` // blank a square with this side around a random pixel, as far as it lies inside
}

// Loader makes batches of normalised floats out of images. It holds no state that changes: any number of goroutines may
// use one.
type Loader struct {
	set     *Images
	augment Augment
	value   [Channels][256]float32 // normalised value of a byte
}

// NewLoader reads Mean and Std now and Pixels and Labels with each batch; they must not change. It panics where the
// lengths of set do not agree, where augment is negative, or where Pad exceeds the image.
func NewLoader(set *Images, augment Augment) *Loader {
	if len(set.Pixels) != set.Len()*set.H*set.W*Channels {
		panic(tensor.ShapeError{Op: "dataset.NewLoader", Got: fmt.Sprintf("%d bytes of pixels in %s", len(set.Pixels), set.Name),
			Want: fmt.Sprint([]int{set.Len(), set.H, set.W, Channels})})
	}
	if augment.Pad < 0 || augment.Pad > min(set.H, set.W) || augment.Cutout < 0 {
		panic(tensor.ShapeError{Op: "dataset.NewLoader", Got: fmt.Sprintf("%+v", augment),
			Want: fmt.Sprintf("nothing negative, and a Pad within images of %d×%d", set.H, set.W)})
	}
	l := &Loader{set: set, augment: augment}
	for c := range l.value {
		for v := range l.value[c] {
			l.value[c][v] = (float32(v)/255 - set.Mean[c]) / set.Std[c]
		}
	}
	return l
}

// Len is the number of images.
func (l *Loader) Len() int { return l.set.Len() }

// Shape of an image, and the number of classes.
func (l *Loader) Shape() (h, w, c, classes int) {
	return l.set.H, l.set.W, Channels, len(l.set.Classes)
}

// Batch writes the images idx to x, [len(idx)][H][W][Channels], and their labels to labels. What augmentation does to
// the image at a position of the batch is a function of key and that position; with key 0 it does nothing. x and labels
// may be longer than needed; Batch panics where one is too short. It allocates nothing.
//
// A byte v becomes (v/255 - Mean) / Std. The pixels that shifting brings in are black before that, as those of
// torchvision's RandomCrop with padding; a blanked square is 0 after it, as in the published Cutout.
func (l *Loader) Batch(x []float32, labels []int32, idx []int32, key uint64) {
	size := l.set.H * l.set.W * Channels
	if len(x) < len(idx)*size || len(labels) < len(idx) {
		panic(tensor.ShapeError{Op: "dataset.Loader.Batch", Got: fmt.Sprintf("%d floats and %d labels", len(x), len(labels)),
			Want: fmt.Sprintf("those of %d images [%d %d %d]", len(idx), l.set.H, l.set.W, Channels)})
	}
	for at, i := range idx {
		l.write(x[at*size:(at+1)*size], l.set.Image(int(i)), l.draw(key, at))
		labels[at] = l.set.Labels[i]
	}
}

// Batch is images and what they show.
type Batch struct {
	Images tensor.Tensor // [N][H][W][Channels], normalised
	Labels []int32       // [N]
}

// Load makes a batch of the images idx, augmented as rng has it; nil leaves them as they are. It is what [Batches] wants.
func (l *Loader) Load(idx []int32, rng *rand.Rand) (Batch, error) {
	var key uint64
	if rng != nil {
		key = max(rng.Uint64(), 1)
	}
	b := Batch{tensor.New(len(idx), l.set.H, l.set.W, Channels), make([]int32, len(idx))}
	l.Batch(b.Images.Data, b.Labels, idx, key)
	return b, nil
}

// Epoch goes through all images once, in batches of that many, the last of which may be smaller: shuffled and augmented as rng has it, or
// in their order and as they are if rng is nil. A goroutine makes the next batch meanwhile. [Batches] says more, and has more to choose.
//
//	for batch := range train.Epoch(64, rng) {
//
// A batch is the loop's to keep.
func (l *Loader) Epoch(batch int, rng *rand.Rand) iter.Seq[Batch] {
	batches := Batches(Pass{Len: l.Len(), Batch: batch, Rand: rng}, l.Load)
	return func(yield func(Batch) bool) {
		for b := range batches { // of images in memory, nothing can fail
			if !yield(b) {
				return
			}
		}
	}
}

// view is how one image is shown: shifted by (dy, dx), then mirrored, then blank in the rectangle [y0, y1) × [x0, x1).
type view struct {
	dy, dx         int
	mirror         bool
	y0, y1, x0, x1 int
}

func (l *Loader) draw(key uint64, at int) (v view) {
	if key == 0 {
		return v
	}
	r := newStream(key, uint64(at))
	if pad := l.augment.Pad; pad > 0 {
		v.dy, v.dx = r.between(-pad, pad), r.between(-pad, pad)
	}
	v.mirror = l.augment.Flip && r.coin()
	if side := l.augment.Cutout; side > 0 {
		v.y0 = r.between(0, l.set.H-1) - side/2
		v.x0 = r.between(0, l.set.W-1) - side/2
		v.y1, v.x1 = min(v.y0+side, l.set.H), min(v.x0+side, l.set.W)
		v.y0, v.x0 = max(v.y0, 0), max(v.x0, 0)
	}
	return v
}

// write shows image src as v in dst, row by row: black where the shifted image is not, its pixels where it is.
func (l *Loader) write(dst []float32, src []byte, v view) {
	h, w := l.set.H, l.set.W
	left, right := max(0, -v.dx), max(0, min(w, w-v.dx)) // the columns of a row that the image covers
	left = min(left, right)
	for y := range h {
		row := dst[y*w*Channels : (y+1)*w*Channels]
		from := y + v.dy
		if from < 0 || from >= h {
			l.black(row)
			continue
		}
		pixels := src[from*w*Channels : (from+1)*w*Channels]
		pixels = pixels[(left+v.dx)*Channels : (right+v.dx)*Channels]
		if v.mirror {
			l.black(row[:(w-right)*Channels])
			l.mirrored(row[(w-right)*Channels:(w-left)*Channels], pixels)
			l.black(row[(w-left)*Channels:])
		} else {
			l.black(row[:left*Channels])
			l.straight(row[left*Channels:right*Channels], pixels)
			l.black(row[right*Channels:])
		}
	}
	for y := v.y0; y < v.y1; y++ {
		clear(dst[(y*w+v.x0)*Channels : (y*w+v.x1)*Channels])
	}
}

func (l *Loader) black(dst []float32) {
	for i := 0; i+Channels <= len(dst); i += Channels {
		dst[i], dst[i+1], dst[i+2] = l.value[0][0], l.value[1][0], l.value[2][0]
	}
}

func (l *Loader) straight(dst []float32, src []byte) {
	for i := 0; i+Channels <= len(src); i += Channels {
		d, s := dst[i:i+Channels], src[i:i+Channels]
		d[0], d[1], d[2] = l.value[0][s[0]], l.value[1][s[1]], l.value[2][s[2]]
	}
}

func (l *Loader) mirrored(dst []float32, src []byte) {
	for i := 0; i+Channels <= len(src); i += Channels {
		d, s := dst[len(dst)-i-Channels:len(dst)-i], src[i:i+Channels]
		d[0], d[1], d[2] = l.value[0][s[0]], l.value[1][s[1]], l.value[2][s[2]]
	}
}
