package dataset

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// small is a format with few records in each file.
func small(f cifar) *cifar {
	f.trainRecords, f.testRecords = 3, 2
	return &f
}

// contents makes a file's records. Record i has class first+i; its red at (y, x) is y, its green x, its blue class.
func (f *cifar) contents(records, first int) []byte {
	var b []byte
	for i := range records {
		class := byte(first + i)
		b = append(b, slices.Repeat([]byte{class}, len(f.labels))...)
		for plane := range Channels {
			for y := range f.side {
				for x := range f.side {
					b = append(b, [Channels]byte{byte(y), byte(x), class}[plane])
				}
			}
		}
	}
	return b
}

// writeSmall lays out all files below dir.
func (f *cifar) writeSmall(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for i, file := range f.train {
		write(t, filepath.Join(dir, file), f.contents(f.trainRecords, i))
	}
	for _, file := range f.test {
		write(t, filepath.Join(dir, file), f.contents(f.testRecords, 7))
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestReadCIFAR(t *testing.T) {
	for _, c := range []struct {
		format      *cifar
		train, test []int32
	}{
		{small(cifar10), []int32{0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4, 5, 4, 5, 6}, []int32{7, 8}},
		{small(cifar100), []int32{0, 1, 2}, []int32{7, 8}},
	} {
		root := t.TempDir()
		c.format.writeSmall(t, filepath.Join(root, c.format.dir))
		for _, dir := range []string{root, filepath.Join(root, c.format.dir)} {
			train, test, err := c.format.read(onDisk(dir))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(train.Labels, c.train) || !slices.Equal(test.Labels, c.test) {
				t.Errorf("%s: labels %v and %v, want %v and %v", train.Name, train.Labels, test.Labels, c.train, c.test)
			}
			for i := range test.Len() {
				for p := 0; p < 32*32; p++ {
					got := test.Image(i)[p*Channels : (p+1)*Channels]
					if want := []byte{byte(p / 32), byte(p % 32), byte(7 + i)}; !bytes.Equal(got, want) {
						t.Fatalf("%s: image %d, pixel %d is %v, want %v", test.Name, i, p, got, want)
					}
				}
			}
			if test.Mean != train.Mean || train.Mean[0] != 15.5/255 {
				t.Errorf("%s: means %v and %v, want red %v in both", train.Name, train.Mean, test.Mean, float32(15.5/255))
			}
		}
	}
}

func TestCIFARHasItsClasses(t *testing.T) {
	for _, f := range []cifar{cifar10, cifar100} {
		if want := f.labels[len(f.labels)-1]; len(f.classes) != want || !slices.IsSorted(f.classes) {
			t.Errorf("%s: %d classes, want %d in order: %v", f.name, len(f.classes), want, f.classes)
		}
	}
}

func TestReadCIFARSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		format cifar
		damage func(b []byte) []byte // of the last training file
		want   []string
	}{
		"truncated": {cifar10, func(b []byte) []byte { return b[:7000] },
			[]string{"data_batch_5.bin", "truncated in record 2, at byte 7000", "expected 3 records of 3073 bytes, 9219 bytes in all", "cifar-10-binary.tar.gz"}},
		"empty":    {cifar10, func(b []byte) []byte { return nil }, []string{"data_batch_5.bin", "truncated in record 0, at byte 0"}},
		"too long": {cifar10, func(b []byte) []byte { return append(b, 1) }, []string{"data_batch_5.bin", "9220 bytes; expected 3 records of 3073 bytes, 9219"}},
		"label": {cifar10, func(b []byte) []byte { b[3073] = 10; return b },
			[]string{"data_batch_5.bin", "record 1, byte 3073: label 10, expected 0 to 9"}},
		"coarse label": {cifar100, func(b []byte) []byte { b[2*3074] = 20; return b },
			[]string{"train.bin", "record 2, byte 6148: label 20, expected 0 to 19", "cifar-100-binary.tar.gz"}},
		"fine label": {cifar100, func(b []byte) []byte { b[1] = 100; return b },
			[]string{"train.bin", "record 0, byte 1: label 100, expected 0 to 99"}},
	} {
		t.Run(name, func(t *testing.T) {
			f, dir := small(c.format), t.TempDir()
			f.writeSmall(t, dir)
			last := f.train[len(f.train)-1]
			write(t, filepath.Join(dir, last), c.damage(f.contents(f.trainRecords, 0)))
			_, _, err := f.read(onDisk(dir))
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestReadCIFARWithoutAFile(t *testing.T) {
	dir := t.TempDir()
	f := small(cifar10)
	f.writeSmall(t, dir)
	if err := os.Remove(filepath.Join(dir, "test_batch.bin")); err != nil {
		t.Fatal(err)
	}
	_, _, err := f.read(onDisk(dir))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("error %v, want one that is fs.ErrNotExist", err)
	}
	for _, want := range []string{"test_batch.bin", "cifar-10-binary.tar.gz", "https://www.cs.toronto.edu/~kriz/cifar.html"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}

// Files of two records of 2×2 pixels, which take few bytes: whatever is in them, there are as many images as said with labels of classes,
// and the error says where another file is wrong.
func FuzzDecodeCIFAR(f *testing.F) {
	formats := []*cifar{small(cifar10), small(cifar100)}
	for _, format := range formats {
		format.trainRecords, format.side = 2, 2
		good := format.contents(format.trainRecords, 0)
		f.Add(good)
		f.Add(good[:len(good)-1])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, format := range formats {
			s := &Images{H: format.side, W: format.side, Classes: format.classes}
			if err := format.decode(s, b, format.trainRecords); err != nil {
				if len(b) == format.trainRecords*format.record() && !strings.Contains(err.Error(), "label") {
					t.Errorf("a file of the right size: %v", err)
				}
				continue
			}
			if s.Len() != format.trainRecords || len(s.Pixels) != s.Len()*s.H*s.W*Channels {
				t.Fatalf("%d images with %d bytes of pixels", s.Len(), len(s.Pixels))
			}
			s.Counts() // panics if a label is out of range
			for i := range s.Len() {
				for p := range s.H * s.W {
					for c := range Channels {
						if want := b[i*format.record()+len(format.labels)+c*s.H*s.W+p]; s.Image(i)[p*Channels+c] != want {
							t.Fatalf("image %d, pixel %d, channel %d is %d, want %d", i, p, c, s.Image(i)[p*Channels+c], want)
						}
					}
				}
			}
		}
	})
}

func TestRealCIFAR10(t *testing.T) {
	dir := os.Getenv("ONESHOT_DATA")
	if dir == "" {
		t.Skip("ONESHOT_DATA does not name a directory with cifar-10-batches-bin")
	}
	train, test, err := ReadCIFAR10(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := train.Counts(), slices.Repeat([]int{5000}, 10); !slices.Equal(got, want) {
		t.Errorf("training images by class %v, want %v", got, want)
	}
	if got, want := test.Counts(), slices.Repeat([]int{1000}, 10); !slices.Equal(got, want) {
		t.Errorf("test images by class %v, want %v", got, want)
	}
	if got, want := train.Labels[:10], []int32{6, 9, 9, 4, 1, 1, 2, 7, 8, 3}; !slices.Equal(got, want) {
		t.Errorf("first labels %v, want %v", got, want)
	}
	// The published mean and standard deviation, which copies that went through JPEG come near to.
	for c, want := range [Channels][2]float32{{0.4914, 0.2470}, {0.4822, 0.2435}, {0.4465, 0.2616}} {
		if got := [2]float32{train.Mean[c], train.Std[c]}; abs32(got[0]-want[0]) > 0.002 || abs32(got[1]-want[1]) > 0.002 {
			t.Errorf("channel %d: mean and standard deviation %v, want %v within 0.002", c, got, want)
		}
	}
}

func abs32(x float32) float32 { return max(x, -x) }
