package lab

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/experiments/progress"
	"github.com/oneshot-nas/oneshot/spaces/truth"
	"github.com/oneshot-nas/oneshot/supernet"
)

// Options is what a command line asks for: a space, a recipe and what overrides it, data and truth.
type Options struct {
	Space   string
	Recipe  string
	Seed    uint64
	Sampler string // uniform, fair, or multi-path:K

	Keep, Drop map[string][]string // the part of the space that is studied, by decision

	Data          string // folder; "": generated
	SkipBadImages int    // how many of its pictures may be left out because they cannot be read

	Truth       string // table, or TrainedTruth; "": embedded where that is about the recipe, else trained
	TruthColumn string // or several runs, names or patterns, separated by commas
	TruthAgain  string // table of another run of the same architectures, for the noise ceiling
	TruthIs     Better // where the name of the column does not say it
	Proxies     string // names of zero-cost proxies to compare with, separated by commas, or "all"

	Seeds  int    // of supernets, from Seed on; 0: 1
	Repeat int    // how many architectures are trained alone more than once; 0: all
	Shard  string // I/N: a part of the trainings alone
	Merge  bool   // take over what shards have found
	Export string // folder for the truth in the form that is embedded

	Scores      []string // tables of scores to compare with that of the truth, in place of a study
	ScoreColumn string
	ScoreIs     Better
	SkipBad     AtMost // of the values of a table, so many that are no finite numbers are left out
	Connected   bool   // of the tables, only architectures whose output depends on the input

	Study      string // directory; "": named after the configuration
	Force      bool   // whatever memory and disk space it takes
	Quiet      bool
	Report     *progress.Reporter // nil: standard error
	Checkpoint time.Duration

	memory    int64                                            // instead of the machine's; for tests
	overrides map[string]*override                             // the flags that change the recipe, by name
	changes   []func(f *family, r *Recipe, several bool) error // what they ask for, in their order
	changed   []string                                         // the names of those that were given
	several   bool                                             // spaces are gone through: what is not for one of them is for another
}

// SkipBadFlag is the name of a flag for [WithNumber].
const SkipBadFlag = "skip-bad"

// TrainedTruth is what -truth says to train architectures alone even where the truth is known.
const TrainedTruth = "trained"

// override is a flag that changes the recipe.
type override struct {
	// value is what the recipe has; "" if its space has nothing of the kind.
	value func(f *family, r *Recipe) string
	set   func(r *Recipe, s string) error
}

// Better is what a pair of flags says of the numbers in tables, whatever the name of their column says.
type Better struct{ Lower, Higher bool }

// flags defines the pair.
func (b *Better) flags(f *flag.FlagSet, of, table string) {
	f.BoolVar(&b.Lower, of+"-lower-is-better", false, "of the column of -"+table+", whatever its name says")
	f.BoolVar(&b.Higher, of+"-higher-is-better", false, "of the column of -"+table+", whatever its name says")
}

func (b Better) direction() truth.Direction {
	switch {
	case b.Lower:
		return truth.LowerIsBetter
	case b.Higher:
		return truth.HigherIsBetter
	}
	return truth.FromName
}

// AtMost is a flag for how many of something are tolerated: any number if none is named.
type AtMost int

// String, Set and IsBoolFlag implement flag.Value. Since the number may be missing, it is -flag=N; [WithNumber] makes that of -flag N.
func (a *AtMost) String() string {
	switch *a {
	case 0:
		return ""
	case math.MaxInt:
		return "any number"
	}
	return strconv.Itoa(int(*a))
}

func (a *AtMost) IsBoolFlag() bool { return true }

func (a *AtMost) Set(s string) error {
	switch v, err := strconv.Atoi(s); {
	case s == "true":
		*a = math.MaxInt
	case s == "false":
		*a = 0
	case err != nil || v < 0:
		return errors.New("want a number, or none for any number")
	default:
		*a = AtMost(v)
	}
	return nil
}

