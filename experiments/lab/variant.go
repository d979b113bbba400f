package lab

import (
	"github.com/oneshot-nas/oneshot/spaces"
)

// Variant is one supernet of a study: how it departs from the study's recipe. The zero Variant is the study's own supernet. Two equal
// variants are one supernet, trained once.
type Variant struct {
	Seed     uint64  `json:"seed,omitempty"`     // added to the study's
	Epochs   int     `json:"epochs,omitempty"`   // 0: the recipe's
	Sampler  string  `json:"sampler,omitempty"`  // "": the study's
	Schedule string  `json:"schedule,omitempty"` // of the learning rate; "": the recipe's
	Restarts int     `json:"restarts,omitempty"` // cycles of the schedule cosine-restarts
	Width    float64 `json:"width,omitempty"`    // factor of the channels or hidden units; 0: 1

	// Replicate makes every choice k copies of itself with weights of their own, drawn at random in training; 0 and 1: none.
	Replicate int `json:"replicate,omitempty"`

	// The part of the space that is trained: decisions with what they keep or drop, or a list of architectures.
	Keep  map[string][]string `json:"keep,omitempty"`
	Drop  map[string][]string `json:"drop,omitempty"`
	Archs []spaces.Arch       `json:"archs,omitempty"` // as their String in files

	// After is the supernet whose weights this one starts from instead of random ones.
	After *Variant `json:"after,omitempty"`
}
