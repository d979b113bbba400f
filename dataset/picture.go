package dataset

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	_ "image/gif"
	"image/jpeg"
	_ "image/png"
	"io"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	_ "golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
)

const (
	// maxPixels bounds what a picture may claim to hold before it is decoded, which takes up to 20 bytes a pixel: 64 million, above
	// nearly any camera's photograph.
	maxPixels = 1 << 26

	// maxPicture bounds the size of a picture's file: 256 MiB, above all that 64 million pixels take.
	maxPicture = 1 << 28
)

// The endings of pictures' names, in any case, and what is read.
var pictureEndings = []string{".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp"}

const (
	pictureNames   = ".jpg, .jpeg, .png, .gif, .bmp or .webp"
	pictureFormats = "JPEG, PNG, GIF, BMP or WebP"
)

// isPicture says whether a file is taken for a picture, by its name.
func isPicture(name string) bool {
	return slices.Contains(pictureEndings, strings.ToLower(path.Ext(name)))
}

// PictureError says what is wrong with a picture.
type PictureError struct {
	File string
	Err  error // as what the file is or does
}

func (e *PictureError) Error() string { return shown(e.File) + " " + e.Err.Error() }

// Unwrap returns what is wrong.
func (e *PictureError) Unwrap() error { return e.Err }

