package dataset_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"

	"golang.org/x/image/bmp"

	"github.com/oneshot-nas/oneshot/dataset"
)

// bits are written from the lowest of each byte on, as WebP has them, or from the highest, as JPEG.
type bits struct {
	bytes []byte
	n     int
	high  bool
}

func (b *bits) put(value uint, n int) {
	for i := range n {
		if b.n%8 == 0 {
			b.bytes = append(b.bytes, 0)
		}
		bit := value >> i & 1
		if b.high {
			bit = value >> (n - 1 - i) & 1
			b.bytes[len(b.bytes)-1] |= byte(bit << (7 - b.n%8))
		} else {
			b.bytes[len(b.bytes)-1] |= byte(bit << (b.n % 8))
		}
		b.n++
	}
}

// uniformWebP is a lossless picture of one colour: each of its prefix codes has one symbol, so that a pixel takes no bits.
func uniformWebP(w, h int, c color.RGBA) []byte {
	var b bits
	b.put(0x2f, 8)
	b.put(uint(w-1), 14)
	b.put(uint(h-1), 14)
	b.put(0, 1+3)   // no alpha, version 0
	b.put(0, 1+1+1) // no transform, no colour cache, one group of codes
	for _, v := range []uint8{c.G, c.R, c.B, 255} {
		b.put(0b101, 3) // a simple code of one symbol of eight bits
		b.put(uint(v), 8)
	}
	b.put(0b001, 3) // of distances, of one bit
	b.put(0, 1)
	data := b.bytes
	if len(data)%2 == 1 {
		data = append(data, 0)
	}
	chunk := append(binary.LittleEndian.AppendUint32([]byte("WEBPVP8L"), uint32(len(b.bytes))), data...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(chunk))), chunk...)
}

// sampledJPEG is a picture of 16×16 pixels of one colour, Y 150, Cb 128, Cr 148, whose components are sampled as said.
func sampledJPEG(factors ...[2]int) []byte {
	segment := func(marker byte, data ...byte) []byte {
		return append([]byte{0xff, marker, 0, byte(len(data) + 2)}, data...)
	}
	file := []byte{0xff, 0xd8}
	file = append(file, segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)...)
	frame := []byte{8, 0, 16, 0, 16, 3}
	scan := []byte{3}
	for i, f := range factors {
		frame = append(frame, byte(i+1), byte(f[0]<<4|f[1]), 0)
		scan = append(scan, byte(i+1), 0)
	}
	file = append(file, segment(0xc0, frame...)...)
	// 0 is no difference, 10 one of eight bits; 0 is the end of a block.
	file = append(file, segment(0xc4, append(append([]byte{0x00, 1, 1}, make([]byte, 14)...), 0, 8)...)...)
	file = append(file, segment(0xc4, append(append([]byte{0x10, 1}, make([]byte, 15)...), 0)...)...)
	file = append(file, segment(0xda, append(scan, 0, 63, 0)...)...)
	b := bits{high: true}
	high, wide := 0, 0
	for _, f := range factors {
		wide, high = max(wide, f[0]), max(high, f[1])
	}
	for unit := range (2 + wide - 1) / wide * ((2 + high - 1) / high) {
		for i, f := range factors {
			for block := range f[0] * f[1] {
				if dc := []uint{8 * 22, 0, 8 * 20}[i]; unit == 0 && block == 0 && dc > 0 {
					b.put(0b10, 2)
					b.put(dc, 8)
				} else {
					b.put(0, 1)
				}
				b.put(0, 1)
			}
		}
	}
	for b.n%8 > 0 {
		b.put(1, 1)
	}
	return append(append(file, b.bytes...), 0xff, 0xd9)
}

func one(name string, b []byte) fstest.MapFS { return fstest.MapFS{"class/" + name: {Data: b}} }

