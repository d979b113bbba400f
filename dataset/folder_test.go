package dataset_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/oneshot-nas/oneshot/dataset"
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
		"dog/b.JPEG":         {Data: encodeJPEG(t, uniform(9, 9, red))},
		"dog/a.png":          {Data: encodePNG(t, wide)},
		"cat/grey.PNG":       {Data: encodePNG(t, grey)},
		"cat/clear.png":      {Data: encodePNG(t, uniform(4, 4, color.NRGBA{255, 255, 255, 0}))},
		"cat/notes.txt":      {Data: []byte("not a picture")},
		"cat/._grey.PNG":     {Data: []byte("what macOS keeps of a file beside it")},
		"cat/.DS_Store":      {Data: []byte("of a folder")},
		"cat/Thumbs.db":      {Data: []byte("and Windows")},
		"__MACOSX/cat/x.png": {Data: []byte("what archives of macOS hold besides")},
		"@eaDir/cat/x.png":   {Data: []byte("and some servers")},
		"desktop.ini":        {Data: []byte("not a class")},
		"dog/deeper/c.png":   {Data: []byte("not looked at")},
		".hidden/d.png":      {Data: []byte("not looked at")},
		"words.txt":          {Data: []byte("not a class")},
		"zebra/e.jpg":        {Data: encodeJPEG(t, uniform(8, 20, blue))},
		"zebra/another.jpg":  {Data: encodeJPEG(t, uniform(2, 2, blue))},
	}
	s, err := dataset.ReadImageFolder(t.Context(), fsys, 4, nil)
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
	s, err := dataset.ReadImageFolder(t.Context(), fstest.MapFS{"c/a.png": {Data: encodePNG(t, m)}}, 8, nil)
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
		"empty class":  {fstest.MapFS{"cat/a.png": {Data: good}, "dog/b.tiff": {}}, 4, "directory dog, which would be a class, holds no .jpg, .jpeg, .png, .gif, .bmp or .webp file"},
		"not an image": {fstest.MapFS{"cat/a.png": {Data: good}, "cat/b.jpg": {Data: []byte("hello")}}, 4, "cat/b.jpg is text, expected a JPEG, PNG, GIF, BMP or WebP picture"},
		"truncated":    {fstest.MapFS{"cat/a.png": {Data: good[:len(good)-20]}}, 4, "cat/a.png is a PNG picture that breaks off"},
		"a pipe":       {fstest.MapFS{"cat/a.png": {Mode: fs.ModeNamedPipe | 0o600}}, 4, "cat/a.png is a named pipe; expected a regular file"},
		"many":         {fstest.MapFS{"cat/a.png": {Data: good}, "cat/b.png": {Data: good}}, 60_000, "2 pictures of 60000×60000 pixels would take 20.1 GiB of memory, expected at most 16"},
		"huge":         {fstest.MapFS{"cat/a.png": {Data: huge}}, 4, "cat/a.png says it has 65536×65536 pixels"},
		"size":         {fstest.MapFS{"cat/a.png": {Data: good}}, 0, "image size 0, expected at least 1"},
	} {
		if _, err := dataset.ReadImageFolder(t.Context(), c.files, c.size, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", name, err, c.want)
		}
	}
	if _, err := dataset.ReadImageFolder(t.Context(), os.DirFS(filepath.Join(t.TempDir(), "absent")), 4, nil); err == nil {
		t.Error("no error for a directory that does not exist")
	}
}

