package main

import (
	"fmt"
	"io"
)

// compare prints the statistics of two tables joined by architecture.
func compare(out io.Writer, o *options) error {
	scores, err := readTable(o.scores, o.scoreColumn)
	if err != nil {
		return err
	}
	truth, err := readTable(o.truth, o.truthColumn)
	if err != nil {
		return err
	}
	if o.connected {
		scores, truth = scores.connected(), truth.connected()
	}
	x, y := join(scores, truth)
	for _, t := range []struct{ t, other *table }{{scores, truth}, {truth, scores}} {
		fmt.Fprintf(out, "%s (%s): %d rows, %s\n", t.t.path, t.t.column, len(t.t.archs), missing(t.t, t.other))
	}
	s, err := measure(x, y, o.config.Train.Seed)
	if err != nil {
		return fmt.Errorf("%d architectures joined: %w", len(x), err)
	}
	fmt.Fprintln(out)
	s.print(out)
	return nil
}
