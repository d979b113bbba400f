package nn

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// training is a model and all that belongs to training it.
type training struct {
	*model
	opt    Optimizer
	ema    *EMA
	hidden tensor.Tensor
	tape   *autograd.Tape
}

func newTraining(seed uint64, o Optimizer) *training {
	m := newModel(seed, 4)
	return &training{m, o, NewEMA(m.store, 0.9), tensor.New(2, 3), autograd.NewTape()}
}

func (tr *training) step() {
	x, labels := batch()
	tr.tape.Reset(autograd.Training)
	tr.tape.Backward(tr.loss(tr.tape, x, labels).Var)
	tr.opt.Step(tr.tape, 0.1)
	tr.ema.Update(tr.tape)
	tr.hidden.Data[1]++
}

func (tr *training) checkpoint() Checkpoint {
	return Checkpoint{Store: tr.store, Optimizer: tr.opt, EMA: tr.ema, Extra: []tensor.Named{{Name: "hidden", Tensor: tr.hidden}}}
}

// all is everything that a training consists of.
func (tr *training) all() map[string][]float32 {
	all := snapshot(tr.opt, tr.store.Params...)
	for _, b := range tr.store.Buffers {
		all[b.Name] = slices.Clone(b.Value.Data)
	}
	for name, t := range tr.ema.averages {
		all[name+"#ema"] = slices.Clone(t.Data)
	}
	all["hidden"] = slices.Clone(tr.hidden.Data)
	return all
}

// A training that is loaded goes on as if it had not been interrupted, bit for bit, with every optimiser.
func TestCheckpointResumes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	for _, tc := range optimizerCases {
		tr, again := newTraining(1, tc.make()), newTraining(2, tc.make())
		tr.step()
		tr.step()
		c := tr.checkpoint()
		c.Metadata = map[string]string{"epoch": "3"}
		if err := SaveCheckpoint(path, c); err != nil {
			t.Fatal(err)
		}
		again.step()
		meta, err := LoadCheckpoint(path, again.checkpoint())
		if err != nil || !reflect.DeepEqual(meta, c.Metadata) {
			t.Fatalf("%s: metadata %v, error %v", tc.name, meta, err)
		}
		for range 2 {
			if want := tr.all(); !reflect.DeepEqual(again.all(), want) {
				t.Fatalf("%s: got %v, want %v", tc.name, again.all(), want)
			}
			tr.step()
			again.step()
		}
		// To evaluate a model nothing else is needed.
		alone := newModel(3, 4)
		if _, err := LoadCheckpoint(path, Checkpoint{Store: alone.store}); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// What does not fit is an error that says what and where, and changes nothing.
func TestCheckpointThatDoesNotFit(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	saved := newTraining(1, &SGD{Momentum: 0.9})
	saved.step()
	if err := SaveCheckpoint(path, saved.checkpoint()); err != nil {
		t.Fatal(err)
	}
	sgd := func(m *model) *training {
		tr := &training{m, &SGD{Momentum: 0.9}, NewEMA(m.store, 0.9), tensor.New(2, 3), autograd.NewTape()}
		tr.step()
		return tr
	}
	for want, change := range map[string]func() (*training, Checkpoint){
		`the file has not: "more.weight", "more.bias"`: func() (*training, Checkpoint) {
			m := newModel(1, 4)
			NewLinear(m.store.Scope("more"), 2, 2)
			tr := sgd(m)
			return tr, tr.checkpoint()
		},
		`shape`: func() (*training, Checkpoint) {
			tr := sgd(newModel(1, 5))
			return tr, tr.checkpoint()
		},
		`the model has not: "head.bias", "head.bias#ema", "head.bias#velocity" and 3 more`: func() (*training, Checkpoint) {
			tr := sgd(newModel(1, 4))
			c := tr.checkpoint()
			c.Store = NewStore(1)
			for _, p := range tr.store.Params {
				if !strings.HasPrefix(p.Name, "head") {
					c.Store.Params = append(c.Store.Params, p)
				}
			}
			c.Store.Buffers = tr.store.Buffers
			return tr, c
		},
		`velocity, want that of nn.Adam: m, v, step`: func() (*training, Checkpoint) {
			tr := sgd(newModel(1, 4))
			tr.opt = &Adam{}
			tr.step()
			return tr, tr.checkpoint()
		},
		`the file has not: "#cell"`: func() (*training, Checkpoint) {
			tr := sgd(newModel(1, 4))
			c := tr.checkpoint()
			c.Extra = append(c.Extra, tensor.Named{Name: "cell", Tensor: tensor.New(1)})
			return tr, c
		},
		`the model has not: "#hidden"`: func() (*training, Checkpoint) {
			tr := sgd(newModel(1, 4))
			c := tr.checkpoint()
			c.Extra = []tensor.Named{}
			return tr, c
		},
	} {
		tr, c := change()
		before := tr.all()
		_, err := LoadCheckpoint(path, c)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
		if !reflect.DeepEqual(before, tr.all()) {
			t.Errorf("%s: something was changed", want)
		}
	}

	if _, err := LoadCheckpoint(filepath.Join(dir, "none"), saved.checkpoint()); !os.IsNotExist(err) {
		t.Errorf("missing file: error %v", err)
	}
	if err := SaveCheckpoint(filepath.Join(dir, "no", "such", "folder"), saved.checkpoint()); err == nil {
		t.Error("saving into a folder that is not there succeeded")
	}
	if err := SaveCheckpoint(path, Checkpoint{Store: saved.store, Metadata: map[string]string{sealKey: "0"}}); err == nil {
		t.Error("the checksum could be overwritten")
	}
	saved.ema.Swap()
	if err := SaveCheckpoint(path, saved.checkpoint()); err == nil {
		t.Error("a model in which averages are in place of values was saved to train on")
	}
	saved.ema.Swap()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v: temporary files were left", entries, err)
	}
}

