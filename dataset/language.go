package dataset

import (
	"fmt"
	"math"
	"slices"
)

// GenerateText makes three streams of a generated language, see the package comment, each of whole sentences and just so many
// that it has at least the length asked for. A stream depends on seed and on which of the three it is: a longer one begins as
// a shorter one does. All arithmetic is on integers: every machine makes the same words.
func GenerateText(seed uint64, train, valid, test int) *Text {
	return &Text{
		Name: "generated", Words: slices.Clone(lexicon[:]),
		Train: speak(newStream(seed, 0), train),
		Valid: speak(newStream(seed, 1), valid),
		Test:  speak(newStream(seed, 2), test),
	}
}

// speak draws sentences until there are n tokens.
func speak(r stream, n int) (tokens []int32) {
	var s speaker
	for len(tokens) < n || s.place != start {
		o := s.odds()
		at, word := r.between(0, whole-1), int32(0)
		for at >= o[word] {
			at -= o[word]
			word++
		}
		tokens = append(tokens, word)
		s.say(int(word))
	}
	return tokens
}

// GeneratedEntropy is the mean of −log p, in nats a token, over a stream that [GenerateText] made or a part of it from the
// beginning of a sentence on, where p is the probability with which the generator drew the token. All that p depends on can be
// told from the words of the sentence so far; so no model can expect to do better, and exp of the entropy is the lowest
// perplexity to be had. The error says which token the language does not have where it stands.
func GeneratedEntropy(tokens []int32) (float64, error) {
	var s speaker
	sum := 0.0
	for i, word := range tokens {
		o := s.odds()
		if word < 0 || word >= words || o[word] == 0 {
			return 0, fmt.Errorf("dataset: token %d is %d, which the generated language does not have there", i, word)
		}
		sum -= math.Log(float64(o[word]) / whole)
		s.say(int(word))
	}
	return sum / float64(max(len(tokens), 1)), nil
}

const (
	brackets = 2 // kinds
	letters  = 8
	adverbs  = 16
	genders  = 4
	nouns    = 3 // of a gender
	verbs    = 2 // of a gender

	// The numbers of the words: a class begins at its constant.
	eos     = 0
	that    = eos + 1
	opening = that + 1
	closing = opening + brackets
	colon   = closing + brackets
	letter  = colon + 1
	adverb  = letter + letters
	noun    = adverb + adverbs
	verb    = noun + genders*nouns
	words   = verb + genders*verbs
)

var lexicon = [words]string{
	EOS, "that", "(", "[", ")", "]", ":",
	"a", "b", "c", "d", "e", "f", "g", "h",
	"now", "very", "often", "here", "still", "quite", "never", "soon",
	"there", "always", "almost", "indeed", "perhaps", "once", "again", "today",
	"king", "child", "poet", "dog", "horse", "bird", "engine", "clock", "wheel", "tree", "rose", "vine",
	"thinks", "sings", "runs", "eats", "turns", "ticks", "grows", "blooms",
}

// The grammar's probabilities, tuned on small cells of DARTS. What a sentence asks the memory for begins with a single word,
// as a cell learns in its first epoch, and gets harder by and by, beyond what any cell gets right in the tenth. A language whose first
// step is a large one (copying three letters at least, say, or verbs that are always far away) makes perplexity a matter of luck: of
// when a cell finds out, which differs more between seeds than between architectures. Adverbs are few, for they are mostly noise.
const (
	whole = 1 << 16
	of64  = whole / 64

	sayAdverbs = 3 * of64 // how a sentence begins
	sayClause  = 19 * of64
	sayCopy    = 16 * of64
	sayNested  = whole - sayAdverbs - sayClause - sayCopy

	another = 45 * of64 // adverb after a noun or an adverb
	relate  = 4 * of64  // a relative clause in their place, unless maxClauses are open
	open    = 48 * of64 // another bracket, unless maxOpen are
	second  = 16 * of64 // letter
	further = 38 * of64 // letter after that, unless there are maxDictated

	maxClauses  = 3
	maxOpen     = 10
	maxDictated = 6
)

