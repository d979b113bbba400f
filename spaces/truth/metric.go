package truth

import (
	"slices"
	"strings"
	"unicode"
)

// Direction says which values of a metric are better.
type Direction int

// The directions. FromName is what the metric's name says; where it says nothing, higher is taken as better.
const (
	FromName Direction = iota
	HigherIsBetter
	LowerIsBetter
)

// metrics are the columns that hold the result of an architecture in the tables of the field, in any case.
var metrics = []string{
	"test_accuracy", "accuracy", "validation_accuracy", "valid_accuracy", "supernet_accuracy", "score",
	"valid_ppl", "test_ppl", "supernet_perplexity", "test_perplexity", "test_error", "valid_error", "cifar10_test_200",
	"valid_accuracy_108",
}

func isMetric(column string) bool { return slices.Contains(metrics, strings.ToLower(column)) }

// Words of the names of metrics. Those of suffixes are also found at the end of a word, as in valloss; a negation turns what follows from
// the others around, as in neg_loss and neg_log_likelihood.
var (
	lowerWords = []string{"err", "errors", "errs", "losses", "nll", "bpc", "bpb", "bpw", "bits", "entropy", "xent", "ce",
		"misclassification",
		"latency", "time", "runtime", "duration", "ms", "seconds", "energy", "regret", "mse", "rmse", "mae", "mape", "wer", "cer", "fid"}
	lowerSuffixes = []string{"error", "loss", "ppl", "perplexity"}
	higherWords   = []string{"acc", "accs", "top", "score", "scores", "auc", "auroc", "map", "iou", "miou", "bleu", "rouge", "psnr", "ssim",
		"precision", "recall", "correct", "reward", "likelihood", "fitness", "performance"}
	higherSuffixes = []string{"accuracy", "accuracies"}
	negations      = []string{"neg", "negative", "minus"}
)

// IsLowerBetter says whether lower values of a metric are better, by its name.
func IsLowerBetter(metric string) bool {
	lower, _ := direction(metric)
	return lower
}

// direction tells the direction of a metric by the words of its name; known is whether they say anything.
func direction(metric string) (lower, known bool) {
	words := wordsOf(metric)
	has := func(whole, suffixes []string) bool {
		return slices.ContainsFunc(words, func(w string) bool {
			return slices.Contains(whole, w) || slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(w, s) })
		})
	}
	switch {
	case has(lowerWords, lowerSuffixes), slices.Contains(words, "ep") && slices.Contains(words, "top"): // test_ep_top1 of NDS is an error
		lower = true
	case has(higherWords, higherSuffixes), isMetric(metric):
	default:
		return false, false
	}
	return lower != has(negations, nil), true
}

// wordsOf takes a name apart, in lower case: at what is no letter or digit, between letters and digits, and at capitals as in testErr and
// NLLLoss.
func wordsOf(name string) []string {
	var words []string
	runes := []rune(name)
	start := 0
	end := func(i int) {
		if i > start {
			words = append(words, strings.ToLower(string(runes[start:i])))
		}
		start = i
	}
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end(i)
			start = i + 1
		case i == start:
		case unicode.IsDigit(r) != unicode.IsDigit(runes[i-1]),
			unicode.IsUpper(r) && unicode.IsLower(runes[i-1]),
			unicode.IsUpper(runes[i-1]) && unicode.IsUpper(r) && i+1 < len(runes) && unicode.IsLower(runes[i+1]):
			end(i)
		}
	}
	end(len(runes))
	return words
}

// unit tells the unit of a metric by its name and its values: an accuracy above 1 is in percent.
func unit(metric string, rows []Row) string {
	words := wordsOf(metric)
	has := func(parts ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool {
			return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(w, p) })
		})
	}
	switch {
	case has("ppl", "perplexity"):
		return "perplexity"
	case !has("acc", "error") && !slices.Contains(words, "err"):
		return ""
	}
	for _, r := range rows {
		if slices.Max(r.Values) > 1 {
			return "%"
		}
	}
	return "fraction"
}
