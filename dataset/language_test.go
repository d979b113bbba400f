package dataset

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// Results on the generated language are only comparable while its words stay what they are.
func TestGenerateTextIsFrozen(t *testing.T) {
	const want = "ec909e7a3e5a41c28209a9dfd6d4ae33e5adfd66d5132cc909fb5bdbd2afe2bf"
	if got := GenerateText(42, 5000, 500, 500).Fingerprint(); got != want {
		t.Errorf("fingerprint %s, want %s: the language has changed", got, want)
	}
}

func TestGenerateText(t *testing.T) {
	text, longer, other := GenerateText(42, 1003, 101, 10), GenerateText(42, 3000, 300, 30), GenerateText(43, 1003, 101, 10)
	streams := func(t *Text) [][]int32 { return [][]int32{t.Train, t.Valid, t.Test} }
	for i, want := range []int{1003, 101, 10} {
		stream := streams(text)[i]
		if len(stream) < want || stream[len(stream)-1] != eos || slices.Contains(stream[want-1:len(stream)-1], eos) {
			t.Errorf("stream %d has %d tokens, want the whole sentences that make %d", i, len(stream), want)
		}
		if !slices.Equal(stream, streams(longer)[i][:len(stream)]) {
			t.Errorf("stream %d depends on how long it is to be", i)
		}
		if slices.Equal(stream, streams(other)[i]) {
			t.Errorf("stream %d does not depend on the seed", i)
		}
	}
	if slices.Equal(text.Valid, text.Train[:len(text.Valid)]) {
		t.Error("what judges is what was trained on")
	}
	if empty := GenerateText(42, 0, 0, 0); len(empty.Train)+len(empty.Valid)+len(empty.Test) != 0 {
		t.Error("words where none were asked for")
	}
}

// sentences of a stream, as words.
func sentences(text *Text, stream []int32) (all [][]string) {
	var sentence []string
	for _, token := range stream {
		if token == eos {
			all, sentence = append(all, sentence), nil
			continue
		}
		sentence = append(sentence, text.Words[token])
	}
	return all
}

// What the package comment says of the language, checked on its words: every sentence is of one of four kinds, and each kind keeps its
// rule.
func TestGrammar(t *testing.T) {
	genders := map[string]int{}
	for gender, forms := range []string{"king child poet thinks sings", "dog horse bird runs eats", "engine clock wheel turns ticks", "tree rose vine grows blooms"} {
		for _, word := range strings.Fields(forms) {
			genders[word] = gender
		}
	}
	verbs := strings.Fields("thinks sings runs eats turns ticks grows blooms")
	partner := map[string]string{")": "(", "]": "["}
	kinds := map[string]int{}
	deepest := map[string]int{}
	distance := 0 // of a verb from its noun
	text := GenerateText(7, 50000, 0, 0)
	for _, sentence := range sentences(text, text.Train) {
		line := strings.Join(sentence, " ")
		first, second, copied := strings.Cut(line, " : ")
		switch {
		case copied:
			kinds["copy"]++
			if first != second {
				t.Errorf("%q does not repeat what it dictates", line)
			}
			deepest["copy"] = max(deepest["copy"], len(strings.Fields(first)))
		case sentence[0] == "(" || sentence[0] == "[":
			kinds["nested"]++
			var stack []string
			closed := false
			for _, word := range sentence {
				if partner[word] == "" {
					if closed {
						t.Errorf("%q opens again", line)
					}
					stack = append(stack, word)
					deepest["nested"] = max(deepest["nested"], len(stack))
					continue
				}
				closed = true
				if len(stack) == 0 || stack[len(stack)-1] != partner[word] {
					t.Fatalf("%q closes what is not open", line)
				}
				stack = stack[:len(stack)-1]
			}
			if len(stack) > 0 {
				t.Errorf("%q leaves brackets open", line)
			}
		default:
			var subjects []string
			var at []int
			kind := "adverbs"
			for i, word := range sentence {
				_, agrees := genders[word]
				switch {
				case slices.Contains(verbs, word):
					if len(subjects) == 0 || genders[word] != genders[subjects[len(subjects)-1]] {
						t.Fatalf("%q: %s has no subject that it agrees with", line, word)
					}
					distance = max(distance, i-at[len(at)-1])
					subjects, at = subjects[:len(subjects)-1], at[:len(at)-1]
				case agrees:
					kind = "clause"
					subjects, at = append(subjects, word), append(at, i)
					deepest["clause"] = max(deepest["clause"], len(subjects))
				}
			}
			if len(subjects) > 0 {
				t.Errorf("%q has a subject without a verb", line)
			}
			kinds[kind]++
		}
	}
	for _, kind := range []string{"adverbs", "clause", "copy", "nested"} {
		if kinds[kind] < 100 {
			t.Errorf("%d sentences of kind %s", kinds[kind], kind)
		}
	}
	if deepest["copy"] != maxDictated || deepest["nested"] != maxOpen || deepest["clause"] != maxClauses || distance < 15 {
		t.Errorf("at most %v of a kind and a verb %d words from its noun, want %d letters, %d brackets, %d clauses and 15 words",
			deepest, distance, maxDictated, maxOpen, maxClauses)
	}
}

