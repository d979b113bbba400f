package truth

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces/nasbench101"
)

// appendRecord writes what readRecord reads.
func appendRecord(b, data []byte) []byte {
	header := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(append(b, header...), maskedCRC(header))
	return binary.LittleEndian.AppendUint32(append(b, data...), maskedCRC(data))
}

func appendBytes(m []byte, number uint64, value []byte) []byte {
	m = binary.AppendUvarint(m, number<<3|2)
	return append(binary.AppendUvarint(m, uint64(len(value))), value...)
}

func appendDouble(m []byte, number uint64, value float64) []byte {
	return binary.LittleEndian.AppendUint64(binary.AppendUvarint(m, number<<3|1), math.Float64bits(value))
}

// metrics101 makes a ModelMetrics message with all its fields; at the end of the training the accuracies are train,
// validation and test.
func metrics101(train, validation, test float64) []byte {
	var m []byte
	for i := range 3 {
		half := float64(i) / 2
		e := appendDouble(nil, 1, 108*half)
		e = appendDouble(e, 2, 1000*half)
		e = appendDouble(e, 3, train*half)
		e = appendDouble(e, 4, validation*half)
		e = appendDouble(e, 5, test*half)
		m = appendBytes(m, 1, appendBytes(e, 6, []byte("/path")))
	}
	m = binary.AppendUvarint(m, 2<<3)
	m = binary.AppendUvarint(m, 8555530)
	return appendDouble(m, 3, 5000)
}

