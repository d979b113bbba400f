package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/oneshot-nas/oneshot/internal/files"
)

// EOS is the word that ends every line of a [Text].
const EOS = "<eos>"

// Text is a corpus in memory: a vocabulary, and three streams of words, each with [EOS] at the end of every line.
type Text struct {
	Name               string
	Words              []string // a token is an index into it
	Train, Valid, Test []int32
}

// Fingerprint is the SHA-256 of vocabulary and streams in hexadecimal: two runs that print the same one had the same text,
// with the same numbers for its words.
func (t *Text) Fingerprint() string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %d %d %q\n", len(t.Train), len(t.Valid), len(t.Test), t.Words)
	for _, stream := range [][]int32{t.Train, t.Valid, t.Test} {
		binary.Write(h, binary.LittleEndian, stream)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// What is published of the Penn Treebank as Mikolov et al. (2010) prepared it: its words, and its tokens with an EOS a line.
const (
	ptbWords = 10000
	ptbTrain = 929589
	ptbValid = 73760
	ptbTest  = 82430
)

// maxWords bounds the vocabulary of a text, each word of which will have a row of weights: four times that of WikiText-103.
const maxWords = 1 << 20

// maxWord bounds a word, in bytes: far above any, but not above what a file without white space is.
const maxWord = 1 << 12

// ReadPTB reads the Penn Treebank as Mikolov et al. (2010) prepared it, or any text that is laid out alike: ptb.train.txt,
// ptb.valid.txt and ptb.test.txt, or train.txt, valid.txt and test.txt, in dir, in dir/ptb, or where the archive has them, in
// dir/simple-examples/data. They are read as [ReadText] does.
//
// Name is "Penn Treebank" where the numbers of words and tokens are the published ones, else "text". The error says which
// file, where in it, what was expected and where to get it.
func ReadPTB(dir string) (*Text, error) { return readPTB(onDisk(dir)) }

// ReadPTBFS is ReadPTB of a file system.
func ReadPTBFS(fsys fs.FS) (*Text, error) { return readPTB(location{FS: fsys}) }

func readPTB(at location) (*Text, error) {
	parts, err := findText(at)
	if err != nil {
		return nil, err
	}
	t, err := readText(at, parts[0], parts[1], parts[2])
	if err != nil {
		return nil, err
	}
	if len(t.Words) == ptbWords && len(t.Train) == ptbTrain && len(t.Valid) == ptbValid && len(t.Test) == ptbTest {
		t.Name = "Penn Treebank"
	}
	return t, nil
}

// ReadText reads a text from files that are named, of which valid and test may be "": those streams are empty. The files are UTF-8,
// of at most 1 GiB, with white space between words; a line ends at LF, CR or CRLF, and even an empty one yields an [EOS]. Words are
// numbered in the order in which train, valid and test, one after the other, first have them: all three share one vocabulary.
// Name is "text".
func ReadText(fsys fs.FS, train, valid, test string) (*Text, error) {
	return readText(location{FS: fsys}, train, valid, test)
}

func readText(at location, train, valid, test string) (*Text, error) {
	if train == "" {
		return nil, errors.New("dataset: text: no file to train on")
	}
	t := &Text{Name: "text"}
	number := map[string]int32{}
	for _, part := range []struct {
		file   string
		stream *[]int32
	}{{train, &t.Train}, {valid, &t.Valid}, {test, &t.Test}} {
		if part.file == "" {
			continue
		}
		b, err := readRegular(at, part.file, func(size int64) error {
			if size > files.Most {
				return fmt.Errorf("%d bytes, more than %d, which is the limit of a text", size, files.Most)
			}
			return nil
		})
		if err == nil {
			*part.stream, err = t.tokenise(b, number)
		}
		if err != nil {
			return nil, fmt.Errorf("dataset: %s: %w", at.path(part.file), bare(err))
		}
	}
	return t, nil
}

// findText returns the files of train, valid and test, in the first directory and under the first names that one of them has.
func findText(at location) (files []string, err error) {
	dirs := []string{".", "ptb", "simple-examples/data"}
	for _, dir := range dirs {
		for _, prefix := range []string{"ptb.", ""} {
			files = files[:0]
			found := 0
			err = nil
			for _, part := range []string{"train", "valid", "test"} {
				file := path.Join(dir, prefix+part+".txt")
				files = append(files, file)
				if _, statErr := fs.Stat(at, file); statErr == nil {
					found++
				} else if err == nil {
					err = fmt.Errorf("%s: %w", at.path(file), bare(statErr))
				}
			}
			switch found {
			case 3:
				return files, nil
			case 1, 2:
				return nil, fmt.Errorf("dataset: a text needs %s, %s and %s: %w", at.path(files[0]), path.Base(files[1]), path.Base(files[2]), err)
			}
		}
	}
	for i, dir := range dirs {
		dirs[i] = at.path(dir)
	}
	return nil, fmt.Errorf("dataset: no text in %s: %w; expected ptb.train.txt, ptb.valid.txt and ptb.test.txt, or train.txt, "+
		"valid.txt and test.txt; for the Penn Treebank get simple-examples.tgz from https://www.fit.vutbr.cz/~imikolov/rnnlm/ "+
		"and unpack it, then name the directory that holds simple-examples",
		strings.Join(dirs, ", "), err)
}

// tokenise returns the numbers of the words in b and gives new words, as they come, the next ones.
func (t *Text) tokenise(b []byte, number map[string]int32) ([]int32, error) {
	b = bytes.TrimPrefix(b, []byte("\ufeff")) // the mark by which some editors say that a file is UTF-8
	if bytes.IndexByte(b, '\r') >= 0 {
		b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
		b = bytes.ReplaceAll(b, []byte("\r"), []byte("\n"))
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, errors.New("no words; expected lines of words with white space between them")
	}
	var tokens []int32
	line := 0
	for text := range bytes.Lines(b) {
		line++
		if at := notText(text); at >= 0 {
			return nil, fmt.Errorf("line %d, byte %d: %#02x; expected UTF-8 text", line, at+1, text[at])
		}
		for _, word := range append(bytes.Fields(text), []byte(EOS)) {
			token, known := number[string(word)]
			if !known {
				if len(word) > maxWord {
					return nil, fmt.Errorf("line %d: a word of %d bytes, %.40q…; expected white space between words, of at most %d bytes",
						line, len(word), word, maxWord)
				}
				if len(t.Words) == maxWords {
					return nil, fmt.Errorf("line %d: more than %d different words; expected a text whose rare words are replaced by <unk>", line, maxWords)
				}
				token = int32(len(t.Words))
				t.Words = append(t.Words, string(word))
				number[string(word)] = token
			}
			tokens = append(tokens, token)
		}
	}
	return tokens, nil
}

// notText is the place of the first byte that UTF-8 text cannot have there, or that is zero as in UTF-16 and in binary files;
// -1 if all is well.
func notText(b []byte) int {
	for at := 0; at < len(b); {
		r, size := utf8.DecodeRune(b[at:])
		if r == 0 || r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}
