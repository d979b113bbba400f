package tensor

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/internal/files"
)

// File is what is in a safetensors file.
type File struct {
	Tensors  []Named // as float32, sorted by name
	Metadata map[string]string
	Skipped  []Skipped // what is in the file, but not among Tensors; sorted by name
}

// Skipped is a tensor of a file that was not read, because a [Tensor] cannot hold it.
type Skipped struct {
	Name  string
	DType string // as the format calls it, such as BOOL or F8_E4M3
	Shape []int
}

// String prints what was skipped, such as "mask" (BOOL [8 8]).
func (s Skipped) String() string { return fmt.Sprintf("%q (%.20s %v)", s.Name, s.DType, s.Shape) }

// placed is an entry of the header with its name.
type placed struct {
	name string
	entry
}

// skipped reports whether a tensor is passed over.
func (p placed) skipped() bool { return dtypes[p.DType].float == nil || len(p.Shape) > MaxRank }

// ReadSafetensors reads a whole safetensors file of size bytes. F64, F16, BF16 and I64 values (labels) are rounded or widened
// to float32. Tensors of every other type, and those of more than [MaxRank] axes, are passed over and listed as Skipped; of a
// type that the format did not have when this was written, it cannot be checked that the size fits the shape. Every inconsistency
// of the file is an error. What it allocates is in proportion to size, whatever the file says.
func ReadSafetensors(r io.ReaderAt, size int64) (f File, err error) {
	defer func() {
		if err != nil {
			f, err = File{}, fmt.Errorf("safetensors: %w", err)
		}
	}()
	js, err := readHeader(r, size)
	if err != nil {
		return File{}, err
	}
	entries, metadata, err := parseHeader(js)
	if err != nil {
		return File{}, err
	}
	f.Metadata = metadata
	start := 8 + int64(len(js)) // of the values
	if err := checkLayout(entries, size-start); err != nil {
		return File{}, err
	}
	for _, p := range entries {
		if p.skipped() {
			f.Skipped = append(f.Skipped, Skipped{p.name, p.DType, p.Shape})
			continue
		}
		buf := make([]byte, p.Offsets[1]-p.Offsets[0])
		if err := readAt(r, buf, start+p.Offsets[0]); err != nil {
			return File{}, fmt.Errorf("tensor %q: %w", p.name, err)
		}
		t := New(p.Shape...)
		elem := dtypes[p.DType]
		for i := range t.Data {
			t.Data[i] = elem.float(buf[i*int(elem.bits/8):])
		}
		f.Tensors = append(f.Tensors, Named{p.name, t})
	}
	slices.SortFunc(f.Tensors, func(a, b Named) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(f.Skipped, func(a, b Skipped) int { return strings.Compare(a.Name, b.Name) })
	return f, nil
}

// LoadSafetensors is [ReadSafetensors] of a file.
func LoadSafetensors(path string) (File, error) {
	in, err := files.Open(path)
	if err != nil {
		return File{}, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return File{}, err
	}
	f, err := ReadSafetensors(in, info.Size())
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// readHeader returns the JSON text that follows its length, which is checked against the size of the file before anything
// of that length is allocated.
func readHeader(r io.ReaderAt, size int64) ([]byte, error) {
	if size < 8 {
		return nil, fmt.Errorf("the file has %d bytes, want at least the 8 of the header's length", size)
	}
	var length [8]byte
	if err := readAt(r, length[:], 0); err != nil {
		return nil, fmt.Errorf("the header's length: %w", err)
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("the header is said to have %d bytes, but the file has %d (and the format allows %d): truncated, or not a safetensors file", n, size, maxHeader)
	}
	js := make([]byte, n)
	if err := readAt(r, js, 8); err != nil {
		return nil, fmt.Errorf("the header: %w", err)
	}
	return js, nil
}

// readAt fills buf. An [io.ReaderAt] may say io.EOF when it reads up to the end, or nothing at the end; that is no error here.
func readAt(r io.ReaderAt, buf []byte, offset int64) error {
	_, err := io.ReadFull(io.NewSectionReader(r, offset, int64(len(buf))), buf)
	return err
}

// parseHeader reads the entries and the metadata.
func parseHeader(js []byte) (entries []placed, metadata map[string]string, err error) {
	err = members(js, func(name string, value json.RawMessage) error {
		if name == metadataKey {
			m, err := parseMetadata(value)
			if err != nil {
				return fmt.Errorf("%s, want strings by name: %w", metadataKey, err)
			}
			metadata = m
			return nil
		}
		p := placed{name: name}
		if err := p.entry.parse(value); err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		entries = append(entries, p)
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("the header: %w", err)
	}
	return entries, metadata, nil
}

func parseMetadata(js []byte) (map[string]string, error) {
	metadata := map[string]string{}
	return metadata, members(js, func(name string, value json.RawMessage) error {
		if value[0] != '"' {
			return fmt.Errorf("%q is %.40s", name, value)
		}
		var text string
		err := json.Unmarshal(value, &text)
		metadata[name] = text
		return err
	})
}

func (e *entry) parse(js []byte) error {
	err := members(js, func(name string, value json.RawMessage) error {
		to, known := map[string]any{"dtype": &e.DType, "shape": &e.Shape, "data_offsets": &e.Offsets}[name]
		if !known {
			return nil
		}
		if err := json.Unmarshal(value, to); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	if err == nil && (e.DType == "" || e.Shape == nil || len(e.Offsets) != 2) {
		err = fmt.Errorf("it is described by %.200s, want dtype, shape and the two data_offsets", js)
	}
	return err
}

// members goes through the members of a JSON object one by one: to decode them into a map or a struct would hide a name that is
// there twice.
func members(js []byte, do func(name string, value json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(js))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return notJSON(cmp.Or(err, errors.New("it does not start with {")))
	}
	seen := map[string]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return notJSON(err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return notJSON(err)
		}
		key := name.(string) // what a decoder returns before a value of an object
		if seen[key] {
			return fmt.Errorf("%q is there twice", key)
		}
		seen[key] = true
		if err := do(key, value); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return notJSON(err)
	}
	if more, err := d.Token(); err != io.EOF {
		return notJSON(cmp.Or(err, fmt.Errorf("%v follows it", more)))
	}
	return nil
}

func notJSON(err error) error { return fmt.Errorf("not a JSON object: %w", err) }

// checkLayout sorts the entries by place and checks that each is as long as its type and shape say, and that together they
// cover the data bytes of values without gap or overlap.
func checkLayout(entries []placed, data int64) error {
	slices.SortFunc(entries, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.Offsets[0], b.Offsets[0]), cmp.Compare(a.Offsets[1], b.Offsets[1]), cmp.Compare(a.name, b.name))
	})
	var end int64
	for _, p := range entries {
		elem, known := dtypes[p.DType]
		count := int64(1)
		for _, d := range p.Shape {
			if d < 0 || known && d > 0 && count > 2*data/int64(d) { // even F4 has two to a byte; or count·d would overflow
				return fmt.Errorf("tensor %q has shape %v, which %d bytes of values cannot hold", p.name, p.Shape, data)
			}
			count *= int64(d)
		}
		lo, hi := p.Offsets[0], p.Offsets[1]
		want := (count*elem.bits + 7) / 8
		if !known {
			want = hi - lo
		}
		if lo != end || hi < lo || hi > data || hi-lo != want {
			return fmt.Errorf("tensor %q of type %.20s and shape %v lies at bytes %d to %d, want %d bytes from %d on within %d",
				p.name, p.DType, p.Shape, lo, hi, max(want, 0), end, data)
		}
		end = hi
	}
	if end != data {
		return fmt.Errorf("%d bytes follow the last tensor", data-end)
	}
	return nil
}
