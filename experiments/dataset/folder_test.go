package dataset_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/oneshot-nas/oneshot/experiments/dataset"
)

func encodePNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodeJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func uniform(w, h int, c color.Color) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, c)
		}
	}
	return m
}

func TestReadImageFolder(t *testing.T) {
	red, blue := color.RGBA{200, 0, 0, 255}, color.RGBA{0, 0, 100, 255}
	wide := uniform(12, 4, red) // its middle third is blue
	for y := range 4 {
		for x := 4; x < 8; x++ {
			wide.Set(x, y, blue)
		}
	}
	grey := image.NewGray(image.Rect(0, 0, 4, 4))
	for i := range grey.Pix {
		grey.Pix[i] = byte(10 * i)
	}
	fsys := fstest.MapFS{
		"dog/b.JPEG":        {Data: encodeJPEG(t, uniform(9, 9, red))},
		"dog/a.png":         {Data: encodePNG(t, wide)},
		"cat/grey.PNG":      {Data: encodePNG(t, grey)},
		"cat/clear.png":     {Data: encodePNG(t, uniform(4, 4, color.NRGBA{255, 255, 255, 0}))},
		"cat/notes.txt":     {Data: []byte("not a picture")},
		"dog/deeper/c.png":  {Data: []byte("not looked at")},
		".hidden/d.png":     {Data: []byte("not looked at")},
		"words.txt":         {Data: []byte("not a class")},
		"zebra/e.jpg":       {Data: encodeJPEG(t, uniform(8, 20, blue))},
		"zebra/another.jpg": {Data: encodeJPEG(t, uniform(2, 2, blue))},
	}
	s, err := dataset.ReadImageFolder(fsys, 4)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"cat", "dog", "zebra"}; !slices.Equal(s.Classes, want) {
		t.Errorf("classes %v, want %v", s.Classes, want)
	}
	if want := []int32{0, 0, 1, 1, 2, 2}; !slices.Equal(s.Labels, want) {
		t.Fatalf("labels %v, want %v", s.Labels, want)
	}
	for i := range 16 {
		if got, want := s.Image(1)[3*i:3*i+3], []byte{byte(10 * i), byte(10 * i), byte(10 * i)}; !bytes.Equal(got, want) {
			t.Errorf("cat/grey.PNG, pixel %d is %v, want %v: a picture of the right size is to be left as it is", i, got, want)
		}
	}
	for _, c := range []struct {
		image     int
		name      string
		want      [3]byte
		tolerance int // JPEG stores colours in other units
	}{
		{0, "cat/clear.png", [3]byte{0, 0, 0}, 0},
		{2, "dog/a.png", [3]byte{0, 0, 100}, 0},
		{3, "dog/b.JPEG", [3]byte{200, 0, 0}, 2},
		{4, "zebra/another.jpg", [3]byte{0, 0, 100}, 2},
		{5, "zebra/e.jpg", [3]byte{0, 0, 100}, 2},
	} {
		for i, v := range s.Image(c.image) {
			if d := int(v) - int(c.want[i%3]); d > c.tolerance || -d > c.tolerance {
				t.Errorf("%s: byte %d is %d, want %v", c.name, i, v, c.want)
				break
			}
		}
	}
}

// Shrinking must average what it leaves out: a fine checkerboard becomes grey.
func TestShrinkingAverages(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 64, 64))
	for i := range m.Pix {
		m.Pix[i] = byte(200 * ((i + i/64) & 1))
	}
	s, err := dataset.ReadImageFolder(fstest.MapFS{"c/a.png": {Data: encodePNG(t, m)}}, 8)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range s.Pixels {
		if v < 98 || v > 102 {
			t.Fatalf("byte %d is %d, want 100", i, v)
		}
	}
}

