package report

import (
	"github.com/oneshot-nas/oneshot/experiments/figure"
)

// Architectures is architectures.json of a study: all that is known of each architecture, for the scatter and the table in the
// report, where a reader chooses what stands against what.
type Architectures struct {
	Space   string               `json:"space"`
	Columns []ArchitectureColumn `json:"columns"`
	Rows    []ArchitectureRow    `json:"rows"`

	// Curves are the learning curves of architectures trained alone: by architecture and seed the accuracy (or minus the perplexity)
	// after each epoch, the first first.
	Curves map[string]map[string]figure.Values `json:"curves,omitempty"`
}

// ArchitectureColumn is a number that each architecture has.
type ArchitectureColumn struct {
	Name  string     `json:"name"`
	Title string     `json:"title"` // as a reader is to see it
	Kind  ColumnKind `json:"kind"`
	Unit  string     `json:"unit,omitempty"`
}

// ColumnKind is where a number comes from.
type ColumnKind string

// The kinds of architecture columns.
const (
	TruthColumn ColumnKind = "truth"
	ScoreColumn ColumnKind = "score" // of a supernet, or somebody's
	CountColumn ColumnKind = "count" // parameters, multiply-adds, weighted layers
	ProxyColumn ColumnKind = "proxy" // computed at initialisation
)

// ArchitectureRow is one architecture.
type ArchitectureRow struct {
	Arch   string        `json:"arch"`
	Values figure.Values `json:"values"`        // one for each column, NaN where there is none
	SVG    string        `json:"svg,omitempty"` // its drawing; none where there are so many architectures that drawings would fill the page
}
