package lab

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/supernet"
)

// Variant is one supernet of a study: how it departs from the study's recipe. The zero Variant is the study's own supernet. Two
// variants that come to the same training are one supernet, trained once.
type Variant struct {
	Seed     uint64  // added to the study's
	Epochs   int     // 0: the recipe's
	Sampler  string  // "": the study's
	Schedule string  // of the learning rate; "": the recipe's
	Restarts int     // cycles of the schedule cosine-restarts
	Width    float64 // factor of the channels or hidden units; 0: 1

	// Replicate makes every choice k copies of itself with weights of their own, drawn at random in training; 0 and 1: none.
	Replicate int

	// The part of the space that is trained: decisions with what they keep or drop, or a list of architectures.
	Keep  map[string][]string
	Drop  map[string][]string
	Archs []spaces.Arch

	// After is the supernet whose weights this one starts from instead of random ones. It must be of the same width and replication.
	After *Variant
}

// record is a variant as files have it, and as its key is made of it: what is as in the study is left out.
type record struct {
	Seed      uint64              `json:"seed,omitempty"`
	Epochs    int                 `json:"epochs,omitempty"`
	Sampler   string              `json:"sampler,omitempty"`
	Schedule  string              `json:"schedule,omitempty"`
	Restarts  int                 `json:"restarts,omitempty"`
	Width     float64             `json:"width,omitempty"`
	Replicate int                 `json:"replicate,omitempty"`
	Keep      map[string][]string `json:"keep,omitempty"`
	Drop      map[string][]string `json:"drop,omitempty"`
	Archs     []string            `json:"architectures,omitempty"`
	After     *record             `json:"after,omitempty"`
}

// record writes a variant down.
func (l *Lab) record(v Variant) *record {
	r := &record{Seed: v.Seed, Epochs: v.Epochs, Sampler: v.Sampler, Schedule: v.Schedule, Restarts: v.Restarts, Width: v.Width, Replicate: v.Replicate, Keep: v.Keep, Drop: v.Drop}
	c := &l.Config
	if r.Epochs == c.Train.Epochs {
		r.Epochs = 0
	}
	if r.Sampler == c.Sampler {
		r.Sampler = ""
	}
	if r.Schedule == c.Train.Schedule || r.Schedule == "cosine" && c.Train.Schedule == "" {
		r.Schedule = ""
	}
	if r.Width == 1 {
		r.Width = 0
	}
	if r.Replicate == 1 {
		r.Replicate = 0
	}
	for _, a := range v.Archs {
		r.Archs = append(r.Archs, a.String())
	}
	if v.After != nil {
		r.After = l.record(*v.After)
	}
	return r
}

// key names a variant's folder: the beginning of the SHA-256 of its record.
func (r *record) key() string {
	js, err := json.Marshal(r)
	if err != nil {
		panic(err) // numbers and strings
	}
	return fmt.Sprintf("%.4x", sha256.Sum256(js))
}

// folder is where a supernet and what it says are kept.
func (l *Lab) folder(v Variant) string { return supernetsFolder + "/" + l.record(v).key() }

// Label names a variant for people: how it departs from the study's recipe, "supernet" where it does not.
func (l *Lab) Label(v Variant) string { return l.label(l.record(v)) }

func (l *Lab) label(r *record) string {
	var parts []string
	add := func(given bool, format string, args ...any) {
		if given {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(r.Seed != 0, "seed %d", l.Config.Seed+r.Seed)
	add(r.Epochs != 0, "%s", Plural(r.Epochs, "epoch"))
	add(r.Sampler != "", "%s", r.Sampler)
	add(r.Schedule != "" && r.Restarts == 0, "%s", r.Schedule)
	add(r.Restarts != 0, "%s, %s", r.Schedule, Plural(r.Restarts, "cycle"))
	add(r.Width != 0, "width × %g", r.Width)
	add(r.Replicate != 0, "%d copies of each choice", r.Replicate)
	add(len(r.Keep)+len(r.Drop) > 0, "a part of the space")
	add(r.Archs != nil, "%s", Plural(len(r.Archs), "architecture"))
	add(r.After != nil, "going on")
	if parts == nil {
		return "supernet"
	}
	return "supernet, " + strings.Join(parts, ", ")
}

// depth is how many supernets a variant goes on from.
func (v *Variant) depth() int {
	n := 0
	for ; v.After != nil; v = v.After {
		n++
	}
	return n
}

// train is how a variant is trained. One that goes on from another has random numbers of its own.
func (l *Lab) trainConfig(v Variant) supernet.TrainConfig {
	c := l.Config.Train
	c.Seed = l.Config.Seed + v.Seed + uint64(v.depth())<<32
	if v.Epochs != 0 {
		c.Epochs = v.Epochs
		c.Warmup = min(c.Warmup, float64(c.Epochs-1))
	}
	if v.Schedule != "" {
		c.Schedule = v.Schedule
	}
	c.Restarts = v.Restarts
	return c
}

// scale is the size of a variant's networks.
func (l *Lab) scale(v Variant) Scale {
	s := l.Config.Scale
	if v.Width == 0 || v.Width == 1 {
		return s
	}
	times := func(n int) int {
		const multiple = 2 // of stems that are halved
		return max(multiple, multiple*int(math.Round(v.Width*float64(n)/multiple)))
	}
	if s.Width != 0 {
		s.Width *= v.Width
		return s
	}
	if s.Channels != 0 {
		s.Channels = max(times(s.Channels), l.family.channels)
	}
	if s.Hidden != 0 {
		s.Hidden = times(s.Hidden)
	}
	return s
}

// part is what of the space a variant trains, and at which size.
func (l *Lab) part(v Variant) (whole, part spaces.Space, err error) {
	whole, part = l.whole, l.Space
	if s := l.scale(v); s != l.Config.Scale {
		whole = l.family.space(s, l.sets.outputs)
		if part, err = restrict(whole, l.Config.Keep, l.Config.Drop); err != nil {
			return nil, nil, err
		}
	}
	if v.After != nil { // what it goes on from may be a part already
		if _, part, err = l.part(*v.After); err != nil {
			return nil, nil, err
		}
	}
	if v.Archs != nil {
		part, err = spaces.List(part, v.Archs)
	} else {
		part, err = restrict(part, v.Keep, v.Drop)
	}
	return whole, part, err
}

// PartOf is the part of the study's space that a variant trains.
func (l *Lab) PartOf(v Variant) (spaces.Space, error) {
	_, part, err := l.part(v)
	return part, err
}

// restrict keeps and drops values of decisions.
func restrict(s spaces.Space, keep, drop map[string][]string) (spaces.Space, error) {
	var err error
	if len(keep) > 0 {
		if s, err = spaces.Keep(s, keep); err != nil {
			return nil, fmt.Errorf("-keep: %w", err)
		}
	}
	if len(drop) > 0 {
		if s, err = spaces.Drop(s, drop); err != nil {
			return nil, fmt.Errorf("-drop: %w", err)
		}
	}
	return s, nil
}
