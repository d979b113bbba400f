package proxy_test

import (
	"encoding/csv"
	"errors"
	"flag"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/experiments/lab/proxy"
	"github.com/oneshot-nas/oneshot/experiments/rank"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/spaces/truth"
	"github.com/oneshot-nas/oneshot/supernet"
)

var (
	published = flag.Int("published", 0, "architectures of NAS-Bench-201 to compute all proxies of, and to compare with the published accuracies")
	channels  = flag.Int("channels", 16, "of the networks of TestPublished")
	cells     = flag.Int("cells", 5, "of a stage of the networks of TestPublished")
	rowsFile  = flag.String("rows", "", "where TestPublished keeps the proxies: a run that was stopped goes on from there")
)

// TestPublished is the measurement of this package: how the proxies of NAS-Bench-201's networks, of their published size (16 channels, 5
// cells a stage) on CIFAR-10 in batches of 64, rank architectures, against the published test accuracies. Architectures are drawn at
// random, each function once, and none whose output does not depend on its input.
//
//	ONESHOT_DATA=DIR go test ./experiments/lab/proxy -run Published -v -timeout 0 -published 1000 -rows proxies.csv
//
// It takes about half a second for each architecture on one core. The package comment has what it found.
func TestPublished(t *testing.T) {
	data := os.Getenv("ONESHOT_DATA")
	if *published == 0 || data == "" {
		t.Skip("-published N asks for it, and ONESHOT_DATA names the folder with cifar-10-batches-bin and truth/nb201-cifar10.csv")
	}
	table, err := truth.ReadCSV(filepath.Join(data, "truth", "nb201-cifar10.csv"), "test_accuracy")
	if err != nil {
		t.Fatal(err)
	}
	train, _, err := dataset.ReadCIFAR10(filepath.Join(data, "cifar-10-batches-bin"))
	if err != nil {
		t.Fatal(err)
	}
	images := supernet.NewImages(dataset.NewLoader(train, dataset.Augment{Pad: 4, Flip: true}), dataset.NewLoader(train, dataset.Augment{}))
	names := proxy.Names(false)
	com, err := proxy.New(images, proxy.Default, names)
	if err != nil {
		t.Fatal(err)
	}
	rows, add := openRows(t, append([]string{"architecture"}, names...))
	space := nasbench201.Space{Channels: *channels, Cells: *cells, Classes: 10, Image: 32}
	seen := make(map[string]bool)
	columns, accuracy := make([][]float64, len(names)+3), []float64(nil)
	for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(len(table.Rows)) {
		if len(accuracy) == *published {
			break
		}
		row := &table.Rows[i]
		arch, err := nasbench201.Parse(row.Architecture)
		if err != nil {
			t.Fatal(err)
		}
		if !arch.Connected() || seen[arch.Hash()] {
			continue
		}
		seen[arch.Hash()] = true
		values := rows[row.Architecture]
		if values == nil {
			if values, err = com.Compute(supernet.NewNASBench201(space, 1, &arch), arch); err != nil {
				t.Fatal(err)
			}
			add(row.Architecture, values)
		}
		net := nasbench201.New().Network(arch)
		values = append(append([]float64(nil), values...), float64(net.MACs()), float64(net.Params()), float64(net.WeightedLayers()))
		for k, v := range values {
			columns[k] = append(columns[k], v)
		}
		accuracy = append(accuracy, row.Mean())
	}
	for k, name := range append(names, "MACs", "parameters", "layers") {
		p, err := rank.New(columns[k], accuracy)
		if err != nil {
			t.Fatal(err)
		}
		ci := p.Bootstrap(200, 0.95, 1, (*rank.Pairs).Kendall, (*rank.Pairs).Spearman)
		t.Logf("%-10s n %d  τ-b %.3f [%.3f %.3f]  ρ %.3f [%.3f %.3f]", name, p.Len(), p.Kendall(), ci[0].Low, ci[0].High, p.Spearman(), ci[1].Low, ci[1].High)
	}
}

// openRows reads the rows that there are by their first column, and returns what adds one.
func openRows(t *testing.T, header []string) (rows map[string][]float64, add func(string, []float64)) {
	rows = make(map[string][]float64)
	if *rowsFile == "" {
		return rows, func(string, []float64) {}
	}
	in, err := os.Open(*rowsFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		t.Fatal(err)
	default:
		r := csv.NewReader(in)
		r.FieldsPerRecord = len(header)
		records, err := r.ReadAll()
		in.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range records[1:] {
			for _, field := range record[1:] {
				v, err := strconv.ParseFloat(field, 64)
				if err != nil {
					t.Fatal(err)
				}
				rows[record[0]] = append(rows[record[0]], v)
			}
		}
	}
	out, err := os.OpenFile(*rowsFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	w := csv.NewWriter(out)
	write := func(record []string) {
		w.Write(record)
		if w.Flush(); w.Error() != nil {
			t.Fatal(w.Error())
		}
	}
	if len(rows) == 0 {
		write(header)
	}
	return rows, func(name string, values []float64) {
		record := []string{name}
		for _, v := range values {
			record = append(record, strconv.FormatFloat(v, 'g', -1, 64))
		}
		write(record)
	}
}
