package figure

import (
	"io"
	"math"
	"strings"
	"testing"
)

func heatmap() *Heatmap {
	return &Heatmap{
		Name: "bias", Title: "Operator bias", Subtitle: "recipe tiny", Rows: []string{"none", "skip_connect"}, Columns: []string{"0→1", "0→2", "1→2"},
		RowAxis: "operation", ColumnAxis: "edge", Scale: "mean difference of ranks", Digits: 2, Diverging: true,
		Cells: []Values{{-0.5, 0.25, math.NaN()}, {0.125, -0.004, 0.5}},
		Weak:  [][]bool{{false, false, false}, {true, true, false}},
	}
}

func TestHeatmap(t *testing.T) {
	svg := drawn(t, heatmap())
	said := "\n" + strings.Join(texts(t, svg), "\n") + "\n"
	for _, want := range []string{"Operator bias", "recipe tiny", "none", "skip_connect", "1→2", "operation", "edge", "-0.50", "0.25", "(0.12)", "(0.00)", "0.50",
		"mean difference of ranks; in brackets: not significant"} {
		if !strings.Contains(said, "\n"+want+"\n") {
			t.Errorf("%q is not written; the map says %s", want, said)
		}
	}
	if strings.Contains(said, "NaN") {
		t.Error("a cell without a number is written")
	}
}

func TestHeatmapColors(t *testing.T) {
	g := &grid{Heatmap: &Heatmap{Diverging: true}, values: span{-2, 2}}
	for v, want := range map[float64]any{-2: heatLow, 0: paper, 2: heatHigh, 1: mix(paper, heatHigh, 0.5)} {
		if got := g.color(v); got != want {
			t.Errorf("%v is %v, want %v", v, got, want)
		}
	}
	g = &grid{Heatmap: &Heatmap{}, values: span{1, 3}}
	for v, want := range map[float64]any{1: paper, 3: heatLow} {
		if got := g.color(v); got != want {
			t.Errorf("%v is %v, want %v", v, got, want)
		}
	}
}

func TestHeatmapUnusable(t *testing.T) {
	for want, change := range map[string]func(*Heatmap){
		"1 rows of cells": func(f *Heatmap) { f.Cells = f.Cells[:1] },
		"of 2 columns":    func(f *Heatmap) { f.Columns = f.Columns[:2] },
		"is infinite":     func(f *Heatmap) { f.Cells[0][0] = math.Inf(-1) },
		"no number":       func(f *Heatmap) { f.Rows, f.Cells, f.Weak = nil, nil, nil },
	} {
		f := heatmap()
		change(f)
		if err := f.WritePNG(io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}
