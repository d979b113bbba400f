package dataset

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/tensor"
)

// Unknown is the word that stands for those which a vocabulary does not have, as in the Penn Treebank.
const Unknown = "<unk>"

// Encode returns the tokens of what has white space between its words, without an [EOS] at its end. Words that t does not have become
// [Unknown]; if it does not have that either, the error names the first of them.
func (t *Text) Encode(words string) ([]int32, error) {
	number := make(map[string]int32, len(t.Words))
	for i, word := range t.Words {
		number[word] = int32(i)
	}
	unknown, hasUnknown := number[Unknown]
	var tokens []int32
	for i, word := range strings.Fields(words) {
		token, known := number[word]
		if !known {
			if !hasUnknown {
				return nil, fmt.Errorf("dataset: word %d, %.40q, is not in the vocabulary, nor is %s; expected one of its %d words",
					i, word, Unknown, len(t.Words))
			}
			token = unknown
		}
		tokens = append(tokens, token)
	}
	return tokens, nil
}

// Limit returns the text with a vocabulary of at most n words: [EOS], [Unknown], which stands for all that are left out, and those that
// are the most frequent in Train, of equally frequent ones those with the lower numbers. They keep their order. It panics unless n is at
// least 2.
func (t *Text) Limit(n int) *Text {
	if n < 2 {
		panic(tensor.ShapeError{Op: "dataset.Text.Limit", Got: fmt.Sprintf("%d words", n), Want: "at least 2"})
	}
	if len(t.Words) <= n {
		return t
	}
	counts := make([]int, len(t.Words))
	for _, token := range t.Train {
		counts[token]++
	}
	always := func(i int) bool { return t.Words[i] == EOS || t.Words[i] == Unknown }
	byFrequency := make([]int, 0, len(t.Words))
	spare := n - 1 // Unknown is there in any case
	for i := range t.Words {
		if !always(i) {
			byFrequency = append(byFrequency, i)
		} else if t.Words[i] == EOS {
			spare--
		}
	}
	slices.SortStableFunc(byFrequency, func(i, j int) int { return cmp.Compare(counts[j], counts[i]) })
	kept := make([]bool, len(t.Words))
	for _, i := range byFrequency[:spare] {
		kept[i] = true
	}
	limited := &Text{Name: t.Name}
	number := make([]int32, len(t.Words))
	for i, word := range t.Words {
		if kept[i] || always(i) {
			number[i] = int32(len(limited.Words))
			limited.Words = append(limited.Words, word)
		}
	}
	unknown := slices.Index(limited.Words, Unknown)
	if unknown < 0 {
		unknown = len(limited.Words)
		limited.Words = append(limited.Words, Unknown)
	}
	for i := range t.Words {
		if !kept[i] && !always(i) {
			number[i] = int32(unknown)
		}
	}
	for _, stream := range []struct{ to, from *[]int32 }{{&limited.Train, &t.Train}, {&limited.Valid, &t.Valid}, {&limited.Test, &t.Test}} {
		*stream.to = make([]int32, len(*stream.from))
		for i, token := range *stream.from {
			(*stream.to)[i] = number[token]
		}
	}
	return limited
}

// Segments goes through a stream as recurrent language models are trained and tested (truncated backpropagation, Mikolov et al. 2010):
// it is cut into batch columns of equal length, which are read side by side, so many steps at a time, so that the state after one segment
// is that before the next. Yielded are the tokens of a segment and as targets those that follow them, both [T][batch], time first; T is
// steps, or less in the last. What is left of the stream beyond its columns is not used.
//
//	for tokens, targets := range dataset.Segments(text.Train, 20, 35) {
func Segments(stream []int32, batch, steps int) iter.Seq2[[]int32, []int32] {
	if batch < 1 || steps < 1 {
		panic(tensor.ShapeError{Op: "dataset.Segments", Got: fmt.Sprintf("%d columns, %d steps", batch, steps), Want: "at least 1 of each"})
	}
	return func(yield func(tokens, targets []int32) bool) {
		column := len(stream) / batch
		for at := 0; at < column-1; at += steps {
			t := min(steps, column-1-at)
			both := make([]int32, (t+1)*batch) // targets are the tokens of the next step
			for i := range both {
				both[i] = stream[i%batch*column+at+i/batch]
			}
			if !yield(both[:t*batch:t*batch], both[batch:]) {
				return
			}
		}
	}
}
