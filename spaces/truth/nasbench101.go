package truth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces/nasbench101"
	"github.com/oneshot-nas/oneshot/spaces/plaintext"
)

const wantNASBench101 = "nasbench_only108.tfrecord or nasbench_full.tfrecord of NAS-Bench-101"

// evaluationFields are the numbers of the accuracies in the message EvaluationData (nasbench/lib/model_metrics.proto).
var evaluationFields = map[string]uint64{"train_accuracy": 3, "validation_accuracy": 4, "test_accuracy": 5}

// ReadNASBench101 reads the official table of NAS-Bench-101, a TFRecord file: one metric (train_accuracy,
// validation_accuracy or test_accuracy, a fraction) at the end of trainings of 4, 12, 36 or 108 epochs. Each cell was trained
// three times, which gives a row three values.
//
// Three records of one cell and one number of epochs are its three trainings. A fourth, one that stands there twice, and one of another
// cell with the same hash are errors.
//
// An architecture is written as the rows of the adjacency matrix and the operations,
// "0110/0001/0001/0000 input,conv3x3-bn-relu,maxpool3x3,output".
func ReadNASBench101(path, metric string, epochs int) (*Truth, error) {
	number, ok := evaluationFields[metric]
	if !ok {
		return nil, fmt.Errorf("truth: NAS-Bench-101 has no metric %q, want train_accuracy, validation_accuracy or test_accuracy", metric)
	}
	in, err := open(path, wantNASBench101)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	t := &Truth{Source: path, Metric: metric, Unit: "fraction"}
	var (
		at    = make(map[string]int) // row of a cell, by the benchmark's hash
		whole = make(map[uint64]int) // records, by a hash of all they say
		other = make(map[int]bool)   // epochs that were met but not asked for
		data  []byte
		seed  = maphash.MakeSeed()
	)
	for record := 1; ; record++ {
		data, err = readRecord(in, data)
		if errors.Is(err, io.EOF) {
			break
		}
		var run run101
		if err == nil {
			err = run.unmarshal(data, number)
		}
		if err != nil {
			return nil, fmt.Errorf("truth: %s: record %d: %w (want %s)", path, record, err, wantNASBench101)
		}
		if run.epochs != epochs {
			other[run.epochs] = true
			continue
		}
		sum := maphash.Bytes(seed, data)
		if first, ok := whole[sum]; ok {
			return nil, fmt.Errorf("truth: %s: record %d is record %d once more", path, record, first)
		}
		whole[sum] = record
		i, ok := at[run.hash]
		if !ok {
			i = len(t.Rows)
			at[run.hash] = i
			t.Rows = append(t.Rows, Row{Architecture: run.architecture, Position: record})
		} else if err := sameCell(t.Rows[i], run.architecture); err != nil {
			return nil, fmt.Errorf("truth: %s: record %d: %w", path, record, err)
		}
		t.Rows[i].Values = append(t.Rows[i].Values, run.value)
	}
	if len(t.Rows) == 0 {
		return nil, fmt.Errorf("truth: %s has no training of %d epochs, but of %v", path, epochs, slices.Sorted(maps.Keys(other)))
	}
	return t, nil
}

// sameCell says why another training cannot be one of the cell of a row.
func sameCell(row Row, architecture string) error {
	const trainings = 3
	if len(row.Values) == trainings {
		return fmt.Errorf("the cell %s has been trained %d times already, the first of them in record %d",
			plaintext.Quote(architecture), trainings, row.Position)
	}
	if architecture == row.Architecture {
		return nil
	}
	first, err := nasbench101.Parse(row.Architecture)
	if err == nil {
		var other nasbench101.Arch
		if other, err = nasbench101.Parse(architecture); err == nil && other.Hash() == first.Hash() {
			return nil // numbered in another way
		}
	}
	return fmt.Errorf("its hash is that of record %d, whose cell %s is not its own, %s: one of them is wrong", row.Position,
		plaintext.Quote(row.Architecture), plaintext.Quote(architecture))
}

// run101 is what a record says: one training of one cell.
type run101 struct {
	hash         string
	epochs       int
	architecture string
	value        float64
}

// unmarshal reads a record: a JSON array of hash, epochs, adjacency matrix as a string of digits, operations separated by
// commas, and metrics as base64 of a protobuf message; number is the field of the metric.
func (r *run101) unmarshal(data []byte, number uint64) error {
	var matrix, operations, metrics string
	fields := []any{&r.hash, &r.epochs, &matrix, &operations, &metrics}
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	if len(raw) != len(fields) {
		return fmt.Errorf("%d elements, want hash, epochs, matrix, operations and metrics", len(raw))
	}
	for i, f := range fields {
		if err := json.Unmarshal(raw[i], f); err != nil {
			return fmt.Errorf("element %d: %w", i+1, err)
		}
	}
	n := 1 + strings.Count(operations, ",")
	if len(matrix) != n*n || strings.Trim(matrix, "01") != "" {
		return fmt.Errorf("matrix %s for the %d operations %s, want %d digits 0 or 1", plaintext.Quote(matrix), n,
			plaintext.Quote(operations), n*n)
	}
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(matrix[i*n:][:n])
	}
	r.architecture = b.String() + " " + operations
	message, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(metrics, "\n", ""))
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	r.value, err = finalAccuracy(message, number)
	return err
}

// finalAccuracy takes an accuracy from a ModelMetrics message, whose field 1 is repeated: the evaluations at the start,
// half-way and at the end of the training.
func finalAccuracy(message []byte, number uint64) (float64, error) {
	var evaluations [][]byte
	for len(message) > 0 {
		f, rest, err := nextField(message)
		if err != nil {
			return 0, fmt.Errorf("metrics: %w", err)
		}
		if f.number == 1 && f.wire == 2 {
			evaluations = append(evaluations, f.bytes)
		}
		message = rest
	}
	if len(evaluations) != 3 {
		return 0, fmt.Errorf("metrics: %d evaluations, want 3: at the start, half-way and at the end", len(evaluations))
	}
	value := math.NaN()
	for m := evaluations[2]; len(m) > 0; {
		f, rest, err := nextField(m)
		if err != nil {
			return 0, fmt.Errorf("metrics: %w", err)
		}
		if f.number == number && f.wire == 1 {
			value = math.Float64frombits(f.fixed64)
		}
		m = rest
	}
	if !(value >= 0 && value <= 1) {
		return 0, fmt.Errorf("metrics: the accuracy is %v, want 0 to 1", value)
	}
	return value, nil
}