// Every format, in every size from one pixel on, has its colour.
func TestPictureFormats(t *testing.T) {
	c := color.RGBA{200, 40, 90, 255}
	var asGIF, asBMP bytes.Buffer
	still := image.NewPaletted(image.Rect(0, 0, 7, 5), color.Palette{c, color.Black})
	other := image.NewPaletted(image.Rect(0, 0, 7, 5), color.Palette{color.Black, c})
	if err := gif.EncodeAll(&asGIF, &gif.GIF{Image: []*image.Paletted{still, other}, Delay: []int{1, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := bmp.Encode(&asBMP, uniform(7, 5, c)); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"a.gif": asGIF.Bytes(), "a.BMP": asBMP.Bytes(), "a.webp": uniformWebP(7, 5, c), "b.webp": uniformWebP(1, 1, c), "a.png": encodePNG(t, uniform(7, 5, c)),
		"png.jpg": encodePNG(t, uniform(7, 5, c)), // which happens: ImageNet has one
	} {
		s, err := dataset.ReadImageFolder(t.Context(), one(name, b), 3, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, v := range s.Pixels {
			if want := []byte{200, 40, 90}[i%3]; v != want {
				t.Errorf("%s: byte %d is %d, want %d", name, i, v, want)
				break
			}
		}
	}
}

// Components of JPEG pictures may be sampled in more ways than all decoders know: those that are not read are named.
// A picture that a user sends is what it would be in a folder.
func TestDecodePicture(t *testing.T) {
	b := uniformWebP(7, 5, color.RGBA{10, 20, 30, 255})
	set, err := dataset.ReadImageFolder(t.Context(), one("a.webp", b), 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	pixels, err := dataset.DecodePicture(bytes.NewReader(b), 3)
	if err != nil || !bytes.Equal(pixels, set.Pixels) {
		t.Errorf("%v, error %v; want %v", pixels, err, set.Pixels)
	}
	broken := errors.New("line cut")
	for want, read := range map[string]func() ([]byte, error){
		"what should be a picture is text":  func() ([]byte, error) { return dataset.DecodePicture(strings.NewReader("hello"), 3) },
		"what should be a picture is empty": func() ([]byte, error) { return dataset.DecodePicture(strings.NewReader(""), 3) },
		"reading a picture: line cut":       func() ([]byte, error) { return dataset.DecodePicture(iotest.ErrReader(broken), 3) },
		"image size 0, expected at least 1": func() ([]byte, error) { return dataset.DecodePicture(bytes.NewReader(b), 0) },
	} {
		if pixels, err := read(); err == nil || !strings.Contains(err.Error(), want) || pixels != nil {
			t.Errorf("%v, error %v, want %q in it", pixels, err, want)
		}
	}
}

func TestSampling(t *testing.T) {
	for says, factors := range map[string][3][2]int{
		"":              {{2, 2}, {1, 1}, {1, 1}},
		"1×1, 1×1, 1×1": {{1, 1}, {1, 1}, {1, 1}},
		"2×2, 1×1, 1×2": {{2, 2}, {1, 1}, {1, 2}},
		"2×2, 1×1, 2×2": {{2, 2}, {1, 1}, {2, 2}},
		"3×1, 1×1, 1×1": {{3, 1}, {1, 1}, {1, 1}},
	} {
		s, err := dataset.ReadImageFolder(t.Context(), one("a.jpg", sampledJPEG(factors[:]...)), 16, nil)
		if err != nil {
			if common := factors[1] == factors[2] && factors[0][0] != 3; common || !strings.Contains(err.Error(), "sampled "+says+", which is valid, but not read by the decoder of go") {
				t.Errorf("%v: error %v", factors, err)
			}
			continue
		}
		for i, v := range s.Pixels { // by the equations of JFIF
			if want := []int{178, 136, 150}[i%3]; int(v) < want-1 || int(v) > want+1 {
				t.Errorf("%v: byte %d is %d, want %d", factors, i, v, want)
				break
			}
		}
	}
}

// The error says what a file is, and not only what it is not.
func TestWhatIsNoPicture(t *testing.T) {
	animated := append([]byte("RIFF\x1e\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00"), "ANMF\x00\x00\x00\x00"...)
	// A WebP whose canvas is one pixel and whose picture is 16384×16384: a gigabyte.
	bomb := uniformWebP(16384, 16384, color.RGBA{A: 255})
	inner := bomb[12:]
	bomb = append([]byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), inner...)
	binary.LittleEndian.PutUint32(bomb[4:], uint32(len(bomb)-8))
	for says, b := range map[string][]byte{
		"is empty": {},
		"is nothing but zeros, expected a JPEG, PNG, GIF, BMP or WebP picture": make([]byte, 1000),
		"is a web page":                 []byte("\n<!DOCTYPE html>\n<title>404</title>"),
		"is a pointer to a file of Git": []byte("version https://git-lfs.github.com/spec/v1\noid sha256:00\n"),
		"is an AVIF picture":            []byte("\x00\x00\x00\x20ftypavif\x00\x00\x00\x00"),
		"is a HEIC picture":             []byte("\x00\x00\x00\x20ftypheic\x00\x00\x00\x00"),
		"is a TIFF picture":             []byte("II*\x00\x08\x00\x00\x00"),
		"is a ZIP archive":              []byte("PK\x03\x04\x14\x00"),
		"is what macOS keeps":           []byte("\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        "),
		"is text":                       []byte("hello"),
		"is of no known format":         []byte("\x01\x02\x03\xff\xfe"),
		"is a GIF picture that breaks off, after 12 bytes":                            []byte("GIF89a\x10\x00\x10\x00\x80\x00"),
		"is an animated WebP picture":                                                 animated,
		"is a WebP picture that cannot be decoded":                                    bomb,
		"says it has 16384×16384 pixels":                                              uniformWebP(16384, 16384, color.RGBA{A: 255}),
		"is a JPEG picture that cannot be decoded: unsupported JPEG feature: precisi": bytes.Replace(sampledJPEG([2]int{1, 1}, [2]int{1, 1}, [2]int{1, 1}), []byte{0xff, 0xc0, 0, 17, 8}, []byte{0xff, 0xc0, 0, 17, 12}, 1),
	} {
		_, err := dataset.ReadImageFolder(t.Context(), one("a.jpg", b), 4, nil)
		var picture *dataset.PictureError
		if err == nil || !strings.Contains(err.Error(), "class/a.jpg "+says) || !errors.As(err, &picture) || picture.File != "class/a.jpg" {
			t.Errorf("error %v, want a PictureError that says: %s", err, says)
		}
	}
}

// Names that would not be a word on a line are escaped, so that they can neither steer a terminal nor write a line of their own.
func TestNamesAreEscaped(t *testing.T) {
	_, err := dataset.ReadImageFolder(t.Context(), one("a\x1b[2J\nb.jpg", []byte("hello")), 4, nil)
	if err == nil || !strings.Contains(err.Error(), `"class/a\x1b[2J\nb.jpg" is text`) {
		t.Errorf("error %q", err)
	}
}
