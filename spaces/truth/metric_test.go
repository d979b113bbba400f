package truth

import (
	"fmt"
	"slices"
	"testing"
)

// What people call their columns, and which values of them are better.
func TestDirection(t *testing.T) {
	const lower, higher, unknown = "lower", "higher", "unknown"
	for want, names := range map[string][]string{
		lower: {"top1_err", "test_ep_top1", "Test_Error", "nll", "NLL", "Valid_PPL", "valid_ppl_2", "perplexity", "Perplexity10", "bpc",
			"valBPC", "bits per character",
			"bits_per_char", "latency", "latencyMs", "Latency (ms)", "test_loss", "TestLoss", "valLoss1", "NLLLoss", "cross_entropy",
			"test error", "Top-1 error (%)",
			"testerror", "valloss", "train_time_s", "neg_log_likelihood", "negative log-likelihood", "neg_acc", "top5err", "errTop1",
			"accuracy_loss", "rmse", "best_valid_ppl",
			"test_ep_top5", "ERR", "minus_accuracy"},
		higher: {"accuracy", "test_accuracy", "ACC", "valAcc", "top1", "val_top1_proxified_s1", "top_5", "accuracy_top5", "score",
			"supernet_accuracy", "cifar10_test_200", "miou",
			"neg_loss", "negative_perplexity", "log_likelihood", "minus_ppl", "mean_accuracy", "ImageNet_Top1", "Score"},
		unknown: {"test_1", "mean", "seed_1", "terrain", "Berry", "lossless", "overridden", "params", "flops", "x", "", "___",
			"cifar100_test_200", "errand", "timely", "é"},
	} {
		for _, name := range names {
			isLower, known := direction(name)
			got := unknown
			if known && isLower {
				got = lower
			} else if known {
				got = higher
			}
			if got != want {
				t.Errorf("of %q %s is better, want %s (words %q)", name, got, want, wordsOf(name))
			}
		}
	}
}

func TestWordsOf(t *testing.T) {
	for name, want := range map[string][]string{
		"top1_err":     {"top", "1", "err"},
		"NLLLoss":      {"nll", "loss"},
		"testErrTop1":  {"test", "err", "top", "1"},
		"Latency (ms)": {"latency", "ms"},
		"PPL":          {"ppl"},
		"__":           nil,
		"größeÜber":    {"größe", "über"},
	} {
		if got := wordsOf(name); !slices.Equal(got, want) {
			t.Errorf("the words of %q are %q, want %q", name, got, want)
		}
	}
}

// The direction that is asked for counts, whatever the name says, and only that of a name that says nothing is assumed.
func TestDirectionAskedFor(t *testing.T) {
	for _, tc := range []struct {
		column    string
		direction Direction
		lower     bool
		assumed   bool
	}{
		{"top1_err", FromName, true, false}, {"top1_err", HigherIsBetter, false, false}, {"top1_err", LowerIsBetter, true, false},
		{"accuracy", FromName, false, false}, {"accuracy", LowerIsBetter, true, false},
		{"q", FromName, false, true}, {"q", HigherIsBetter, false, false}, {"q", LowerIsBetter, true, false},
	} {
		tab, err := CSV{Direction: tc.direction}.Read(file(t, "t.csv", fmt.Appendf(nil, "architecture,%s\na,3\nb,1\n", tc.column)))
		if err != nil {
			t.Fatal(err)
		}
		want := []float64{3, 1}
		if tc.lower {
			want = []float64{-3, -1}
		}
		if tab.LowerIsBetter != tc.lower || tab.Assumed != tc.assumed || !slices.Equal(tab.Scores(), want) {
			t.Errorf("%+v: %+v, scores %v", tc, tab, tab.Scores())
		}
	}
}
