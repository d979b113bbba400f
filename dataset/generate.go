package dataset

import (
	"fmt"
	"slices"

	"github.com/oneshot-nas/oneshot/tensor"
)

// Generate draws n images of 32×32 pixels in ten classes, see the package comment. Image i depends on seed and i alone and
// has class i mod 10. All arithmetic is on integers: every machine makes the same bytes.
func Generate(seed uint64, n int) *Images { return GenerateSize(seed, n, side) }

// GenerateSize is [Generate] for images of size×size pixels: the same figures in the same places, as far as the size shows
// them. Only the patterns have no finer periods than at 32 pixels, where the finest take 3.5; so of a smaller image there
// are fewer. The noise is of each pixel, whatever the size. It panics unless 8 <= size <= 1024.
func GenerateSize(seed uint64, n, size int) *Images {
	if size < 8 || size > 1024 {
		panic(tensor.ShapeError{Op: "dataset.GenerateSize", Got: fmt.Sprintf("%d×%d pixels", size, size), Want: "8 to 1024 a side"})
	}
	s := &Images{
		Name: "generated", H: size, W: size,
		Pixels: make([]byte, 0, n*size*size*Channels),
		Labels: make([]int32, n),
	}
	for _, class := range generated {
		s.Classes = append(s.Classes, class.name)
	}
	p := newPainter(size)
	for i := range n {
		label := i % len(generated)
		s.Labels[i] = int32(label)
		p.stream = newStream(seed, uint64(i))
		p.background()
		generated[label].paint(p)
		s.Pixels = p.develop(s.Pixels)
	}
	s.measure()
	return s
}

// generated are the classes. Neighbours of a pair differ in one property; what else there is to see in the image
// is drawn alike for both.
var generated = []struct {
	name  string
	paint func(p *painter)
}{
	{"fine stripes", func(p *painter) { p.texture(stripes(p.period(900, 1150))) }},
	{"coarse stripes", func(p *painter) { p.texture(stripes(p.period(1450, 2000))) }},
	{"checks", func(p *painter) { p.texture(checks) }},
	{"blotches", func(p *painter) { p.texture(blotches) }},
	{"disc", func(p *painter) { p.round(false) }},
	{"ring", func(p *painter) { p.round(true) }},
	{"warm horizontal", func(p *painter) { p.crossed(true) }},
	{"warm vertical", func(p *painter) { p.crossed(false) }},
	{"target", func(p *painter) { p.texture(target) }},
	{"spokes", func(p *painter) { p.texture(spokes) }},
}

// texture fills a round or square patch with a pattern of two colours.
func (p *painter) texture(pattern func(p *painter, x, y int) field) {
	radius := p.between(7*p.unit, 12*p.unit)
	x, y := p.place(radius), p.place(radius)
	shape := disc(x, y, radius)
	if p.coin() {
		shape = box(x, y, radius, radius)
	}
	p.fill(shape, blend(pattern(p, x, y), p.colour(), p.contrast(32, 64)))
}

// stripes have a period in units of 1/256 pixel, and any direction.
func stripes(period int) func(p *painter, x, y int) field {
	return func(p *painter, _, _ int) field { return wave(p.angle(), p.angle(), period) }
}

// checks are the product of two waves that cross at a right angle.
func checks(p *painter, _, _ int) field {
	angle, period := p.angle(), p.period(1300, 2000)
	a, b := wave(angle, p.angle(), period), wave(angle+turn/4, p.angle(), period)
	return func(x, y int) int { return a(x, y) * b(x, y) / one * 3 / 2 }
}

// blotches are the sum of waves in every direction: as rough as the other patterns, without a direction of its own.
func blotches(p *painter, _, _ int) field {
	var waves [5]field
	angle := p.angle()
	for i := range waves {
		waves[i] = wave(angle+i*turn/10+p.between(0, turn/20), p.angle(), p.period(1200, 2000))
	}
	return func(x, y int) int {
		sum := 0
		for _, w := range waves {
			sum += w(x, y)
		}
		return sum * 2 / 3
	}
}

// round is a plain disc, or one with a hole that shows what is behind.
func (p *painter) round(hole bool) {
	radius := p.between(5*p.unit, 10*p.unit)
	x, y := p.place(radius), p.place(radius)
	shape := disc(x, y, radius)
	if hole {
		inner := disc(x, y, radius*p.between(35, 60)/100)
		outer := shape
		shape = func(x, y int) int { return outer(x, y) - inner(x, y) }
	}
	p.fill(shape, plain(p.figure()))
}

// crossed is two boxes side by side, a warm one and a cool one, whose stripes cross; the warm one's are stronger. Which hue
// goes with which direction is the class; where each is, is chance.
func (p *painter) crossed(warmHorizontal bool) {
	w := p.between(4*p.unit, 7*p.unit)
	h := p.between(6*p.unit, 9*p.unit)
	x, y := p.place(2*w), p.place(h)
	for i, warm := range p.order() {
		angle := p.between(-turn/24, turn/24)
		if warm == warmHorizontal {
			angle += turn / 4 // the wave runs down, its stripes run across
		}
		hue, strength := p.hue(warm), p.between(14, 30)
		if warm {
			strength = p.between(36, 60)
		}
		shape := box(x+(2*i-1)*w, y, w, h)
		p.fill(shape, blend(wave(angle, p.angle(), p.period(1100, 1700)), hue, hue.percent(strength)))
	}
}

// order is a random order of true and false.
func (p *painter) order() [2]bool {
	first := p.coin()
	return [2]bool{first, !first}
}

// target is waves that run outwards from the middle of the patch.
func target(p *painter, x, y int) field {
	phase, period := p.angle(), p.period(1000, 1500)
	return func(px, py int) int { return sine(phase+length(px-x, py-y)*turn/period) / 16 }
}

// spokes is a star around the middle of the patch, of eight rays: the real part of (z/|z|)⁸, turned by chance.
func spokes(p *painter, x, y int) field {
	phase := p.angle()
	return func(px, py int) int {
		dx, dy := px-x, py-y
		r := max(length(dx, dy), 1)
		c, s := dx*4096/r, dy*4096/r
		for range 3 {
			c, s = (c*c-s*s)/4096, 2*c*s/4096
		}
		return (c*sine(phase+turn/4) + s*sine(phase)) / 4096 / 16
	}
}

// develop appends the bytes of the finished picture, with noise from pixel to pixel.
func (p *painter) develop(pixels []byte) []byte {
	pixels = slices.Grow(pixels, len(p.picture))
	amplitude := p.between(8, 27)
	for pair := range slices.Chunk(p.picture, 2) {
		word := p.pcg.Uint64() // eight uniform bytes: two sums of four, each nearly normal, standard deviation 148
		for _, v := range pair {
			sum := int(word&255+word>>8&255+word>>16&255+word>>24&255) - 510
			word >>= 32
			pixels = append(pixels, byte(min(max(v+sum*amplitude/148, 0), 255)))
		}
	}
	return pixels
}
