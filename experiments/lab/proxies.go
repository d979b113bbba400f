package lab

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/lab/proxy"
	"github.com/oneshot-nas/oneshot/spaces"
)

// proxiesFile is the table of the zero-cost proxies.
const proxiesFile = "proxies.csv"

var proxyColumns = []string{"architecture", "proxy", "seed", "value"}

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
	if len(names) == 0 {
		return nil, nil
	}
	rows, err := l.openRows(proxiesFile, proxyColumns...)
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
			v, ok := rows.get(a.String(), name, seed)
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
	if l.served != nil {
		if err := l.handOut(ctx, nil, nil, &proxyWork{archs, names}); err != nil {
			return nil, err
		}
		return l.Proxies(ctx, archs, names)
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

// TrainingSpeed ranks architectures by how fast the loss of their trainings alone falls in the first epochs, the mean over seeds:
// [proxy.TrainingSpeed]. It is an error if a training is missing, as all are where the truth comes from a table of results.
func (l *Lab) TrainingSpeed(archs []spaces.Arch, epochs int) (Scorer, error) {
	s := Scorer{Name: "training speed, " + Plural(epochs, "epoch"), Kind: ProxyScore, Values: make([]float64, len(archs))}
	found, err := l.records()
	if err != nil {
		return s, err
	}
	losses := make(map[string]float64) // by architecture, seed and epoch
	for _, rows := range [][][]string{found.embeddedRows, found.curves.Rows()} {
		for i, row := range rows {
			v, err := strconv.ParseFloat(row[3], 64)
			if err != nil || !finite(v) {
				return s, fmt.Errorf("%s: row %d has a training loss of %.100q, want a number", l.dir.Path(curvesFile), i+1, row[3])
			}
			losses[rowKey(row[:3]...)] = v
		}
	}
	at, seeds := make(map[string]int, len(archs)), make([]float64, len(archs))
	for i, a := range archs {
		at[a.String()] = i
	}
	for _, t := range l.trainings(archs) {
		if found.hasDiverged(t) {
			continue
		}
		curve := make([]float64, epochs)
		for e := range curve {
			loss, ok := losses[rowKey(append(t.key(), strconv.Itoa(e+1))...)]
			if !ok {
				return s, fmt.Errorf("the loss of epoch %d of %v with seed %d is not known: training speed is about architectures that have been trained alone", e+1, t.arch, t.seed)
			}
			curve[e] = loss
		}
		i := at[t.arch.String()]
		s.Values[i] += proxy.TrainingSpeed(curve)
		seeds[i]++
	}
	for i := range seeds {
		s.Values[i] /= seeds[i]
	}
	return s, nil
}
