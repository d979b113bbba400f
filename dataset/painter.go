package dataset

import "math/bits"

// A painter draws one picture. Places and lengths are in units of 1/256 pixel with the origin at the upper left corner,
// angles are in units of 1/65536 turn, weights and waves in units of 1/256.
type painter struct {
	stream
	size    int    // of the picture, in pixels
	unit    int    // a pixel of a picture of 32×32: what lengths are drawn by, but for periods
	picture []int  // [size][size][Channels]
	base    colour // the average of the background
}

func newPainter(size int) *painter {
	return &painter{size: size, unit: size * pixel / side, picture: make([]int, size*size*Channels)}
}

const (
	side  = 32 // of a picture, in units
	pixel = 256
	turn  = 65536
	one   = 256
)

// colour is red, green, blue; or a difference of two.
type colour [Channels]int

// field is a quantity at a place: of a shape the share that it covers, 0 to one; of a pattern its height, -one to one
// or a little beyond.
type field func(x, y int) int

// background makes a picture of soft clouds in two sizes and a few spots: what the classes have in common.
func (p *painter) background() {
	p.base = colour{p.between(90, 165), p.between(90, 165), p.between(90, 165)}
	for i := range p.picture {
		p.picture[i] = p.base[i%Channels]
	}
	p.clouds(14, 20)
	p.clouds(5, 10)
	for range p.between(2, 4) {
		radius := p.between(p.unit, 2*p.unit)
		p.fill(disc(p.between(0, side*p.unit), p.between(0, side*p.unit), radius), plain(p.colour()))
	}
}

// clouds adds random colours on a grid, interpolated between its points, which are some units apart.
func (p *painter) clouds(units, amplitude int) {
	var grid [9][9]colour                     // at least 32/5 + 2
	apart := (units*p.size + side - 1) / side // pixels
	points := p.size/apart + 2
	for i := range points {
		for j := range points {
			grid[i][j] = p.difference(amplitude)
		}
	}
	dy, dx := p.between(0, apart-1), p.between(0, apart-1)
	for y := range p.size {
		i, v := (y+dy)/apart, (y+dy)%apart
		for x := range p.size {
			j, u := (x+dx)/apart, (x+dx)%apart
			a, b, c, d := &grid[i][j], &grid[i][j+1], &grid[i+1][j], &grid[i+1][j+1]
			at := p.picture[(y*p.size+x)*Channels:]
			for k := range Channels {
				top := a[k]*(apart-u) + b[k]*u
				bottom := c[k]*(apart-u) + d[k]*u
				at[k] += (top*(apart-v) + bottom*v) / (apart * apart)
			}
		}
	}
}

// fill covers shape with paint.
func (p *painter) fill(shape field, paint func(x, y int) colour) {
	for y := range p.size {
		for x := range p.size {
			fx, fy := x*pixel+pixel/2, y*pixel+pixel/2
			cover := shape(fx, fy)
			if cover == 0 {
				continue
			}
			c := paint(fx, fy)
			at := p.picture[(y*p.size+x)*Channels:]
			for k := range Channels {
				at[k] += (c[k] - at[k]) * cover / one
			}
		}
	}
}

// place is a coordinate where something that reaches so far to both sides is inside the picture, but for a unit.
func (p *painter) place(reach int) int {
	reach = min(reach-p.unit, side*p.unit/2)
	return p.between(reach, side*p.unit-reach)
}

// period of a pattern, at least lo and at most hi where the picture is no larger than 32 pixels: any finer could not be told
// from noise.
func (p *painter) period(lo, hi int) int { return p.between(lo, hi) * max(p.unit, pixel) / pixel }

func (p *painter) angle() int { return p.between(0, turn-1) }

func (p *painter) colour() colour {
	return colour{p.between(60, 195), p.between(60, 195), p.between(60, 195)}
}

// figure is a colour that differs from the background's average in every channel, sometimes little.
func (p *painter) figure() colour {
	c := p.base
	for k := range c {
		d := p.between(24, 80)
		if p.coin() {
			d = -d
		}
		c[k] += d
	}
	return c
}

// hue is a warm colour, more red than blue, or a cool one.
func (p *painter) hue(warm bool) colour {
	c := colour{p.between(140, 195), p.between(80, 150), p.between(40, 90)}
	if !warm {
		c[0], c[2] = c[2], c[0]
	}
	return c
}

// difference is up to amplitude in every channel.
func (p *painter) difference(amplitude int) colour {
	return colour{p.between(-amplitude, amplitude), p.between(-amplitude, amplitude), p.between(-amplitude, amplitude)}
}

// contrast is a difference of brightness, at least lo and at most hi, with some difference of hue.
func (p *painter) contrast(lo, hi int) colour {
	c, d := p.difference(15), p.between(lo, hi)
	for k := range c {
		c[k] += d
	}
	return c
}

func (c colour) percent(share int) colour {
	return colour{c[0] * share / 100, c[1] * share / 100, c[2] * share / 100}
}

func plain(c colour) func(x, y int) colour {
	return func(x, y int) colour { return c }
}

// blend is the colour c where the pattern is 0, and one contrast more or less where it is one or -one.
func blend(pattern field, c, contrast colour) func(x, y int) colour {
	return func(x, y int) colour {
		h := pattern(x, y)
		return colour{c[0] + contrast[0]*h/one, c[1] + contrast[1]*h/one, c[2] + contrast[2]*h/one}
	}
}

// wave runs in the direction of angle, with a period in units of a place.
func wave(angle, phase, period int) field {
	c, s := sine(angle+turn/4), sine(angle)
	return func(x, y int) int {
		along := (x*c + y*s) / 4096
		return sine(phase+along*turn/period) / 16
	}
}

// sine is 4096 times the sine of an angle, to within 0.0015 of it: a parabola p through the zeros, and 0.225 of the way
// from that to p·|p|.
func sine(angle int) int {
	a := angle & (turn - 1)
	half := a & (turn/2 - 1)
	p := half * (turn/2 - half) >> 16 // 0 to 4096
	p += 225 * (p*p/4096 - p) / 1000
	if a >= turn/2 {
		return -p
	}
	return p
}

// edge is how much of a pixel is covered if the border of the shape is this far beyond its centre.
func edge(inside int) int { return min(max(inside+pixel/2, 0), one) }

// disc has its border where the distance from (cx, cy) is radius. Near there the distance is, to first order,
// radius + (d² - radius²) / 2 radius.
func disc(cx, cy, radius int) field {
	return func(x, y int) int {
		dx, dy := x-cx, y-cy
		return edge((radius*radius - dx*dx - dy*dy) / (2 * radius))
	}
}

// box reaches w to the left and right of (cx, cy), and h up and down.
func box(cx, cy, w, h int) field {
	return func(x, y int) int { return edge(min(w-abs(x-cx), h-abs(y-cy))) }
}

// length of a vector, rounded down.
func length(x, y int) int {
	square := x*x + y*y
	root := 0
	for bit := 1 << (bits.Len(uint(square)) / 2); bit > 0; bit >>= 1 {
		if t := root + bit; t*t <= square {
			root = t
		}
	}
	return root
}

func abs(a int) int { return max(a, -a) }
