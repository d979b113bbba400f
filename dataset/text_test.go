package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// layOut writes files below a new directory.
func layOut(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		write(t, path, []byte(content))
	}
	return dir
}

func TestReadPTB(t *testing.T) {
	text, err := ReadPTB(layOut(t, map[string]string{
		"train.txt": " the cat \n\nthe <unk>\n",
		"valid.txt": "a cat",
		"test.txt":  "naïve cat <eos>\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"the", "cat", "<eos>", "<unk>", "a", "naïve"}; !slices.Equal(text.Words, want) {
		t.Errorf("words %q, want %q", text.Words, want)
	}
	for _, c := range []struct {
		name      string
		got, want []int32
	}{
		{"train", text.Train, []int32{0, 1, 2, 2, 0, 3, 2}},
		{"valid", text.Valid, []int32{4, 1, 2}},
		{"test", text.Test, []int32{5, 1, 2, 2}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s %v, want %v", c.name, c.got, c.want)
		}
	}
	if text.Name != "text" {
		t.Errorf("name %q of what is not the Penn Treebank", text.Name)
	}
}

// The same text, under all names and with all ends of lines.
func TestReadPTBKnowsLayouts(t *testing.T) {
	names := []string{"%s.txt", "ptb.%s.txt", "ptb/%s.txt", "ptb/ptb.%s.txt", "simple-examples/data/ptb.%s.txt"}
	prints := map[string]bool{}
	for _, name := range names {
		for _, end := range []string{"\n", "\r\n", "\r"} {
			files := map[string]string{}
			for part, content := range map[string]string{"train": "a b|c|", "valid": "b|", "test": "c|"} {
				files[fmt.Sprintf(name, part)] = strings.ReplaceAll(content, "|", end)
			}
			files[fmt.Sprintf(name, "test")] = "\ufeff" + files[fmt.Sprintf(name, "test")]
			text, err := ReadPTB(layOut(t, files))
			if err != nil {
				t.Errorf("%s with lines that end with %q: %v", name, end, err)
				continue
			}
			prints[text.Fingerprint()] = true
		}
	}
	if len(prints) != 1 {
		t.Errorf("%d different texts, want one", len(prints))
	}
}

func TestReadPTBSaysWhatIsWrong(t *testing.T) {
	with := func(train string) map[string]string {
		return map[string]string{"train.txt": train, "valid.txt": "a\n", "test.txt": "a\n"}
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"nothing":     {nil, "expected ptb.train.txt, ptb.valid.txt and ptb.test.txt, or train.txt, valid.txt and test.txt"},
		"one missing": {map[string]string{"train.txt": "a", "test.txt": "a"}, "valid.txt: no such file"},
		"two missing": {map[string]string{"ptb.valid.txt": "a", "train.txt": "a"}, "ptb.train.txt: no such file"},
		"empty":       {with(""), "train.txt: no words; expected lines of words"},
		"only lines":  {with("\r\n \n"), "train.txt: no words; expected lines of words"},
		"Latin-1":     {with("a b\nna\xefve\n"), "train.txt: line 2, byte 3: 0xef; expected UTF-8 text"},
		"UTF-16":      {with("\xff\xfea\x00"), "train.txt: line 1, byte 1: 0xff; expected UTF-8 text"},
		"binary":      {with("a\nb\x00\n"), "train.txt: line 2, byte 2: 0x00; expected UTF-8 text"},
		"vocabulary":  {with(manyWords(maxWords - 1)), "train.txt: line 2: more than 1048576 different words"},
	} {
		_, err := ReadPTB(layOut(t, c.files))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", name, err, c.want)
		}
		if missing := strings.Contains(name, "missing") || name == "nothing"; err != nil && missing != errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: errors.Is(%v, fs.ErrNotExist) is %v", name, err, !missing)
		}
	}
}

// manyWords is n different words, which are n+1 with EOS, and in the second line one more.
func manyWords(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%x ", i)
	}
	return b.String() + "\none-more\n"
}

func TestTextFingerprintSeesEverything(t *testing.T) {
	seen := map[string]bool{}
	for _, change := range []func(*Text){
		func(*Text) {},
		func(s *Text) { s.Words[3] = "x" },
		func(s *Text) { s.Train[5]++ },
		func(s *Text) { s.Valid[5]++ },
		func(s *Text) { s.Test[5]++ },
		func(s *Text) { s.Train, s.Valid = append(s.Train, s.Valid[0]), s.Valid[1:] },
	} {
		s := GenerateText(1, 100, 100, 100)
		change(s)
		seen[s.Fingerprint()] = true
	}
	if len(seen) != 6 {
		t.Errorf("%d fingerprints of 6 texts", len(seen))
	}
}

// Whatever is read, every line has its end, and what was read can be written and read again.
func FuzzText(f *testing.F) {
	for _, s := range []string{"a b\nc\n", "\ufeffa\r\nb\r\r", " \n", "a\x00", "\xff", "<eos> a\u00a0b", "\ufeff\ufeff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var text, again Text
		tokens, err := text.tokenise(b, map[string]int32{})
		if err != nil {
			return
		}
		written := strings.Builder{}
		written.WriteString("\ufeff") // only the first mark of a text is none of its words
		for _, token := range tokens {
			if word := text.Words[token]; word == EOS {
				written.WriteString("\n")
			} else {
				written.WriteString(word + " ")
			}
		}
		if strings.Contains(string(b), EOS) {
			return // a word of the text that cannot be told from the end of a line
		}
		reread, err := again.tokenise([]byte(written.String()), map[string]int32{})
		if err != nil || !slices.Equal(reread, tokens) || !slices.Equal(again.Words, text.Words) {
			t.Errorf("%q becomes %v of %q, and these become %v of %q, error %v", b, tokens, text.Words, reread, again.Words, err)
		}
	})
}

func TestRealPTB(t *testing.T) {
	data := os.Getenv("ONESHOT_DATA")
	if data == "" {
		t.Skip("ONESHOT_DATA does not name a directory with ptb")
	}
	text, err := ReadPTB(data)
	if err != nil {
		t.Fatal(err)
	}
	if text.Name != "Penn Treebank" || len(text.Words) != 10000 || len(text.Train) != 929589 || len(text.Valid) != 73760 || len(text.Test) != 82430 {
		t.Errorf("%s has %d words and %d, %d and %d tokens, want those of the Penn Treebank, 10000 and 929589, 73760, 82430",
			text.Name, len(text.Words), len(text.Train), len(text.Valid), len(text.Test))
	}
	var first strings.Builder
	for _, token := range text.Train[:30] {
		first.WriteString(text.Words[token] + " ")
	}
	const want = "aer banknote berlitz calloway centrust cluett fromstein gitano guterman hydro-quebec ipo kia memotec mlx nahb punts rake regatta rubens sim snack-food ssangyong swapo wachter <eos> pierre <unk> N years old "
	if first.String() != want {
		t.Errorf("begins %q, want %q", first.String(), want)
	}
	counts := make([]int, len(text.Words))
	for _, token := range slices.Concat(text.Train, text.Valid, text.Test) {
		counts[token]++
	}
	if i := slices.Index(text.Words, EOS); counts[i] != 42068+3370+3761 {
		t.Errorf("%d lines, want 42068 + 3370 + 3761", counts[i])
	}
}
