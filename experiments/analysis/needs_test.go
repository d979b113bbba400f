package analysis

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What cannot come to an end is refused before anything is written or trained, and says why; the corrected command is not another
// configuration.
func TestRefusedBeforeAnything(t *testing.T) {
	for _, tc := range []struct {
		analysis string
		args     []string
		says     string
	}{
		{"correlation", []string{"-archs", "1"}, "1 architecture to compare: a ranking needs at least 2"},
		{"capacity", []string{"-archs", "7"}, "7 architectures: want at least 8"},
		{"capacity", []string{"-budget", "0.01"}, "-budget 0.01 pays for nothing"},
		{"capacity", []string{"-budget", "nan"}, "-budget"},
		{"capacity", []string{"-budget", "-1"}, "-budget"},
		{"capacity", []string{"-space", "nasbench101", "-variant", "full", "-parts", "sampler", "-budget", "0.4"}, "-parts sampler"},
		{"all", []string{"-space", "nasbench201", "-archs", "7"}, "-only leaves capacity out"},
		{"all", []string{"-archs", "7"}, "capacity"},
		{"groundtruth", []string{"-shard", "3/99"}, "only 16 trainings to divide"},
		{"groundtruth", []string{"-merge"}, "no shards to merge"},
		{"correlation", []string{"-train-count", "64"}, "batches of 128"},
		{"correlation", []string{"-batch", "129"}, "do not fill one batch of 129"},
	} {
		dir := filepath.Join(t.TempDir(), "study")
		err := Run(context.Background(), tc.analysis, append(quick(dir), tc.args...), new(bytes.Buffer))
		if err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s %q: error %v, want one that says %q", tc.analysis, tc.args, err, tc.says)
		}
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s %q was refused and has left %s: %v", tc.analysis, tc.args, dir, err)
		}
	}
}

// A shard that was made otherwise is found out before a configuration is written, which the corrected command would not go with.
func TestMergeRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "study")
	run := func(args ...string) error {
		return Run(context.Background(), "groundtruth", quick(dir, append([]string{"-archs", "2", "-truth-seeds", "1"}, args...)...), new(bytes.Buffer))
	}
	for _, shard := range []string{"1/2", "2/2"} {
		if err := run("-shard", shard); err != nil {
			t.Fatal(err)
		}
	}
	if err := run("-merge", "-alone-epochs", "3"); err == nil || !strings.Contains(err.Error(), "stand_alone.epochs") {
		t.Errorf("error %v, want the field that differs", err)
	}
	if err := run("-merge"); err != nil {
		t.Errorf("the corrected command: %v", err)
	}
}

// Every analysis comes to its end with as few architectures as its needs allow: else it would have trained in vain.
func TestFewest(t *testing.T) {
	for archs, space := range map[string][]string{"2": {"-space", "nasbench201", "-channels", "4", "-image", "8"}, "3": {"-space", "dartsptb", "-hidden", "4"}} {
		var names []string
		for _, a := range ordered() {
			if a != Capacity {
				names = append(names, a.Name)
			}
		}
		args := slices.Concat(space, []string{"-study", filepath.Join(t.TempDir(), "study"), "-quiet", "-archs", archs, "-epochs", "1", "-alone-epochs", "1", "-batch", "16",
			"-train-count", "128", "-score-count", "32", "-truth-count", "32", "-only", strings.Join(names, ",")})
		if err := Run(context.Background(), "all", args, new(bytes.Buffer)); err != nil {
			t.Errorf("%v: %v", space, err)
		}
	}
}

// A folder that takes no files is found out before anything is trained.
func TestFolderThatTakesNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	dirs := []string{file, filepath.Join(file, "study")}
	if os.Getuid() != 0 { // root may write everywhere
		sealed := filepath.Join(t.TempDir(), "sealed")
		if err := os.Mkdir(sealed, 0o555); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, sealed, filepath.Join(sealed, "new", "study"))
	}
	for _, dir := range dirs {
		if err := Run(context.Background(), "correlation", quick(dir), new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "study") {
			t.Errorf("%s: error %v, want one that says that it cannot be written", dir, err)
		}
	}
}
