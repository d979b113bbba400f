package lab

import (
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/spaces"
)

// Evidence is what rankings are judged by: architectures, what they achieve, and what any number of scores says of them. It comes
// from a study ([Lab.Evidence]) or from anyone's tables ([ReadEvidence]).
type Evidence struct {
	Space   spaces.Space // at the size that the truth is about
	Title   string       // of the space, as papers write it
	Setting []string     // where scores and truth come from, a line each
	Seed    uint64       // of what is drawn at random: resamples, random orders

	Archs []spaces.Arch
	Truth *Truth

	Scores    []Scorer // what is judged: supernets by seed, or a column of each file
	Baselines []Scorer // what it must be compared to: counts, and proxies if they were asked for
}

// Scorer is a number for each architecture by which they can be ranked; higher is better.
type Scorer struct {
	Name   string
	Kind   ScorerKind
	Values []float64 // as Evidence.Archs
}

// ScorerKind is where a score comes from.
type ScorerKind string

// The kinds of scorers.
const (
	SupernetScore ScorerKind = "supernet"
	CountScore    ScorerKind = "count" // parameters, multiply-adds, weighted layers
	ProxyScore    ScorerKind = "proxy" // computed at initialisation
	TableScore    ScorerKind = "table" // somebody's
)

// All are the scorers judged and those that they are compared to.
func (e *Evidence) All() []Scorer {
	return append(e.Scores[:len(e.Scores):len(e.Scores)], e.Baselines...)
}

// Result begins what an analysis says about the evidence.
func (e *Evidence) Result(name, title, question string) *report.Result {
	return &report.Result{Analysis: name, Title: title, Question: question, Setting: e.Setting}
}