// WithNumber joins a flag that may have a number with that, if it is the next argument.
func WithNumber(args []string, name string) []string {
	var joined []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if strings.HasPrefix(arg, "-") && strings.TrimLeft(arg, "-") == name && i+1 < len(args) {
			if _, err := strconv.Atoi(args[i+1]); err == nil {
				i++
				arg += "=" + args[i]
			}
		}
		joined = append(joined, arg)
	}
	return joined
}

// AddFlags defines the flags that all experiments share.
func (o *Options) AddFlags(f *flag.FlagSet) {
	o.Keep, o.Drop = make(map[string][]string), make(map[string][]string)
	o.overrides = make(map[string]*override)
	f.StringVar(&o.Space, "space", "nasbench201", "`NAME`: "+strings.Join(Spaces(), ", "))
	f.StringVar(&o.Recipe, "recipe", "tiny", "`NAME`: tiny (minutes), small (hours, real data) or paper (the published protocol)")
	f.StringVar(&o.Sampler, "sampler", "uniform", "`NAME` of how a step draws architectures: uniform, fair or multi-path:K")
	f.Func("keep", "`DECISION=VALUE,…`: study where a decision takes one of these values; repeatable", part(&o.Keep))
	f.Func("drop", "`DECISION=VALUE,…`: study where a decision takes none of these values; repeatable", part(&o.Drop))
	f.StringVar(&o.Data, "data", "", "`FOLDER` with CIFAR-10 or CIFAR-100 (binary), pictures (train/CLASS, test/CLASS or val/CLASS, or CLASS alone) or texts (default: generated)")
	f.IntVar(&o.SkipBadImages, "skip-bad-images", 0, "`N`: pictures of -data that cannot be read to leave out and list at most, before it is an error")
	f.StringVar(&o.Truth, "truth", "", "`FILE`, a CSV table of true results, plain or .gz, the folder of a finished study, or trained: train architectures alone (default: embedded, or trained)")
	f.StringVar(&o.TruthColumn, "truth-column", "", "`NAME` of its column, or of several runs: NAME,NAME or a pattern, 'seed_*' (default: found by name)")
	o.TruthIs.flags(f, "truth", "truth")
	f.StringVar(&o.TruthAgain, "truth-again", "", "`FILE` of another training of the same, for the noise ceiling")
	f.StringVar(&o.Proxies, "proxies", "", "`NAME,NAME` of zero-cost proxies to compare with, or all (default: none)")
	f.StringVar(&o.Study, "study", "", "`FOLDER` that the study is kept in (default: study/SPACE-RECIPE-HASH, by configuration)")
	f.Func("scores", "`FILE`, a CSV table of scores to compare with -truth, or the folder of a finished study; several without -truth: with one another; repeatable", func(s string) error {
		paths := strings.Split(s, ",")
		if slices.Contains(paths, "") {
			return errors.New("a name between commas is empty")
		}
		o.Scores = append(o.Scores, paths...)
		return nil
	})
	f.StringVar(&o.ScoreColumn, "score-column", "", "`NAME` of its column, or of several runs, as of -truth (default: found by name)")
	o.ScoreIs.flags(f, "score", "scores")
	f.Var(&o.SkipBad, SkipBadFlag, "`N`: of each table, leave out up to N values that are no finite numbers; without N any number")
	f.BoolVar(&o.Connected, "connected", false, "of tables, only architectures whose output depends on the input")
	f.Uint64Var(&o.Seed, "seed", 1, "`N`: of everything random but generated data")
	f.IntVar(&o.Seeds, "seeds", 1, "`N`: supernets, with seeds from -seed on")
	f.DurationVar(&o.Checkpoint, "checkpoint", time.Minute, "`TIME` between checkpoints")
	f.BoolVar(&o.Force, "force", false, "begin although memory or disk space will not do, by what is estimated")
	f.BoolVar(&o.Quiet, "quiet", false, "no progress on standard error")

	o.override(f, "variant", "`NAME`: nasbench101 oneshot, full; nasbench201 benchmark, pruned; proxylessnas separate, sliced", func(f *family, r *Recipe) string {
		if r.Scale.Variant == "" && f.variants != nil {
			return f.variants[0]
		}
		return r.Scale.Variant
	}, func(r *Recipe, s string) error {
		r.Scale.Variant = s
		return nil
	})
	o.number(f, "archs", many, "architectures to score and compare", func(r *Recipe) *int { return &r.Archs })
	o.number(f, "epochs", many, "of the supernet", func(r *Recipe) *int { return &r.Train.Epochs })
	o.number(f, "alone-epochs", many, "of each training alone", func(r *Recipe) *int { return &r.Alone.Epochs })
	o.override(f, "truth-seeds", "`N`: trainings alone of each architecture", func(_ *family, r *Recipe) string { return strconv.Itoa(max(1, r.Seeds)) }, func(r *Recipe, s string) (err error) {
		r.Seeds, err = upTo(someSeeds, s)
		return err
	})
	o.number(f, "batch", many, "of a step, also of trainings alone", func(r *Recipe) *int { return &r.Train.Batch }, func(r *Recipe) *int { return &r.Alone.Batch })
	o.override(f, "lr", "`RATE` of learning at the start, also of trainings alone", func(_ *family, r *Recipe) string { return fmt.Sprint(r.Train.LR) }, func(r *Recipe, s string) error {
		v, err := positive(math.MaxFloat32, s)
		for _, c := range []*supernet.TrainConfig{&r.Train, &r.Alone} {
			c.LR, c.LRMin = v, v*c.LRMin/c.LR
		}
		return err
	})
	o.override(f, "precision", "`NAME` of what products read, also in trainings alone: float32, or bf16, to which it is rounded", func(_ *family, r *Recipe) string {
		return r.Train.Precision.String()
	}, func(r *Recipe, s string) error {
		p, err := autograd.ParsePrecision(s)
		r.Train.Precision, r.Eval.Precision, r.Alone.Precision = p, p, p
		return err
	})
	o.override(f, "bn", "`NAME` of the statistics to score with: recalibrate, batch or running", func(_ *family, r *Recipe) string {
		if r.Eval.BN == supernet.NoBatchNorm {
			return ""
		}
		return string(r.Eval.BN)
	}, func(r *Recipe, s string) (err error) {
		r.Eval.BN, err = supernet.ParseBNPolicy(s)
		return err
	})
	o.number(f, "train-count", math.MaxInt32, "images or words to train on", func(r *Recipe) *int { return &r.TrainCount })
	o.number(f, "score-count", math.MaxInt32, "images or words to score on", func(r *Recipe) *int { return &r.ScoreCount })
	o.number(f, "truth-count", math.MaxInt32, "images or words to find the truth on; of real images, all that are left", func(r *Recipe) *int { return &r.TruthCount })
	o.number(f, "image", 1024, "height and width of images", func(r *Recipe) *int { return &r.Scale.Image })
	o.number(f, "channels", wide, "of the first stage", func(r *Recipe) *int { return &r.Scale.Channels })
	o.number(f, "cells", deep, "of a stack (nasbench101), of a stage (nasbench201), in all (darts)", func(r *Recipe) *int { return &r.Scale.Cells })
	o.number(f, "depth", 4, "cells of a stage, at most 4", func(r *Recipe) *int { return &r.Scale.Depth })
	o.override(f, "width", "`FACTOR` of all channels", func(_ *family, r *Recipe) string {
		if r.Scale.Width == 0 {
			return ""
		}
		return fmt.Sprint(r.Scale.Width)
	}, func(r *Recipe, s string) (err error) {
		r.Scale.Width, err = positive(widest, s)
		return err
	})
	o.number(f, "hidden", wide, "units of recurrent networks", func(r *Recipe) *int { return &r.Scale.Hidden })
}

