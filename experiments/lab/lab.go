package lab

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/experiments/host"
	"github.com/oneshot-nas/oneshot/experiments/progress"
	"github.com/oneshot-nas/oneshot/experiments/study"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/supernet"
)

// Config is everything that the numbers of a study depend on. It is written to config.json; a study directory with another
// one is refused.
type Config struct {
	Space  string `json:"space"`
	Name   string `json:"recipe"`
	Seed   uint64 `json:"seed"`
	Recipe        // its fields side by side with these

	Sampler string              `json:"sampler"`
	Keep    map[string][]string `json:"keep,omitempty"`
	Drop    map[string][]string `json:"drop,omitempty"`

	Data     string `json:"data"`
	TrainSet string `json:"train_set"` // fingerprints; of texts, of all parts in the first
	ScoreSet string `json:"score_set,omitempty"`
	TruthSet string `json:"truth_set,omitempty"`
	Truth    string `json:"truth"`                 // "trained", "embedded" with a fingerprint, or file, column and fingerprint
	Again    string `json:"truth_again,omitempty"` // the same of another training
	ISA      string `json:"isa"`                   // and whether Winograd is in use and, in bfloat16, a unit for it: bits differ
}

// Lab is one study of a search space.
type Lab struct {
	Config Config
	Space  spaces.Space // at the recipe's scale, or the part of it that is studied

	hash       string // of the configuration, the beginning
	family     *family
	whole      spaces.Space // at the recipe's scale
	counted    spaces.Space // whose networks the truth is about
	place      string       // where the study is kept
	dir        *study.Study
	report     *progress.Reporter
	checkpoint time.Duration
	sets       sets
	unreadable []*dataset.PictureError // what is left out of sets
	table      *table                  // published truth, if there is one
	again      *table                  // of another training
	embedded   *embedded               // truth that comes with the program, if it is about this recipe
	why        string                  // it is not
	chosen     []spaces.Arch
	archs      []spaces.Arch   // the chosen, but for those of which every training alone has diverged
	seeds      int             // of supernets
	once       map[string]bool // architectures that are trained alone once, whatever the recipe says
	diverged   divergence
	shard      shard
	export     string
	merged     int   // trainings, from shards
	memory     int64 // bytes that the machine has for the process; 0: nobody knows
	force      bool  // whatever it takes
	real       bool  // the data come from a folder
	impossible map[string]error
	warnings   []string
	proxies    []string // names of those that the options ask for
	served     *served  // whom the study's work is handed out to; nil: it is done here
	attempt    *attempt // the piece of another's study that is done here, if there is one

	afterStep func(done int) // of a training; for tests
}

// Need says what a study lacks for what is to be done with it, nil if it is nothing. It must not write to the study, which is not open yet.
type Need func(l *Lab) error

