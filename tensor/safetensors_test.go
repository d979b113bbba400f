package tensor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// file puts a safetensors file together from a header and values.
func file(header string, values ...byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), values...)
}

func read(b []byte) (File, error) {
	return ReadSafetensors(bytes.NewReader(b), int64(len(b)))
}

func TestSafetensorsRoundTrip(t *testing.T) {
	x := counting(2, 3, 4)
	x.Data[5], x.Data[6], x.Data[7] = float32(math.Inf(-1)), math.SmallestNonzeroFloat32, float32(math.Copysign(0, -1))
	in := []Named{{"stages.0/conv", x}, {"window", counting(2, 6).Window(1, 4)}, {"scalar", counting()}, {"z.empty", New(0, 3)},
		{"z.empty window", counting(2, 2, 6).Window(3, 3)}}
	path := filepath.Join(t.TempDir(), "x.safetensors")
	metadata := map[string]string{"step": "7", "ü": "✓"}
	if err := SaveSafetensors(path, in, metadata); err != nil {
		t.Fatal(err)
	}
	f, err := LoadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	out, m := f.Tensors, f.Metadata
	if len(m) != 2 || m["step"] != "7" || m["ü"] != "✓" {
		t.Errorf("metadata %v", m)
	}
	if len(out) != len(in) || !slices.IsSortedFunc(out, func(a, b Named) int { return strings.Compare(a.Name, b.Name) }) {
		t.Fatalf("%d tensors, want %d sorted by name", len(out), len(in))
	}
	for _, want := range in {
		i := slices.IndexFunc(out, func(n Named) bool { return n.Name == want.Name })
		if i < 0 {
			t.Fatalf("%s is gone", want.Name)
		}
		got := out[i].Tensor
		if !slices.Equal(got.Shape(), want.Tensor.Shape()) {
			t.Errorf("%s has shape %v, want %v", want.Name, got.Shape(), want.Tensor.Shape())
		}
		for j, v := range values(want.Tensor) {
			if math.Float32bits(got.Data[j]) != math.Float32bits(v) {
				t.Errorf("%s: element %d is %v, want %v", want.Name, j, got.Data[j], v)
			}
		}
	}
	// Saved over itself: the old file is replaced and nothing else is left in the folder.
	if err := SaveSafetensors(path, in[:1], nil); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("the folder holds %v (%v), want the file alone", left, err)
	}
	if f, err = LoadSafetensors(path); err != nil || len(f.Tensors) != 1 {
		t.Errorf("after the second save: %d tensors, %v", len(f.Tensors), err)
	}
}

// TestSafetensorsTypes reads the other element types, in a file as others write it: padded header, any order of keys.
func TestSafetensorsTypes(t *testing.T) {
	var v []byte
	v = binary.LittleEndian.AppendUint64(v, math.Float64bits(0.1))
	v = binary.LittleEndian.AppendUint64(v, uint64(0xffffffffffffffff)) // -1
	for _, h := range []uint16{0x3c00, 0xc000, 0x0001, 0x7bff, 0xfc00, 0x8000} {
		v = binary.LittleEndian.AppendUint16(v, h)
	}
	v = binary.LittleEndian.AppendUint16(v, 0x3fc0)
	f, err := read(file(`{"h":{"shape":[6],"data_offsets":[16,28],"dtype":"F16"},"b":{"dtype":"BF16","shape":[1,1],"data_offsets":[28,30]},
		"d":{"dtype":"F64","shape":[],"data_offsets":[0,8]}, "__metadata__":{"format":"pt"},"i":{"dtype":"I64","shape":[1],"data_offsets":[8,16]}}   `, v...))
	if err != nil {
		t.Fatal(err)
	}
	out := f.Tensors
	want := [][]float32{{1.5}, {0.1}, {1, -2, 0x1p-24, 65504, float32(math.Inf(-1)), float32(math.Copysign(0, -1))}, {-1}}
	for i, w := range want {
		if !slices.Equal(out[i].Tensor.Data, w) {
			t.Errorf("%s: %v, want %v", out[i].Name, out[i].Tensor.Data, w)
		}
	}
	if math.Signbit(float64(out[2].Tensor.Data[5])) != true {
		t.Error("minus zero lost its sign")
	}
	if nan := half(0x7e00); nan == nan {
		t.Errorf("a half NaN is %v", nan)
	}
}

