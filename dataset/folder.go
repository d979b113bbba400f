package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// maxPixelBytes bounds a set of pictures in memory: 16 GiB, which holds ImageNet at 64×64.
const maxPixelBytes = 16 << 30

// heldOut is the part of a lone folder of pictures that is kept to test on: one in so many.
const heldOut = 5

// Unreadable are pictures that cannot be read and are left out: at most Most, in all folders that are read with it together.
type Unreadable struct {
	Most  int
	Files []*PictureError // those that were left out, by folder and name
}

// ReadPictures reads a data set of pictures: from dir/train those to train on, from dir/test, or val, valid or validation, those to test
// on, each a folder as [ReadImageFolder] reads it. A folder whose pictures have no classes, as the test set of Tiny ImageNet, is passed
// over. Where there is one folder only, train or one of the others, or dir is one itself, a fifth of the pictures of each class is held
// out to test on; both sets then have the same Name, which is that of the folder. The error says which folder and file is wrong, and is
// fs.ErrNotExist if there is no picture.
func ReadPictures(ctx context.Context, dir string, size int, bad *Unreadable) (train, test *Images, err error) {
	parts, err := partsOf(dir)
	if err != nil {
		return nil, nil, err
	}
	var sets []*Images
	for _, part := range parts {
		s, err := readFolder(ctx, os.DirFS(filepath.Join(dir, part)), filepath.Join(dir, part), size, bad)
		if err != nil {
			return nil, nil, err
		}
		s.Name = path.Join(filepath.Base(dir), part)
		sets = append(sets, s)
	}
	if len(sets) == 2 {
		return sets[0], sets[1], sets[1].TestOf(sets[0])
	}
	all := sets[0]
	for class, n := range all.Counts() {
		if n < 2 {
			return nil, nil, fmt.Errorf("dataset: %s has one picture of %s: of a lone folder a fifth is held out to test on, "+
				"which takes two of each class at least; "+
				"expected more, or others in a folder test or val beside train", filepath.Join(dir, parts[0]), shown(all.Classes[class]))
		}
	}
	train, test = all.Split(all.Len()-max(1, all.Len()/heldOut), 1)
	train.measure()
	return train, test, test.TestOf(train)
}

// partsOf returns the folders that a data set has within dir, train first; "." if it has none, but is one.
func partsOf(dir string) (parts []string, err error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("dataset: pictures: %w", err)
	}
	var unlabelled string
	for _, part := range []string{"train", "test", "val", "valid", "validation"} {
		info, err := os.Stat(filepath.Join(dir, part))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, fmt.Errorf("dataset: %w", err)
		case !info.IsDir():
			continue
		}
		labelled, err := hasClasses(os.DirFS(filepath.Join(dir, part)))
		if err != nil {
			return nil, fmt.Errorf("dataset: %s: %w", filepath.Join(dir, part), err)
		}
		switch {
		case !labelled && part == "train":
			return nil, fmt.Errorf("dataset: %s has no folders of classes with pictures, %s: %w",
				filepath.Join(dir, part), folderLayout, fs.ErrNotExist)
		case !labelled:
			unlabelled = part
		case len(parts) < 2:
			parts = append(parts, part)
		}
	}
	switch {
	case unlabelled != "" && (parts == nil || slices.Equal(parts, []string{"train"})):
		return nil, fmt.Errorf("dataset: nothing in %s says of which classes its pictures are: %s, or %s_annotations.txt beside images/",
			filepath.Join(dir, unlabelled), folderLayout, unlabelled)
	case parts == nil:
		labelled, err := hasClasses(os.DirFS(dir))
		if err == nil && !labelled {
			err = fs.ErrNotExist
		}
		if err != nil {
			return nil, fmt.Errorf("dataset: no pictures in %s, %s: %w", shown(dir), folderLayout, err)
		}
		return []string{"."}, nil
	case len(parts) == 2 && parts[0] != "train": // val beside test, without any to train on
		return nil, fmt.Errorf("dataset: %s has %s and %s but no train: name one of them as the data set, "+
			"of which a fifth is then held out to test on", dir, parts[0], parts[1])
	}
	return parts, nil
}

const folderLayout = "expected <class>/<picture>" + pictureNames

// ReadImageFolder reads a directory with one subdirectory for each class, named as it, with the pictures inside, or in a directory
// images within: <class>/*.jpg, .jpeg, .png, .gif (the first frame), .bmp, .webp in any case. Or, as Tiny ImageNet has its validation
// set, a directory images, and beside it val_annotations.txt, or another *_annotations.txt, with the name and the class of a picture on
// each line. Classes and pictures come in the order of their names; other files, what lies deeper, and what systems leave behind
// (names that begin with a dot, as ._x.jpg and .DS_Store, __MACOSX, @eaDir, Thumbs.db, desktop.ini) are left out. Each picture is scaled
// (triangle filter) until its shorter side is size, and the middle size×size of it is kept. Grey becomes RGB; transparent becomes black.
// Name is "folder".
//
// Only regular files are read. A picture may have 256 MiB and 64 million pixels, all together 16 GiB at size×size. The error is a
// [PictureError] if a picture is none or cannot be read, unless bad allows for it (nil: it does not). Reading ends when ctx is done.
//
// For files on disk, fsys is os.DirFS(dir); ImageNet's train and val are a set each, to be joined by [Images.TestOf], or read by
// [ReadPictures].
func ReadImageFolder(ctx context.Context, fsys fs.FS, size int, bad *Unreadable) (*Images, error) {
	return readFolder(ctx, fsys, "", size, bad)
}