// AddTruthFlags defines the flags of what makes the truth, which it does even where that is embedded: of a few architectures, if nothing
// else is asked for.
func (o *Options) AddTruthFlags(f *flag.FlagSet) {
	o.Truth, f.Lookup("truth").DefValue = TrainedTruth, TrainedTruth
	o.changes = append(o.changes, func(_ *family, r *Recipe, _ bool) error {
		const few, twice = 24, 2
		r.Archs, r.Seeds = min(r.Archs, few), max(r.Seeds, twice)
		return nil
	})
	f.IntVar(&o.Repeat, "repeat", 0, "`N`: of the architectures, the first N are trained with all -truth-seeds, the others once (default: all)")
	f.StringVar(&o.Shard, "shard", "", "`I/N`: only the I-th of N parts; N alone in an array job (SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX)")
	f.BoolVar(&o.Merge, "merge", false, "take over what the shards in the study's folder have found")
	f.StringVar(&o.Export, "export", "", "`FOLDER` to write the truth to in the form that is embedded in the program")
}

// Inputs are the files and folders that the options name: other contents are another question.
func (o *Options) Inputs() []string {
	inputs := []string{o.Data}
	for _, table := range slices.Concat([]string{o.Truth, o.TruthAgain}, o.Scores) {
		inputs = append(inputs, tableFiles(table)...)
	}
	return slices.DeleteFunc(inputs, func(path string) bool { return path == "" || path == TrainedTruth })
}

