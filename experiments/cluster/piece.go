package cluster

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Piece is work that any worker can do: what comes of it depends on the piece and its study alone.
type Piece struct {
	Key   string          `json:"key"`   // names it among all of the session: letters, digits, - and _
	Study string          `json:"study"` // which of the session's studies it belongs to
	Kind  string          `json:"kind"`
	Label string          `json:"label"` // for people
	Spec  json.RawMessage `json:"spec"`
	Needs []string        `json:"needs,omitempty"` // files that the coordinator shares, see [Coordinator.Share]
	Work  float64         `json:"work,omitempty"`  // how much it is, in a unit that all pieces have in common; the largest are handed out first
}

// State is what has come of a piece: so far, in a checkpoint, or in all, in a result.
type State struct {
	Value json.RawMessage `json:"value,omitempty"`
	Files []File          `json:"files,omitempty"`
	By    []Worker        `json:"by"` // who has worked on it, as a rule one
}

// File is a file of a state. Its contents are an object in the store.
type File struct {
	Name   string `json:"name"`
	Object string `json:"object"`
	SHA256 string `json:"sha256"`
}

// Worker is a process that does pieces.
type Worker struct {
	ID      string  `json:"id"` // host and process
	Program Program `json:"program"`
}

// Program is what the bits of a result depend on besides the piece and the study.
type Program struct {
	Module    string `json:"module"`   // version
	Revision  string `json:"revision"` // of the source; "" if not known
	Go        string `json:"go"`
	ISA       string `json:"isa"`
	Precision string `json:"precision"`
}

// Differences says in what a worker's program is another than the coordinator's; "" if in nothing.
func (p Program) Differences(worker Program) string {
	var all []string
	for _, d := range []struct{ what, here, there string }{
		{"version", p.Module, worker.Module}, {"revision", p.Revision, worker.Revision}, {"go", p.Go, worker.Go},
		{"ISA", p.ISA, worker.ISA}, {"precision", p.Precision, worker.Precision},
	} {
		if d.here != d.there {
			all = append(all, fmt.Sprintf("%s %q, the coordinator's is %q", d.what, d.there, d.here))
		}
	}
	return strings.Join(all, "; ")
}

// Policy is which workers a session lets in.
type Policy string

// The policies.
const (
	Same Policy = "same" // those of the coordinator's version, instruction set and precision: the bits are those of one process
	Any  Policy = "any"  // all; what another program has computed is marked as its
)

// ParsePolicy reads a policy.
func ParsePolicy(s string) (Policy, error) {
	if p := Policy(s); p == Same || p == Any {
		return p, nil
	}
	return "", fmt.Errorf("%q: want %s or %s", s, Same, Any)
}
