package lab

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/experiments/lab/proxy"
)

// Proxies are those of package proxy, and a table that was cut short anywhere is completed to the same bytes.
func TestProxies(t *testing.T) {
	for space, size := range map[string][]string{"nasbenchmacro": {"-channels", "4", "-image", "8"}, "dartsptb": {"-hidden", "8", "-train-count", "6000"}} {
		o := quick(t, space, append(size, "-proxies", "all")...)
		open := func() *Lab {
			l, err := Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		l := open()
		archs := l.Archs()
		names, err := o.proxyNames(l.family)
		if err != nil {
			t.Fatal(err)
		}
		stopped, stop := context.WithCancel(context.Background())
		stop()
		if _, err := l.Proxies(stopped, archs, names); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: stopped, error %v", space, err)
		}
		want, err := l.Proxies(context.Background(), archs, names)
		if err != nil {
			t.Fatal(err)
		}
		com, err := proxy.New(l.data(false), proxy.Config{Batch: 64, Batches: 2, Seed: 1}, names)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range archs {
			values, err := com.Compute(l.family.model(l.whole, &l.Config.Recipe, 1, a), a)
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range values {
				if e := math.Abs(want[k].Values[i] - v); want[k].Name != names[k] || want[k].Kind != ProxyScore || !(e <= 1e-7*math.Abs(v)) {
					t.Errorf("%s of %v is %v, want %v", names[k], a, want[k], v)
				}
			}
		}
		e, err := l.Ground(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Baselines[len(counts):][:len(names)]; !slices.EqualFunc(got, want, func(a, b Scorer) bool { return a.Name == b.Name && slices.Equal(a.Values, b.Values) }) {
			t.Errorf("%s: the evidence has %v", space, got)
		}
		l.Close()
		table, err := os.ReadFile(filepath.Join(o.Study, proxiesFile))
		if err != nil {
			t.Fatal(err)
		}
		if rows := bytes.Count(table, []byte("\n")); rows != 1+len(archs)*len(names) {
			t.Errorf("%s: %d lines of %d proxies of %d architectures", space, rows, len(names), len(archs))
		}
		for _, cut := range []int{len(table), len(table) - 3, len(table) / 2, 40} {
			if err := os.WriteFile(filepath.Join(o.Study, proxiesFile), table[:cut], 0o666); err != nil {
				t.Fatal(err)
			}
			l := open()
			got, err := l.Proxies(context.Background(), archs, names)
			l.Close()
			if err != nil {
				t.Fatal(err)
			}
			for k := range want {
				if !slices.Equal(got[k].Values, want[k].Values) {
					t.Errorf("%s, cut to %d of %d bytes: %v, want %v", space, cut, len(table), got[k], want[k])
				}
			}
			if again, err := os.ReadFile(filepath.Join(o.Study, proxiesFile)); err != nil || !bytes.Equal(again, table) {
				t.Errorf("%s, cut to %d of %d bytes: the table is another (%v)", space, cut, len(table), err)
			}
		}
	}
}

func TestProxyNames(t *testing.T) {
	for _, c := range []struct {
		space, flag string
		want        []string
		err         string
	}{
		{"nasbench201", "", nil, ""},
		{"nasbench201", "all", proxy.Names(false), ""},
		{"dartsptb", "all", []string{"snip", "grad_norm", "plain", "zico"}, ""},
		{"darts", "swap,snip", []string{"swap", "snip"}, ""},
		{"darts", "swap,snap", nil, `"snap"`},
		{"darts", "swap,swap", nil, "each once"},
		{"dartsptb", "swap", nil, `"swap"`},
	} {
		o := options(t, "-space", c.space, "-proxies", c.flag)
		f, err := familyOf(c.space)
		if err != nil {
			t.Fatal(err)
		}
		got, err := o.proxyNames(f)
		if !slices.Equal(got, c.want) || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("-space %s -proxies %s: %q, %v", c.space, c.flag, got, err)
		}
	}
}

// Training speed is minus the losses of the first epochs, in the table of learning curves.
func TestTrainingSpeed(t *testing.T) {
	o := quick(t, "nasbenchmacro", "-channels", "4", "-image", "8", "-alone-epochs", "2", "-truth-seeds", "2")
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.TrainingSpeed(l.Archs(), 1); err == nil {
		t.Error("there is a training speed before any training")
	}
	if _, err := l.Truth(context.Background(), l.Archs()); err != nil {
		t.Fatal(err)
	}
	one, err := l.TrainingSpeed(l.Archs(), 1)
	if err != nil {
		t.Fatal(err)
	}
	two, err := l.TrainingSpeed(l.Archs(), 2)
	if err != nil {
		t.Fatal(err)
	}
	found, err := l.records()
	if err != nil {
		t.Fatal(err)
	}
	first := make(map[string]float64)
	for _, row := range found.curves.Rows() {
		if row[2] == "1" {
			v, err := strconv.ParseFloat(row[3], 64)
			if err != nil {
				t.Fatal(err)
			}
			first[row[0]] -= v / 2
		}
	}
	for i, a := range l.Archs() {
		if e := math.Abs(one.Values[i] - first[a.String()]); e > 1e-9 || two.Values[i] >= one.Values[i] {
			t.Errorf("%v: %v after an epoch, want %v; %v after two", a, one.Values[i], first[a.String()], two.Values[i])
		}
	}
	if _, err := l.TrainingSpeed(l.Archs(), 3); err == nil {
		t.Error("there is a training speed of three epochs out of two")
	}
}
