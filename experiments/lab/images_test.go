package lab

import (
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneshot-nas/oneshot/dataset"
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
		train, test, name, err := readImages(t.Context(), dir, 32, &dataset.Unreadable{})
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
		onlyTrain:    {"of a lone folder a fifth is held out to test on"},
		otherClasses: {`class "c"`},
	} {
		_, _, _, err := readImages(t.Context(), dir, 32, &dataset.Unreadable{})
		for _, part := range want {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%v, want %q in it", err, part)
			}
		}
	}
}

// A folder of pictures with two that are damaged: an error that says how to leave them out; left out, the study lists them.
func TestSkipBadImages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "birds")
	pictures(t, dir, "train", "finch", "owl")
	pictures(t, dir, "test", "finch", "owl")
	for _, part := range []string{"train", "test"} {
		if err := os.WriteFile(filepath.Join(dir, part, "owl", "2.jpg"), []byte("hello"), 0o666); err != nil {
			t.Fatal(err)
		}
		for _, other := range []string{"3.png", "4.png", "5.png"} { // so that all sets have pictures of both classes
			for _, class := range []string{"finch", "owl"} {
				if err := os.Link(filepath.Join(dir, part, class, "1.png"), filepath.Join(dir, part, class, other)); err != nil {
					t.Skip(err)
				}
			}
		}
	}
	args := []string{"-space", "nasbench201", "-data", dir, "-study", filepath.Join(t.TempDir(), "study"), "-quiet", "-archs", "2", "-batch", "2", "-bn", "batch",
		"-score-count", "4", "-channels", "4", "-cells", "1", "-image", "8"}
	for most, want := range map[string]string{
		"0": filepath.Join(dir, "train", "owl", "2.jpg") + " is text, expected a JPEG, PNG, GIF, BMP or WebP picture\n-skip-bad-images 1 or more",
		"1": "more pictures cannot be read than the 1 that may be left out",
	} {
		if _, err := Open(t.Context(), options(t, append(args, "-skip-bad-images", most)...)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q in it", most, err, want)
		}
	}
	l, err := Open(t.Context(), options(t, append(args, "-skip-bad-images", "2")...))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var out strings.Builder
	l.Describe(&out)
	for _, want := range []string{
		"pictures of birds, 2 unreadable left out", "2 cannot be read and are left out:",
		filepath.Join(dir, "train", "owl", "2.jpg") + " is text", filepath.Join(dir, "test", "owl", "2.jpg") + " is text",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the description does not say %q:\n%s", want, out.String())
		}
	}
}

// A folder of pictures without others to test on: a fifth is held out, and the study says so.
func TestLoneFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "birds")
	for _, part := range []string{"val/finch", "val/owl"} {
		pictures(t, dir, part, "") // one picture
		for _, other := range []string{"2.png", "3.png", "4.png", "5.png"} {
			if err := os.Link(filepath.Join(dir, part, "1.png"), filepath.Join(dir, part, other)); err != nil {
				t.Skip(err)
			}
		}
	}
	train, test, name, err := readImages(t.Context(), dir, 8, &dataset.Unreadable{})
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 8 || test.Len() != 2 || name != "pictures of birds, a fifth of birds/val to test on" {
		t.Errorf("%s: %d and %d images", name, train.Len(), test.Len())
	}
}

// Whatever loading waits for, it ends when it is told to.
func TestUnlessStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	never := make(chan struct{})
	defer close(never)
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := UnlessStopped(ctx, func() (int, error) { <-never; return 1, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if v, err := UnlessStopped(t.Context(), func() (int, error) { return 7, errors.ErrUnsupported }); v != 7 || err != errors.ErrUnsupported {
		t.Errorf("left alone, it says %d, %v", v, err)
	}
	if _, err := Open(ctx, options(t, "-study", filepath.Join(t.TempDir(), "study"), "-quiet")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}