// The odds are probabilities, and what is drawn follows them: −log p of the words, on average, is what the odds expect.
func TestOdds(t *testing.T) {
	stream := GenerateText(3, 50000, 0, 0).Train
	var s speaker
	expected, variance := 0.0, 0.0
	for i, word := range stream {
		o := s.odds()
		sum, mean, square := 0, 0.0, 0.0
		for _, n := range o {
			sum += n
			if n > 0 {
				p := float64(n) / whole
				mean -= p * math.Log(p)
				square += p * math.Log(p) * math.Log(p)
			}
		}
		if sum != whole || slices.Min(o[:]) < 0 {
			t.Fatalf("token %d: odds %v sum to %d, want %d", i, o, sum, whole)
		}
		expected += mean
		variance += square - mean*mean
		s.say(int(word))
	}
	entropy, err := GeneratedEntropy(stream)
	if err != nil {
		t.Fatal(err)
	}
	n := float64(len(stream))
	if deviations := (entropy*n - expected) / math.Sqrt(variance); math.Abs(deviations) > 4 {
		t.Errorf("entropy %v where the odds expect %v, which is %.1f standard deviations off", entropy, expected/n, deviations)
	}
}

func TestGeneratedEntropy(t *testing.T) {
	// One of two brackets, not another one, what closes it, the end; one letter of the eight, ...
	tokens := []int32{opening, closing, eos, letter + 1, colon, letter + 1, eos}
	harmonic := 1 + 1./2 + 1./3 + 1./4 + 1./5 + 1./6 + 1./7 + 1./8
	want := -(math.Log(26./64/2*16/64) + math.Log(16./64/2/harmonic*48/64)) / 7
	if got, err := GeneratedEntropy(tokens); err != nil || math.Abs(got-want) > 1e-4 { // shares are rounded to 1/65536
		t.Errorf("entropy %v, %v, want %v", got, err, want)
	}
	if got, err := GeneratedEntropy(nil); err != nil || got != 0 {
		t.Errorf("entropy of nothing %v, %v, want 0", got, err)
	}
	for name, c := range map[string]struct {
		tokens []int32
		want   string
	}{
		"wrong bracket":   {[]int32{opening, closing + 1}, "token 1 is 5"},
		"wrong verb":      {[]int32{noun, verb + verbs}, "token 1 is"},
		"wrong letter":    {[]int32{letter, colon, letter + 1}, "token 2 is 8"},
		"another text":    {[]int32{letter, colon, letter, eos, 10000}, "token 4 is 10000"},
		"negative number": {[]int32{-1}, "token 0 is -1"},
	} {
		if _, err := GeneratedEntropy(c.tokens); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", name, err, c.want)
		}
	}
}

// Counts of words tell something, counts of pairs more, but no count of a few neighbouring words comes near the entropy.
func TestShortContextsAreNotEnough(t *testing.T) {
	text := GenerateText(1, 100000, 10000, 0)
	entropy, err := GeneratedEntropy(text.Valid)
	if err != nil {
		t.Fatal(err)
	}
	floor := math.Exp(entropy)
	perplexity := make([]float64, 6)
	for n := 1; n < len(perplexity); n++ {
		perplexity[n] = ngram(text.Train, text.Valid, n)
	}
	t.Logf("perplexity of n-grams %.2f, at least %.2f", perplexity[1:], floor)
	if perplexity[1] > 0.7*words {
		t.Errorf("unigrams reach perplexity %.2f, want less than 0.7 of the uniform %d", perplexity[1], words)
	}
	if perplexity[2] > 0.5*perplexity[1] {
		t.Errorf("bigrams reach perplexity %.2f, want less than half of the unigrams' %.2f", perplexity[2], perplexity[1])
	}
	for n := 2; n < len(perplexity); n++ {
		if perplexity[n] < 1.3*floor {
			t.Errorf("%d-grams reach perplexity %.2f, want at least 1.3 times the floor %.2f", n, perplexity[n], floor)
		}
	}
}

// ngram is the perplexity of valid under the counts of n consecutive words in train, smoothed as Witten and Bell (1991) do: a
// context that was followed by d different words in c places leaves d/(c+d) to the context without its first word.
func ngram(train, valid []int32, n int) float64 {
	type key [6]int32 // the context, and what follows or -1 for all of it
	seen, kinds := map[key]float64{}, map[key]float64{}
	keys := func(stream []int32, i, length int) (context, next key) {
		for j := range context {
			context[j] = -2
		}
		copy(context[:], stream[i-length:i])
		next = context
		context[5], next[5] = -1, stream[i]
		return context, next
	}
	for length := range n {
		for i := length; i < len(train); i++ {
			context, next := keys(train, i, length)
			if seen[next]++; seen[next] == 1 {
				kinds[context]++
			}
			seen[context]++
		}
	}
	sum := 0.0
	for i := range valid {
		p := 1. / words
		for length := range min(n, i+1) {
			context, next := keys(valid, i, length)
			if total := seen[context] + kinds[context]; total > 0 {
				p = (seen[next] + kinds[context]*p) / total
			}
		}
		sum -= math.Log(p)
	}
	return math.Exp(sum / float64(len(valid)))
}

func BenchmarkGenerateText(b *testing.B) {
	for b.Loop() {
		GenerateText(1, 10000, 0, 0)
	}
	b.ReportMetric(float64(10000*b.N)/b.Elapsed().Seconds(), "tokens/s")
}
