package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/study"
)

// shard is a part of the trainings alone: number i of n, counted from 0; n is 0 where there are no shards.
type shard struct{ i, n int }

func (s shard) String() string { return fmt.Sprintf("%d-of-%d", s.i+1, s.n) }

// Shard names the part of the trainings alone that the study makes; "" if it makes all of them.
func (l *Lab) Shard() string {
	if l.shard.n == 0 {
		return ""
	}
	return l.shard.String()
}

// parseShard reads I/N, or N alone where a cluster's scheduler says which.
func parseShard(s string, environment func(string) string) (shard, error) {
	number, of, ok := strings.Cut(s, "/")
	if ok {
		i, err := strconv.Atoi(number)
		n, err2 := strconv.Atoi(of)
		if err != nil || err2 != nil || i < 1 || i > n {
			return shard{}, fmt.Errorf("%q: want I/N, shard I of N, with I from 1 to N", s)
		}
		return shard{i - 1, n}, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return shard{}, fmt.Errorf("%q: want I/N, or N alone in an array job", s)
	}
	for _, v := range []struct{ id, first string }{{"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN"}, {"JOB_COMPLETION_INDEX", ""}} {
		id := environment(v.id)
		if id == "" {
			continue
		}
		i, err := strconv.Atoi(id)
		if err != nil {
			return shard{}, fmt.Errorf("%s is %q, want a number", v.id, id)
		}
		if first, err := strconv.Atoi(environment(v.first)); v.first != "" && err == nil {
			i -= first
		}
		if i < 0 || i >= n {
			return shard{}, fmt.Errorf("%s is %s, which is none of %d shards", v.id, id, n)
		}
		return shard{i, n}, nil
	}
	return shard{}, fmt.Errorf("%q: want I/N; N alone is for array jobs, which set SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX", s)
}

// Merge takes what the shards of the study have found so far into its own tables, and returns how many trainings were new. Shards in
// any order and state may be merged, also again, and whatever their supernet would have been; one whose trainings alone are of another
// configuration is a [study.ConfigError], and results that contradict each other are an error. Shards that ran elsewhere are copied to
// shards/ in the study's folder before.
func (l *Lab) Merge() (merged int, err error) {
	shards, err := shardsIn(l.place)
	if err != nil {
		return 0, err
	}
	own, err := l.records()
	if err != nil {
		return 0, err
	}
	for _, dir := range shards {
		n, err := l.mergeFrom(dir, own)
		if err != nil {
			return merged, err
		}
		merged += n
	}
	return merged, nil
}

// shardsIn are the folders of a study's shards, at least one.
func shardsIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(dir, study.Shards))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var shards []string
	for _, e := range entries {
		if e.IsDir() {
			shards = append(shards, filepath.Join(dir, study.Shards, e.Name()))
		}
	}
	if shards == nil {
		return nil, fmt.Errorf("%s has no shards to merge", filepath.Join(dir, study.Shards))
	}
	return shards, nil
}

// checkParts says whether the study can make its shard of the trainings alone, or take over what shards have found, and whether the truth
// that it is to export is its own.
func (l *Lab) checkParts(merge bool) error {
	if l.shard.n == 0 && !merge && l.export == "" {
		return nil
	}
	if l.table != nil {
		return fmt.Errorf("-shard, -merge and -export are about trainings alone, and the truth comes from %s; leave them or -truth out", l.table.Source)
	}
	if l.export != "" && l.embedded != nil {
		return errNotOwn
	}
	if pieces := len(l.trainings(l.archs)); l.shard.n > pieces {
		return fmt.Errorf("-shard %d/%d: there are only %s to divide; use fewer shards", l.shard.i+1, l.shard.n, Plural(pieces, "training"))
	}
	if !merge {
		return nil
	}
	shards, err := shardsIn(l.place)
	if err != nil {
		return err
	}
	for _, dir := range shards {
		if _, err := l.shardConfig(dir); err != nil {
			return err
		}
	}
	return nil
}

// shardConfig is the configuration of a shard, whose trainings alone must be the study's.
func (l *Lab) shardConfig(dir string) (*Config, error) {
	config := new(Config)
	if err := study.ReadConfig(dir, config); err != nil {
		return nil, err
	}
	differences, err := study.Differences(config.exactIdentity(), l.Config.exactIdentity())
	if err != nil {
		return nil, err
	}
	if len(differences) > 0 {
		return nil, &study.ConfigError{Dir: dir, Differences: differences}
	}
	return config, nil
}

// mergeFrom takes over what one shard has found.
func (l *Lab) mergeFrom(dir string, own *records) (merged int, err error) {
	config, err := l.shardConfig(dir)
	if err != nil {
		return 0, err
	}
	s, err := study.Open(dir, config)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	other := *l
	other.dir = s
	found, err := other.records()
	if err != nil {
		return 0, err
	}
	curves := make(map[string][][]string)
	for _, epoch := range found.curves.Rows() {
		key := rowKey(epoch[:2]...)
		curves[key] = append(curves[key], epoch)
	}
	for _, row := range found.results.Rows() {
		// The curve first: what has a result has been taken over as a whole.
		if _, ok := own.results.get(row[:2]...); !ok {
			for _, epoch := range curves[rowKey(row[:2]...)] {
				if _, err := own.epochs.take(epoch); err != nil {
					return merged, fmt.Errorf("%s: %w; delete one of the rows", filepath.Join(dir, curvesFile), err)
				}
			}
		}
		taken, err := own.results.take(row)
		if err != nil {
			return merged, fmt.Errorf("%s: %w; delete one of the rows", filepath.Join(dir, truthFile), err)
		}
		if taken {
			merged++
		}
	}
	for _, row := range found.diverged.Rows() {
		key := row[:2]
		if _, ok := own.diverged.get(key...); ok {
			continue
		}
		step, _ := found.diverged.get(key...)
		if _, err := own.diverged.add(step, key...); err != nil {
			return merged, err
		}
		merged++
	}
	return merged, nil
}