// CheckFlags says what of a command line does not go together.
func (o *Options) CheckFlags() error {
	tables := len(o.Scores) > 0
	switch {
	case o.Truth == "" && o.TruthColumn != "":
		return errors.New("-truth-column names a column of -truth, which is missing")
	case o.TruthIs.Lower && o.TruthIs.Higher:
		return errors.New("-truth-lower-is-better and -truth-higher-is-better: want one of them")
	case o.ScoreIs.Lower && o.ScoreIs.Higher:
		return errors.New("-score-lower-is-better and -score-higher-is-better: want one of them")
	case o.TruthIs != Better{} && (o.Truth == "" || o.Truth == TrainedTruth):
		return errors.New("-truth-lower-is-better and -truth-higher-is-better are about the table of -truth, which is missing")
	case o.SkipBad > 0 && !tables && (o.Truth == "" || o.Truth == TrainedTruth):
		return errors.New("-skip-bad is about the tables of -truth and -scores, which are missing")
	case !tables && (o.ScoreColumn != "" || o.Connected || o.ScoreIs != Better{}):
		return errors.New("-score-column, -score-lower-is-better, -score-higher-is-better and -connected are about -scores, which is missing")
	case tables && o.aboutTraining() != "":
		return fmt.Errorf("-%s is about what is trained, and -scores trains nothing: leave one of them out", o.aboutTraining())
	case o.SkipBadImages < 0:
		return fmt.Errorf("-skip-bad-images %d: want 0, which is none, or more", o.SkipBadImages)
	case o.SkipBadImages > 0 && o.Data == "":
		return errors.New("-skip-bad-images is about the pictures of -data, which is missing")
	case o.Seeds < 1 || o.Seeds > someSeeds:
		return fmt.Errorf("-seeds %d: want a number from 1 to %d", o.Seeds, someSeeds)
	case o.Repeat < 0:
		return fmt.Errorf("-repeat %d: want a number of architectures, or 0, which is all", o.Repeat)
	case o.Checkpoint < 0:
		return fmt.Errorf("-checkpoint %v: want the time between two, 0 for one after each step", o.Checkpoint)
	case tables && o.Space == "all":
		return errors.New("-scores is of one space; name it with -space")
	case o.Space == "all" && (o.Data != "" || o.Truth != "" && o.Truth != TrainedTruth || o.TruthAgain != ""):
		return errors.New("-space all studies every space with its own generated data; -data and -truth belong to one space")
	case o.Shard != "" && o.Merge:
		return errors.New("-shard makes a part of the truth, -merge puts the parts together: one after the other")
	}
	return nil
}

// aboutTraining names a flag that was given and that tables have no use for; "" if there is none. The variant of a space says how large
// its networks are, which counts of parameters depend on.
func (o *Options) aboutTraining() string {
	for _, name := range o.changed {
		if name != "variant" {
			return name
		}
	}
	for _, flag := range []struct {
		name  string
		given bool
	}{{"data", o.Data != ""}, {"proxies", o.Proxies != ""}, {"seeds", o.Seeds > 1}, {"sampler", o.Sampler != "" && o.Sampler != "uniform"}} {
		if flag.given {
			return flag.name
		}
	}
	return ""
}