// Up to a number of unreadable pictures are left out, and those that are left move up, whatever the number of processors.
func TestUnreadable(t *testing.T) {
	files := fstest.MapFS{}
	for i := range 9 {
		files[fmt.Sprintf("cat/%d.png", i)] = &fstest.MapFile{Data: encodePNG(t, uniform(4, 4, color.Gray{uint8(10 * i)}))}
		files[fmt.Sprintf("dog/%d.png", i)] = &fstest.MapFile{Data: encodePNG(t, uniform(4, 4, color.Gray{uint8(100 + 10*i)}))}
	}
	files["cat/3.png"].Data, files["dog/0.png"].Data = []byte("hello"), files["dog/0.png"].Data[:30]
	bad := &dataset.Unreadable{Most: 3}
	s, err := dataset.ReadImageFolder(t.Context(), files, 4, bad)
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	for i := range s.Len() {
		got = append(got, s.Image(i)[0])
	}
	want := []byte{0, 10, 20, 40, 50, 60, 70, 80, 110, 120, 130, 140, 150, 160, 170, 180}
	if !slices.Equal(got, want) || !slices.Equal(s.Counts(), []int{8, 8}) || len(s.Pixels) != 16*4*4*3 {
		t.Errorf("pictures %v, by class %v, want %v", got, s.Counts(), want)
	}
	if len(bad.Files) != 2 || bad.Files[0].File != "cat/3.png" || bad.Files[1].File != "dog/0.png" {
		t.Errorf("left out %v", bad.Files)
	}
	// The next folder has what is left of the number.
	if _, err = dataset.ReadImageFolder(t.Context(), files, 4, bad); err == nil || !strings.Contains(err.Error(), "more pictures cannot be read than the 3 that may be left out:\ncat/3.png is text") ||
		!strings.Contains(err.Error(), "dog/0.png is a PNG picture that breaks off") {
		t.Errorf("error %v", err)
	}
	for name := range files {
		if strings.HasPrefix(name, "dog") {
			files[name].Data = nil
		}
	}
	if _, err = dataset.ReadImageFolder(t.Context(), files, 4, &dataset.Unreadable{Most: 10}); err == nil || !strings.Contains(err.Error(), "no picture of dog can be read") {
		t.Errorf("error %v", err)
	}
}

func TestReadingEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	files := fstest.MapFS{"cat/a.png": {Data: encodePNG(t, uniform(4, 4, color.White))}}
	if _, err := dataset.ReadImageFolder(ctx, files, 4, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

// The layouts in which sets of pictures are about. Each picture is as grey as its number says.
func TestReadPictures(t *testing.T) {
	for name, c := range map[string]struct {
		files       map[string]uint8
		texts       map[string]string
		train, test []uint8 // in the order that they are read in
		alone       bool
	}{
		"ImageNet": {files: map[string]uint8{"train/b/1.png": 3, "train/a/1.png": 1, "train/a/2.png": 2, "val/a/1.png": 4, "val/b/1.png": 5},
			train: []uint8{1, 2, 3}, test: []uint8{4, 5}},
		"test before val": {files: map[string]uint8{"train/a/1.png": 1, "test/a/1.png": 2, "val/a/1.png": 3}, train: []uint8{1}, test: []uint8{2}},
		"Tiny ImageNet": {
			files: map[string]uint8{"train/n1/images/n1_0.png": 1, "train/n2/images/n2_0.png": 2, "val/images/val_0.png": 3, "val/images/val_1.png": 4, "val/images/val_2.png": 5,
				"test/images/test_0.png": 6},
			texts: map[string]string{"val/val_annotations.txt": "val_0.png\tn2\t0\t0\t62\t62\nval_1.png\tn1\t0\t0\t1\t1\r\nval_2.png\tn2\n", "train/n1/n1_boxes.txt": "n1_0.png\t0\t0\t1\t1\n",
				"wnids.txt": "n1\nn2\n"},
			train: []uint8{1, 2}, test: []uint8{4, 3, 5}},
		"val alone": {files: map[string]uint8{"val/a/1.png": 1, "val/a/2.png": 1, "val/a/3.png": 1, "val/a/4.png": 1, "val/b/1.png": 2, "val/b/2.png": 2, "val/b/3.png": 2, "val/b/4.png": 2},
			train: []uint8{1, 1, 1, 1, 2, 2, 2}, test: []uint8{2}, alone: true},
		"classes alone": {files: map[string]uint8{"a/1.png": 1, "a/2.png": 1, "a/3.png": 1, "a/4.png": 1, "a/5.png": 1, "b/1.png": 2, "b/2.png": 2, "b/3.png": 2, "b/4.png": 2, "b/5.png": 2},
			train: []uint8{1, 1, 1, 1, 2, 2, 2, 2}, test: []uint8{1, 2}, alone: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "birds")
			for file, grey := range c.files {
				writeFile(t, filepath.Join(dir, file), encodePNG(t, uniform(4, 4, color.Gray{grey})))
			}
			for file, text := range c.texts {
				writeFile(t, filepath.Join(dir, file), []byte(text))
			}
			train, test, err := dataset.ReadPictures(t.Context(), dir, 4, nil)
			if err != nil {
				t.Fatal(err)
			}
			greys := func(s *dataset.Images) (greys []uint8) {
				for i := range s.Len() {
					greys = append(greys, s.Image(i)[0])
				}
				return greys
			}
			if !slices.Equal(greys(train), c.train) || !slices.Equal(greys(test), c.test) {
				t.Errorf("trains on %v and tests on %v, want %v and %v", greys(train), greys(test), c.train, c.test)
			}
			if (train.Name == test.Name) != c.alone || !strings.HasPrefix(train.Name, "birds") {
				t.Errorf("sets %s and %s", train.Name, test.Name)
			}
			sum := 0
			for _, grey := range c.train {
				sum += int(grey)
			}
			if want := float32(sum) / float32(len(c.train)) / 255; train.Mean != test.Mean || train.Mean[0] < want-1e-6 || train.Mean[0] > want+1e-6 {
				t.Errorf("means %v and %v, want %v, that of the pictures to train on", train.Mean, test.Mean, want)
			}
		})
	}
}

func writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
}

// Errors say in which folder of the set they are.
func TestReadPicturesSaysWhatIsWrong(t *testing.T) {
	good := string(encodePNG(t, uniform(4, 4, color.White)))
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"damaged, to train on":   {map[string]string{"train/a/1.png": "hello", "test/a/1.png": good}, "DIR/train/a/1.png is text"},
		"damaged, to test on":    {map[string]string{"train/a/1.png": good, "test/a/1.png": "hello"}, "DIR/test/a/1.png is text"},
		"another class":          {map[string]string{"train/a/1.png": good, "val/a/1.png": good, "val/c/1.png": good}, `birds/val has a class "c", which birds/train has not`},
		"a class without":        {map[string]string{"train/a/1.png": good, "train/b/x.txt": "x", "val/a/1.png": good}, "image folder: DIR/train: directory b, which would be a class"},
		"no labels":              {map[string]string{"train/a/1.png": good, "val/1.png": good}, "nothing in DIR/val says of which classes its pictures are"},
		"no labels, as Tiny's":   {map[string]string{"train/a/1.png": good, "test/images/1.png": good}, "nothing in DIR/test says of which classes its pictures are"},
		"nothing to train on":    {map[string]string{"train/1.png": good, "val/a/1.png": good}, "DIR/train has no folders of classes with pictures"},
		"not in the list":        {map[string]string{"train/a/1.png": good, "val/images/1.png": good, "val/val_annotations.txt": "2.png\ta\n"}, "DIR/val/images/1.png has no line in val_annotations.txt"},
		"listed and not there":   {map[string]string{"train/a/1.png": good, "val/images/1.png": good, "val/val_annotations.txt": "1.png\ta\n2.png\ta\n"}, "DIR/val/images/2.png cannot be read: no such file"},
		"no list":                {map[string]string{"train/a/1.png": good, "val/images/1.png": good, "val/val_annotations.txt": "1.png a\n"}, "val_annotations.txt, line 1: \"1.png a\"; expected the name of a file, a tab and its class"},
		"listed twice":           {map[string]string{"train/a/1.png": good, "val/images/1.png": good, "val/val_annotations.txt": "1.png\ta\n1.png\tb\n"}, "val_annotations.txt, line 2"},
		"out of the folder":      {map[string]string{"train/a/1.png": good, "val/images/1.png": good, "val/val_annotations.txt": "1.png\ta\n../../../x.png\ta\n"}, "x.png cannot be read: invalid"},
		"one of a class, alone":  {map[string]string{"train/a/1.png": good, "train/b/1.png": good, "train/b/2.png": good}, "DIR/train has one picture of a: of a lone folder a fifth is held out"},
		"two, and none to train": {map[string]string{"test/a/1.png": good, "val/a/1.png": good}, "DIR has test and val but no train"},
		"nothing":                {map[string]string{"a/x.txt": "x"}, "no pictures in DIR, expected <class>/<picture>.jpg"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "birds")
			for file, text := range c.files {
				writeFile(t, filepath.Join(dir, file), []byte(text))
			}
			_, _, err := dataset.ReadPictures(t.Context(), dir, 4, nil)
			if want := strings.ReplaceAll(c.want, "DIR", dir); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q in it", err, want)
			}
		})
	}
}

