package lab

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/supernet"
)

// Recipe is how the networks of a space are built, trained and scored.
type Recipe struct {
	Scale Scale `json:"scale"`
	Archs int   `json:"-"` // how many are compared; their numbers depend on nothing but themselves

	Train supernet.TrainConfig `json:"train"` // of the supernet
	Eval  supernet.EvalConfig  `json:"evaluation"`
	Alone supernet.TrainConfig `json:"stand_alone"` // of each architecture of the truth; not used with a table
	// AloneBN is which statistics a network alone is evaluated with.
	AloneBN supernet.BNPolicy `json:"stand_alone_bn"`
	Seeds   int               `json:"-"` // how often each is trained alone

	Augment  dataset.Augment           `json:"augment"`
	DropPath float64                   `json:"drop_path,omitempty"` // largest probability, reached at the end of training
	Language *supernet.DARTSPTBOptions `json:"language,omitempty"`  // of the models of text
	BPTT     int                       `json:"bptt,omitempty"`      // length of a sequence of text
	Vary     bool                      `json:"vary,omitempty"`      // the length of training sequences

	// How many images or words to train on, to score on, and to find the truth on.
	TrainCount int `json:"train_count"`
	ScoreCount int `json:"score_count"`
	TruthCount int `json:"truth_count"`
}

// Scale is the size of a space's networks. Each space reads the fields that it has.
type Scale struct {
	Variant  string  `json:"variant,omitempty"`  // of the space or of weight sharing, see the space's file
	Channels int     `json:"channels,omitempty"` // of the first stage
	Cells    int     `json:"cells,omitempty"`    // in all, or for each stage
	Width    float64 `json:"width,omitempty"`    // factor of all channels
	Depth    int     `json:"depth,omitempty"`    // cells of a stage
	Hidden   int     `json:"hidden,omitempty"`   // units of a recurrent network
	Pool     int     `json:"pool,omitempty"`     // window of the last average pool; 0 is global
	Image    int     `json:"image,omitempty"`    // height and width
}

// family is what the laboratory knows of a search space. Each file of a space declares one.
type family struct {
	name     string
	title    string // as papers write it
	text     bool   // its networks read text
	variants []string
	channels int // of the first stage, at least
	recipes  map[string]Recipe
	// space makes the space at a scale, with networks of that many outputs (classes, or words).
	space func(s Scale, outputs int) spaces.Space
	// published is the space at its published size, which the truth in published tables is about.
	published func(s Scale) spaces.Space
	// model makes a supernet, or the network of one architecture alone.
	model func(space spaces.Space, r *Recipe, seed uint64, only spaces.Arch) supernet.Model
}

var families []*family

// register makes a family known; its order is that of the files' names.
func register(f *family) *family {
	families = append(families, f)
	return f
}

// Spaces lists the names of the spaces that can be studied.
func Spaces() []string {
	var names []string
	for _, f := range families {
		names = append(names, f.name)
	}
	slices.Sort(names)
	return names
}

func familyOf(name string) (*family, error) {
	for _, f := range families {
		if f.name == name {
			return f, nil
		}
	}
	return nil, fmt.Errorf("-space %s: want one of %s", name, strings.Join(Spaces(), ", "))
}

// recipe returns a copy of a recipe.
func (f *family) recipe(name string) (Recipe, error) {
	r, ok := f.recipes[name]
	if !ok {
		return Recipe{}, fmt.Errorf("-recipe %s: %s has tiny, small and paper", name, f.name)
	}
	if r.Train.Averaging != nil {
		a := *r.Train.Averaging
		r.Train.Averaging = &a
	}
	if r.Alone.Averaging != nil {
		a := *r.Alone.Averaging
		r.Alone.Averaging = &a
	}
	if r.Language != nil {
		l := *r.Language
		r.Language = &l
	}
	return r, nil
}

// onlyArch turns the architecture of a stand-alone network, nil for a supernet, into one of the space's type.
func onlyArch[A spaces.Arch](a spaces.Arch) *A {
	if a == nil {
		return nil
	}
	arch := a.(A)
	return &arch
}
