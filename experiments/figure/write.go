package figure

import (
	"bufio"
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

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

// draw draws header and body on a canvas of the size that they need, which has the background.
func (s *sheet) draw(c draw.Canvas) {
	top := s.lay(&c, s.width)
	s.body(draw.Crop(c, margin, -2*margin, margin, -top))
}

func (s *sheet) size() (width, height vg.Length) { return s.width, s.height + s.lay(nil, s.width) }

// writePNG writes a figure that could be made ready.
func writePNG(w io.Writer, s *sheet, err error) error {
	if err != nil {
		return err
	}
	canvas := vgimg.NewWith(vgimg.UseWH(s.size()), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(background))
	s.draw(draw.New(canvas))
	out := bufio.NewWriter(w)
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(out, canvas.Image()); err != nil {
		return err
	}
	return out.Flush()
}

// writeSVG is writePNG as SVG.
func writeSVG(w io.Writer, s *sheet, err error) error {
	if err != nil {
		return err
	}
	canvas := vgsvg.New(s.size())
	c := draw.New(canvas)
	c.FillPolygon(background, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
	s.draw(c)
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return err
	}
	// Few systems have Liberation Sans, but most have a font of the same metrics. And the pictures within are PNG,
	// whatever the canvas says.
	text := bytes.ReplaceAll(svg.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
	text = bytes.ReplaceAll(text, []byte("data:image/jpg;"), []byte("data:image/png;"))
	text = bytes.Map(inXML, text)
	_, err = w.Write(text)
	return err
}

// inXML replaces what no XML document may have, not even escaped, such as control characters in somebody's names, and invalid UTF-8.
func inXML(r rune) rune {
	if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
		return utf8.RuneError
	}
	return r
}

var (
	svgSize       = regexp.MustCompile(`width="([0-9.]+)pt" height="[0-9.]+pt"`)
	svgSeeThrough = regexp.MustCompile(`#[0-9A-F]{6};(fill|stroke)-opacity`)
)

// Inline returns the figure as an SVG element within a page: as wide as the page lets it be, in colours that are the page's own (the
// custom properties of [Theme]).
func Inline(f Figure) (string, error) {
	var b bytes.Buffer
	if err := f.WriteSVG(&b); err != nil {
		return "", err
	}
	svg := b.String()
	svg = svg[strings.Index(svg, "<svg"):]
	svg = svgSize.ReplaceAllString(svg, `style="width:100%;max-width:${1}pt" role="img"`)
	svg = svgSeeThrough.ReplaceAllStringFunc(svg, inPalette)
	for _, c := range Theme() {
		svg = strings.ReplaceAll(svg, c.Light, "var("+c.Property+")")
	}
	return svg, nil
}

// inPalette puts right a colour that one can see through: the library rounds it after multiplying it with its opacity, and so
// writes a neighbour of the colour in the palette.
func inPalette(found string) string {
	const most = 12 // the error at the least opacity that we use; the colours of the palette are much further apart
	var r, g, b int
	fmt.Sscanf(found, "#%02X%02X%02X", &r, &g, &b)
	for _, c := range palette {
		if max(abs(r-int(c.R)), abs(g-int(c.G)), abs(b-int(c.B))) <= most {
			return hex(c) + found[len(hex(c)):]
		}
	}
	return found
}

func abs(v int) int { return max(v, -v) }

// ThemeColor is a colour of figures that are part of a page, with what stands for it on a dark one.
type ThemeColor struct{ Property, Light, Dark string }

// Theme returns the colours that a page with figures must define. Those in the cells of heat maps are the same on any page.
func Theme() []ThemeColor {
	all := []ThemeColor{
		{"--paper", hex(background), "#17191C"},
		{"--ink", hex(textColor), "#E8E8E8"},
		{"--faint", hex(faintColor), "#A9ADB3"},
		{"--grid", hex(gridColor), "#33373D"},
	}
	for i, c := range palette {
		all = append(all, ThemeColor{fmt.Sprintf("--color-%d", i+1), hex(c), hex(onDark[i])})
	}
	return all
}

func hex(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02X%02X%02X", r>>8, g>>8, b>>8)
}