// Whichever bit of a checkpoint flips, in its header, its metadata or its values, and wherever it ends too early, it is refused, and
// nothing is changed.
func TestDamagedCheckpoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	tr := newTraining(1, &SGD{Momentum: 0.9})
	tr.step()
	c := tr.checkpoint()
	c.Metadata = map[string]string{"step": "117", "crc32c": "mine"}
	if err := SaveCheckpoint(path, c); err != nil {
		t.Fatal(err)
	}
	if meta, err := CheckpointMetadata(path); err != nil || !reflect.DeepEqual(meta, c.Metadata) {
		t.Fatalf("metadata %v, error %v", meta, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before := tr.all()
	header := 8 + int(data[0]) + int(data[1])<<8
	refused := func(what string, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := CheckpointMetadata(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", what, err)
		}
		var damaged *DamagedError
		_, err := LoadCheckpoint(path, tr.checkpoint())
		if err == nil || len(b) == len(data) && strings.HasPrefix(what, "value") && !errors.As(err, &damaged) {
			t.Errorf("%s: error %v", what, err)
		}
	}
	everyHeader, everyValue := 1, 13
	if testing.Short() { // for processors that are emulated
		everyHeader, everyValue = 5, 131
	}
	for i := 0; i < header; i += everyHeader {
		b := slices.Clone(data)
		b[i] ^= 1 << (i % 8)
		refused(fmt.Sprintf("header, bit %d of byte %d", i%8, i), b)
	}
	for i := header; i < len(data); i += everyValue {
		b := slices.Clone(data)
		b[i] ^= 1 << (i % 8)
		refused(fmt.Sprintf("value, bit %d of byte %d", i%8, i), b)
		refused(fmt.Sprintf("cut to %d bytes", i), data[:i])
	}
	refused("empty", nil)
	if !reflect.DeepEqual(before, tr.all()) {
		t.Error("something was changed")
	}
}

// What is no checkpoint is not called damaged, and the way to read it is named.
func TestForeignCheckpoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	tr := newTraining(1, &SGD{Momentum: 0.9})
	tensors := tr.store.named()
	for _, tc := range []struct {
		metadata map[string]string
		want     string
	}{
		{nil, "nn.LoadWeights(path, store) reads a PyTorch state dict"},
		{map[string]string{"format": "pt"}, fmt.Sprintf("a safetensors file with %d tensors (%q, ", len(tensors), tensors[0].Name)},
		{map[string]string{"crc32c": "01234567", "step": "1"}, "a checkpoint of version 1"},
		{map[string]string{sealKey: "version 3, sha256 0"}, `a checkpoint of "version 3, sha256 0"`},
	} {
		if err := tensor.SaveSafetensors(path, tensors, tc.metadata); err != nil {
			t.Fatal(err)
		}
		_, err := LoadCheckpoint(path, tr.checkpoint())
		if err == nil || strings.Contains(err.Error(), "damaged") || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: error %v, want one that says %q", tc.metadata, err, tc.want)
		}
	}
	for contents, want := range map[string]string{
		"":                                    " is no checkpoint",
		"\x80\x02 what torch.save wrote once": " is no checkpoint",
		"PK\x03\x04 a file of another kind":   " is what torch.save writes",
	} {
		if err := os.WriteFile(path, []byte(contents), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadCheckpoint(path, tr.checkpoint()); err == nil || !strings.Contains(err.Error(), path+want) {
			t.Errorf("%q: error %v", contents, err)
		}
	}
	if _, err := LoadCheckpoint(filepath.Dir(path), tr.checkpoint()); err == nil || !strings.Contains(err.Error(), "expected a regular file") {
		t.Errorf("a folder: error %v", err)
	}
}

func TestSetStateRefuses(t *testing.T) {
	p := autograd.NewParam("p", 2, 3)
	state := func(steps float32, shape ...int) map[*autograd.Param][]tensor.Named {
		return map[*autograd.Param][]tensor.Named{p: {
			{Name: "m", Tensor: tensor.New(2, 3)}, {Name: "v", Tensor: tensor.New(shape...)},
			{Name: "step", Tensor: tensor.Wrap([]float32{steps}, 1)},
		}}
	}
	o := &Adam{}
	if err := o.SetState(state(3, 2, 3)); err != nil {
		t.Fatal(err)
	}
	before := snapshot(o, p)
	nan := float32(math.NaN())
	for _, s := range []map[*autograd.Param][]tensor.Named{state(3, 3, 2), state(0, 2, 3), state(2.5, 2, 3), state(nan, 2, 3)} {
		if err := o.SetState(s); err == nil || !strings.Contains(err.Error(), `"p"`) {
			t.Errorf("%v: error %v", s[p], err)
		}
	}
	if !reflect.DeepEqual(before, snapshot(o, p)) {
		t.Error("what was refused changed the state")
	}
}
