package nn

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Files that are no weights, or not all of them.
func TestWeightFilesRefused(t *testing.T) {
	dir := t.TempDir()
	write := func(name, contents string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(contents), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	shard, err := os.ReadFile("testdata/cnn-00001-of-00002.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	write("first.safetensors", string(shard))
	var index struct {
		Map map[string]string `json:"weight_map"`
	}
	js, err := os.ReadFile("testdata/cnn.safetensors.index.json")
	if err == nil {
		err = json.Unmarshal(js, &index)
	}
	if err != nil {
		t.Fatal(err)
	}
	indexed := func(change func(files map[string]string)) string {
		files := make(map[string]string)
		for name, file := range index.Map {
			if file == "cnn-00001-of-00002.safetensors" {
				files[name] = "first.safetensors"
			}
		}
		change(files)
		js, err := json.Marshal(map[string]any{"weight_map": files})
		if err != nil {
			t.Fatal(err)
		}
		return string(js)
	}
	for want, path := range map[string]string{
		"what torch.save writes":                 write("model.pt", "PK\x03\x04 and so on"),
		"not a safetensors file":                 write("model.bin", "a file of another kind"),
		"is JSON":                                write("text.index.json", "text"),
		"no weight_map":                          write("empty.index.json", "{}"),
		"want a file in the folder of the index": write("out.index.json", `{"weight_map": {"a": "../a.safetensors"}}`),
		"no such file":                           write("none.index.json", `{"weight_map": {"a": "a.safetensors"}}`),
		`lacks what it should hold according to`: write("more.index.json", indexed(func(files map[string]string) {
			files["extra"] = "first.safetensors"
		})),
		`"features.0.bias", which is not there according to`: write("less.index.json", indexed(func(files map[string]string) {
			delete(files, "features.0.bias")
		})),
		"missing in the file": write("half.index.json", indexed(func(map[string]string) {})),
	} {
		s := NewStore(1)
		cnn(s)
		if _, err := LoadWeights(path, s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one that says %q", path, err, want)
		}
	}
}
