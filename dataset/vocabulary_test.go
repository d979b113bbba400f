package dataset

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/oneshot-nas/oneshot/tensor"
)

func TestReadText(t *testing.T) {
	fsys := fstest.MapFS{
		"book.txt":       {Data: []byte("the cat sat\non the mat\n")},
		"parts/more.txt": {Data: []byte("the dog")},
		"latin.txt":      {Data: []byte("na\xefve")},
	}
	text, err := ReadText(fsys, "book.txt", "", "parts/more.txt")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"the", "cat", "sat", EOS, "on", "mat", "dog"}; !slices.Equal(text.Words, want) {
		t.Errorf("words %q, want %q", text.Words, want)
	}
	if want := []int32{0, 6, 3}; len(text.Train) != 8 || text.Valid != nil || !slices.Equal(text.Test, want) {
		t.Errorf("%d tokens to train on, %v and %v beside; want 8, none and %v", len(text.Train), text.Valid, text.Test, want)
	}
	for want, files := range map[string][2]string{
		"dataset: absent.txt: file does not exist": {"book.txt", "absent.txt"},
		"dataset: latin.txt: line 1, byte 3":       {"latin.txt", ""},
		"dataset: parts: is a folder":              {"parts", ""},
		"dataset: text: no file to train on":       {"", "book.txt"},
	} {
		if _, err := ReadText(fsys, files[0], files[1], ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q in it", files, err, want)
		}
	}
}

func TestReadFromFileSystems(t *testing.T) {
	small := small(cifar10)
	archive := fstest.MapFS{}
	for i, file := range small.train {
		archive[small.dir+"/"+file] = &fstest.MapFile{Data: small.contents(small.trainRecords, i)}
	}
	for _, file := range small.test {
		archive[small.dir+"/"+file] = &fstest.MapFile{Data: small.contents(small.testRecords, 0)}
	}
	train, test, err := small.read(location{FS: archive})
	if err != nil || train.Len() != len(small.train)*small.trainRecords || test.Len() != small.testRecords {
		t.Fatalf("%v, %v, error %v", train, test, err)
	}
	for want, read := range map[string]func(fs.FS) (*Images, *Images, error){
		"dataset: cifar-10-batches-bin/data_batch_1.bin: truncated": ReadCIFAR10FS,
		"dataset: CIFAR-100 needs train.bin: file does not exist":   ReadCIFAR100FS,
	} {
		if _, _, err := read(archive); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	texts := fstest.MapFS{}
	for part, words := range map[string]string{"train": "a b", "valid": "b", "test": "c"} {
		texts["ptb/ptb."+part+".txt"] = &fstest.MapFile{Data: []byte(words)}
	}
	if text, err := ReadPTBFS(texts); err != nil || len(text.Words) != 4 {
		t.Errorf("%v, error %v", text, err)
	}
}

func TestEncode(t *testing.T) {
	text := &Text{Words: []string{"the", "cat", EOS}}
	if got, err := text.Encode(" the\tcat the\n"); err != nil || !slices.Equal(got, []int32{0, 1, 0}) {
		t.Errorf("%v, error %v", got, err)
	}
	const want = `word 1, "dog", is not in the vocabulary, nor is <unk>; expected one of its 3 words`
	if _, err := text.Encode("the dog"); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q in it", err, want)
	}
	text.Words = append(text.Words, Unknown)
	if got, err := text.Encode("the dog"); err != nil || !slices.Equal(got, []int32{0, 3}) {
		t.Errorf("%v, error %v", got, err)
	}
}

func TestLimit(t *testing.T) {
	number := map[string]int32{}
	text := &Text{Name: "n"}
	var err error
	if text.Train, err = text.tokenise([]byte("a b c b\nd c b"), number); err != nil {
		t.Fatal(err)
	}
	if text.Valid, err = text.tokenise([]byte("e b"), number); err != nil {
		t.Fatal(err)
	}
	// b 3, c 2, a 1, d 1, e 0
	for n, want := range map[int]string{
		2: "<eos> <unk>: 1 1 1 1 0 1 1 1 0, 1 1 0",
		3: "b <eos> <unk>: 2 0 2 0 1 2 2 0 1, 2 0 1",
		4: "b c <eos> <unk>: 3 0 1 0 2 3 1 0 2, 3 0 2",
		5: "a b c <eos> <unk>: 0 1 2 1 3 4 2 1 3, 4 1 3",
		6: "a b c <eos> d e: 0 1 2 1 3 4 2 1 3, 5 1 3", // nothing to leave out
	} {
		limited := text.Limit(n)
		got := strings.Join(limited.Words, " ") + ": " + plainly(limited.Train) + ", " + plainly(limited.Valid)
		if got != want || limited.Name != "n" || len(limited.Test) != 0 {
			t.Errorf("%d words: %s, want %s", n, got, want)
		}
		if again := limited.Limit(n); again != limited {
			t.Errorf("%d words: limited again, it is another", n)
		}
	}
	if again := text.Limit(4).Limit(3); strings.Join(again.Words, " ") != "b <eos> <unk>" {
		t.Errorf("limited twice: %q", again.Words)
	}
	if err := tensor.Catch(func() { text.Limit(1) }); err == nil {
		t.Error("a vocabulary of one word is no error")
	}
}

func plainly(tokens []int32) string {
	var words []string
	for _, token := range tokens {
		words = append(words, string(rune('0'+token)))
	}
	return strings.Join(words, " ")
}

func TestSegments(t *testing.T) {
	stream := []int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10} // two columns of five, 10 is left
	var got []string
	for tokens, targets := range Segments(stream, 2, 3) {
		got = append(got, plainly(tokens)+" > "+plainly(targets))
	}
	if want := []string{"0 5 1 6 2 7 > 1 6 2 7 3 8", "3 8 > 4 9"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for range Segments(stream, 11, 3) {
		t.Error("columns of one word have a segment")
	}
	for range Segments(stream, 2, 1) {
		break
	}
	if err := tensor.Catch(func() { Segments(stream, 2, 0) }); err == nil {
		t.Error("segments of no steps are no error")
	}
}