// Open prepares a study: it loads data and tables, completes the configuration with what they are, and opens the study
// directory. Whatever can be found out before is, and all needs are asked, before anything is written: what was refused leaves nothing
// behind. Loading ends when ctx is done, even where it waits for a file. Close must be called.
func Open(ctx context.Context, o *Options, needs ...Need) (l *Lab, err error) {
	if l, err = prepare(ctx, o, needs); err != nil {
		return nil, err
	}
	if l.dir, err = study.Open(l.place, l.Config); err != nil {
		return nil, err
	}
	if !l.dir.ReadOnly() {
		err = l.dir.WriteJSON(runFile, run{Opened: time.Now().UTC().Truncate(time.Second), Origin: ThisProgram()})
	}
	if err == nil && o.Merge {
		l.merged, err = l.Merge()
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Check says whether [Open] would open a study, as far as that can be told without writing anything.
func Check(ctx context.Context, o *Options, needs ...Need) error {
	_, err := prepare(ctx, o, needs)
	return err
}

// prepare does all of Open that writes nothing.
func prepare(ctx context.Context, o *Options, needs []Need) (l *Lab, err error) {
	f, r, err := o.recipe()
	if err != nil {
		return nil, err
	}
	l = &Lab{family: f, report: o.Report, checkpoint: o.Checkpoint, seeds: max(1, o.Seeds), once: make(map[string]bool), export: o.Export,
		memory: cmp.Or(o.memory, host.Memory()), force: o.Force, real: o.Data != "", impossible: make(map[string]error),
		Config: Config{Space: f.name, Name: o.Recipe, Seed: o.Seed, Recipe: r, Sampler: o.Sampler, Keep: o.Keep, Drop: o.Drop}}
	if o.Shard != "" {
		if l.shard, err = parseShard(o.Shard, os.Getenv); err != nil {
			return nil, fmt.Errorf("-shard %w", err)
		}
	}
	if l.report == nil {
		l.report = progress.New(os.Stderr, o.Quiet)
	}
	c := &l.Config
	if l.proxies, err = o.proxyNames(f); err != nil {
		return nil, err
	}
	// The space first without a number of classes or words, which is enough to read tables with: they come before the data, which
	// may take a while.
	if l.Space, err = o.space(f, r.Scale); err != nil {
		return nil, err
	}
	l.whole = f.space(r.Scale, 0)
	if _, err := UnlessStopped(ctx, func() (*Lab, error) { return l, l.read(ctx, o) }); err != nil {
		return nil, err
	}
	l.whole = f.space(r.Scale, l.sets.outputs)
	l.counted = l.whole
	if l.Space, err = restrict(l.whole, o.Keep, o.Drop); err != nil {
		return nil, err
	}
	if err := l.fits(Variant{}); err != nil { // now that the data are known
		return nil, err
	}
	switch {
	case l.table != nil:
		l.counted = f.published(r.Scale)
		c.Truth = l.table.name()
		if l.again != nil {
			c.Again = l.again.name()
		}
	case o.Truth == "" && o.Data == "":
		if err := l.findEmbedded(); err != nil {
			return nil, err
		}
	}
	if c.Truth == "" {
		c.Truth = TrainedTruth
	}
	c.ISA = isa(c.Train.Precision)
	l.choose()
	l.chosen = l.archs
	if o.Repeat > 0 {
		for _, a := range l.archs[min(o.Repeat, len(l.archs)):] {
			l.once[a.String()] = true
		}
	}
	l.warn()
	if len(l.archs) < 2 {
		return nil, fmt.Errorf("%s to compare: a ranking needs at least 2; use -archs", Plural(len(l.archs), "architecture"))
	}
	if err := l.check(); err != nil {
		return nil, err
	}
	js, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	l.hash = fmt.Sprintf("%.4x", sha256.Sum256(js))
	l.place = o.Study
	if l.place == "" {
		l.place = filepath.Join("study", fmt.Sprintf("%s-%s-%s", c.Space, c.Name, l.hash))
	}
	if err := l.checkParts(o.Merge); err != nil {
		return nil, err
	}
	if l.shard.n > 0 {
		l.place = filepath.Join(l.place, study.Shards, l.shard.String())
	}
	for _, need := range needs {
		if err := need(l); err != nil {
			return nil, err
		}
	}
	return l, writable(l.place)
}

// writable says why a study cannot be made in a folder, which there need not be yet. One that is there already may be for reading only.
func writable(dir string) error {
	at := existing(dir)
	if _, err := os.Stat(filepath.Join(dir, study.ConfigName)); err == nil || study.Writable(at) {
		return nil
	}
	return fmt.Errorf("a study in %s cannot be written: %s takes no files; name another folder with -study", dir, at)
}

// isa is the instruction set in use, with what else bits depend on in a precision.
func isa(p autograd.Precision) string {
	s := cpu.Selected().String()
	if conv.Winograd() {
		s += " winograd"
	}
	if u := cpu.BF16(); p == autograd.BF16 && u != cpu.NoBF16Unit {
		s += " " + u.String()
	}
	return s
}

// runFile says where the numbers of a study came from last.
const runFile = "run.json"

type run struct {
	Opened time.Time `json:"opened"`
	Origin
}

// read reads the tables and the data that the options name.
func (l *Lab) read(ctx context.Context, o *Options) (err error) {
	if l.table, l.again, err = o.readTruth(l.Space); err != nil {
		return err
	}
	if err := l.fits(Variant{}); err != nil { // before the data, which may be large themselves
		return err
	}
	return l.load(ctx, o)
}

// findEmbedded looks for the embedded truth, and whether it is about networks and data of the study.
func (l *Lab) findEmbedded() error {
	metric, _ := l.metric()
	e, err := readEmbedded(l.whole, l.family.name, metric)
	if err != nil || e == nil {
		return err
	}
	asked := l.Config.identity()
	asked.Alone.Precision = e.Depends.Alone.Precision // that of a supernet may be another: the networks and the data are the same
	if asked.hash() != e.Identity {
		differences, err := study.Differences(e.Depends, asked)
		if err != nil {
			return err
		}
		for _, d := range differences {
			l.why += fmt.Sprintf(" %s is %s, there %s;", d.Field, d.Asked, d.Study)
		}
		return nil
	}
	l.embedded, l.Config.Truth = e, e.name()
	return nil
}

// Check says whether the options go with their space, as far as that can be told without data: an experiment that goes through several
// spaces asks before the first.
func (o *Options) Check() error {
	f, r, err := o.recipe()
	if err != nil {
		return err
	}
	if _, err := o.proxyNames(f); err != nil {
		return err
	}
	_, err = o.space(f, r.Scale)
	return err
}

// space makes the space that the options ask for, without a number of classes or words, if it goes with the sampler.
func (o *Options) space(f *family, s Scale) (spaces.Space, error) {
	space, err := restrict(f.space(s, 0), o.Keep, o.Drop)
	if err != nil {
		return nil, err
	}
	_, err = sampler(o.Sampler, space)
	return space, err
}

// check finds out whether the recipe can be trained and evaluated on the data, with the network of one architecture, before hours of
// training have gone into the first half of it.
func (l *Lab) check() error {
	c, a := &l.Config, l.archs[0]
	model := l.family.model(l.whole, &c.Recipe, c.Seed, a)
	fixed := supernet.Fixed{Arch: a}
	if _, err := supernet.NewTrainer(model, fixed, l.data(false), c.Train); err != nil {
		return fmt.Errorf("training of the supernet: %w", err)
	}
	if n := c.Eval.CalBatch; c.Eval.BN == supernet.Recalibrate && c.TrainCount < n {
		return fmt.Errorf("%s to train on: batch-norm statistics are found anew on batches of %d; use at least so many with -train-count, or -bn batch", Plural(c.TrainCount, "image"), n)
	}
	if _, err := supernet.NewEvaluator(model, l.data(false), c.Eval); err != nil {
		return fmt.Errorf("evaluation: %w", err)
	}
	if l.table != nil {
		return nil
	}
	if _, err := supernet.NewTrainer(model, fixed, l.data(true), c.Alone); err != nil {
		return fmt.Errorf("training alone: %w", err)
	}
	if _, err := supernet.NewEvaluator(model, l.data(true), c.aloneEval()); err != nil {
		return fmt.Errorf("evaluation of what is trained alone: %w", err)
	}
	return nil
}

// aloneEval is how networks that are trained alone are evaluated.
func (r *Recipe) aloneEval() supernet.EvalConfig {
	eval := r.Eval
	eval.BN = r.AloneBN
	return eval
}

// Close releases the study directory.
func (l *Lab) Close() error { return l.dir.Close() }

// Dir is the study directory.
func (l *Lab) Dir() *study.Study { return l.dir }

// streamArchs is the stream of random numbers that draws the architectures to compare.
const streamArchs = 1 << 32

// choose draws the architectures to compare, each function once: rows of the table in random order, or architectures of the
// space. Who asks for more gets those of who asks for fewer, and others behind them.
func (l *Lab) choose() {
	rng := rand.New(rand.NewPCG(l.Config.Seed, streamArchs))
	seen := make(map[string]bool)
	take := func(a spaces.Arch) {
		if h := a.Hash(); !seen[h] && connected(a) {
			seen[h] = true
			l.archs = append(l.archs, a)
		}
	}
	var listed []spaces.Arch
	switch {
	case l.table != nil:
		listed = l.table.archs
	case l.embedded != nil:
		for _, a := range l.embedded.archs {
			if _, err := l.Space.Parse(a.String()); err == nil { // in the part that is studied
				listed = append(listed, a)
			}
		}
	}
	if listed != nil {
		for _, i := range rng.Perm(len(listed)) {
			if len(l.archs) < l.Config.Archs {
				take(listed[i])
			}
		}
		return
	}
	// A space may have fewer than are asked for: it is exhausted, as far as can be told, when many draws in a row bring nothing new.
	for idle := 0; len(l.archs) < l.Config.Archs && idle < 200*len(l.archs)+10_000; idle++ {
		known := len(l.archs)
		if take(l.Space.Sample(rng)); len(l.archs) > known {
			idle = 0
		}
	}
}

// connected says whether an architecture's output depends on its input, for spaces in which it may not.
func connected(a spaces.Arch) bool {
	c, ok := a.(interface{ Connected() bool })
	return !ok || c.Connected()
}

// Archs are the architectures that the study compares. Once the truth is known, those of which every training alone has diverged are no
// longer among them.
func (l *Lab) Archs() []spaces.Arch { return l.archs }

// Describe prints what the study does.
func (l *Lab) Describe(out io.Writer) {
	fmt.Fprintf(out, "study    %s\nmachine  %s\n", l.dir.Path("."), cpu.Info())
	for _, line := range l.Setting() {
		name, text, _ := strings.Cut(line, ": ")
		fmt.Fprintf(out, "%-8s %s\n", name, text)
	}
	if l.why != "" {
		fmt.Fprintf(out, "         (not the embedded truth, which is about other networks or data:%s)\n", strings.TrimSuffix(l.why, ";"))
	}
	if f, err := l.footprint(Variant{}); err == nil {
		of := ""
		if l.memory > 0 {
			of = " of " + size(float64(l.memory))
		}
		fmt.Fprintf(out, "memory   about %s%s\n", size(f.total()), of)
	}
	if len(l.unreadable) > 0 {
		fmt.Fprintf(out, "pictures %d cannot be read and are left out:\n", len(l.unreadable))
	}
	for _, p := range l.unreadable {
		fmt.Fprintf(out, "         %v\n", p)
	}
	if l.merged > 0 {
		fmt.Fprintf(out, "shards   %s taken over\n", Plural(l.merged, "training"))
	}
	if l.shard.n > 0 {
		fmt.Fprintf(out, "shard    %v of the trainings alone\n", l.shard)
	}
	for _, w := range l.Warnings() {
		fmt.Fprintf(out, "warning  %s\n", w)
	}
	fmt.Fprintln(out)
}
