package tensor

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"unicode/utf8"
)

// Named is a tensor in a file.
type Named struct {
	Name   string
	Tensor Tensor
}

// maxHeader is the size that the safetensors format allows its header.
const maxHeader = 100 << 20

// entry describes one tensor in the header of a safetensors file.
type entry struct {
	DType   string  `json:"dtype"`
	Shape   []int   `json:"shape"`
	Offsets []int64 `json:"data_offsets"` // begin and end in bytes, from the end of the header
}

const metadataKey = "__metadata__"

// WriteSafetensors writes tensors as float32 in the safetensors format: the length of a JSON header, the header, the
// values. The same tensors in the same order give the same bytes. A name that is used twice, that is not UTF-8 or that the
// format keeps for itself ("__metadata__") is an error.
func WriteSafetensors(w io.Writer, tensors []Named, metadata map[string]string) error {
	header := make(map[string]any, len(tensors)+1)
	if len(metadata) > 0 {
		header[metadataKey] = metadata
	}
	var at int64
	for _, t := range tensors {
		if _, ok := header[t.Name]; ok || t.Name == metadataKey {
			return fmt.Errorf("tensor: the name %q is taken", t.Name)
		}
		if !utf8.ValidString(t.Name) {
			return fmt.Errorf("tensor: the name %q is not UTF-8, as JSON wants it", t.Name)
		}
		size := int64(4 * t.Tensor.Len())
		header[t.Name] = entry{"F32", t.Tensor.Shape(), []int64{at, at + size}}
		at += size
	}
	js, err := json.Marshal(header) // maps are written in the order of their keys
	if err != nil {
		return err
	}
	for len(js)%8 != 0 { // so that values start aligned
		js = append(js, ' ')
	}
	if err := binary.Write(w, binary.LittleEndian, uint64(len(js))); err != nil {
		return err
	}
	if _, err := w.Write(js); err != nil {
		return err
	}
	for _, t := range tensors {
		v := t.Tensor
		if !v.Dense() {
			v = v.Clone()
		}
		buf := make([]byte, 0, 4*v.Len())
		for _, x := range v.Data[:v.Len()] {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(x))
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

// SaveSafetensors writes a safetensors file under a temporary name, syncs it and renames it, so that path holds the old
// contents or the new, never a part. A process that is killed meanwhile leaves the temporary file behind, hidden and with a
// name like .NAME.123.tmp.
func SaveSafetensors(path string, tensors []Named, metadata map[string]string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	if err := WriteSafetensors(f, tensors, metadata); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Chmod(f.Name(), 0o644); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	if d, err := os.Open(filepath.Dir(path)); err == nil { // the rename itself; not every system can sync a folder
		d.Sync()
		d.Close()
	}
	return nil
}
