package lab

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/experiments/cluster"
	"github.com/oneshot-nas/oneshot/experiments/lab/proxy"
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/supernet"
)

// Kinds of pieces. What each computes is what a Lab computes by itself: a worker calls the same functions.
const (
	trainingPiece = "training" // of an architecture alone, with a seed
	supernetPiece = "supernet" // its training
	scoresPiece   = "scores"   // of some architectures by a supernet
	proxiesPiece  = "proxies"  // of some architectures
)

// spec is what a piece is about.
type spec struct {
	Variant *record           `json:"variant,omitempty"`
	Epoch   int               `json:"epoch,omitempty"`
	BN      supernet.BNPolicy `json:"bn,omitempty"`
	Archs   []string          `json:"architectures,omitempty"`
	Seed    int               `json:"seed,omitempty"`
	Proxies []string          `json:"proxies,omitempty"`
}

// outcome is what comes of a piece: rows of the study's tables, by their files.
type outcome map[string][][]string

// proxyWork is proxies that are wanted.
type proxyWork struct {
	archs []spaces.Arch
	names []string
}

// served is how a study is served to workers.
type served struct {
	by *cluster.Coordinator
	id string // of the study, in the session
	// tables that results go to, which are opened once: their rows are many.
	tables map[string]*rows
}

// workFile says who computed what, where workers did.
const workFile = "work.csv"

// MyProgram is this program as sessions compare it with others.
func MyProgram() cluster.Program {
	o := ThisProgram()
	p := cluster.Program{Module: o.Module, Revision: o.Revision, Go: o.Go, ISA: isa(autograd.Float32), Precision: "float32"}
	if u := cpu.BF16(); u != cpu.NoBF16Unit {
		p.Precision += ", bf16 on " + u.String() // whose bits are others than those of a machine that has none
	}
	return p
}

// Serve has what the study computes from now on done by the workers of a session.
func (l *Lab) Serve(ctx context.Context, by *cluster.Coordinator) error {
	js, err := json.Marshal(&l.Config)
	if err != nil {
		return err
	}
	l.served = &served{by: by, id: fmt.Sprintf("%.6x", sha256.Sum256(js)), tables: make(map[string]*rows)}
	return by.Study(ctx, l.served.id, &l.Config)
}

// HandOut has done at once what a study will be asked for, so that all workers have something to do: scores, the supernets that give them and
// those from which these go on, the truth, and proxies. Supernets that cannot be trained are passed over.
func (l *Lab) HandOut(ctx context.Context, scorings ...Scoring) error {
	var trainings []training
	if l.table == nil {
		trainings = l.trainings(l.archs)
	}
	possible := make(map[string]bool)
	scorings = slices.DeleteFunc(slices.Clone(scorings), func(s Scoring) bool {
		if s.Like {
			return true
		}
		folder := l.folder(s.Variant)
		if _, known := possible[folder]; !known {
			possible[folder] = l.Possible(s.Variant) == nil
		}
		return !possible[folder]
	})
	var proxies *proxyWork
	if l.proxies != nil {
		proxies = &proxyWork{l.archs, l.proxies}
	}
	return l.handOut(ctx, scorings, trainings, proxies)
}