// listed is a picture and its class; or a file that should be one, and what is wrong with it.
type listed struct {
	file, class string
	err         error
}

// readFolder is ReadImageFolder, whose errors have the names of files behind root.
func readFolder(ctx context.Context, fsys fs.FS, root string, size int, bad *Unreadable) (*Images, error) {
	if size < 1 {
		return nil, fmt.Errorf("dataset: image size %d, expected at least 1", size)
	}
	if bad == nil {
		bad = &Unreadable{}
	}
	files, err := listFolder(fsys)
	if err != nil {
		if root != "" {
			root += ": "
		}
		return nil, fmt.Errorf("dataset: image folder: %s%w", root, err)
	}
	each := size * size * Channels
	if len(files) > maxPixelBytes/each {
		return nil, fmt.Errorf("dataset: %d pictures%s of %d×%d pixels would take %.1f GiB of memory, expected at most %d: "+
			"read them smaller, or fewer of them",
			len(files), in(root), size, size, float64(len(files))*float64(each)/(1<<30), maxPixelBytes>>30)
	}
	s := &Images{Name: "folder", H: size, W: size, Pixels: make([]byte, len(files)*each)}
	classes := map[string]bool{}
	for _, f := range files {
		if f.class != "" {
			classes[f.class] = true
		}
	}
	s.Classes = slices.Sorted(maps.Keys(classes))
	wrong := make([]error, len(files))
	var failed atomic.Int64
	if err := inParallel(ctx, len(files), func(i int) bool {
		if wrong[i] = files[i].err; wrong[i] == nil {
			wrong[i] = readPicture(s.Pixels[i*each:(i+1)*each], fsys, files[i].file, size)
		}
		return wrong[i] == nil || int(failed.Add(1)) <= bad.Most-len(bad.Files)
	}); err != nil {
		return nil, err
	}
	allowed := bad.Most
	for i, f := range files { // those that are left move up
		if wrong[i] != nil {
			bad.Files = append(bad.Files, &PictureError{filepath.Join(root, filepath.FromSlash(f.file)), wrong[i]})
			continue
		}
		class, _ := slices.BinarySearch(s.Classes, f.class)
		copy(s.Pixels[len(s.Labels)*each:], s.Pixels[i*each:(i+1)*each])
		s.Labels = append(s.Labels, int32(class))
	}
	if len(bad.Files) > allowed {
		return nil, tooMany(bad.Files, allowed)
	}
	s.Pixels = s.Pixels[:len(s.Labels)*each]
	for class, n := range s.Counts() {
		if n == 0 {
			return nil, fmt.Errorf("dataset: no picture of %s%s can be read", shown(s.Classes[class]), in(root))
		}
	}
	s.measure()
	return s, nil
}

// in is where something is, for a message.
func in(root string) string {
	if root == "" {
		return ""
	}
	return " in " + shown(root)
}

// tooMany is the error about more pictures than may be left out.
func tooMany(files []*PictureError, most int) error {
	if most == 0 {
		return fmt.Errorf("dataset: %w", files[0])
	}
	const few = 10
	list := make([]error, 0, few+1)
	for _, f := range files[:min(few, len(files))] {
		list = append(list, f)
	}
	if len(files) > few {
		list = append(list, fmt.Errorf("and %d more", len(files)-few))
	}
	return fmt.Errorf("dataset: more pictures cannot be read than the %d that may be left out:\n%w", most, errors.Join(list...))
}

// leftBehind says whether a name is one of those that systems and programs leave in folders.
func leftBehind(name string) bool {
	if strings.HasPrefix(name, ".") {
		return true
	}
	switch strings.ToLower(name) {
	case "__macosx", "@eadir", "thumbs.db", "desktop.ini", "$recycle.bin", "system volume information", "lost+found":
		return true
	}
	return false
}

// entriesOf are the entries of a folder but for what is left behind.
func entriesOf(fsys fs.FS, dir string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(fsys, dir)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return leftBehind(e.Name()) }), err
}

// isFolder says whether an entry is a folder or a symbolic link to one.
func isFolder(fsys fs.FS, dir string, e fs.DirEntry) (bool, error) {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.IsDir(), nil
	}
	info, err := fs.Stat(fsys, path.Join(dir, e.Name()))
	return err == nil && info.IsDir(), err
}

