package figure

import (
	"bytes"
	"io"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

const dpi = 200 // of PNGs and of pictures within SVGs

// sheet is a figure that is ready to be drawn.
type sheet struct {
	header
	width, height vg.Length // of what body draws, below the header
	body          func(draw.Canvas)
}

// draw draws header and body on a canvas of the size that they need.
func (s *sheet) draw(c draw.Canvas) {
	c.FillPolygon(background, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
	top := s.lay(&c, s.width)
	s.body(draw.Crop(c, margin, -2*margin, margin, -top))
}

func (s *sheet) size() (width, height vg.Length) { return s.width, s.height + s.lay(nil, s.width) }

// writePNG writes a figure that could be made ready.
func writePNG(w io.Writer, s *sheet, err error) error {
	if err != nil {
		return err
	}
	canvas := vgimg.NewWith(vgimg.UseWH(s.size()), vgimg.UseDPI(dpi))
	s.draw(draw.New(canvas))
	_, err = vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}

// writeSVG is writePNG as SVG.
func writeSVG(w io.Writer, s *sheet, err error) error {
	if err != nil {
		return err
	}
	canvas := vgsvg.New(s.size())
	s.draw(draw.New(canvas))
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return err
	}
	// Few systems have Liberation Sans, but most have a font of the same metrics. And the pictures within are PNG,
	// whatever the canvas says.
	text := bytes.ReplaceAll(svg.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
	text = bytes.ReplaceAll(text, []byte("data:image/jpg;"), []byte("data:image/png;"))
	_, err = w.Write(text)
	return err
}
