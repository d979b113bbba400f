package lab

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/lab/proxy"
	"github.com/oneshot-nas/oneshot/spaces"
)

// proxiesFile is the table of the zero-cost proxies.
const proxiesFile = "proxies.csv"

// proxyNames reads the option for the models of a space: names, or all that are defined there.
func (o *Options) proxyNames(f *family) ([]string, error) {
	defined := proxy.Names(f.text)
	switch o.Proxies {
	case "":
		return nil, nil
	case "all":
		return defined, nil
	}
	names := strings.Split(o.Proxies, ",")
	for i, name := range names {
		if !slices.Contains(defined, name) || slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("-proxies %s: %q: want all, or some of %s, each once", o.Proxies, name, strings.Join(defined, ","))
		}
	}
	return names, nil
}

// Proxies computes zero-cost proxies ([proxy.Names]) of architectures, each with a network of its own at the recipe's scale, as it is
// initialised: what the supernet is to add something to. Values are those of the study's seed, found again in its table and not
// computed twice.
func (l *Lab) Proxies(ctx context.Context, archs []spaces.Arch, names []string) ([]Scorer, error) {
	rows, err := l.openRows(proxiesFile, "architecture", "proxy", "seed", "value")
	if err != nil {
		return nil, err
	}
	seed := strconv.FormatUint(l.Config.Seed, 10)
	scorers := make([]Scorer, len(names))
	missing := make([][]int, len(archs)) // of each architecture, the names
	left := 0
	for k, name := range names {
		scorers[k] = Scorer{Name: name, Kind: ProxyScore, Values: make([]float64, len(archs))}
		for i, a := range archs {
			v, ok := rows.at[rowKey(a.String(), name, seed)]
			if !ok {
				if len(missing[i]) == 0 {
					left++
				}
				missing[i] = append(missing[i], k)
			}
			scorers[k].Values[i] = v
		}
	}
	if left == 0 {
		return scorers, nil
	}
	task := l.report.Start("proxies", "architectures", len(archs), len(archs)-left)
	defer task.End()
	config := proxy.Default
	config.Seed = l.Config.Seed
	computers := make(map[string]*proxy.Computer) // by what is missing: as a rule everything, and the rest of a row that was cut short
	for i, a := range archs {
		if len(missing[i]) == 0 {
			continue
		}
		if ctx.Err() != nil {
			return nil, context.Canceled
		}
		key := fmt.Sprint(missing[i])
		c := computers[key]
		if c == nil {
			var wanted []string
			for _, k := range missing[i] {
				wanted = append(wanted, names[k])
			}
			if c, err = proxy.New(l.data(false), config, wanted); err != nil {
				return nil, err
			}
			computers[key] = c
		}
		values, err := c.Compute(l.family.model(l.whole, &l.Config.Recipe, l.Config.Seed, a), a)
		if err != nil {
			return nil, err
		}
		for j, k := range missing[i] {
			if scorers[k].Values[i], err = rows.add(values[j], a.String(), names[k], seed); err != nil {
				return nil, err
			}
		}
		task.Add(1)
	}
	return scorers, nil
}

// TrainingSpeed ranks architectures by how fast the loss of their training alone falls in the first epochs, the mean over the seeds:
// [proxy.TrainingSpeed]. It is an error if an architecture has not been trained alone, as where the truth comes from a table.
func (l *Lab) TrainingSpeed(archs []spaces.Arch, epochs int) (Scorer, error) {
	found, err := l.records()
	if err != nil {
		return Scorer{}, err
	}
	s := Scorer{Name: fmt.Sprintf("training speed, %d epochs", epochs), Kind: ProxyScore, Values: make([]float64, len(archs))}
	for i, a := range archs {
		curves := found.lossCurves(a.String(), epochs)
		if len(curves) == 0 {
			return Scorer{}, fmt.Errorf("%s has no %d epochs of %v: training speed is about architectures that the study has trained alone", l.dir.Path(curvesFile), epochs, a)
		}
		for _, losses := range curves {
			s.Values[i] += proxy.TrainingSpeed(losses) / float64(len(curves))
		}
	}
	return s, nil
}

// lossCurves are the training losses of the first epochs of an architecture, by run.
func (r *records) lossCurves(arch string, epochs int) [][]float64 {
	bySeed := make(map[int][]float64)
	for _, rows := range [][][]string{r.curves.Rows(), r.embeddedRows} {
		for _, row := range rows {
			if row[0] != arch {
				continue
			}
			seed, _ := strconv.Atoi(row[1])
			if loss, err := strconv.ParseFloat(row[3], 64); err == nil && finite(loss) && len(bySeed[seed]) < epochs {
				bySeed[seed] = append(bySeed[seed], loss)
			}
		}
	}
	var curves [][]float64
	for _, seed := range slices.Sorted(maps.Keys(bySeed)) { // always in one order, for sums to be the same
		if len(bySeed[seed]) == epochs {
			curves = append(curves, bySeed[seed])
		}
	}
	return curves
}
