package lab

import (
	"context"
	"math"
	"strconv"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/experiments/spaces/cellgraph"
)

// architecturesFile is all that is known of each architecture, for the report.
const architecturesFile = "architectures.json"

// drawn is how many architectures have their drawings in the report, each of a few KB.
const drawn = 600

// WriteArchitectures writes architectures.json: the study's architectures with the truth, scores, counts and proxies.
func (l *Lab) WriteArchitectures(ctx context.Context) error {
	e, err := l.Evidence(ctx)
	if err != nil {
		return err
	}
	return l.dir.WriteJSON(architecturesFile, e.Architectures())
}

// Architectures puts together what the evidence says of each architecture.
func (e *Evidence) Architectures() *report.Architectures {
	all := &report.Architectures{Space: e.Title}
	var values [][]float64
	add := func(name, title string, kind report.ColumnKind, v []float64) {
		all.Columns = append(all.Columns, report.ArchitectureColumn{Name: name, Title: title, Kind: kind})
		values = append(values, v)
	}
	add("truth", "truth, mean of the runs", report.TruthColumn, e.Truth.Mean)
	kinds := map[ScorerKind]report.ColumnKind{SupernetScore: report.ScoreColumn, TableScore: report.ScoreColumn, CountScore: report.CountColumn, ProxyScore: report.ProxyColumn}
	for _, s := range e.All() {
		title := s.Name
		if s.Kind == SupernetScore || s.Kind == TableScore {
			title = "score: " + title
		}
		add(s.Name, title, kinds[s.Kind], s.Values)
	}
	for i, a := range e.Archs {
		row := report.ArchitectureRow{Arch: a.String()}
		for _, v := range values {
			x := v[i]
			if math.IsInf(x, 0) {
				x = math.NaN()
			}
			row.Values = append(row.Values, x)
		}
		if len(e.Archs) <= drawn {
			var drawing strings.Builder
			if err := cellgraph.WriteSVG(&drawing, cellgraph.Of(a)); err != nil {
				panic(err) // a Builder takes everything
			}
			row.SVG = drawing.String()
		}
		all.Rows = append(all.Rows, row)
	}
	if e.Truth.Curves == nil {
		return all
	}
	all.Curves = make(map[string]map[string]figure.Values)
	for i, runs := range e.Truth.Curves {
		bySeed := make(map[string]figure.Values)
		for k, c := range runs {
			bySeed[strconv.Itoa(k+1)] = c
		}
		all.Curves[e.Archs[i].String()] = bySeed
	}
	return all
}
