package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/experiments/study"
)

// Two rows of one architecture are a mistake of whoever has edited the table, unless they agree; so is what is no finite number.
func TestEditedRows(t *testing.T) {
	for text, says := range map[string]string{"a,1\nb,2\na,1\n": "", "a,1\nb,2\na,3\n": "row 3 has 3", "a,1\nb,Inf\n": `row 2 has "Inf"`, "a,-inf\n": `row 1 has "-inf"`,
		"a,NaN\n": `row 1 has "NaN"`, "a,1e999\n": `row 1 has "1e999"`, "a,\n": `row 1 has ""`} {
		dir, err := study.Open(filepath.Join(t.TempDir(), "study"), struct{}{})
		if err != nil {
			t.Fatal(err)
		}
		defer dir.Close()
		if err := os.WriteFile(dir.Path("t.csv"), []byte("architecture,accuracy\n"+text), 0o666); err != nil {
			t.Fatal(err)
		}
		l := &Lab{dir: dir}
		switch _, err := l.openRows("t.csv", "architecture", "accuracy"); {
		case says == "" && err != nil:
			t.Errorf("%q: %v", text, err)
		case says != "" && (err == nil || !strings.Contains(err.Error(), says)):
			t.Errorf("%q: error %v, want one that says %q", text, err, says)
		}
	}
}
