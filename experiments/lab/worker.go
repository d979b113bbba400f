package lab

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneshot-nas/oneshot/experiments/cluster"
	"github.com/oneshot-nas/oneshot/experiments/progress"
	"github.com/oneshot-nas/oneshot/experiments/study"
)

// Worker does pieces of studies that are served elsewhere: a [cluster.Doer]. It has a study of its own for what it computes, which is of no use
// when it has ended.
type Worker struct {
	Data       string // folder; "" if the studies' data are generated
	Dir        string // folder for its own use
	Quiet      bool   // no progress on standard error
	Checkpoint time.Duration

	l *Lab
}

// Join opens a study like the one that is served. That the data are the same is found out by their fingerprints.
func (w *Worker) Join(id string, config json.RawMessage) (err error) {
	if err := w.Close(); err != nil {
		return err
	}
	var asked Config
	if err := json.Unmarshal(config, &asked); err != nil {
		return fmt.Errorf("the configuration of the study: %w", err)
	}
	f, err := familyOf(asked.Space)
	if err != nil {
		return err
	}
	l := &Lab{family: f, checkpoint: w.Checkpoint, seeds: 1, attempt: &attempt{}, impossible: make(map[string]error), Config: asked}
	l.hash = fmt.Sprintf("%.4x", sha256.Sum256(config)) // as the study names itself in its files
	folder := w.Data
	if generated := strings.HasPrefix(asked.Data, "generated "); generated {
		folder = ""
	} else if folder == "" {
		return fmt.Errorf("the study is about data that are not generated, %s: name the folder that has them here with -data", asked.Data)
	}
	// Whatever cannot be read is left out: if that is not what the study has left out, the data are not the same.
	if err := l.load(context.Background(), &Options{Data: folder, SkipBadImages: math.MaxInt32}); err != nil {
		return err
	}
	l.Config.ISA = isa(l.Config.Train.Precision)
	asked.ISA = l.Config.ISA // which the session's policy is about
	differences, err := study.Differences(&asked, &l.Config)
	if err != nil {
		return err
	}
	if len(differences) > 0 {
		var all []string
		for _, d := range differences {
			all = append(all, fmt.Sprintf("%s is %s there, %s here", d.Field, d.Study, d.Asked))
		}
		return fmt.Errorf("the data in %s are not those of the study: %s", w.Data, strings.Join(all, "; "))
	}
	l.whole = f.space(l.Config.Scale, l.sets.outputs)
	l.counted = l.whole
	if l.Space, err = restrict(l.whole, l.Config.Keep, l.Config.Drop); err != nil {
		return err
	}
	if l.dir, err = study.Open(filepath.Join(w.Dir, id), &l.Config); err != nil {
		return err
	}
	w.l = l
	return nil
}

// Close closes the study at hand.
func (w *Worker) Close() error {
	if w.l == nil {
		return nil
	}
	l := w.l
	w.l = nil
	return l.Close()
}

// Do does a piece.
func (w *Worker) Do(ctx context.Context, p *cluster.Piece, a *cluster.Attempt) (json.RawMessage, []cluster.Local, error) {
	var s spec
	if err := json.Unmarshal(p.Spec, &s); err != nil {
		return nil, nil, err
	}
	l := w.l
	l.attempt = &attempt{Attempt: a}
	l.report = progress.New(os.Stderr, w.Quiet) // of this piece alone: nobody knows what comes after it
	for _, name := range p.Needs {
		if err := a.Shared(ctx, name, l.dir.Path(name)); err != nil {
			return nil, nil, err
		}
	}
	var err error
	switch p.Kind {
	case trainingPiece:
		err = l.doTraining(ctx, &s)
	case supernetPiece:
		err = l.doSupernet(ctx, &s)
	case scoresPiece:
		err = l.doScores(ctx, &s)
	case proxiesPiece:
		err = l.doProxies(ctx, &s)
	default:
		err = fmt.Errorf("a piece of kind %q, which this program does not know", p.Kind)
	}
	if err != nil {
		return nil, nil, err
	}
	value, files, err := l.attempt.result()
	return value, files, err
}

