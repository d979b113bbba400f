package nn

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/internal/files"
	"github.com/oneshot-nas/oneshot/tensor"
)

// stateDict is what one or several files hold, under the model's names once they are translated.
type stateDict struct {
	tensors map[string]tensor.Tensor
	used    map[string]bool
	origin  map[string]string // what the file calls them, and what it calls the skipped
	skipped []tensor.Skipped
}

// indexSuffix ends the names of files that say in which other files the tensors of a large model are.
const indexSuffix = ".index.json"

// readStateDict reads a safetensors file, or all files of an index.
func readStateDict(path string) (*stateDict, error) {
	d := &stateDict{tensors: make(map[string]tensor.Tensor), used: make(map[string]bool)}
	if !strings.HasSuffix(path, indexSuffix) {
		return d, d.read(path, func(string) error { return nil })
	}
	shards, err := readIndex(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, name := range slices.Sorted(maps.Keys(shards)) {
		left := shards[name]
		err := d.read(filepath.Join(filepath.Dir(path), name), func(tensor string) error {
			if !left[tensor] {
				return fmt.Errorf("it holds the tensor %q, which is not there according to %s", tensor, path)
			}
			delete(left, tensor)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if len(left) > 0 {
			return nil, fmt.Errorf("%s lacks what it should hold according to %s: %s", name, path, list(slices.Sorted(maps.Keys(left))))
		}
	}
	return d, nil
}

// readIndex returns the names of the tensors that each file should hold.
func readIndex(path string) (shards map[string]map[string]bool, err error) {
	js, err := files.Read(path)
	if err != nil {
		return nil, err
	}
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(js, &index); err != nil {
		return nil, fmt.Errorf("an index of safetensors files is JSON: %w", err)
	}
	if len(index.WeightMap) == 0 {
		return nil, errors.New("no weight_map with the file of each tensor, as an index of safetensors files has it")
	}
	shards = make(map[string]map[string]bool)
	for name, file := range index.WeightMap {
		if !filepath.IsLocal(file) {
			return nil, fmt.Errorf("the tensor %q is said to be in %q, want a file in the folder of the index", name, file)
		}
		if shards[file] == nil {
			shards[file] = make(map[string]bool)
		}
		shards[file][name] = true
	}
	return shards, nil
}

// read adds what is in a file, of which each tensor must be allowed.
func (d *stateDict) read(path string, allowed func(name string) error) error {
	f, err := tensor.LoadSafetensors(path)
	if err != nil {
		if zipped(path) {
			return zippedError(path)
		}
		return err
	}
	for _, n := range f.Tensors {
		if err := allowed(n.Name); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		d.tensors[n.Name] = n.Tensor
	}
	for _, n := range f.Skipped {
		if err := allowed(n.Name); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	d.skipped = append(d.skipped, f.Skipped...)
	return nil
}

func zippedError(path string) error {
	return fmt.Errorf("%s is what torch.save writes, a program in an archive; write the weights with "+
		"safetensors.torch.save_file(model.state_dict(), …)", path)
}

// zipped reports whether a file begins as a zip archive does.
func zipped(path string) bool {
	f, err := files.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var magic [4]byte
	_, err = f.Read(magic[:])
	return err == nil && string(magic[:]) == "PK\x03\x04"
}

// translate replaces the names of the file by those of the model.
func (d *stateDict) translate(o *weightOptions) error {
	theirs := d.tensors
	d.tensors, d.origin = make(map[string]tensor.Tensor, len(theirs)), make(map[string]string, len(theirs))
	translate, unused := o.translator()
	note := func(name string) (ours string, err error) {
		ours = translate(name)
		if other, ok := d.origin[ours]; ok {
			return "", fmt.Errorf("%q and %q of the file would both be %q of the model", other, name, ours)
		}
		d.origin[ours] = name
		return ours, nil
	}
	for _, name := range slices.Sorted(maps.Keys(theirs)) {
		ours, err := note(name)
		if err != nil {
			return err
		}
		d.tensors[ours] = theirs[name]
	}
	for _, n := range d.skipped {
		if _, err := note(n.Name); err != nil {
			return err
		}
	}
	return unfitting(unused)
}

// passOver makes the tensors of the given names expected, if they are there.
func (d *stateDict) passOver(names []string) {
	for _, name := range names {
		d.used[name] = true
	}
}

// weight takes what belongs to a parameter or buffer of the model, in our layout. What is missing or does not fit it notes in the report.
func (d *stateDict) weight(n tensor.Named, a *arrangement, report *WeightsReport) (w tensor.Tensor, ok bool) {
	ok = true
	names := a.names(n.Name)
	for i, name := range names {
		t, found := d.take(name, report)
		for _, tied := range a.tied {
			other, also := d.take(tied, report)
			switch {
			case also && !found:
				name, t, found = tied, other, true
			case also && !(t.SameShape(other) && slices.Equal(t.Data, other.Data)):
				report.misfits = append(report.misfits, fmt.Sprintf("%q: the model shares it with %q, which has other values in the file",
					d.origin[tied], d.origin[name]))
			}
		}
		if !found {
			ok = false
			if _, unreadable := d.origin[name]; !unreadable && !slices.Contains(report.Missing, name) {
				report.Missing = append(report.Missing, name)
			}
			continue
		}
		t, err := a.part(i, t, n.Tensor.Shape())
		switch {
		case err != nil:
			ok = false
			report.misfits = append(report.misfits, fmt.Sprintf("%q: %v", d.origin[name], err))
		case i == 0 && len(names) == 1:
			w = t
		case i == 0:
			w = t.Clone()
		case ok: // the second of two biases
			for j, v := range t.Data {
				w.Data[j] += v
			}
		}
	}
	return w, ok
}

// take returns a tensor of the file, under the model's name. That one of a type that is not read is wanted it notes in the report.
func (d *stateDict) take(name string, report *WeightsReport) (t tensor.Tensor, ok bool) {
	t, ok = d.tensors[name]
	d.used[name] = true
	for _, n := range d.skipped {
		if origin, known := d.origin[name]; known && n.Name == origin {
			report.misfits = append(report.misfits, fmt.Sprintf("%v: want at most %d axes of F32, F64, F16 or BF16", n, tensor.MaxRank))
		}
	}
	return t, ok
}