// handOut has done by workers what the study has not got of this, and takes it in.
func (l *Lab) handOut(ctx context.Context, scorings []Scoring, trainings []training, proxies *proxyWork) error {
	o := cluster.Order{After: make(map[string][]string), Path: l.dir.Path, Take: l.takeIn}
	all := 0 // pieces, with those that were done before
	add := func(kind, label string, s spec, work float64, needs, after []string) (string, error) {
		js, err := json.Marshal(s)
		if err != nil {
			return "", err
		}
		key := fmt.Sprintf("%s-%.8x", kind, sha256.Sum256(append([]byte(l.served.id+kind), js...)))
		if _, asked := o.After[key]; !asked {
			o.Pieces = append(o.Pieces, cluster.Piece{Key: key, Study: l.served.id, Kind: kind, Label: label, Spec: js, Needs: needs, Work: work})
			o.After[key] = after
			all++
		}
		return key, nil
	}
	pieces := make(map[string]string) // that train supernets, by folder
	var train func(v Variant) (key string, err error)
	train = func(v Variant) (key string, err error) {
		folder := l.folder(v)
		if key, ok := pieces[folder]; ok {
			return key, nil
		}
		var needs, after []string
		if v.After != nil {
			before, err := train(*v.After)
			if err != nil {
				return "", err
			}
			needs, after = l.weights(*v.After, 0), []string{before}
		}
		if l.trained(v) {
			pieces[folder] = ""
			return "", nil
		}
		phase, err := l.training(v)
		if err == nil {
			key, err = add(supernetPiece, l.Label(v), spec{Variant: l.record(v)}, phase.Work, needs, after)
			pieces[folder] = key
		}
		return key, err
	}
	for _, s := range scorings {
		if s.Archs == nil {
			s.Archs = l.archs
		}
		s.Epoch, s.BN = cmp.Or(s.Epoch, l.trainConfig(s.Variant).Epochs), cmp.Or(s.BN, l.Config.Eval.BN)
		rows, err := l.rowsOf(l.folder(s.Variant) + "/" + scoresFile)
		if err != nil {
			return err
		}
		// Parts of the list, and not of what is missing of it, are the same pieces after a part of them is done.
		for chunk := range slices.Chunk(s.Archs, chunkOf(len(s.Archs))) {
			if _, missing := rows.find(chunk, strconv.Itoa(s.Epoch), string(s.BN)); len(missing) == 0 {
				all++
				continue
			}
			before, err := train(s.Variant)
			if err != nil {
				return err
			}
			part := s
			part.Archs = chunk
			phase, err := l.scoring(part)
			if err != nil {
				return err
			}
			_, err = add(scoresPiece, phase.Name, spec{Variant: l.record(s.Variant), Epoch: s.Epoch, BN: s.BN, Archs: names(chunk)}, phase.Work,
				l.weights(s.Variant, s.Epoch), []string{before})
			if err != nil {
				return err
			}
		}
	}
	if len(trainings) > 0 {
		found, err := l.records()
		if err != nil {
			return err
		}
		missing := l.missing(trainings, found)
		all += len(trainings) - len(missing)
		for _, t := range missing {
			label := fmt.Sprintf("%v alone, seed %d", t.arch, t.seed)
			if _, err := add(trainingPiece, label, spec{Archs: names([]spaces.Arch{t.arch}), Seed: t.seed}, l.aloneWork([]spaces.Arch{t.arch}), nil, nil); err != nil {
				return err
			}
		}
	}
	if proxies != nil {
		rows, err := l.rowsOf(proxiesFile)
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(proxies.archs, chunkOf(len(proxies.archs))) {
			missing := slices.ContainsFunc(proxies.names, func(name string) bool {
				_, left := rows.find(chunk, name, strconv.FormatUint(l.Config.Seed, 10))
				return len(left) > 0
			})
			if !missing {
				all++
				continue
			}
			work := forwardAndBack * float64(len(chunk)*len(proxies.names)*proxy.Default.Batch) * macsOf(l.whole, chunk)
			if _, err := add(proxiesPiece, "proxies", spec{Archs: names(chunk), Proxies: proxies.names}, work, nil, nil); err != nil {
				return err
			}
		}
	}
	if len(o.Pieces) == 0 {
		return nil
	}
	o.Task = l.report.Start("work", "pieces", all, all-len(o.Pieces))
	defer o.Task.End()
	return l.served.by.Do(ctx, o)
}

// chunkOf is how many of n architectures a piece has: few enough for many workers, and enough for what it takes to load a supernet.
func chunkOf(n int) int {
	const least, parts = 16, 64
	return max(least, (n+parts-1)/parts)
}

func names(archs []spaces.Arch) []string {
	all := make([]string, len(archs))
	for i, a := range archs {
		all[i] = a.String()
	}
	return all
}

// weights are the files that a supernet at the end of an epoch is read from, 0 the last: those of its ancestors first.
func (l *Lab) weights(v Variant, epoch int) []string {
	var files []string
	if v.After != nil {
		files = l.weights(*v.After, 0)
	}
	files = append(files, l.folder(v)+"/"+supernetFile)
	if epoch != 0 && epoch != l.trainConfig(v).Epochs {
		files = append(files, l.folder(v)+"/"+fmt.Sprintf(epochFile, epoch))
	}
	return files
}

// rowsOf opens one of the tables that outcomes have rows of.
func (l *Lab) rowsOf(file string) (*rows, error) {
	if r := l.served.tables[file]; r != nil {
		return r, nil
	}
	r, err := l.openTable(file)
	if err == nil {
		l.served.tables[file] = r
	}
	return r, err
}