// odds are the probabilities of the next word, in units of 1/whole.
type odds [words]int

// zipf gives n words from first on their share by Zipf's law: in proportion to 1, 1/2^power, 1/3^power, ..., from the word
// that is turned places after first around to the one before it.
func (o *odds) zipf(share, first, n, turned, power int) {
	var weights [adverbs]int
	for rank := range n {
		weight := 720720 // which 1 to 16 divide
		for range power {
			weight /= rank + 1
		}
		weights[(turned+rank)%n] = weight
	}
	for i, p := range proportional(share, weights[:n]) {
		o[first+i] += p
	}
}

// adverb depends on the adverb before it: each has its own favourites among its followers.
func (o *odds) adverb(share, last int) {
	o.zipf(share/4, adverb, adverbs, 0, 1)
	o.zipf(share*3/4, adverb, adverbs, 5*last+3, 2)
}

func (o *odds) noun(share int) {
	for gender := range genders {
		o.zipf(share/genders, noun+gender*nouns, nouns, 0, 1)
	}
}

// speaker is the generator between two words.
type speaker struct {
	place place
	last  int   // adverb of the sentence, counted from the first; before there is one, 0
	owed  []int // what the sentence still has to bring: genders of verbs, kinds of brackets, or letters
}

type place int

const (
	start    place = iota // of a sentence
	aside                 // among adverbs that nothing follows
	clause                // between a noun and its verb
	relative              // after that
	rising                // among opening brackets
	falling               // among closing brackets
	dictated              // among letters before the colon
	repeated              // among letters after it
	settled               // nothing is owed any more
)

// odds of the next word. They sum to whole.
func (s *speaker) odds() (o odds) {
	depth := len(s.owed)
	switch s.place {
	case start:
		o.zipf(sayAdverbs, adverb, adverbs, 0, 1)
		o.noun(sayClause)
		o.zipf(sayCopy, letter, letters, 0, 1)
		o.zipf(sayNested, opening, brackets, 0, 0)
	case aside:
		o.adverb(another, s.last)
		o[eos] = whole - another
	case clause:
		o.adverb(another, s.last)
		rest := whole - another
		if depth < maxClauses {
			o[that] = relate
			rest -= relate
		}
		o.zipf(rest, verb+s.owed[depth-1]*verbs, verbs, 0, 1)
	case relative:
		o.noun(whole)
	case rising:
		more := open
		if depth == maxOpen {
			more = 0
		}
		o.zipf(more, opening, brackets, 0, 0)
		o[closing+s.owed[depth-1]] = whole - more
	case falling:
		o[closing+s.owed[depth-1]] = whole
	case dictated:
		more := further
		switch depth {
		case 1:
			more = second
		case maxDictated:
			more = 0
		}
		o.zipf(more, letter, letters, 0, 1)
		o[colon] = whole - more
	case repeated:
		o[letter+s.owed[0]] = whole
	case settled:
		o[eos] = whole
	}
	return o
}

// say moves on by a word to which the odds give a chance.
func (s *speaker) say(word int) {
	switch {
	case word == eos:
		*s = speaker{}
	case word == that:
		s.place = relative
	case word < closing:
		s.owe(rising, word-opening)
	case word < colon:
		s.settle(falling, len(s.owed)-1)
	case word == colon:
		s.place = repeated
	case word < adverb && s.place == repeated:
		s.settle(repeated, 0)
	case word < adverb:
		s.owe(dictated, word-letter)
	case word < noun:
		s.last = word - adverb
		if s.place == start {
			s.place = aside
		}
	case word < verb:
		s.owe(clause, (word-noun)/nouns)
	default:
		s.settle(clause, len(s.owed)-1)
	}
}

func (s *speaker) owe(place place, debt int) {
	s.place, s.owed = place, append(s.owed, debt)
}

// settle what is owed at an index. It stays at place while there is more.
func (s *speaker) settle(place place, i int) {
	s.place, s.owed = place, slices.Delete(s.owed, i, i+1)
	if len(s.owed) == 0 {
		s.place = settled
	}
}