// TestSafetensorsSkips: what a Tensor cannot hold is listed, and the rest of the file is read.
func TestSafetensorsSkips(t *testing.T) {
	v := make([]byte, 4+3+2+1+4+2+4)
	copy(v[len(v)-4:], []byte{0, 0, 128, 63})
	f, err := read(file(`{"mask":{"dtype":"BOOL","shape":[2,2],"data_offsets":[0,4]}, "fp8":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[4,7]},
		"four bits":{"dtype":"F4","shape":[3],"data_offsets":[7,9]}, "byte":{"dtype":"U8","shape":[],"data_offsets":[9,10]},
		"video":{"dtype":"F32","shape":[1,1,1,1,1],"data_offsets":[10,14]}, "future":{"dtype":"Q3","shape":[5],"data_offsets":[14,16]},
		"read":{"dtype":"F32","shape":[1],"data_offsets":[16,20]}}`, v...))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Tensors) != 1 || f.Tensors[0].Name != "read" || f.Tensors[0].Tensor.At(0) != 1 {
		t.Errorf("read %v, want the tensor read", f.Tensors)
	}
	want := `["byte" (U8 []) "four bits" (F4 [3]) "fp8" (F8_E4M3 [3]) "future" (Q3 [5]) "mask" (BOOL [2 2]) "video" (F32 [1 1 1 1 1])]`
	if got := fmt.Sprint(f.Skipped); got != want {
		t.Errorf("skipped %s, want %s", got, want)
	}
}