func FuzzReadImageFolder(f *testing.F) {
	for _, b := range [][]byte{encodePNG(f, uniform(5, 3, color.White)), encodeJPEG(f, uniform(5, 3, color.White))} {
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := dataset.ReadImageFolder(t.Context(), fstest.MapFS{"class/picture.png": {Data: b}}, 6, nil)
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
	s, err := dataset.ReadImageFolder(t.Context(), os.DirFS(filepath.Join(data, "cifar10-images", "test")), 32, nil)
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
		s, err := dataset.ReadImageFolder(t.Context(), os.DirFS(filepath.Join(dir, part)), 64, nil)
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

// Tiny ImageNet as its authors lay it out, made of links to the real pictures, is the same data set.
func TestRealTinyImageNetAsPublished(t *testing.T) {
	from := filepath.Join(os.Getenv("ONESHOT_DATA"), "tiny-imagenet", "val")
	if _, err := os.Stat(from); os.Getenv("ONESHOT_DATA") == "" || err != nil {
		t.Skip("ONESHOT_DATA does not name a directory with tiny-imagenet")
	}
	dir := t.TempDir()
	link := func(old string, path ...string) {
		t.Helper()
		path = append([]string{dir}, path...)
		if err := os.MkdirAll(filepath.Join(path[:len(path)-1]...), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(old, filepath.Join(path...)); err != nil {
			t.Skip(err)
		}
	}
	classes, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	var list strings.Builder
	for _, class := range classes[:20] {
		link(filepath.Join(from, class.Name()), "plain", class.Name())
		link(filepath.Join(from, class.Name()), "train", class.Name(), "images")
		writeFile(t, filepath.Join(dir, "train", class.Name(), class.Name()+"_boxes.txt"), []byte("x.JPEG\t0\t0\t1\t1\n"))
		pictures, err := os.ReadDir(filepath.Join(from, class.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range pictures {
			link(filepath.Join(from, class.Name(), p.Name()), "val", "images", p.Name())
			fmt.Fprintf(&list, "%s\t%s\t0\t32\t44\t62\n", p.Name(), class.Name())
			if i == 0 {
				link(filepath.Join(from, class.Name(), p.Name()), "test", "images", p.Name())
			}
		}
	}
	writeFile(t, filepath.Join(dir, "val", "val_annotations.txt"), []byte(list.String()))
	train, test, err := dataset.ReadPictures(t.Context(), dir, 16, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := dataset.ReadImageFolder(t.Context(), os.DirFS(filepath.Join(dir, "plain")), 16, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := s.Fingerprint(); train.Fingerprint() != want || test.Fingerprint() != want || s.Len() != 300 {
		t.Errorf("%d and %d pictures, with other fingerprints than the %d in folders of classes", train.Len(), test.Len(), s.Len())
	}
}
