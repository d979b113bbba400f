package depthwise

// slide holds some consecutive rows of an image that are evaluated as they are needed, without gaps. It slides down the image.
type slide struct {
	buf        []float32
	row        int // floats of a row
	rows       int // that there is room for
	base, next int // rows base to next-1 are there
}

// slideFloats is how many floats a slide holds, if the rows that are needed at a time are fewer: what is moved when it slides is a small
// part of what is evaluated, and two of them fit the level-2 cache. Tests lower it.
var slideFloats = 32 << 10

// size gives the slide room for at least span rows of row floats of an image h rows high.
func (s *slide) size(span, h, row int) {
	s.row, s.rows = row, min(h, max(span, slideFloats/row))
}

// len is how many floats of buf the slide needs. Behind the last row vectors may be read and dropped.
func (s *slide) len() int { return s.rows*s.row + 64 }

// at returns row y and what follows it.
func (s *slide) at(y int) []float32 { return s.buf[(y-s.base)*s.row:] }

// restart forgets the rows: those of another image come.
func (s *slide) restart() { s.base, s.next = 0, 0 }

// advance makes room for rows low to high-1, of which those that are there stay, and returns the first that is not: all from it on are to
// be evaluated. Neither bound may go back.
func (s *slide) advance(low, high int) (first int) {
	if low >= s.next {
		s.base, s.next = low, low
	}
	if high-s.base > s.rows {
		copy(s.buf, s.buf[(low-s.base)*s.row:(s.next-s.base)*s.row])
		s.base = low
	}
	first, s.next = s.next, max(s.next, high)
	return first
}