// shown is a name as messages have it: as it is, or in quotes and escaped where that would not be a word on a line.
func shown(name string) string {
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` || name == "" {
		return quoted
	}
	return name
}

// DecodePicture reads one picture as [ReadImageFolder] reads those of a folder, and returns what is kept of it, [size][size][Channels]. The
// error says what is read instead of a picture.
func DecodePicture(r io.Reader, size int) (pixels []byte, err error) {
	if size < 1 {
		return nil, fmt.Errorf("dataset: image size %d, expected at least 1", size)
	}
	b, err := io.ReadAll(io.LimitReader(r, maxPicture+1))
	if err != nil {
		return nil, fmt.Errorf("dataset: reading a picture: %w", err)
	}
	pixels = make([]byte, size*size*Channels)
	if err = checkPicture(int64(len(b))); err == nil {
		err = decodePicture(pixels, b, size)
	}
	if err != nil {
		return nil, fmt.Errorf("dataset: what should be a picture %w", err)
	}
	return pixels, nil
}

// checkPicture says whether a file may be so large.
func checkPicture(bytes int64) error {
	if bytes > maxPicture {
		return fmt.Errorf("has %d bytes, more than %d, which is the limit of a picture", bytes, maxPicture)
	}
	return nil
}

// readPicture is decodePicture of a file.
func readPicture(dst []byte, fsys fs.FS, file string, size int) error {
	b, err := readRegular(fsys, file, checkPicture)
	if err != nil {
		return cause(err)
	}
	return decodePicture(dst, b, size)
}

// decodePicture writes the middle of a picture to dst, [size][size][Channels]. The error says what the file is or does.
func decodePicture(dst, b []byte, size int) error {
	header, format, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return undecodable(b, format, err)
	}
	if header.Width < 1 || header.Height < 1 || header.Width > maxPixels/header.Height {
		return fmt.Errorf("says it has %d×%d pixels, expected between 1 and %d in all", header.Width, header.Height, maxPixels)
	}
	picture, format, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return undecodable(b, format, err)
	}
	if picture.Bounds().Empty() {
		return errors.New("has no pixels")
	}
	square := image.NewRGBA(image.Rect(0, 0, size, size))
	draw.BiLinear.Scale(square, square.Bounds(), picture, middle(picture.Bounds()), draw.Src, nil)
	for i := range size * size {
		copy(dst[i*Channels:(i+1)*Channels], square.Pix[i*4:])
	}
	return nil
}

// cause is an error about a file without its name, as what the file is or does.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return fmt.Errorf("cannot be read: %w", at.Err)
	}
	return err
}

// middle is the largest square around the centre of r.
func middle(r image.Rectangle) image.Rectangle {
	side := min(r.Dx(), r.Dy())
	corner := r.Min.Add(image.Pt((r.Dx()-side)/2, (r.Dy()-side)/2))
	return image.Rectangle{corner, corner.Add(image.Pt(side, side))}
}

// undecodable says why a file cannot be decoded, which is of a format by its beginning ("" of none that is known).
func undecodable(b []byte, format string, err error) error {
	if format == "" {
		return errors.New(otherThanPicture(b))
	}
	name := map[string]string{"jpeg": "JPEG", "png": "PNG", "gif": "GIF", "bmp": "BMP", "webp": "WebP"}[format]
	var unsupported jpeg.UnsupportedError
	switch {
	case errors.Is(err, io.EOF) || strings.HasSuffix(err.Error(), io.ErrUnexpectedEOF.Error()): // as some decoders say in words only
		return fmt.Errorf("is a %s picture that breaks off, after %d bytes", name, len(b))
	case errors.As(err, &unsupported) && strings.Contains(string(unsupported), "subsampling"):
		return fmt.Errorf("is a JPEG picture whose components are sampled %s, which is valid, but not read by the decoder of %s; "+
			"that of Go 1.27 reads all factors of 1, 2 and 4: build with it, or convert the picture, such as by: "+
			"magick FILE -sampling-factor 2x2 FILE", sampling(b), runtime.Version())
	case format == "webp" && len(b) > 20 && string(b[12:16]) == "VP8X" && b[20]&2 != 0:
		return errors.New("is an animated WebP picture, expected one that stands still")
	}
	return fmt.Errorf("is a %s picture that cannot be decoded: %w", name, err)
}

// sampling is how the components of a JPEG picture are sampled, horizontally×vertically, as its frame header says.
func sampling(b []byte) string {
	const frame, lengthBytes, componentsAt = 0xc0, 2, 7 // SOF0 to SOF15, but for three that are no frames; within its segment
	for at := 2; at+4 <= len(b) && b[at] == 0xff; {
		marker, length := b[at+1], int(binary.BigEndian.Uint16(b[at+2:]))
		segment := b[at+2 : min(at+2+length, len(b))]
		at += 2 + length
		if marker == 0xff { // fill
			at += 1 - 2 - length
			continue
		}
		if marker&0xf0 != frame || slices.Contains([]byte{0xc4, 0xc8, 0xcc}, marker) {
			continue
		}
		var factors []string
		for i := componentsAt + 1; i+1 < len(segment); i += 3 { // a component: its name, factors, a table
			factors = append(factors, fmt.Sprintf("%d×%d", segment[i+1]>>4, segment[i+1]&15))
		}
		return strings.Join(factors, ", ")
	}
	return "in an unusual way"
}

// otherThanPicture says what a file is that is named as a picture.
func otherThanPicture(b []byte) string {
	const want = ", expected a " + pictureFormats + " picture"
	text := strings.ToLower(string(bytes.TrimSpace(b[:min(len(b), 64)])))
	at := func(offset int, names ...string) bool {
		return len(b) > offset && slices.ContainsFunc(names, func(n string) bool { return bytes.HasPrefix(b[offset:], []byte(n)) })
	}
	what := ""
	switch {
	case len(b) == 0:
		what = "is empty"
	case len(bytes.Trim(b, "\x00")) == 0:
		what = "is nothing but zeros"
	case strings.HasPrefix(text, "<!doctype html"), strings.HasPrefix(text, "<html"):
		what = "is a web page"
	case strings.HasPrefix(text, "version https://git-lfs"):
		what = "is a pointer to a file of Git LFS (git lfs pull gets it)"
	case strings.HasPrefix(text, "<?xml"), strings.HasPrefix(text, "<svg"):
		what = "is XML, perhaps an SVG"
	case at(4, "ftypavif", "ftypavis"):
		what = "is an AVIF picture"
	case at(4, "ftyphei", "ftyphev", "ftypmif1", "ftypmsf1"):
		what = "is a HEIC picture"
	case at(4, "jP  \r\n"):
		what = "is a JPEG 2000 picture"
	case at(0, "\xff\x0a"), at(4, "JXL \r\n"):
		what = "is a JPEG XL picture"
	case at(0, "II*\x00", "MM\x00*"):
		what = "is a TIFF picture"
	case at(0, "8BPS"):
		what = "is a Photoshop document"
	case at(0, "%PDF"):
		what = "is a PDF document"
	case at(0, "PK\x03\x04"):
		what = "is a ZIP archive"
	case at(0, "\x1f\x8b"):
		what = "is compressed by gzip"
	case at(0, "\x00\x05\x16\x07", "\x00\x05\x16\x00"):
		what = "is what macOS keeps of a file beside it"
	case utf8.Valid(b[:min(len(b), 64)]) && !strings.ContainsRune(text, 0):
		what = "is text"
	}
	return cmp.Or(what, "is of no known format") + want
}
