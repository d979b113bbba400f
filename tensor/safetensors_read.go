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

	"github.com/oneshot-nas/oneshot/internal/regular"
)

// placed is an entry of the header with its name.
type placed struct {
	name string
	entry
}

// ReadSafetensors reads a whole safetensors file of size bytes: its tensors sorted by name, and its metadata. F64, F16,
// BF16 and I64 values (labels) are rounded or widened to float32. Every other type, more than [MaxRank] axes, and every
// inconsistency of the file are errors. What it allocates is in proportion to size, whatever the file says.
func ReadSafetensors(r io.ReaderAt, size int64) (tensors []Named, metadata map[string]string, err error) {
	defer func() {
		if err != nil {
			tensors, metadata, err = nil, nil, fmt.Errorf("safetensors: %w", err)
		}
	}()
	js, err := readHeader(r, size)
	if err != nil {
		return nil, nil, err
	}
	entries, metadata, err := parseHeader(js)
	if err != nil {
		return nil, nil, err
	}
	start := 8 + int64(len(js)) // of the values
	if err := checkLayout(entries, size-start); err != nil {
		return nil, nil, err
	}
	for _, p := range entries {
		buf := make([]byte, p.Offsets[1]-p.Offsets[0])
		if err := readAt(r, buf, start+p.Offsets[0]); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", p.name, err)
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
	f, err := regular.Open(path)
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

// parseHeader goes through the members of the header one by one: to decode them into a map would hide a name that is there
// twice.
func parseHeader(js []byte) (entries []placed, metadata map[string]string, err error) {
	d := json.NewDecoder(bytes.NewReader(js))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, nil, notJSON(cmp.Or(err, errors.New("it does not start with {")))
	}
	seen := map[string]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, nil, notJSON(err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, nil, notJSON(err)
		}
		p := placed{name: name.(string)} // what a decoder returns before a value of an object
		if seen[p.name] {
			return nil, nil, fmt.Errorf("the header names %q twice", p.name)
		}
		seen[p.name] = true
		if p.name == metadataKey {
			if err := json.Unmarshal(value, &metadata); err != nil {
				return nil, nil, fmt.Errorf("%s, want strings by name: %w", metadataKey, err)
			}
			continue
		}
		if err := json.Unmarshal(value, &p.entry); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", p.name, err)
		}
		if p.Shape == nil || len(p.Offsets) != 2 {
			return nil, nil, fmt.Errorf("tensor %q is described by %.200s, want dtype, shape and the two data_offsets", p.name, value)
		}
		entries = append(entries, p)
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return nil, nil, notJSON(err)
	}
	if more, err := d.Token(); err != io.EOF {
		return nil, nil, notJSON(cmp.Or(err, fmt.Errorf("%v follows it", more)))
	}
	return entries, metadata, nil
}

func notJSON(err error) error { return fmt.Errorf("the header is not a JSON object: %w", err) }

// checkLayout sorts the entries by place and checks that each is as long as its type and shape say, and that together they
// cover the data bytes of values without gap or overlap.
func checkLayout(entries []placed, data int64) error {
	slices.SortFunc(entries, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.Offsets[0], b.Offsets[0]), cmp.Compare(a.Offsets[1], b.Offsets[1]), cmp.Compare(a.name, b.name))
	})
	var end int64
	for _, p := range entries {
		elem, ok := dtypes[p.DType]
		if !ok {
			return fmt.Errorf("tensor %q is of type %q, want F32, F64, F16, BF16 or I64", p.name, p.DType)
		}
		if len(p.Shape) > MaxRank {
			return fmt.Errorf("tensor %q has %d axes, want at most %d", p.name, len(p.Shape), MaxRank)
		}
		count := int64(1)
		for _, d := range p.Shape {
			if d < 0 || d > 0 && count > data/int64(d) { // count·d would exceed data, or overflow
				return fmt.Errorf("tensor %q has shape %v, which %d bytes of values cannot hold", p.name, p.Shape, data)
			}
			count *= int64(d)
		}
		lo, hi := p.Offsets[0], p.Offsets[1]
		if lo != end || hi < lo || hi > data || hi-lo != count*elem.size {
			return fmt.Errorf("tensor %q of type %s and shape %v lies at bytes %d to %d, want %d bytes from %d on within %d", p.name, p.DType, p.Shape, lo, hi, count*elem.size, end, data)
		}
		end = hi
	}
	if end != data {
		return fmt.Errorf("%d bytes follow the last tensor", data-end)
	}
	return nil
}
