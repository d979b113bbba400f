package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io/fs"
	"path"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/image/draw"
)

// maxPixels bounds what a picture may claim to hold before it is decoded: 64 million, above any camera's photograph.
const maxPixels = 1 << 26

// ReadImageFolder reads a directory with one subdirectory for each class, named as it, with the pictures inside:
// <class>/*.jpg, .jpeg, .png in any case. Classes and pictures come in the order of their names; other files, and what
// lies deeper, are left out. Each picture is scaled (triangle filter) until its shorter side is size, and the middle
// size×size of it is kept. Grey becomes RGB; transparent becomes black. Name is "folder".
//
// For files on disk, fsys is os.DirFS(dir); ImageNet's train and val are a set each, to be joined by [Images.TestOf].
func ReadImageFolder(fsys fs.FS, size int) (*Images, error) {
	if size < 1 {
		return nil, fmt.Errorf("dataset: image size %d, expected at least 1", size)
	}
	files, s, err := listFolder(fsys)
	if err != nil {
		return nil, err
	}
	s.H, s.W = size, size
	s.Pixels = make([]byte, len(files)*size*size*Channels)
	if err := inParallel(len(files), func(i int) error { return readPicture(s.Image(i), fsys, files[i], size) }); err != nil {
		return nil, err
	}
	s.measure()
	return s, nil
}

// listFolder returns the picture files and a set with their classes and labels, without pixels.
func listFolder(fsys fs.FS) (files []string, s *Images, err error) {
	dirs, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, nil, fmt.Errorf("dataset: image folder: %w", err)
	}
	s = &Images{Name: "folder"}
	for _, dir := range dirs {
		info, err := fs.Stat(fsys, dir.Name()) // follows symbolic links
		if err != nil {
			return nil, nil, fmt.Errorf("dataset: image folder: %w", err)
		}
		if !info.IsDir() || strings.HasPrefix(dir.Name(), ".") {
			continue
		}
		entries, err := fs.ReadDir(fsys, dir.Name())
		if err != nil {
			return nil, nil, fmt.Errorf("dataset: image folder: %w", err)
		}
		before := len(files)
		for _, entry := range entries {
			switch strings.ToLower(path.Ext(entry.Name())) {
			case ".jpg", ".jpeg", ".png":
				files = append(files, path.Join(dir.Name(), entry.Name()))
				s.Labels = append(s.Labels, int32(len(s.Classes)))
			}
		}
		if len(files) == before {
			return nil, nil, fmt.Errorf("dataset: image folder: directory %s, which would be a class, holds no .jpg, .jpeg or .png file", dir.Name())
		}
		s.Classes = append(s.Classes, dir.Name())
	}
	if len(files) == 0 {
		return nil, nil, errors.New("dataset: image folder: no pictures; expected <class>/<picture>.jpg, .jpeg or .png")
	}
	return files, s, nil
}

// readPicture writes the middle of a picture to dst, [size][size][Channels].
func readPicture(dst []byte, fsys fs.FS, file string, size int) error {
	b, err := fs.ReadFile(fsys, file)
	if err != nil {
		return fmt.Errorf("dataset: image folder: %w", err)
	}
	header, _, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("dataset: %s is not a JPEG or PNG picture: %w", file, err)
	}
	if header.Width < 1 || header.Height < 1 || header.Width > maxPixels/header.Height {
		return fmt.Errorf("dataset: %s says it has %d×%d pixels, expected between 1 and %d in all", file, header.Width, header.Height, maxPixels)
	}
	picture, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("dataset: %s cannot be decoded: %w", file, err)
	}
	square := image.NewRGBA(image.Rect(0, 0, size, size))
	draw.BiLinear.Scale(square, square.Bounds(), picture, middle(picture.Bounds()), draw.Src, nil)
	for i := range size * size {
		copy(dst[i*Channels:(i+1)*Channels], square.Pix[i*4:])
	}
	return nil
}

// middle is the largest square around the centre of r.
func middle(r image.Rectangle) image.Rectangle {
	side := min(r.Dx(), r.Dy())
	corner := r.Min.Add(image.Pt((r.Dx()-side)/2, (r.Dy()-side)/2))
	return image.Rectangle{corner, corner.Add(image.Pt(side, side))}
}

// inParallel calls do for 0, ..., n-1 on all processors. It returns the error of the lowest of the calls that failed, and
// starts no more once there is one.
func inParallel(n int, do func(i int) error) error {
	var next atomic.Int64
	var mu sync.Mutex
	var first error
	firstAt := n
	var workers sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := do(i); err != nil {
					next.Store(int64(n))
					mu.Lock()
					if i < firstAt {
						first, firstAt = err, i
					}
					mu.Unlock()
				}
			}
		})
	}
	workers.Wait()
	return first
}
