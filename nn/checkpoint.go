package nn

import (
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// velocitySuffix marks the optimiser's state in a checkpoint: the velocity of parameter p is called p + velocitySuffix.
const velocitySuffix = "#velocity"

// crcKey is the metadata entry with the checksum of all values, by name.
const crcKey = "crc32c"

// SaveCheckpoint writes the parameters and buffers of a model, the state of its optimiser (nil: none) and the caller's
// metadata to a safetensors file. A crash at any moment leaves the old file or the new one.
func SaveCheckpoint(path string, s *Store, o *SGD, metadata map[string]string) error {
	tensors := s.named()
	if o != nil {
		for _, p := range s.Params {
			if v, ok := o.velocity[p]; ok {
				tensors = append(tensors, tensor.Named{Name: p.Name + velocitySuffix, Tensor: tensor.Wrap(v, p.Value.Shape()...)})
			}
		}
	}
	m := map[string]string{crcKey: checksum(tensors)}
	for k, v := range metadata {
		m[k] = v
	}
	return tensor.SaveSafetensors(path, tensors, m)
}

// LoadCheckpoint reads what SaveCheckpoint has written back into a model of the same structure and its optimiser, and
// returns the caller's metadata. If anything does not fit (a tensor missing, too many or of another shape, a checksum) the
// error says what, and nothing is changed.
func LoadCheckpoint(path string, s *Store, o *SGD) (metadata map[string]string, err error) {
	tensors, metadata, err := tensor.LoadSafetensors(path)
	if err != nil {
		return nil, err
	}
	if want, got := metadata[crcKey], checksum(tensors); want != got {
		return nil, fmt.Errorf("%s: the values have checksum %s, the header says %q: the file is damaged", path, got, want)
	}
	delete(metadata, crcKey)
	byName := make(map[string]tensor.Tensor, len(tensors))
	for _, t := range tensors {
		byName[t.Name] = t.Tensor
	}
	take := func(name string, like tensor.Tensor) (t tensor.Tensor, ok bool, err error) {
		if t, ok = byName[name]; ok && !t.SameShape(like) {
			err = fmt.Errorf("%s: tensor %q has shape %v, the model wants %v", path, name, t.Shape(), like.Shape())
		}
		delete(byName, name)
		return t, ok, err
	}
	var values []tensor.Tensor
	model := s.named()
	for _, n := range model {
		t, ok, err := take(n.Name, n.Tensor)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("%s: no tensor %q, which the model has", path, n.Name)
		}
		values = append(values, t)
	}
	velocity := make(map[*autograd.Param][]float32)
	for _, p := range s.Params {
		t, ok, err := take(p.Name+velocitySuffix, p.Value)
		if err != nil {
			return nil, err
		}
		if ok {
			velocity[p] = t.Data
		}
	}
	for name := range byName {
		return nil, fmt.Errorf("%s: tensor %q is not one of the model's", path, name)
	}
	for i, n := range model {
		n.Tensor.CopyFrom(values[i])
	}
	if o != nil {
		o.velocity = velocity
	}
	return metadata, nil
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

// checksum is the CRC-32C of all values in the order of their names.
func checksum(tensors []tensor.Named) string {
	sorted := slices.SortedFunc(slices.Values(tensors), func(a, b tensor.Named) int { return strings.Compare(a.Name, b.Name) })
	table := crc32.MakeTable(crc32.Castagnoli)
	crc := uint32(0)
	var buf []byte
	for _, t := range sorted {
		buf = append(buf[:0], t.Name...)
		for _, v := range t.Tensor.Data[:t.Tensor.Len()] {
			b := math.Float32bits(v)
			buf = append(buf, byte(b), byte(b>>8), byte(b>>16), byte(b>>24))
		}
		crc = crc32.Update(crc, table, buf)
	}
	return fmt.Sprintf("%08x", crc)
}
