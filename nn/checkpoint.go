package nn

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/internal/files"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Checkpoint is what a training needs to go on: all of it is saved to one safetensors file and loaded from it. A checksum over the whole
// file, header and metadata included, is an entry of its metadata.
//
// Parameters and buffers have their own names in the file. The state of parameter p is called p#velocity, p#m, …, its
// average p#ema, and an extra tensor #name.
type Checkpoint struct {
	Store     *Store         // the model
	Optimizer Optimizer      // nil: no state is saved, and what there is in a file is not loaded
	EMA       *EMA           // nil: likewise
	Extra     []tensor.Named // what else to save, or where to load it to, for example a carried hidden state; nil: likewise
	Metadata  map[string]string
}

// stateMark is between the name of a parameter and what is remembered about it, and before the name of an extra tensor.
const stateMark = "#"

// emaName is what the average of a parameter or buffer is called.
const emaName = "ema"

// sealKey is the metadata entry of the checksum: the version of the format, and the CRC-32C of the file with zeros in place of its digits.
const sealKey = "oneshot checkpoint"

const sealVersion = "version 2, crc32c "

// oldSealKey is the metadata entry of the checksum in files of version 1, which was over names and values alone.
const oldSealKey = "crc32c"

func seal(sum uint32) string { return fmt.Sprintf("%s%08x", sealVersion, sum) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// DamagedError says that a checkpoint is not as [SaveCheckpoint] has written it.
type DamagedError struct {
	Path   string
	Reason string
}

func (e *DamagedError) Error() string { return fmt.Sprintf("%s is damaged: %s", e.Path, e.Reason) }

// SaveCheckpoint writes a checkpoint. A crash at any moment leaves the old file or the new one.
func SaveCheckpoint(path string, c Checkpoint) error {
	if asgd, ok := c.Optimizer.(*ASGD); c.EMA != nil && c.EMA.swapped || ok && asgd.swapped {
		return fmt.Errorf("%s: the model is exchanged with its averages: to save it as it is, leave out optimiser and averages", path)
	}
	if _, ok := c.Metadata[sealKey]; ok {
		return fmt.Errorf("%s: the metadata entry %q is taken", path, sealKey)
	}
	tensors := c.Store.named()
	if c.Optimizer != nil {
		for _, p := range c.Store.Params {
			for _, n := range c.Optimizer.State(p) {
				tensors = append(tensors, tensor.Named{Name: p.Name + stateMark + n.Name, Tensor: n.Tensor})
			}
		}
	}
	if c.EMA != nil {
		for _, n := range c.Store.named() {
			if average, ok := c.EMA.averages[n.Name]; ok {
				tensors = append(tensors, tensor.Named{Name: n.Name + stateMark + emaName, Tensor: average})
			}
		}
	}
	for _, n := range c.Extra {
		tensors = append(tensors, tensor.Named{Name: stateMark + n.Name, Tensor: n.Tensor})
	}
	metadata := map[string]string{sealKey: seal(0)}
	maps.Copy(metadata, c.Metadata)
	sum := crc32.New(castagnoli)
	if err := tensor.WriteSafetensors(sum, tensors, metadata); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	metadata[sealKey] = seal(sum.Sum32())
	return tensor.SaveSafetensors(path, tensors, metadata)
}

// LoadCheckpoint reads what SaveCheckpoint has written back into a model of the same structure, its optimiser, averages and
// extra tensors, and returns the metadata of the file; c.Metadata is not looked at. If anything does not fit (a tensor
// missing, too many or of another shape, state of another optimiser) the error says what, and nothing is changed. A file that is not as
// it was written is a [*DamagedError]; one that SaveCheckpoint has not written is an error that says how to read it.
func LoadCheckpoint(path string, c Checkpoint) (metadata map[string]string, err error) {
	tensors, metadata, err := readCheckpoint(path)
	if err != nil {
		return nil, err
	}
	if err := c.restore(tensors); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return metadata, nil
}

// CheckpointMetadata reads the metadata of a checkpoint, without a model to load the rest into. Errors are those of [LoadCheckpoint].
func CheckpointMetadata(path string) (map[string]string, error) {
	_, metadata, err := readCheckpoint(path)
	return metadata, err
}

// readCheckpoint reads a file if it is as SaveCheckpoint has written it.
func readCheckpoint(path string) ([]tensor.Named, map[string]string, error) {
	file, err := files.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	f, err := tensor.ReadSafetensors(file, info.Size())
	if err != nil {
		var beginning [1 << 16]byte
		n, _ := file.ReadAt(beginning[:], 0)
		if bytes.Contains(beginning[:n], []byte(sealKey)) {
			return nil, nil, &DamagedError{path, fmt.Sprintf("it cannot be read (%v)", err)}
		}
		if zipped(path) {
			return nil, nil, zippedError(path)
		}
		return nil, nil, fmt.Errorf("%s is no checkpoint of SaveCheckpoint, or its beginning is damaged: %w", path, err)
	}
	tensors, metadata := f.Tensors, f.Metadata // that something was skipped the checksum tells
	sealed, ok := metadata[sealKey]
	_, old := metadata[oldSealKey]
	switch {
	case !ok && old:
		return nil, nil, fmt.Errorf("%s is a checkpoint of version 1, whose checksum leaves out its metadata; "+
			"this version of the package reads version 2: finish the training with the one that wrote it, or delete the file and train again", path)
	case !ok:
		return nil, nil, fmt.Errorf("%s is a safetensors file with %s, but no checkpoint of a training, since it has no checksum "+
			"of SaveCheckpoint. nn.LoadWeights(path, store) reads a PyTorch state dict into a model, tensor.LoadSafetensors anything",
			path, contents(f))
	case !strings.HasPrefix(sealed, sealVersion):
		return nil, nil, fmt.Errorf("%s is a checkpoint of %.40q; this version of the package reads %q",
			path, sealed, strings.TrimSpace(sealVersion))
	}
	sum, err := checksum(io.NewSectionReader(file, 0, info.Size()), sealed)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	if want := seal(sum); want != sealed {
		return nil, nil, &DamagedError{path, fmt.Sprintf("it is of %s, and says %.40s", want, sealed)}
	}
	delete(metadata, sealKey)
	return tensors, metadata, nil
}

// contents says what is in a file, for whoever wonders which it is.
func contents(f tensor.File) string {
	var names []string
	for _, n := range f.Tensors {
		names = append(names, n.Name)
	}
	for _, n := range f.Skipped {
		names = append(names, n.Name)
	}
	if len(names) == 0 {
		return "no tensors"
	}
	return fmt.Sprintf("%d tensors (%s)", len(names), list(names))
}

// checksum is the CRC-32C of a safetensors file with zeros in place of the digits of the seal in its metadata.
func checksum(file io.Reader, sealed string) (uint32, error) {
	var length [8]byte
	if _, err := io.ReadFull(file, length[:]); err != nil {
		return 0, err
	}
	header := make([]byte, binary.LittleEndian.Uint64(length[:])) // which has been read before
	if _, err := io.ReadFull(file, header); err != nil {
		return 0, err
	}
	entry := fmt.Sprintf("%q:%q", sealKey, sealed) // as WriteSafetensors encodes it
	if at := bytes.Index(header, []byte(entry)); at >= 0 {
		copy(header[at:], fmt.Sprintf("%q:%q", sealKey, seal(0)))
	}
	sum := crc32.Update(crc32.Checksum(length[:], castagnoli), castagnoli, header)
	buf := make([]byte, 1<<16)
	for {
		n, err := file.Read(buf)
		sum = crc32.Update(sum, castagnoli, buf[:n])
		if err == io.EOF {
			return sum, nil
		}
		if err != nil {
			return 0, err
		}
	}
}

// restore puts the tensors of a file where they belong, once it is certain that all of them fit.
func (c Checkpoint) restore(tensors []tensor.Named) error {
	f := newFile(tensors)
	model := c.Store.named()
	f.want(model, "")
	if c.Extra != nil {
		f.want(c.Extra, stateMark)
	}
	averages := make(map[string]tensor.Tensor)
	for _, n := range model {
		if t, ok := f.take(n.Name+stateMark+emaName, n.Tensor); ok {
			averages[n.Name] = t
		}
	}
	params := make(map[string]*autograd.Param, len(c.Store.Params))
	for _, p := range c.Store.Params {
		params[p.Name] = p
	}
	states := make(map[*autograd.Param][]tensor.Named)
	for name, t := range f.left {
		owner, slot, _ := cutLast(name, stateMark)
		switch p := params[owner]; {
		case p != nil:
			states[p] = append(states[p], tensor.Named{Name: slot, Tensor: t})
			delete(f.left, name)
		case owner == "" && slot != "" && c.Extra == nil:
			delete(f.left, name)
		}
	}
	if err := f.fits(); err != nil {
		return err
	}
	if c.Optimizer != nil {
		if err := c.Optimizer.SetState(states); err != nil {
			return err
		}
	}
	if c.EMA != nil {
		c.EMA.averages, c.EMA.swapped = averages, false
	}
	f.assign()
	return nil
}

// file is what is in a file of tensors, and where it is to go.
type file struct {
	left     map[string]tensor.Tensor // that nobody has taken
	to, from []tensor.Tensor
	missing  []string
	err      error // the first that does not fit
}

func newFile(tensors []tensor.Named) *file {
	f := &file{left: make(map[string]tensor.Tensor, len(tensors))}
	for _, n := range tensors {
		f.left[n.Name] = n.Tensor
	}
	return f
}

// take returns a tensor of the file, which must have the shape of like, if it is there.
func (f *file) take(name string, like tensor.Tensor) (t tensor.Tensor, ok bool) {
	t, ok = f.left[name]
	delete(f.left, name)
	if ok && !t.SameShape(like) && f.err == nil {
		f.err = fmt.Errorf("tensor %q has shape %v, want %v", name, t.Shape(), like.Shape())
	}
	return t, ok
}

// want notes that tensors of the file, named as the given ones with a prefix, are to be copied to those.
func (f *file) want(to []tensor.Named, prefix string) {
	for _, n := range to {
		t, ok := f.take(prefix+n.Name, n.Tensor)
		if !ok {
			f.missing = append(f.missing, prefix+n.Name)
			continue
		}
		f.to, f.from = append(f.to, n.Tensor), append(f.from, t)
	}
}

// fits says what does not.
func (f *file) fits() error {
	switch {
	case f.err != nil:
		return f.err
	case len(f.missing) > 0:
		return fmt.Errorf("the model has tensors that the file has not: %s", list(f.missing))
	case len(f.left) > 0:
		return fmt.Errorf("the file has tensors that the model has not: %s", list(slices.Sorted(maps.Keys(f.left))))
	}
	return nil
}

// assign copies everything to where it is wanted.
func (f *file) assign() {
	for i, t := range f.to {
		t.CopyFrom(f.from[i])
	}
}

// list names the first few of names.
func list(names []string) string {
	const few = 3
	s := fmt.Sprintf("%q", names[0])
	for _, n := range names[1:min(len(names), few)] {
		s += fmt.Sprintf(", %q", n)
	}
	if n := len(names) - few; n > 0 {
		s += fmt.Sprintf(" and %d more", n)
	}
	return s
}

// cutLast is [strings.Cut] at the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// named lists parameters and buffers.
func (s *Store) named() []tensor.Named {
	var all []tensor.Named
	for _, p := range s.Params {
		all = append(all, tensor.Named{Name: p.Name, Tensor: p.Value})
	}
	for _, b := range s.Buffers {
		all = append(all, tensor.Named{Name: b.Name, Tensor: b.Value})
	}
	return all
}
