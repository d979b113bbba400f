package figure

import "io"

// Figure is a picture as data: what it shows can be drawn here, or anew from its JSON.
type Figure interface {
	FileName() string // without an ending
	Kind() string     // scatter, lines, intervals, heatmap
	WriteSVG(io.Writer) error
	WritePNG(io.Writer) error
}