// override defines a flag that changes the recipe.
func (o *Options) override(f *flag.FlagSet, name, usage string, value func(f *family, r *Recipe) string, set func(r *Recipe, s string) error) {
	c := &override{value, set}
	o.overrides[name] = c
	f.Func(name, usage, func(s string) error {
		o.changed = append(o.changed, name)
		o.changes = append(o.changes, func(f *family, r *Recipe, several bool) error {
			if c.value(f, r) == "" {
				if several {
					return nil
				}
				return fmt.Errorf("-%s is not for %s, which has nothing of the kind", name, f.name)
			}
			if err := c.set(r, s); err != nil {
				return fmt.Errorf("-%s %s: %w", name, s, err)
			}
			return nil
		})
		return nil
	})
}

// The most that flags take. What they come to together has other bounds: steps ([supernet.NewTrainer]), and memory.
const (
	many      = 1_000_000 // architectures, epochs, images of a batch
	wide      = 65_536    // channels or units
	widest    = 100       // times as wide
	deep      = 1_000     // cells
	someSeeds = 1_000     // supernets, or trainings alone of each architecture
)

// number defines a flag with a number from 1 to most that changes fields of the recipe. The space has nothing of the kind if the first
// is zero.
func (o *Options) number(f *flag.FlagSet, name string, most int, usage string, fields ...func(r *Recipe) *int) {
	o.override(f, name, "`N`: "+usage, func(_ *family, r *Recipe) string {
		if v := *fields[0](r); v != 0 {
			return strconv.Itoa(v)
		}
		return ""
	}, func(r *Recipe, s string) error {
		v, err := upTo(most, s)
		if err != nil {
			return err
		}
		for _, field := range fields {
			*field(r) = v
		}
		return nil
	})
}

// upTo reads a number from 1 to most.
func upTo(most int, s string) (int, error) {
	v, err := strconv.Atoi(s)
	if err != nil || v < 1 || v > most {
		return 0, fmt.Errorf("want a number from 1 to %d", most)
	}
	return v, nil
}

// positive reads a number above 0, up to most.
func positive(most float64, s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v > 0) || v > most {
		return 0, fmt.Errorf("want a number above 0, up to %.3g", most)
	}
	return v, nil
}

// flagGroups are the headings under which PrintFlags lists the flags of AddFlags; the last one's change the recipe.
var flagGroups = []struct{ title, names string }{
	{"what is studied", "space recipe sampler keep drop"},
	{"data and truth, and what to compare with", "data skip-bad-images truth truth-column truth-lower-is-better truth-higher-is-better truth-again skip-bad proxies"},
	{"tables in place of a study", "scores score-column score-lower-is-better score-higher-is-better connected"},
	{"workers on many machines", "serve listen token connect creds tls-ca tls-cert tls-key nats-config admit lease"},
	{"the run", "study seed seeds checkpoint force quiet"},
	{"", "archs epochs alone-epochs truth-seeds batch lr precision bn train-count score-count truth-count variant image channels cells depth width hidden"},
}

