package dataset

import (
	"errors"
	"fmt"
	"io/fs"
)

// cifar describes the binary version of a CIFAR data set: files of records, each some label bytes and then a plane of
// side×side reds, one of greens and one of blues.
type cifar struct {
	side               int
	name, archive, dir string
	train, test        []string // files
	trainRecords       int      // in each training file
	testRecords        int
	labels             []int // the number of values of each label byte; the last byte is the class
	classes            []string
}

const cifarPage = "https://www.cs.toronto.edu/~kriz/cifar.html"

var cifar10 = cifar{
	side:         32,
	name:         "CIFAR-10",
	archive:      "cifar-10-binary.tar.gz",
	dir:          "cifar-10-batches-bin",
	train:        []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
	test:         []string{"test_batch.bin"},
	trainRecords: 10000,
	testRecords:  10000,
	labels:       []int{10},
	classes:      []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"},
}

var cifar100 = cifar{
	side:         32,
	name:         "CIFAR-100",
	archive:      "cifar-100-binary.tar.gz",
	dir:          "cifar-100-binary",
	train:        []string{"train.bin"},
	test:         []string{"test.bin"},
	trainRecords: 50000,
	testRecords:  10000,
	labels:       []int{20, 100},
	classes: []string{
		"apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle",
		"bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle",
		"chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur",
		"dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard",
		"lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain",
		"mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree",
		"plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket",
		"rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider",
		"squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone", "television", "tiger", "tractor",
		"train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman", "worm",
	},
}

// ReadCIFAR10 reads the 50,000 training and 10,000 test images of CIFAR-10 (Krizhevsky, 2009) from the files of its
// binary version, which lie in dir or in dir/cifar-10-batches-bin. The error names the file, the place and the remedy.
func ReadCIFAR10(dir string) (train, test *Images, err error) { return cifar10.read(onDisk(dir)) }

// ReadCIFAR10FS is ReadCIFAR10 of a file system: an archive, or what a program embeds.
func ReadCIFAR10FS(fsys fs.FS) (train, test *Images, err error) {
	return cifar10.read(location{FS: fsys})
}

// ReadCIFAR100 reads the 50,000 training and 10,000 test images of CIFAR-100 with their 100 fine labels, from dir or
// from dir/cifar-100-binary.
func ReadCIFAR100(dir string) (train, test *Images, err error) { return cifar100.read(onDisk(dir)) }

// ReadCIFAR100FS is ReadCIFAR100 of a file system.
func ReadCIFAR100FS(fsys fs.FS) (train, test *Images, err error) {
	return cifar100.read(location{FS: fsys})
}

func (f *cifar) read(at location) (train, test *Images, err error) {
	if at.has(f.dir) {
		if at, err = at.sub(f.dir); err != nil {
			return nil, nil, fmt.Errorf("dataset: %w", err)
		}
	}
	if train, err = f.readFiles(at, "train", f.train, f.trainRecords); err != nil {
		return nil, nil, err
	}
	if test, err = f.readFiles(at, "test", f.test, f.testRecords); err != nil {
		return nil, nil, err
	}
	train.measure()
	return train, test, test.TestOf(train)
}

func (f *cifar) readFiles(at location, part string, files []string, records int) (*Images, error) {
	n := len(files) * records
	s := &Images{
		Name: f.name + " " + part, H: f.side, W: f.side, Classes: f.classes,
		Pixels: make([]byte, 0, n*f.side*f.side*Channels),
		Labels: make([]int32, 0, n),
	}
	for _, file := range files {
		b, err := readRegular(at, file, func(size int64) error { return f.checkSize(size, records) })
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("dataset: %s needs %s: %w; get %s (%q) from %s and unpack it, then name the directory that holds %s",
				f.name, at.path(file), bare(err), f.archive, f.name+" binary version", cifarPage, f.dir)
		}
		if err == nil {
			err = f.decode(s, b, records)
		}
		if err != nil {
			return nil, fmt.Errorf("dataset: %s: %w; unpack %s from %s again", at.path(file), bare(err), f.archive, cifarPage)
		}
	}
	return s, nil
}

// record is the size of a record in bytes.
func (f *cifar) record() int { return len(f.labels) + Channels*f.side*f.side }

// checkSize says whether so many bytes are so many records.
func (f *cifar) checkSize(bytes int64, records int) error {
	size := int64(f.record())
	all := int64(records) * size
	if bytes < all {
		return fmt.Errorf("truncated in record %d, at byte %d; expected %d records of %d bytes, %d bytes in all",
			bytes/size, bytes, records, size, all)
	}
	if bytes > all {
		return fmt.Errorf("%d bytes; expected %d records of %d bytes, %d bytes in all", bytes, records, size, all)
	}
	return nil
}

// decode appends the records in b to s. There must be as many as said, with labels in range.
func (f *cifar) decode(s *Images, b []byte, records int) error {
	if err := f.checkSize(int64(len(b)), records); err != nil {
		return err
	}
	size, plane := f.record(), f.side*f.side
	for record := range records {
		at := record * size
		for i, values := range f.labels {
			if label := b[at+i]; int(label) >= values {
				return fmt.Errorf("record %d, byte %d: label %d, expected 0 to %d", record, at+i, label, values-1)
			}
		}
		planes := b[at+len(f.labels) : at+size]
		s.Labels = append(s.Labels, int32(b[at+len(f.labels)-1]))
		for i := range plane {
			s.Pixels = append(s.Pixels, planes[i], planes[plane+i], planes[2*plane+i])
		}
	}
	return nil
}