// foldersOf are the names of the folders in the top folder.
func foldersOf(fsys fs.FS) (names []string, err error) {
	entries, err := entriesOf(fsys, ".")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		switch folder, err := isFolder(fsys, ".", e); {
		case err != nil:
			return nil, err
		case folder:
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// picturesOf are the files of a folder that are pictures by their names.
func picturesOf(fsys fs.FS, dir string) (files []string, err error) {
	entries, err := entriesOf(fsys, dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if isPicture(e.Name()) && !e.IsDir() {
			files = append(files, path.Join(dir, e.Name()))
		}
	}
	return files, nil
}

// picturesOfClass are those of a folder, or else those in a folder images within it.
func picturesOfClass(fsys fs.FS, class string) ([]string, error) {
	files, err := picturesOf(fsys, class)
	if err != nil || files != nil {
		return files, err
	}
	files, err = picturesOf(fsys, path.Join(class, imagesName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return files, err
}

// imagesName is the folder in which Tiny ImageNet has the pictures of a class, or of a set.
const imagesName = "images"

// hasClasses says whether the pictures in a folder have classes: there is at least one of a class, or a list.
func hasClasses(fsys fs.FS) (bool, error) {
	if list, err := annotations(fsys); err != nil || list != "" {
		return list != "", err
	}
	classes, err := foldersOf(fsys)
	if err != nil || slices.Equal(classes, []string{imagesName}) { // of a set without a list
		return false, err
	}
	for _, class := range classes {
		if files, err := picturesOfClass(fsys, class); err != nil || files != nil {
			return err == nil, err
		}
	}
	return false, nil
}

// listFolder lists the pictures of a folder, class by class.
func listFolder(fsys fs.FS) (files []listed, err error) {
	if list, err := annotations(fsys); err != nil || list != "" {
		return listAnnotated(fsys, list, err)
	}
	classes, err := foldersOf(fsys)
	if err != nil {
		return nil, err
	}
	for _, class := range classes {
		pictures, err := picturesOfClass(fsys, class)
		if err != nil {
			return nil, err
		}
		if pictures == nil {
			return nil, fmt.Errorf("directory %s, which would be a class, holds no %s file", shown(class), pictureNames)
		}
		for _, p := range pictures {
			files = append(files, listed{file: p, class: class})
		}
	}
	if files == nil {
		return nil, errors.New("no pictures; " + folderLayout)
	}
	return files, nil
}

// annotations is the name of the list of the pictures in the folder images: val_annotations.txt, or another of the kind; "" if there is
// not both.
func annotations(fsys fs.FS) (string, error) {
	if info, err := fs.Stat(fsys, imagesName); err != nil || !info.IsDir() {
		return "", nil
	}
	found, err := fs.Glob(fsys, "*_annotations.txt")
	found = slices.DeleteFunc(found, leftBehind)
	switch {
	case err != nil || len(found) == 0:
		return "", err
	case len(found) > 1:
		return "", fmt.Errorf("%s and %s: expected one list of the pictures in %s", found[0], found[1], imagesName)
	}
	return found[0], nil
}

// listAnnotated lists the pictures in the folder images with the classes that a list says they are of: a line has the name of a file, a
// tab and its class; what comes behind another tab, a box around the object, is not looked at.
func listAnnotated(fsys fs.FS, list string, err error) (all []listed, _ error) {
	if err != nil {
		return nil, err
	}
	text, err := readRegular(fsys, list, func(size int64) error {
		if size > maxPicture {
			return fmt.Errorf("has %d bytes; expected a list of pictures, of at most %d", size, maxPicture)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s %w", list, cause(err))
	}
	pictures, err := picturesOf(fsys, imagesName)
	if err != nil {
		return nil, err
	}
	class := make(map[string]string)
	line := 0
	for text := range bytes.Lines(text) {
		line++
		text = bytes.TrimRight(text, "\r\n")
		if len(text) == 0 {
			continue
		}
		fields := strings.SplitN(string(text), "\t", 3)
		if len(fields) < 2 || fields[0] == "" || fields[1] == "" {
			return nil, fmt.Errorf("%s, line %d: %.60q; expected the name of a file, a tab and its class", list, line, text)
		}
		name := path.Join(imagesName, fields[0])
		if other, twice := class[name]; twice && other != fields[1] {
			return nil, fmt.Errorf("%s, line %d: %.60q is of class %.60q, but an earlier line says %.60q", list, line, fields[0], fields[1], other)
		}
		class[name] = fields[1]
	}
	for _, p := range pictures {
		if class[p] == "" {
			all = append(all, listed{file: p, err: fmt.Errorf("has no line in %s, which says of what class each picture is", list)})
			continue
		}
		all = append(all, listed{file: p, class: class[p]})
		delete(class, p)
	}
	for name, of := range class {
		all = append(all, listed{file: name, class: of}) // which is not there: reading it says so
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no pictures; expected those that %s lists", list)
	}
	slices.SortFunc(all, func(a, b listed) int {
		return slices.Compare([]string{a.class, a.file}, []string{b.class, b.file})
	})
	return all, nil
}

// inParallel calls do for 0, ..., n-1 on all processors, until one returns false: then no more are begun. The error is that of ctx.
func inParallel(ctx context.Context, n int, do func(i int) bool) error {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if !do(i) {
					next.Store(int64(n))
				}
			}
		})
	}
	workers.Wait()
	return ctx.Err()
}
