package nn

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/tensor"
)

// WeightOption is a choice of [LoadWeights] and [SaveWeights].
type WeightOption func(*weightOptions)

type weightOptions struct {
	rename  func(string) string
	names   map[string]string
	except  []string
	partial bool
}

// Rename translates names from those that come in to those that go out: of the file to those of the model in [LoadWeights], of the model
// to those of the file in [SaveWeights]. Its keys are names of tensors, or scopes, whose tensors are all renamed; "" is the root:
//
//	nn.Rename(map[string]string{"module.fc": "head", "module": ""})
//
// makes head.weight of module.fc.weight, and conv1.weight of module.conv1.weight. The longest key that fits a name counts. One that fits
// none is an error.
func Rename(names map[string]string) WeightOption {
	return func(o *weightOptions) { o.names = names }
}

// RenameFunc is [Rename] by a function.
func RenameFunc(rename func(name string) string) WeightOption {
	return func(o *weightOptions) { o.rename = rename }
}

// Except leaves out the tensors of the given names, or within the given scopes, under the model's names: [LoadWeights] keeps what the
// model has, as for a classifier of other classes, and [SaveWeights] does not write them.
func Except(scopes ...string) WeightOption {
	return func(o *weightOptions) { o.except = append(o.except, scopes...) }
}

// Partial makes [LoadWeights] take what the model and the file have in common, as load_state_dict(strict=False) does: what is missing and
// what is unexpected is no error, but is in the report. Shapes that differ still are an error.
func Partial(o *weightOptions) { o.partial = true }

func newWeightOptions(options []WeightOption) *weightOptions {
	o := new(weightOptions)
	for _, option := range options {
		option(o)
	}
	return o
}

// within reports whether a tensor is called scope, or lies in it.
func within(name, scope string) bool {
	return scope == "" || name == scope || strings.HasPrefix(name, scope+".")
}

// translator returns a function that translates names, and the set of the keys of Rename and Except that have not fitted any name so far.
func (o *weightOptions) translator() (translate func(name string) string, unused map[string]bool) {
	unused = make(map[string]bool)
	for scope := range o.names {
		unused[scope] = true
	}
	return func(name string) string {
		best, found := "", false
		for scope := range o.names {
			if within(name, scope) && (!found || len(scope) > len(best)) {
				best, found = scope, true
			}
		}
		if found {
			delete(unused, best)
			name = strings.TrimPrefix(strings.TrimPrefix(name, best), ".")
			name = strings.Trim(o.names[best]+"."+name, ".")
		}
		if o.rename != nil {
			name = o.rename(name)
		}
		return name
	}, unused
}

func (o *weightOptions) excepts(name string) bool {
	return slices.ContainsFunc(o.except, func(scope string) bool { return within(name, scope) })
}

// checkExcept returns an error if the model has nothing of what is to be left out.
func (o *weightOptions) checkExcept(s *Store) error {
	for _, scope := range o.except {
		if !slices.ContainsFunc(s.named(), func(n tensor.Named) bool { return within(n.Name, scope) }) {
			return fmt.Errorf("Except(%q): the model has nothing of that name", scope)
		}
	}
	return nil
}

// WeightsReport says how the tensors of a file compare with those of a model.
type WeightsReport struct {
	Loaded     []string // what the model has got: names of its parameters and buffers
	Missing    []string // what the file lacks, under the names that it would have in a state dict of this model
	Unexpected []string // what the model lacks, under the names that the file has
	Skipped    []tensor.Skipped
	misfits    []string
}

