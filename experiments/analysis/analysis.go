package analysis

import (
	"context"
	"flag"
	"strings"

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
	// Rankings answers from several tables of scores, or finished studies, without a truth; nil if it takes one.
	Rankings func(k *lab.Rankings) (*report.Result, error)
	// Study trains and scores in a study what is missing, and returns how to answer from that; nil where Tables on the study's evidence is
	// the whole answer. The answer no longer touches the study, so that Ctrl-C may leave it to itself: many resamples of many architectures
	// take a while.
	Study func(ctx context.Context, l *lab.Lab) (answer func() (*report.Result, error), err error)
	// Needs says what a study lacks for the question, beyond what [lab.Open] finds out; nil where that is enough. It is asked before
	// anything is written or trained.
	Needs func(l *lab.Lab) error
	// Flags defines flags of this analysis alone, nil if it has none, and may change defaults of the others. What they set is for one run: a
	// is its copy of the analysis, in which Study, Needs and Scorings may be replaced.
	Flags func(f *flag.FlagSet, o *lab.Options, a *Analysis)
	// Scorings are the scores that Study will ask for as far as they are known before, besides those of all architectures by the study's own
	// supernets: for the ETA. What depends on scores, such as what is pruned, is not known.
	Scorings func(l *lab.Lab) []lab.Scoring
}

var analyses []*Analysis

// register makes an analysis known to the command line.
func register(a *Analysis) *Analysis {
	analyses = append(analyses, a)
	return a
}

// subtitle is the setting on one line.
func subtitle(r *report.Result) string {
	return strings.Join(append(r.Setting[:len(r.Setting):len(r.Setting)], "95 % intervals over architectures"), "; ")
}