// restore puts what a checkpoint has into the study, files into a folder.
func (l *Lab) restore(ctx context.Context, folder string) error {
	state := l.attempt.Before()
	if state == nil {
		return nil
	}
	var o outcome
	if err := json.Unmarshal(state.Value, &o); err != nil {
		return fmt.Errorf("the checkpoint: %w", err)
	}
	// Files last: there must not be fewer rows than they have epochs.
	for file, all := range o {
		table, err := l.openTable(file)
		if err != nil {
			return err
		}
		for _, row := range all {
			if _, err := table.take(row); err != nil {
				return fmt.Errorf("the checkpoint: %s: %w", file, err)
			}
		}
	}
	for _, f := range state.Files {
		if err := l.attempt.Fetch(ctx, f, l.dir.Path(filepath.Join(folder, f.Name))); err != nil {
			return err
		}
	}
	return nil
}

// outcome collects rows of tables that are about a piece.
func (l *Lab) outcome(about map[string]func(row []string) bool) (json.RawMessage, error) {
	o := make(outcome)
	for file, is := range about {
		table, err := l.openTable(file)
		if err != nil {
			return nil, err
		}
		for _, row := range table.Rows() {
			if is(row) {
				o[file] = append(o[file], row)
			}
		}
	}
	return json.Marshal(o)
}

func (l *Lab) doTraining(ctx context.Context, s *spec) error {
	archs, err := l.parse(s.Archs)
	if err != nil {
		return err
	}
	if len(archs) != 1 {
		return errors.New("a training of several architectures")
	}
	if err := l.restore(ctx, "."); err != nil {
		return err
	}
	run := training{archs[0], s.Seed}
	own := func(row []string) bool { return slices.Equal(row[:2], run.key()) }
	l.attempt.result = func() (json.RawMessage, []cluster.Local, error) {
		value, err := l.outcome(map[string]func([]string) bool{truthFile: own, curvesFile: own, divergedFile: own})
		return value, l.local(".", aloneFile), err
	}
	if err := l.trainAlone(ctx, []training{run}); err != nil {
		return err
	}
	value, _, err := l.attempt.result()
	l.attempt.result = func() (json.RawMessage, []cluster.Local, error) { return value, nil, err } // nobody needs the weights any more
	return nil
}

func (l *Lab) doSupernet(ctx context.Context, s *spec) error {
	v, err := l.variant(s.Variant)
	if err != nil {
		return err
	}
	folder := l.folder(v)
	if err := l.restore(ctx, folder); err != nil {
		return err
	}
	files := []string{supernetFile}
	for _, e := range l.SavedEpochs(v) {
		files = append(files, fmt.Sprintf(epochFile, e))
	}
	l.attempt.result = func() (json.RawMessage, []cluster.Local, error) {
		value, err := l.outcome(map[string]func([]string) bool{folder + "/" + lossesFile: func([]string) bool { return true }})
		return value, l.local(folder, files...), err
	}
	_, err = l.Supernet(ctx, v)
	return err
}

func (l *Lab) doScores(ctx context.Context, s *spec) error {
	v, err := l.variant(s.Variant)
	if err != nil {
		return err
	}
	archs, err := l.parse(s.Archs)
	if err != nil {
		return err
	}
	if _, err := l.scores(ctx, v, archs, s.Epoch, s.BN); err != nil {
		return err
	}
	l.attempt.result = l.rowsAbout(l.folder(v)+"/"+scoresFile, s.Archs, func(row []string) bool {
		return row[1] == strconv.Itoa(s.Epoch) && row[2] == string(s.BN)
	})
	return nil
}

func (l *Lab) doProxies(ctx context.Context, s *spec) error {
	archs, err := l.parse(s.Archs)
	if err != nil {
		return err
	}
	if _, err := l.Proxies(ctx, archs, s.Proxies); err != nil {
		return err
	}
	l.attempt.result = l.rowsAbout(proxiesFile, s.Archs, func(row []string) bool { return slices.Contains(s.Proxies, row[1]) })
	return nil
}

// rowsAbout is the outcome that consists of the rows of one table about some architectures.
func (l *Lab) rowsAbout(file string, archs []string, is func(row []string) bool) func() (json.RawMessage, []cluster.Local, error) {
	return func() (json.RawMessage, []cluster.Local, error) {
		value, err := l.outcome(map[string]func([]string) bool{file: func(row []string) bool { return slices.Contains(archs, row[0]) && is(row) }})
		return value, nil, err
	}
}

// local are those files of a folder that there are.
func (l *Lab) local(folder string, names ...string) (files []cluster.Local) {
	for _, name := range names {
		if path := l.dir.Path(filepath.Join(folder, name)); exists(path) {
			files = append(files, cluster.Local{Name: name, Path: path})
		}
	}
	return files
}
