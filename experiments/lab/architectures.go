package lab

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/figure"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/experiments/spaces/cellgraph"
	"github.com/oneshot-nas/oneshot/experiments/study"
)

// drawn is how many architectures have their drawings in the report, each of a few KB.
const drawn = 600

// WriteArchitectures writes architectures.json: the study's architectures with the truth, the scores of all supernets that have scored
// them, counts and proxies. It trains no supernet.
func (l *Lab) WriteArchitectures(ctx context.Context) error {
	e, err := l.Ground(ctx)
	if err != nil {
		return err
	}
	if e.Scores, err = l.known(); err != nil {
		return err
	}
	return l.dir.WriteJSON(report.ArchitecturesName, e.Architectures())
}

// known are the scores of those supernets that have scored all of the study's architectures, the study's own first.
func (l *Lab) known() ([]Scorer, error) {
	records, err := l.supernets()
	if err != nil {
		return nil, err
	}
	metric, _ := l.metric()
	var scorers []Scorer
	for _, r := range records {
		rows, err := l.openRows(supernetsFolder+"/"+r.key()+"/"+scoresFile, scoreColumns(metric)...)
		if err != nil {
			return nil, err
		}
		values, missing := rows.find(l.archs, strconv.Itoa(cmp.Or(r.Epochs, l.Config.Train.Epochs)), string(l.Config.Eval.BN))
		if len(missing) > 0 {
			continue
		}
		scorers = append(scorers, Scorer{Name: l.label(r), Kind: SupernetScore, Values: l.better(values)})
	}
	slices.SortStableFunc(scorers, func(a, b Scorer) int {
		return cmp.Or(cmp.Compare(len(a.Name), len(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	return scorers, nil
}

// supernets are those that the study has begun, as far as this version of the program knows what they are.
func (l *Lab) supernets() ([]*record, error) {
	files, err := fs.Glob(os.DirFS(l.dir.Path(".")), supernetsFolder+"/*/"+variantFile) // within the study, whose name may look like a pattern itself
	if err != nil {
		return nil, err
	}
	var records []*record
	for _, file := range files {
		var fields map[string]json.RawMessage
		if err := study.ReadJSON(l.dir.Path(file), &fields); err != nil {
			return nil, err
		}
		delete(fields, study.ChecksumField)
		js, err := json.Marshal(fields)
		if err != nil {
			return nil, err
		}
		r := new(record)
		known := json.NewDecoder(bytes.NewReader(js))
		known.DisallowUnknownFields()
		if known.Decode(r) != nil {
			continue // it says more than this version of the program knows: there is no telling what it is
		}
		if r.key() != path.Base(path.Dir(file)) {
			return nil, fmt.Errorf("%s does not belong here: it is of %s; delete it, and whoever scores with the supernet writes it anew",
				l.dir.Path(file), path.Dir(path.Dir(file))+"/"+r.key())
		}
		records = append(records, r)
	}
	return records, nil
}

// Architectures puts together what the evidence says of each architecture.
func (e *Evidence) Architectures() *report.Architectures {
	all := &report.Architectures{Space: e.Title}
	var values [][]float64
	add := func(name, title string, kind report.ColumnKind, v []float64) {
		all.Columns = append(all.Columns, report.ArchitectureColumn{Name: name, Title: title, Kind: kind})
		values = append(values, v)
	}
	add("truth", "truth: "+e.TruthName+", mean of the runs", report.TruthColumn, e.Truth.Mean)
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
