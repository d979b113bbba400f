package truth

import (
	"slices"
	"strings"
)

// metrics are the columns that hold the result of an architecture in the tables of the field.
var metrics = []string{
	"test_accuracy", "accuracy", "validation_accuracy", "valid_accuracy", "supernet_accuracy", "score",
	"valid_ppl", "test_ppl", "supernet_perplexity", "test_perplexity", "test_error", "valid_error", "cifar10_test_200", "valid_accuracy_108",
}

func isMetric(column string) bool { return slices.Contains(metrics, column) }

// lowerIsBetter tells the direction of a metric by its name.
func lowerIsBetter(metric string) bool {
	return isPerplexity(metric) || strings.Contains(metric, "loss") || strings.Contains(metric, "error")
}

func isPerplexity(metric string) bool {
	return strings.Contains(metric, "ppl") || strings.Contains(metric, "perplexity")
}

// unit tells the unit of a metric by its name and its values: an accuracy above 1 is in percent.
func unit(metric string, rows []Row) string {
	switch {
	case isPerplexity(metric):
		return "perplexity"
	case !strings.Contains(metric, "acc") && !strings.Contains(metric, "error"):
		return ""
	}
	for _, r := range rows {
		if slices.Max(r.Values) > 1 {
			return "%"
		}
	}
	return "fraction"
}