func TestReadImageFolderSaysWhatIsWrong(t *testing.T) {
	good := encodePNG(t, uniform(4, 4, color.White))
	huge := slices.Clone(good)
	copy(huge[16:], "\x00\x01\x00\x00\x00\x01\x00\x00") // 65536×65536 in the header
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	for name, c := range map[string]struct {
		files fstest.MapFS
		size  int
		want  string
	}{
		"nothing":      {fstest.MapFS{}, 4, "no pictures; expected <class>/<picture>.jpg"},
		"flat":         {fstest.MapFS{"a.png": {Data: good}}, 4, "no pictures; expected <class>/<picture>.jpg"},
		"empty class":  {fstest.MapFS{"cat/a.png": {Data: good}, "dog/b.gif": {}}, 4, "directory dog, which would be a class, holds no .jpg, .jpeg or .png file"},
		"not an image": {fstest.MapFS{"cat/a.png": {Data: good}, "cat/b.jpg": {Data: []byte("hello")}}, 4, "cat/b.jpg is not a JPEG or PNG picture"},
		"truncated":    {fstest.MapFS{"cat/a.png": {Data: good[:len(good)-20]}}, 4, "cat/a.png cannot be decoded"},
		"huge":         {fstest.MapFS{"cat/a.png": {Data: huge}}, 4, "cat/a.png says it has 65536×65536 pixels"},
		"size":         {fstest.MapFS{"cat/a.png": {Data: good}}, 0, "image size 0, expected at least 1"},
	} {
		if _, err := dataset.ReadImageFolder(c.files, c.size); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", name, err, c.want)
		}
	}
	if _, err := dataset.ReadImageFolder(os.DirFS(filepath.Join(t.TempDir(), "absent")), 4); err == nil {
		t.Error("no error for a directory that does not exist")
	}
}

func FuzzReadImageFolder(f *testing.F) {
	for _, b := range [][]byte{encodePNG(f, uniform(5, 3, color.White)), encodeJPEG(f, uniform(5, 3, color.White))} {
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := dataset.ReadImageFolder(fstest.MapFS{"class/picture.png": {Data: b}}, 6)
		if err == nil && (s.Len() != 1 || len(s.Pixels) != 6*6*3) {
			t.Errorf("%d images with %d bytes", s.Len(), len(s.Pixels))
		}
		if err != nil && !strings.Contains(err.Error(), "class/picture.png") {
			t.Errorf("the error does not name the file: %v", err)
		}
	})
}

func TestRealImageFolder(t *testing.T) {
	data := os.Getenv("ONESHOT_DATA")
	if data == "" {
		t.Skip("ONESHOT_DATA does not name a directory with cifar10-images")
	}
	s, err := dataset.ReadImageFolder(os.DirFS(filepath.Join(data, "cifar10-images", "test")), 32)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.Counts(), slices.Repeat([]int{1000}, 10); !slices.Equal(got, want) {
		t.Errorf("images by class %v, want %v", got, want)
	}
}

// A part of Tiny ImageNet in the layout of ImageNet, the grey pictures of which have one channel.
func TestRealTinyImageNet(t *testing.T) {
	dir := filepath.Join(os.Getenv("ONESHOT_DATA"), "tiny-imagenet")
	if _, err := os.Stat(dir); os.Getenv("ONESHOT_DATA") == "" || err != nil {
		t.Skip("ONESHOT_DATA does not name a directory with tiny-imagenet")
	}
	read := func(part string, each int) *dataset.Images {
		s, err := dataset.ReadImageFolder(os.DirFS(filepath.Join(dir, part)), 64)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := s.Counts(), slices.Repeat([]int{each}, 200); s.H != 64 || s.W != 64 || !slices.Equal(got, want) {
			t.Errorf("%s: %d×%d pixels, images by class %v, want 64×64 and %d each", part, s.H, s.W, got, each)
		}
		return s
	}
	train, val := read("train", 60), read("val", 15)
	if err := val.TestOf(train); err != nil {
		t.Error(err)
	}
	grey := 0
	for _, s := range []*dataset.Images{train, val} {
		for i := range s.Len() {
			colourless := true
			for p := range slices.Chunk(s.Image(i), dataset.Channels) {
				colourless = colourless && p[0] == p[1] && p[1] == p[2]
			}
			if colourless {
				grey++
			}
		}
	}
	if grey < 281 {
		t.Errorf("%d pictures without colours, want the 281 with one channel at least", grey)
	}
	for c, want := range [3]float32{0.480, 0.448, 0.398} { // published of all of Tiny ImageNet
		if d := train.Mean[c] - want; d > 0.02 || d < -0.02 {
			t.Errorf("mean of channel %d is %.3f, want about %.3f", c, train.Mean[c], want)
		}
	}
	// At its own size a picture is what is in the file.
	f, err := os.Open(filepath.Join(dir, "train", train.Classes[0], train.Classes[0]+"_0.JPEG"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := jpeg.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 64 * 64 {
		r, g, b, _ := picture.At(i%64, i/64).RGBA()
		if want := []byte{byte(r >> 8), byte(g >> 8), byte(b >> 8)}; !bytes.Equal(train.Image(0)[3*i:3*i+3], want) {
			t.Fatalf("pixel %d is %v, want %v", i, train.Image(0)[3*i:3*i+3], want)
		}
	}
}