// takeIn writes the outcome of a piece to the study.
func (l *Lab) takeIn(ctx context.Context, p *cluster.Piece, state *cluster.State) error {
	if err := l.note(p, state); err != nil {
		return err
	}
	var s spec
	var o outcome
	if err := json.Unmarshal(p.Spec, &s); err != nil {
		return err
	}
	if err := json.Unmarshal(state.Value, &o); err != nil {
		return fmt.Errorf("%s: the outcome: %w", p.Label, err)
	}
	order := []string{} // of tables: last comes the one whose rows say that the piece is done
	rows := 0           // of the last
	switch p.Kind {
	case trainingPiece:
		order, rows = []string{curvesFile, truthFile}, 1
		if len(o[divergedFile]) > 0 {
			order[1] = divergedFile
		}
	case supernetPiece:
		v, err := l.variant(s.Variant)
		if err != nil {
			return err
		}
		folder := l.folder(v)
		order, rows = []string{folder + "/" + lossesFile}, l.trainConfig(v).Epochs
		if err := l.describe(v); err != nil {
			return err
		}
		if !slices.ContainsFunc(state.Files, func(f cluster.File) bool { return f.Name == supernetFile }) {
			return fmt.Errorf("%s: the outcome has no %s", p.Label, supernetFile)
		}
		for _, f := range state.Files {
			if path.Base(f.Name) != f.Name || path.Ext(f.Name) != path.Ext(supernetFile) {
				return fmt.Errorf("%s: the outcome has a file %.100q", p.Label, f.Name)
			}
			if err := l.served.by.Fetch(ctx, f, l.dir.Path(folder+"/"+f.Name)); err != nil {
				return err
			}
		}
	case scoresPiece:
		v, err := l.variant(s.Variant)
		if err != nil {
			return err
		}
		order, rows = []string{l.folder(v) + "/" + scoresFile}, len(s.Archs)
	case proxiesPiece:
		order, rows = []string{proxiesFile}, len(s.Archs)*len(s.Proxies)
	}
	if n := len(o[order[len(order)-1]]); n != rows {
		return fmt.Errorf("%s: the outcome has %d rows, want %d", p.Label, n, rows)
	}
	for _, file := range order {
		table, err := l.rowsOf(file)
		if err != nil {
			return err
		}
		for _, row := range o[file] {
			if _, err := table.take(row); err != nil {
				return fmt.Errorf("%s, by worker %s: %s: %w", p.Label, state.By[len(state.By)-1].ID, file, err)
			}
		}
	}
	return nil
}

// note writes down who has worked on a piece, and in what that program differs from the study's.
func (l *Lab) note(p *cluster.Piece, state *cluster.State) error {
	t, err := l.dir.Table(workFile, "piece", "what", "worker", "version", "revision", "go", "isa", "precision", "differences")
	if err != nil {
		return err
	}
	for _, w := range state.By {
		row := []string{p.Key, p.Label, w.ID, w.Program.Module, w.Program.Revision, w.Program.Go, w.Program.ISA, w.Program.Precision, MyProgram().Differences(w.Program)}
		if !slices.ContainsFunc(t.Rows(), func(old []string) bool { return slices.Equal(old, row) }) {
			if err := t.Append(row...); err != nil {
				return err
			}
		}
	}
	return nil
}

// openTable opens a table that outcomes have rows of.
func (l *Lab) openTable(file string) (*rows, error) {
	metric, _ := l.metric()
	switch file {
	case truthFile, curvesFile, divergedFile:
		found, err := l.records()
		if err != nil {
			return nil, err
		}
		return map[string]*rows{truthFile: found.results, curvesFile: found.epochs, divergedFile: found.diverged}[file], nil
	case proxiesFile:
		return l.openRows(file, proxyColumns...)
	}
	if path.Base(file) == scoresFile {
		return l.openRows(file, scoreColumns(metric)...)
	}
	return l.openRows(file, lossColumns...)
}

// variant reads what [Lab.record] has written.
func (l *Lab) variant(r *record) (Variant, error) {
	v := Variant{Seed: r.Seed, Epochs: r.Epochs, Sampler: r.Sampler, Schedule: r.Schedule, Restarts: r.Restarts, Width: r.Width, Replicate: r.Replicate, Keep: r.Keep, Drop: r.Drop}
	var err error
	if v.Archs, err = l.parse(r.Archs); err != nil {
		return v, err
	}
	if r.After != nil {
		after, err := l.variant(r.After)
		if err != nil {
			return v, err
		}
		v.After = &after
	}
	return v, nil
}

// parse reads architectures; nil of nil.
func (l *Lab) parse(names []string) ([]spaces.Arch, error) {
	var archs []spaces.Arch
	for _, name := range names {
		a, err := l.whole.Parse(name)
		if err != nil {
			return nil, err
		}
		archs = append(archs, a)
	}
	return archs, nil
}

// attempt is a piece of another's study that is being done here.
type attempt struct {
	*cluster.Attempt
	result func() (json.RawMessage, []cluster.Local, error) // as far as it is
}

// save saves a checkpoint.
func (a *attempt) save(ctx context.Context) error {
	if a.result == nil { // what is trained is not the piece, but what the piece begins with
		return nil
	}
	value, files, err := a.result()
	if err != nil {
		return err
	}
	return a.Save(ctx, value, files)
}

func (a *attempt) progress(done, total int) {
	if a.result != nil {
		a.Progress(done, total)
	}
}

// exists says whether there is a file.
func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
