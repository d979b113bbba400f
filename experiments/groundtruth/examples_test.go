//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/experiments/analysis"
)

// The test binary is groundtruth, or notes the arguments of a worker, if it is called so.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "groundtruth":
		main()
	case "worker":
		fmt.Println(strings.Join(os.Args[1:], " "))
	default:
		os.Exit(m.Run())
	}
}

// bin is a folder with the commands that examples call.
func bin(t *testing.T) string {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"groundtruth", "worker"} {
		if err := os.Symlink(self, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// small are flags of a study of seconds, in place of the examples' own.
const small = "-space nasbenchmacro -archs 4 -truth-seeds 1 -alone-epochs 1 -channels 4 -image 8 -train-count 160 -score-count 32 -truth-count 32 -batch 16 -quiet"

const asked = "-space darts -archs 1000"

// A job array of the batch script, and then -merge, make the truth of one process.
func TestShards(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash")
	}
	b, err := os.ReadFile("examples/shards.sbatch")
	if err != nil {
		t.Fatal(err)
	}
	script := string(b)
	n := array(t, script)
	if !strings.Contains(script, fmt.Sprintf("-shard %d\n", n)) {
		t.Errorf("an array of %d, and another number of shards:\n%s", n, script)
	}
	const few = 2
	script = strings.NewReplacer(asked, small, fmt.Sprintf("-shard %d", n), fmt.Sprintf("-shard %d", few)).Replace(script)
	path := filepath.Join(t.TempDir(), "shards.sbatch")
	if err := os.WriteFile(path, []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	study := filepath.Join(t.TempDir(), "study")
	for i := 1; i <= few; i++ {
		cmd := exec.Command("bash", path)
		cmd.Env = append(os.Environ(), "PATH="+bin(t)+":"+os.Getenv("PATH"), "STUDY="+study, fmt.Sprint("SLURM_ARRAY_TASK_ID=", i), "SLURM_ARRAY_TASK_MIN=1", "SLURM_CPUS_PER_TASK=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("task %d: %v\n%s", i, err, out)
		}
	}
	merged(t, study)
}

// The pods of the indexed job, and then -merge, too. Of the manifest, what the test needs is read line by line.
func TestIndexedJob(t *testing.T) {
	b, err := os.ReadFile("examples/shards.yaml")
	if err != nil {
		t.Fatal(err)
	}
	field := func(name string) string {
		t.Helper()
		m := regexp.MustCompile(`(?m)^ *`+name+`: (.*)$`).FindAllStringSubmatch(string(b), -1)
		if len(m) != 1 {
			t.Fatalf("%d lines with %s, want one", len(m), name)
		}
		return m[0][1]
	}
	for name, want := range map[string]string{"apiVersion": "batch/v1", "kind": "Job", "completionMode": "Indexed", "restartPolicy": "Never"} {
		if got := field(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	for i, line := range strings.Split(string(b), "\n") {
		if indent := len(line) - len(strings.TrimLeft(line, " ")); indent%2 != 0 || strings.Contains(line, "\t") {
			t.Errorf("line %d is indented by %d: %s", i+1, indent, line)
		}
	}
	n, err := strconv.Atoi(field("completions"))
	if err != nil {
		t.Fatal(err)
	}
	list := strings.TrimSuffix(strings.TrimPrefix(field("command"), "["), "]")
	var command []string
	for _, quoted := range strings.Split(list, ", ") {
		arg, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatalf("%s: %v", quoted, err)
		}
		command = append(command, arg)
	}
	line := strings.Join(command, " ")
	if want := fmt.Sprintf("groundtruth -study /study %s -shard %d", asked, n); line != want {
		t.Fatalf("the command is %s, want %s", line, want)
	}
	const few = 2
	study := filepath.Join(t.TempDir(), "study")
	line = strings.NewReplacer("/study", study, asked, small, fmt.Sprintf("-shard %d", n), fmt.Sprintf("-shard %d", few)).Replace(line)
	for i := range few {
		t.Setenv("JOB_COMPLETION_INDEX", fmt.Sprint(i))
		if err := analysis.Run(context.Background(), "groundtruth", strings.Fields(line)[1:], io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	merged(t, study)
}

// merged puts the shards of a study together and expects everything to be there.
func merged(t *testing.T, study string) {
	t.Helper()
	if err := analysis.Run(context.Background(), "groundtruth", append(strings.Fields(small), "-study", study, "-merge"), io.Discard); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(study, "truth.csv"))
	if rows := strings.Count(string(b), "\n") - 1; err != nil || rows != 4 {
		t.Errorf("%d trainings, %v; want 4", rows, err)
	}
}

// The script of workers calls the command worker with flags that it has.
func TestWorkers(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash")
	}
	b, err := os.ReadFile("examples/workers.sbatch")
	if err != nil {
		t.Fatal(err)
	}
	array(t, string(b))
	cmd := exec.Command("bash", "examples/workers.sbatch")
	cmd.Env = append(os.Environ(), "PATH="+bin(t)+":"+os.Getenv("PATH"), "STUDY=/shared/study", "SERVER=nats://login1:4222")
	out, err := cmd.Output()
	args := strings.Fields(string(out))
	if want := "-connect nats://login1:4222 -token /shared/study.token"; err != nil || strings.Join(args, " ") != want {
		t.Fatalf("worker %s, %v; want worker %s", out, err, want)
	}
	if err := analysis.RunWorker(context.Background(), "worker", args, io.Discard); err == nil || !strings.Contains(err.Error(), "-token") {
		t.Errorf("without the file of the token: error %v", err)
	}
	served := "-study " + filepath.Join(t.TempDir(), "s") + " " + small + " -serve -listen 0.0.0.0:0"
	if err := analysis.Run(context.Background(), "groundtruth", strings.Fields(served), io.Discard); err == nil || !strings.Contains(err.Error(), "-token") {
		t.Errorf("open to anybody: error %v", err)
	}
}

// array is how many tasks a batch script asks for, from 1 on.
func array(t *testing.T, script string) int {
	t.Helper()
	m := regexp.MustCompile(`(?m)^#SBATCH --array=1-(\d+)$`).FindStringSubmatch(script)
	if m == nil {
		t.Fatalf("no array:\n%s", script)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil || !strings.HasPrefix(script, "#!/bin/bash\n") {
		t.Fatalf("%v:\n%s", err, script)
	}
	return n
}