func record101(t *testing.T, hash string, epochs int, matrix, operations string, metrics []byte) []byte {
	t.Helper()
	data, err := json.Marshal([]any{hash, epochs, matrix, operations, base64.StdEncoding.EncodeToString(metrics)})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// CRC-32C of "123456789" is 0xe3069283 (RFC 3720 and every table of checksums); the mask is worked out by hand.
func TestMaskedCRC(t *testing.T) {
	data := []byte("123456789")
	if c := crc32.Checksum(data, castagnoli); c != 0xe3069283 {
		t.Fatalf("CRC-32C %#x", c)
	}
	rotated := uint32(0x2507c60d) // 0xe3069283 rotated right by 15 bits
	if m, want := maskedCRC(data), rotated+0xa282ead8; m != want {
		t.Errorf("masked %#x, want %#x", m, want)
	}
}

func TestReadNASBench101(t *testing.T) {
	const two, three = "010001000", "0101001100010000"
	var b []byte
	b = appendRecord(b, record101(t, "a", 108, three, "input,conv3x3-bn-relu,maxpool3x3,output", metrics101(1, 0.75, 0.5)))
	b = appendRecord(b, record101(t, "b", 108, two, "input,conv1x1-bn-relu,output", metrics101(1, 0.25, 0.125)))
	b = appendRecord(b, record101(t, "a", 12, three, "input,conv3x3-bn-relu,maxpool3x3,output", metrics101(0.5, 0.5, 0.5)))
	b = appendRecord(b, record101(t, "a", 108, three, "input,conv3x3-bn-relu,maxpool3x3,output", metrics101(1, 1, 1)))
	for _, content := range [][]byte{b, zipped(t, b)} {
		path := file(t, "nasbench.tfrecord", content)
		for metric, want := range map[string][]float64{"validation_accuracy": {0.75, 1}, "test_accuracy": {0.5, 1},
			"train_accuracy": {1, 1}} {
			tab, err := ReadNASBench101(path, metric, 108)
			if err != nil {
				t.Fatal(err)
			}
			if len(tab.Rows) != 2 || !slices.Equal(tab.Rows[0].Values, want) {
				t.Errorf("%s: read %+v, want two rows, the first with %v", metric, tab, want)
			}
			if a := tab.Rows[0].Architecture; a != "0101/0011/0001/0000 input,conv3x3-bn-relu,maxpool3x3,output" {
				t.Errorf("architecture %s", a)
			}
			if r := tab.Rows[1]; r.Position != 2 || r.Architecture != "010/001/000 input,conv1x1-bn-relu,output" {
				t.Errorf("second row %+v", r)
			}
		}
		_, err := ReadNASBench101(path, "test_accuracy", 36)
		wantError(t, err, "no training of 36 epochs", "[12 108]")
		_, err = ReadNASBench101(path, "accuracy", 108)
		wantError(t, err, `no metric "accuracy"`, "validation_accuracy")
	}
}

func TestNASBench101Errors(t *testing.T) {
	const cell, another = "0110000100010000", "0100001000010000" // both inner vertices side by side, and in a row
	one := func(hash, matrix string, accuracy float64) []byte {
		return appendRecord(nil, record101(t, hash, 108, matrix, "input,conv3x3-bn-relu,maxpool3x3,output", metrics101(1, 0.5, accuracy)))
	}
	good := record101(t, "a", 108, "010001000", "input,maxpool3x3,output", metrics101(1, 0.5, 0.5))
	damaged := func(at int) []byte {
		b := appendRecord(appendRecord(nil, good), good)
		b[len(b)/2+at] ^= 1
		return b
	}
	whole := appendRecord(nil, good)
	for _, tc := range []struct {
		content []byte
		says    string
	}{
		{nil, "is empty"},
		{[]byte("architecture,accuracy\nx,1\n"), "not a TFRecord file"},
		{damaged(0), "record 2: wrong checksum of the record's length"},
		{damaged(20), "record 2: wrong checksum of the record"},
		{slices.Concat(one("a", cell, 0.1), one("b", cell, 0.2), one("a", cell, 0.1)), "record 3 is record 1 once more"},
		{slices.Concat(one("a", cell, 0.1), one("a", another, 0.2)), "record 2: its hash is that of record 1"},
		{slices.Concat(one("a", cell, 0.1), one("a", cell, 0.2), one("a", cell, 0.3), one("a", cell, 0.4)), "record 4: the cell"},
		{whole[:7], "within a record's header"},
		{whole[:len(whole)-9], "cut off"},
		{whole[:12], "cut off"},
		{appendRecord(nil, []byte("what")), "record 1: invalid character"},
		{appendRecord(nil, []byte("[1,2]")), "2 elements"},
		{appendRecord(nil, []byte(`["a","108","0","x","y"]`)), "element 2"},
		{appendRecord(nil, record101(t, "a", 108, "010", "input,maxpool3x3,output", nil)), "want 9 digits"},
		{appendRecord(nil, record101(t, "a", 108, "012001000", "input,maxpool3x3,output", nil)), "want 9 digits"},
		{appendRecord(nil, []byte(`["a",108,"0100","input,output","*"]`)), "base64"},
		{appendRecord(nil, record101(t, "a", 108, "0100", "input,output", []byte{0x0a, 5, 1})), "protobuf"},
		{appendRecord(nil, record101(t, "a", 108, "0100", "input,output", nil)), "0 evaluations, want 3"},
		{appendRecord(nil, record101(t, "a", 108, "0100", "input,output", metrics101(1, 1, math.NaN()))), "accuracy is NaN"},
		{appendRecord(nil, record101(t, "a", 108, "0100", "input,output", metrics101(1, 1, 95))), "accuracy is 95"},
	} {
		_, err := ReadNASBench101(file(t, "nasbench.tfrecord", tc.content), "test_accuracy", 108)
		wantError(t, err, tc.says, "nasbench.tfrecord")
	}
	// One cell in two numberings is one.
	swapped := appendRecord(nil, record101(t, "a", 108, cell, "input,maxpool3x3,conv3x3-bn-relu,output", metrics101(1, 0.5, 0.25)))
	tab, err := ReadNASBench101(file(t, "nasbench.tfrecord", slices.Concat(one("a", cell, 0.5), swapped)), "test_accuracy", 108)
	if err != nil || len(tab.Rows) != 1 || !slices.Equal(tab.Rows[0].Values, []float64{0.5, 0.25}) {
		t.Errorf("read %+v, %v", tab, err)
	}
	long := binary.LittleEndian.AppendUint64(nil, 1<<40)
	_, err = readRecord(bytes.NewReader(binary.LittleEndian.AppendUint32(long, maskedCRC(long))), nil)
	wantError(t, err, "at most")
}

// A record in pieces is the same record, and a file may be read to its end.
func TestReadRecordReusesItsBuffer(t *testing.T) {
	records := []string{"one", "", strings.Repeat("x", 5000), "y"}
	var b []byte
	for _, r := range records {
		b = appendRecord(b, []byte(r))
	}
	in := bytes.NewReader(b)
	var buf []byte
	for _, want := range records {
		var err error
		if buf, err = readRecord(in, buf); err != nil || string(buf) != want {
			t.Fatalf("read %.20q, %v, want %.20q", buf, err, want)
		}
	}
	if _, err := readRecord(in, buf); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func FuzzFinalAccuracy(f *testing.F) {
	f.Add(metrics101(1, 0.5, 0.25))
	f.Add([]byte{0x0d, 1, 2, 3, 4, 0x0a, 0})
	f.Fuzz(func(t *testing.T, message []byte) {
		if v, err := finalAccuracy(message, 5); err == nil && !(v >= 0 && v <= 1) {
			t.Fatalf("%x: accuracy %v", message, v)
		}
	})
}

func FuzzRecord101(f *testing.F) {
	f.Add([]byte(`["a",108,"0100","input,output","CgA="]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var r run101
		if err := r.unmarshal(data, 5); err == nil && !strings.Contains(r.architecture, " ") {
			t.Fatalf("%q: architecture %q", data, r.architecture)
		}
	})
}

// The architectures are in the notation of the search space.
func TestNASBench101Archs(t *testing.T) {
	b := appendRecord(nil, record101(t, "a", 108, "0101001100010000", "input,conv3x3-bn-relu,maxpool3x3,output", metrics101(1, 0.75, 0.5)))
	tab, err := ReadNASBench101(file(t, "nasbench.tfrecord", b), "test_accuracy", 108)
	if err != nil {
		t.Fatal(err)
	}
	archs, err := tab.Archs(nasbench101.New())
	if err != nil || archs[0].String() != tab.Rows[0].Architecture {
		t.Errorf("read %v, %v", archs, err)
	}
}