// TestSafetensorsDamage: every way in which a file can be wrong is an error that says which, and costs no more memory than
// a file of a hundred bytes should.
func TestSafetensorsDamage(t *testing.T) {
	ok := file(`{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, make([]byte, 8)...)
	if _, err := read(ok); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		want string
		file []byte
	}{
		"empty":        {"the file has 0 bytes", nil},
		"short length": {"the file has 3 bytes", ok[:3]},
		"false length": {"truncated, or not a safetensors file", append(binary.LittleEndian.AppendUint64(nil, 99<<20), ok[8:]...)},
		"cut header":   {"truncated, or not a safetensors file", ok[:20]},
		"huge header": {"truncated, or not a safetensors file",
			append(binary.LittleEndian.AppendUint64(nil, 1<<62), make([]byte, 100)...)},
		"cut values":    {"within 5", ok[:len(ok)-3]},
		"more values":   {"1 bytes follow the last tensor", append(slices.Clone(ok), 0)},
		"not JSON":      {"not a JSON object", file(`{"x":`)},
		"no header":     {"not a JSON object", file("")},
		"null":          {"does not start with {", file(`null`)},
		"unclosed":      {"not a JSON object", file(`{"__metadata__":{}`)},
		"two objects":   {"follows it", file(`{}{}`)},
		"no shape":      {"want dtype, shape and", file(`{"x":{"dtype":"F32","data_offsets":[0,4]}}`, 0, 0, 0, 0)},
		"three offsets": {"want dtype, shape and", file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}`, 0, 0, 0, 0)},
		"fraction":      {`tensor "x"`, file(`{"x":{"dtype":"F32","shape":[0.5],"data_offsets":[0,4]}}`, 0, 0, 0, 0)},
		"empty twice":   {`"x" is there twice`, file(`{"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`)},
		"array":         {"not a JSON object", file(`[1]`)},
		"wrong entry":   {`tensor "x"`, file(`{"x":7}`)},
		"metadata":      {"__metadata__", file(`{"__metadata__":{"a":1}}`)},
		"no type":       {"want dtype, shape and", file(`{"x":{"shape":[1],"data_offsets":[0,4]}}`, 0, 0, 0, 0)},
		"size, skipped": {"want 3 bytes from 0 on", file(`{"x":{"dtype":"BOOL","shape":[3],"data_offsets":[0,4]}}`, 0, 0, 0, 0)},
		"half bytes":    {"want 2 bytes from 0 on", file(`{"x":{"dtype":"F4","shape":[3],"data_offsets":[0,4]}}`, 0, 0, 0, 0)},
		"axes, skipped": {"want 8 bytes from 0 on", file(`{"x":{"dtype":"F32","shape":[1,1,1,1,2],"data_offsets":[0,4]}}`, 0, 0, 0, 0)},
		"gap, unknown":  {"from 0 on", file(`{"x":{"dtype":"Q3","shape":[9],"data_offsets":[1,4]}}`, 0, 0, 0, 0)},
		"type twice": {`tensor "x": "dtype" is there twice`,
			file(`{"x":{"dtype":"I32","shape":[1],"dtype":"F32","data_offsets":[0,4]}}`, 0, 0, 0, 0)},
		"shape twice": {`tensor "x": "shape" is there twice`,
			file(`{"x":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}`, 0, 0, 0, 0)},
		"metadata twice": {`"step" is there twice`, file(`{"__metadata__":{"step":"1","step":"2"}}`)},
		"negative axis":  {"cannot hold", file(`{"x":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}`, 0, 0, 0, 0)},
		"overflow":       {"cannot hold", file(`{"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}`)},
		"wrong size":     {"want 8 bytes", file(`{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 0, 0, 0, 0)},
		"gap":            {"want 4 bytes from 0 on", file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, make([]byte, 8)...)},
		"overlap":        {"from 4 on", file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, make([]byte, 8)...)},
		"backwards":      {"lies at bytes 4 to 0", file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 0, 0, 0, 0)},
		"named twice":    {`"x" is there twice`, file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, make([]byte, 8)...)},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := read(c.file)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%s: a file of %d bytes makes it allocate %d", name, len(c.file), n)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := ReadSafetensors(bytes.NewReader(ok[:len(ok)-1]), int64(len(ok))); !errors.Is(err, io.ErrUnexpectedEOF) ||
		!strings.Contains(err.Error(), `"x"`) {
		t.Errorf("%v, want that the file ends within tensor x", err)
	}
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, ok[:20], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadSafetensors(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%v, want the file's name in it", err)
	}
}

func TestSafetensorsNames(t *testing.T) {
	x := New(1)
	for _, names := range [][]string{{"a", "a"}, {"__metadata__"}, {"\xff"}} {
		var in []Named
		for _, n := range names {
			in = append(in, Named{n, x})
		}
		if err := WriteSafetensors(&bytes.Buffer{}, in, nil); err == nil {
			t.Errorf("%q are accepted as names", names)
		}
	}
}

// TestSaveFails: a save that fails leaves the old file and no temporary one.
func TestSaveFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := SaveSafetensors(path, []Named{{"x", New(1)}}, nil); err != nil {
		t.Fatal(err)
	}
	if err := SaveSafetensors(path, []Named{{"x", New(1)}, {"x", New(1)}}, nil); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%v, want an error with the file's name", err)
	}
	if _, err := LoadSafetensors(path); err != nil {
		t.Errorf("the old file: %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("the folder holds %v (%v)", left, err)
	}
}

// TestSafetensorsFromMemory: tensors without values at the end of what is read are where an [io.ReaderAt] may say io.EOF.
func TestSafetensorsFromMemory(t *testing.T) {
	f, err := read(file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[2,0],"data_offsets":[4,4]}}`,
		0, 0, 128, 63))
	if err != nil {
		t.Fatal(err)
	}
	out := f.Tensors
	if out[0].Tensor.At(0) != 1 || !slices.Equal(out[1].Tensor.Shape(), []int{2, 0}) {
		t.Errorf("%v and shape %v, want 1 and [2 0]", out[0].Tensor.Data, out[1].Tensor.Shape())
	}
	if f, err := read(file(`{}`)); err != nil || len(f.Tensors) != 0 {
		t.Errorf("no tensors are %d, %v", len(f.Tensors), err)
	}
}

// FuzzReadSafetensors: no file makes it panic, and what it reads is the same when it is written and read again.
func FuzzReadSafetensors(f *testing.F) {
	f.Add(file(`{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"a":"b"}}`, make([]byte, 8)...))
	f.Add(file(`{"h":{"dtype":"F16","shape":[1,2],"data_offsets":[0,4]},"e":{"dtype":"I64","shape":[0],"data_offsets":[4,4]}}`, 1, 2, 3, 4))
	f.Add(file(`{"m":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]},"v":{"dtype":"F4","shape":[1,1,1,1,2],"data_offsets":[3,4]}}`, 1,
		2, 3, 4))
	f.Add([]byte("PK\x03\x04 a file of another kind"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := read(b)
		if err != nil {
			return
		}
		tensors, metadata := in.Tensors, in.Metadata
		var w bytes.Buffer
		if err := WriteSafetensors(&w, tensors, metadata); err != nil {
			t.Fatal(err)
		}
		out, err := read(w.Bytes())
		again, m := out.Tensors, out.Metadata
		if err != nil || len(again) != len(tensors) || !maps.Equal(m, metadata) {
			t.Fatalf("%d tensors become %d, metadata %q becomes %q: %v", len(tensors), len(again), metadata, m, err)
		}
		for i, want := range tensors {
			got := again[i]
			same := func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }
			if got.Name != want.Name || !got.Tensor.SameShape(want.Tensor) || !slices.EqualFunc(got.Tensor.Data, want.Tensor.Data, same) {
				t.Fatalf("%q %v %v becomes %q %v %v", want.Name, want.Tensor.Shape(), want.Tensor.Data, got.Name, got.Tensor.Shape(),
					got.Tensor.Data)
			}
		}
	})
}
