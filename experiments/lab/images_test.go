package lab

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pictures writes one picture for each class to folder/part/CLASS.
func pictures(t *testing.T, folder, part string, classes ...string) {
	t.Helper()
	for i, class := range classes {
		dir := filepath.Join(folder, part, class)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filepath.Join(dir, "1.png"))
		if err != nil {
			t.Fatal(err)
		}
		picture := image.NewRGBA(image.Rect(0, 0, 40, 36))
		for p := range picture.Pix {
			picture.Pix[p] = uint8(40 * i)
		}
		picture.Set(20, 18, color.White)
		if err := png.Encode(f, picture); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadPictures(t *testing.T) {
	for _, held := range []string{"test", "val"} {
		dir := filepath.Join(t.TempDir(), "birds")
		pictures(t, dir, "train", "finch", "owl", "wren")
		pictures(t, dir, held, "finch", "owl", "wren")
		train, test, name, err := readImages(dir, 32)
		if err != nil {
			t.Fatal(err)
		}
		if train.Len() != 3 || test.Len() != 3 || train.H != 32 || len(test.Classes) != 3 || name != "pictures of birds" {
			t.Errorf("%s: %d and %d images of %d pixels, %d classes", name, train.Len(), test.Len(), train.H, len(test.Classes))
		}
		if test.Mean != train.Mean {
			t.Error("test images are not normalised as those for training")
		}
	}
}

// TestNoImages: the error says what could have been there.
func TestNoImages(t *testing.T) {
	neither := t.TempDir()
	onlyTrain := t.TempDir()
	pictures(t, onlyTrain, "train", "a", "b")
	otherClasses := t.TempDir()
	pictures(t, otherClasses, "train", "a", "b")
	pictures(t, otherClasses, "test", "a", "c")
	for dir, want := range map[string][]string{
		neither:      {"data_batch_1.bin", filepath.Join(neither, "train", "CLASS")},
		onlyTrain:    {"no folder test (or val)"},
		otherClasses: {`class "c"`},
	} {
		_, _, _, err := readImages(dir, 32)
		for _, part := range want {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%v, want %q in it", err, part)
			}
		}
	}
}
