// Package analysis holds the questions that the laboratory answers: one file each, which declares an [Analysis].
//
// An analysis turns evidence into a [report.Result]. What needs no more than tables of scores and truth is a function of
// [lab.Evidence], and so also answers for tables from elsewhere; what has to train takes the [lab.Lab]. All of them run from one
// command line ([Main]), in one study directory, where each supernet, score and truth is computed once and found by the others.
package analysis

import (
	"context"
	"flag"

	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/report"
)

// Analysis is a question, and how it is answered.
type Analysis struct {
	Name     string // of the command and of the folder in the study
	Title    string
	Question string

	// Tables answers from tables alone; nil if that is not enough to go by.
	Tables func(e *lab.Evidence) (*report.Result, error)
	// Study answers in a study, training what is missing; nil where Tables on the study's evidence is the whole answer.
	Study func(ctx context.Context, l *lab.Lab) (*report.Result, error)
	// Flags defines flags of this analysis alone, nil if it has none, and may change defaults of the others. What they set is for one run: a
	// is its copy of the analysis, in which Study and Variants may be replaced.
	Flags func(f *flag.FlagSet, o *lab.Options, a *Analysis)
	// Variants are the supernets that Study will ask for as far as they are known before, besides the study's own: for the ETA.
	Variants func(l *lab.Lab) []lab.Variant
}

var analyses []*Analysis

// register makes an analysis known to the command line.
func register(a *Analysis) *Analysis {
	analyses = append(analyses, a)
	return a
}
