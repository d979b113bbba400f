package tensor

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

const metadataKey = "__metadata__"

// WriteSafetensors writes tensors as float32 in the safetensors format: the length of a JSON header, the header, the
// values. The same tensors in the same order give the same bytes.
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
		size := int64(4 * t.Tensor.Len())
		shape := t.Tensor.Shape()
		if shape == nil {
			shape = []int{}
		}
		header[t.Name] = entry{"F32", shape, [2]int64{at, at + size}}
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
// contents or the new, never a part.
func SaveSafetensors(path string, tensors []Named, metadata map[string]string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
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

// ReadSafetensors reads a whole safetensors file: its tensors sorted by name, and its metadata. F64, F16, BF16 and
// I64 values (labels) are rounded or widened to float32. Every other type, and every inconsistency of the file, is an error.
func ReadSafetensors(r io.ReaderAt, size int64) (tensors []Named, metadata map[string]string, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("safetensors: %w", err)
		}
	}()
	var length [8]byte
	if size < 8 {
		return nil, nil, fmt.Errorf("the file has %d bytes, want at least the 8 of the header's length", size)
	}
	if _, err := r.ReadAt(length[:], 0); err != nil {
		return nil, nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, nil, fmt.Errorf("the header is said to have %d bytes, but the file has %d (and the format allows %d): truncated, or not a safetensors file", n, size, maxHeader)
	}
	js := make([]byte, n)
	if _, err := r.ReadAt(js, 8); err != nil {
		return nil, nil, err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(js, &raw); err != nil {
		return nil, nil, fmt.Errorf("the header is not a JSON object: %w", err)
	}
	if m, ok := raw[metadataKey]; ok {
		if err := json.Unmarshal(m, &metadata); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", metadataKey, err)
		}
		delete(raw, metadataKey)
	}
	type placed struct {
		name string
		entry
	}
	var all []placed
	for name, m := range raw {
		p := placed{name: name}
		if err := json.Unmarshal(m, &p.entry); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.Offsets[0], b.Offsets[0]), cmp.Compare(a.Offsets[1], b.Offsets[1]), cmp.Compare(a.name, b.name))
	})
	data := size - 8 - int64(n)
	var end int64
	for _, p := range all {
		elem, ok := dtypes[p.DType]
		if !ok {
			return nil, nil, fmt.Errorf("tensor %q is of type %q, want F32, F64, F16, BF16 or I64", p.name, p.DType)
		}
		if len(p.Shape) > MaxRank {
			return nil, nil, fmt.Errorf("tensor %q has shape %v, want at most %d axes", p.name, p.Shape, MaxRank)
		}
		count := int64(1)
		for _, d := range p.Shape {
			if d < 0 || d > 0 && count > data/int64(d) {
				return nil, nil, fmt.Errorf("tensor %q has shape %v, which %d bytes of values cannot hold", p.name, p.Shape, data)
			}
			count *= int64(d)
		}
		lo, hi := p.Offsets[0], p.Offsets[1]
		if lo != end || hi < lo || hi > data || hi-lo != count*elem.size {
			return nil, nil, fmt.Errorf("tensor %q of type %s and shape %v lies at bytes %d to %d, want %d bytes from %d on within %d", p.name, p.DType, p.Shape, lo, hi, count*elem.size, end, data)
		}
		end = hi
	}
	if end != data {
		return nil, nil, fmt.Errorf("%d bytes follow the last tensor", data-end)
	}
	for _, p := range all {
		buf := make([]byte, p.Offsets[1]-p.Offsets[0])
		if _, err := r.ReadAt(buf, 8+int64(n)+p.Offsets[0]); err != nil {
			return nil, nil, err
		}
		t := New(p.Shape...)
		elem := dtypes[p.DType]
		for i := range t.Data {
			t.Data[i] = elem.float(buf[i*int(elem.size):])
		}
		tensors = append(tensors, Named{p.name, t})
	}
	slices.SortFunc(tensors, func(a, b Named) int { return strings.Compare(a.Name, b.Name) })
	return tensors, metadata, nil
}

// LoadSafetensors is [ReadSafetensors] of a file.
func LoadSafetensors(path string) (tensors []Named, metadata map[string]string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if tensors, metadata, err = ReadSafetensors(f, info.Size()); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return tensors, metadata, nil
}

// dtypes are the element types that can be read as float32.
var dtypes = map[string]struct {
	size  int64
	float func(b []byte) float32
}{
	"F32":  {4, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }},
	"F64":  {8, func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) }},
	"BF16": {2, func(b []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) }},
	"F16":  {2, func(b []byte) float32 { return half(binary.LittleEndian.Uint16(b)) }},
	"I64":  {8, func(b []byte) float32 { return float32(int64(binary.LittleEndian.Uint64(b))) }},
}

// half widens an IEEE 754 half-precision number.
func half(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch exp {
	case 0: // subnormal: frac · 2^−24
		f := float32(frac) / (1 << 24)
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 31: // Inf and NaN
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}