// LoadWeights reads the parameters and buffers of a model from a state dict of PyTorch in a safetensors file: by name, and from PyTorch's
// layouts to ours (see [Layout]; the weight of a linear layer that reads flattened images, made with [Flattened], is brought from their
// order of channel, row, column to ours of row, column, channel). That a linear layer without this option reads images that
// [autograd.Flatten] has flattened, nothing can tell: then its inputs are in the wrong order. The path may be that of an index of several
// files, as model.safetensors.index.json.
//
// Values of F64, F16 and BF16 become float32. Of two names for one tensor, as a decoder shares its weight with an embedding, one is enough.
// The counts of batches of PyTorch's batch norms (num_batches_tracked) are passed over, and so are tensors of types that are no weights,
// such as masks (BOOL): the report lists them as Skipped.
//
// It is an error if a tensor of the model is missing, if the file has one that the model has not (see [Partial] and [Except] for others'
// weights), or if the shapes differ, and then the model is as before. The error and the report name all of them.
func LoadWeights(path string, s *Store, options ...WeightOption) (WeightsReport, error) {
	o := newWeightOptions(options)
	dict, err := readStateDict(path)
	if err != nil {
		return WeightsReport{}, err
	}
	if err := o.checkExcept(s); err != nil {
		return WeightsReport{}, fmt.Errorf("%s: %w", path, err)
	}
	if err := dict.translate(o); err != nil {
		return WeightsReport{}, fmt.Errorf("%s: %w", path, err)
	}
	report := WeightsReport{Skipped: dict.skipped}
	var to, from []tensor.Tensor
	for _, n := range s.named() {
		a := s.arrangement(n.Name)
		if o.excepts(n.Name) {
			dict.passOver(append(a.names(n.Name), a.tied...))
			continue
		}
		if t, ok := dict.weight(n, a, &report); ok {
			to, from = append(to, n.Tensor), append(from, t)
			report.Loaded = append(report.Loaded, n.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(dict.tensors)) {
		if !dict.used[name] && !o.excepts(name) && !strings.HasSuffix(name, "num_batches_tracked") {
			report.Unexpected = append(report.Unexpected, dict.origin[name])
		}
	}
	if err := report.err(o.partial); err != nil {
		report.Loaded = nil
		return report, fmt.Errorf("%s: %w", path, err)
	}
	for i, t := range to {
		t.CopyFrom(from[i])
	}
	return report, nil
}

// err lists all that keeps the file from being the model's.
func (r *WeightsReport) err(partial bool) error {
	var b strings.Builder
	section := func(title string, names []string) {
		if len(names) > 0 {
			fmt.Fprintf(&b, "\n%d %s:\n\t%s", len(names), title, strings.Join(names, "\n\t"))
		}
	}
	section("cannot be loaded", r.misfits)
	if !partial {
		section("missing in the file", r.Missing)
		section("in the file that the model has not", r.Unexpected)
	}
	if b.Len() == 0 {
		return nil
	}
	return fmt.Errorf("the weights are not those of this model%s%s", b.String(), r.hint())
}

// hint says if a prefix is all that keeps the names of the file from being those that are missing.
func (r *WeightsReport) hint() string {
	if len(r.Missing) == 0 || len(r.Unexpected) == 0 {
		return ""
	}
	unexpected := make(map[string]bool)
	for _, name := range r.Unexpected {
		unexpected[name] = true
	}
	there := func(under func(name string) string) bool { // all that is missing
		return !slices.ContainsFunc(r.Missing, func(name string) bool { return !unexpected[under(name)] })
	}
	for _, name := range r.Unexpected {
		if prefix, ok := strings.CutSuffix(name, "."+r.Missing[0]); ok && there(func(name string) string { return prefix + "." + name }) {
			return fmt.Sprintf("\nwhat is missing is there within %q: Rename(map[string]string{%[1]q: \"\"}) takes it from there", prefix)
		}
		prefix, ok := strings.CutSuffix(r.Missing[0], "."+name)
		if ok && there(func(name string) string { return strings.TrimPrefix(name, prefix+".") }) {
			return fmt.Sprintf("\nwhat is missing is there without %q: Rename(map[string]string{\"\": %[1]q}) puts it there", prefix)
		}
	}
	return ""
}

// SaveWeights writes the parameters and buffers of a model as LoadWeights reads them: a safetensors file with the names, layouts and
// shapes of PyTorch's state dict, which its load_state_dict takes, strictly too:
//
//	model.load_state_dict(safetensors.torch.load_file("model.safetensors"))
//
// Of two biases that PyTorch's recurrent layers add up where ours have one, the first is ours and the second zero. The counts of batches
// of batch norms, which PyTorch does not ask for, are left out. A crash leaves the old file or the new one.
func SaveWeights(path string, s *Store, options ...WeightOption) error {
	o := newWeightOptions(options)
	if err := o.checkExcept(s); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var dict []tensor.Named
	for _, n := range s.named() {
		if o.excepts(n.Name) {
			continue
		}
		a := s.arrangement(n.Name)
		parts := a.parts(n)
		dict = append(dict, parts...)
		for _, name := range a.tied {
			dict = append(dict, tensor.Named{Name: name, Tensor: parts[0].Tensor})
		}
	}
	translate, unused := o.translator()
	for i, n := range dict {
		dict[i].Name = translate(n.Name)
	}
	if err := unfitting(unused); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return tensor.SaveSafetensors(path, dict, map[string]string{"format": "pt"})
}

// unfitting returns an error that names the keys of Rename that fit nothing.
func unfitting(keys map[string]bool) error {
	if len(keys) == 0 {
		return nil
	}
	return fmt.Errorf("Rename: nothing is called, or lies within, %s", list(slices.Sorted(maps.Keys(keys))))
}
