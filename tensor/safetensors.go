package tensor

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"unicode/utf8"

	"github.com/oneshot-nas/oneshot/internal/files"
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

// SaveSafetensors writes a safetensors file so that path holds the old contents or the new at any moment, never a part. Permissions
// are those that the umask leaves. A process that is killed meanwhile leaves a hidden file with a name like .NAME.0123456789abcdef.tmp.
func SaveSafetensors(path string, tensors []Named, metadata map[string]string) error {
	return files.Write(path, func(w io.Writer) error { return WriteSafetensors(w, tensors, metadata) })
}
