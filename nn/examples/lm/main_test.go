package main

import (
	"math"
	"testing"

	"github.com/oneshot-nas/oneshot/dataset"
)

// A small model of the generated language learns what follows what: counts of single words have a perplexity of 24.6.
func TestLearns(t *testing.T) {
	o := options{text: dataset.GenerateText(1, 30000, 5000, 0), epochs: 8, units: 48}
	perplexity, err := o.run(t.Output())
	if err != nil {
		t.Fatal(err)
	}
	least, err := dataset.GeneratedEntropy(o.text.Valid)
	if err != nil {
		t.Fatal(err)
	}
	if perplexity < math.Exp(least) || perplexity > 8 {
		t.Errorf("perplexity %.2f, want between %.2f and 8", perplexity, math.Exp(least))
	}
}