// PrintFlags writes the flags of a set, a line each: those that AddFlags has defined in groups, with what the recipe has in brackets, and
// before them the others, under a title.
func (o *Options) PrintFlags(out io.Writer, f *flag.FlagSet, others string) {
	grouped := make(map[string]bool)
	for _, g := range flagGroups {
		for _, name := range strings.Fields(g.names) {
			grouped[name] = true
		}
	}
	var names []string
	f.VisitAll(func(fl *flag.Flag) {
		if !grouped[fl.Name] {
			names = append(names, fl.Name)
		}
	})
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	group := func(title string, names []string, brackets func(fl *flag.Flag) string) {
		if !slices.ContainsFunc(names, func(name string) bool { return f.Lookup(name) != nil }) {
			return // of flags that another package defines
		}
		fmt.Fprintf(w, "%s:\n", title)
		for _, name := range names {
			fl := f.Lookup(name)
			arg, usage := flag.UnquoteUsage(fl)
			if arg != "" {
				usage = strings.TrimLeft(strings.TrimPrefix(usage, arg), ":, ")
				arg = " " + arg
			}
			fmt.Fprintf(w, "  -%s%s\t%s%s\n", name, arg, usage, brackets(fl))
		}
	}
	defaults := func(fl *flag.Flag) string {
		if fl.DefValue == "" || fl.DefValue == "false" {
			return ""
		}
		return " [" + fl.DefValue + "]"
	}
	if len(names) > 0 {
		group(others, names, defaults)
	}
	last := len(flagGroups) - 1
	for _, g := range flagGroups[:last] {
		group(g.title, strings.Fields(g.names), defaults)
	}
	title, brackets := "instead of what the recipe has", func(*flag.Flag) string { return "" }
	if family, err := familyOf(o.Space); err == nil {
		if r, err := family.recipe(o.Recipe); err == nil {
			title = fmt.Sprintf("instead of what recipe %s of %s has, which is in brackets", o.Recipe, o.Space)
			brackets = func(fl *flag.Flag) string {
				if v := o.overrides[fl.Name].value(family, &r); v != "" {
					return " [" + v + "]"
				}
				return " [not for " + o.Space + "]"
			}
		}
	}
	group(title, strings.Fields(flagGroups[last].names), brackets)
	w.Flush()
}

// part reads DECISION=VALUE,….
func part(into *map[string][]string) func(string) error {
	return func(s string) error {
		name, values, ok := strings.Cut(s, "=")
		if !ok || name == "" || values == "" {
			return fmt.Errorf("%q: want DECISION=VALUE or DECISION=VALUE,VALUE,…", s)
		}
		(*into)[name] = append((*into)[name], strings.Split(values, ",")...)
		return nil
	}
}

// recipe returns the family and the recipe that the options name, with what overrides it.
func (o *Options) recipe() (*family, Recipe, error) {
	f, err := familyOf(o.Space)
	if err != nil {
		return nil, Recipe{}, err
	}
	r, err := f.recipe(o.Recipe)
	if err != nil {
		return nil, Recipe{}, err
	}
	for _, change := range o.changes {
		if err := change(f, &r, o.several); err != nil {
			return nil, Recipe{}, err
		}
	}
	switch s := &r.Scale; {
	case s.Variant != "" && !slices.Contains(f.variants, s.Variant):
		return nil, Recipe{}, fmt.Errorf("-variant %s: %s has %s", s.Variant, f.name, strings.Join(f.variants, " and "))
	case s.Image != 0 && (s.Image%4 != 0 || s.Image < 8 || s.Image > 1024):
		return nil, Recipe{}, fmt.Errorf("-image %d: want a multiple of 4, which networks can halve twice, from 8 to 1024", s.Image)
	case !f.text && s.Image < r.Augment.Pad:
		return nil, Recipe{}, fmt.Errorf("-image %d: recipe %s shifts images by up to %d pixels, and they must be as large", s.Image, o.Recipe, r.Augment.Pad)
	case s.Depth > 4:
		return nil, Recipe{}, fmt.Errorf("-depth %d: want 1 to 4", s.Depth)
	}
	if r.Scale.Channels < f.channels {
		return nil, Recipe{}, fmt.Errorf("-channels %d: %s wants at least %d", r.Scale.Channels, f.name, f.channels)
	}
	r.Train.Seed, r.Eval.Seed = o.Seed, o.Seed
	return f, r, nil
}

// WithSpace returns the options for another space, for experiments that go through several; where a study directory was named,
// each space has a folder in it. Flags for what the space has not are passed over.
func (o *Options) WithSpace(name string, study func(dir, space string) string) *Options {
	other := *o
	other.Space, other.several = name, true
	if o.Study != "" {
		other.Study = study(o.Study, name)
	}
	return &other
}
